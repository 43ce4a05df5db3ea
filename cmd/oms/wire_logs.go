package main

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	"github.com/orderstream/oms/fraud"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/obs"
	"github.com/orderstream/oms/internal/rpc"
	"github.com/orderstream/oms/inventory"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/participants"
	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/promotion"
	"github.com/orderstream/oms/saga"
)

// logs are the six logs with their folded state.
type logs struct {
	runner     *saga.Runner
	orders     *jsstore.Log[order.Order]
	inventory  *jsstore.Log[inventory.Item]
	promotions *jsstore.Log[promotion.State]
	payments   *jsstore.Log[payment.Payment]
	customers  *jsstore.Log[customer.State]
	endpoints  *jsstore.Log[endpoint.State]
}

// openLogs brings the state of each log to its end.
func (s *service) openLogs(ctx context.Context) (err error) {
	policy := s.cfg.policy()
	s.logs.runner = saga.NewRunner(s.queues, time.Now, s.tracer.Saga(s.metrics.Saga()))
	s.logs.orders, err = jsstore.OpenLog(ctx, s.store, eventstore.Definition[order.Order]{
		Name: "order", Version: 3, New: order.New, Evolve: order.Evolve,
		React: func(o order.Order, now time.Time) []proto.Message { return saga.Next(saga.Checkout, policy, o, now) },
		Wake:  saga.Wake, Token: orderToken,
		Commands: commandsOf["order"],
	}, s.committed)
	if err != nil {
		return err
	}
	s.logs.inventory, err = jsstore.OpenLog(ctx, s.store, eventstore.Definition[inventory.Item]{
		Name: "inventory", Version: 2, New: inventory.New, Evolve: inventory.Evolve, React: inventory.React,
		Commands: commandsOf["inventory"],
	}, nil)
	if err != nil {
		return err
	}
	s.logs.promotions, err = jsstore.OpenLog(ctx, s.store, eventstore.Definition[promotion.State]{
		Name: "promotion", Version: 1, New: promotion.New, Evolve: promotion.Evolve, Wake: promotion.Wake,
		Commands: commandsOf["promotion"],
	}, nil)
	if err != nil {
		return err
	}
	s.logs.payments, err = jsstore.OpenLog(ctx, s.store, eventstore.Definition[payment.Payment]{
		Name: "payment", Version: 3, New: payment.New, Evolve: payment.Evolve, Wake: payment.Wake,
		Commands: commandsOf["payment"],
	}, nil)
	if err != nil {
		return err
	}
	s.logs.customers, err = jsstore.OpenLog(ctx, s.store, eventstore.Definition[customer.State]{
		Name: "customer", Version: 1, New: customer.New, Evolve: customer.Evolve, Wake: customer.Wake,
		Commands: commandsOf["customer"],
	}, nil)
	if err != nil {
		return err
	}
	return s.openEndpoints(ctx)
}

// orders is the log with its spans, as are the four below.
func (s *service) orders() eventstore.Log[order.Order] {
	return obs.TraceLog[order.Order](s.tracer, "order", s.logs.orders)
}

func (s *service) inventory() eventstore.Log[inventory.Item] {
	return obs.TraceLog[inventory.Item](s.tracer, "inventory", s.logs.inventory)
}

func (s *service) promotions() eventstore.Log[promotion.State] {
	return obs.TraceLog[promotion.State](s.tracer, "promotion", s.logs.promotions)
}

func (s *service) payments() eventstore.Log[payment.Payment] {
	return obs.TraceLog[payment.Payment](s.tracer, "payment", s.logs.payments)
}

func (s *service) customers() eventstore.Log[customer.State] {
	return obs.TraceLog[customer.State](s.tracer, "customer", s.logs.customers)
}

// committed hands every durable commit of an order to the saga.
func (s *service) committed(cs []jsstore.Committed[order.Order]) {
	if !s.cfg.runs("saga") {
		return
	}
	for _, c := range cs {
		s.logs.runner.Committed(c.Commit, c.Result.Events, c.Result.States[c.Commit.GetScope()])
	}
}

// orderToken names the events of a step by the step, so that a subject tells
// which: log.order.reserveinventoryanswered.0.
func orderToken(e proto.Message) string {
	name := eventstore.DefaultToken("order", e)
	if s, ok := e.(interface{ GetStep() orderv1.Step }); ok {
		return strings.ReplaceAll(order.StepName(s.GetStep()), "_", "") + strings.TrimPrefix(name, "step")
	}
	return name
}

// openEngines starts the saga and the participants of this process.
func (s *service) openEngines(context.Context) error {
	hooks := s.tracer.Participants(participants.Hooks{})
	s.logs.runner.Attach(s.orders())
	if s.cfg.runs("saga") {
		s.logs.orders.OnOwned(s.logs.runner.Resume)
		s.engines = append(s.engines, engine{"saga", s.logs.runner.Run})
		p := participants.Orders{Queues: s.queues, Log: s.orders(), Now: time.Now, Hooks: hooks}
		s.engines = append(s.engines, engine{"linked orders", p.Run})
		shipments := participants.Shipments{Queues: s.queues, Log: s.orders(), Now: time.Now}
		s.engines = append(s.engines, engine{"shipments", shipments.Run})
	}
	if s.cfg.runs("inventory") {
		p := participants.Inventory{Queues: s.queues, Log: s.inventory(), Now: time.Now, Hooks: hooks}
		s.engines = append(s.engines, engine{"inventory", p.Run})
	}
	if s.cfg.runs("promotion") {
		p := participants.Promotion{Queues: s.queues, Log: s.promotions(), Now: time.Now, Hooks: hooks}
		s.engines = append(s.engines, engine{"promotion", p.Run})
	}
	if s.cfg.runs("customer") {
		p := participants.Autoship{
			Queues: s.queues, Customers: s.customers(), Orders: s.orders(), CaptureAt: s.cfg.captureAt(), Now: time.Now,
		}
		s.engines = append(s.engines, engine{"autoship", p.Run})
	}
	if s.cfg.runs("fraud") {
		p := &participants.Fraud{Queues: s.queues, Source: s.store, Rules: fraud.Default(), Now: time.Now, Hooks: hooks}
		s.engines = append(s.engines, engine{"fraud", p.Run})
	}
	if s.cfg.runs("payment") {
		s.openPayment(hooks)
	}
	return nil
}

// scripter sets how the simulated gateway answers; nil where it does not run.
func (s *service) scripter() rpc.Scripter {
	if s.gateway == nil {
		return nil
	}
	return s.gateway
}
