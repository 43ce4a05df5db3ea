package participants

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/order"
)

// Autoship lets subscriptions order when their time comes (DirectScale
// autoship), each process those of the partitions that it owns.
//
// A run is three steps, and each may be done again: the run is started in the
// customer log; its order, whose id the run names, is placed; and the run is
// ended with what became of the order. A run that was started is looked at in
// every tick until it has ended, so a process that dies between two steps
// leaves nothing but the next one to do.
type Autoship struct {
	Queues    *workqueue.Queues
	Customers eventstore.Log[customer.State]
	Orders    eventstore.Log[order.Order]
	// CaptureAt is when the orders are paid; unspecified is at confirm.
	CaptureAt orderv1.CaptureAt
	Now       func() time.Time
}

// Bounds of a tick; what is left over is due at the next one.
const (
	autoshipLimit    = 1000
	autoshipParallel = 64
)

// Run looks for runs that are due until the context ends.
func (p Autoship) Run(ctx context.Context) error {
	return p.Queues.Ticks(ctx, "autoship", p.Tick)
}

// Tick does what is due now, once. A subscription that cannot go on holds up
// no other; it is tried again at the next tick.
func (p Autoship) Tick(ctx context.Context) error {
	due, err := p.Customers.Active(ctx, p.Now(), autoshipLimit)
	if err != nil {
		return err
	}
	failed := make([]error, len(due))
	var g errgroup.Group
	g.SetLimit(autoshipParallel)
	for n, snap := range due {
		g.Go(func() error {
			if err := p.advance(ctx, snap); err != nil {
				failed[n] = fmt.Errorf("%s: %w", snap.ID, err)
			}
			return nil
		})
	}
	_ = g.Wait() // none of them fails
	return errors.Join(failed...)
}

// advance starts the run of a subscription, or brings it closer to its end.
func (p Autoship) advance(ctx context.Context, snap eventstore.Snapshot[customer.State]) error {
	sub := snap.State.Subscription
	if sub == nil {
		return nil
	}
	if !sub.UnderWay() {
		res, err := p.record(ctx, snap, customer.StartRun{ID: sub.ID, Now: p.Now()})
		if err != nil {
			return err
		}
		if sub = res.States[snap.ID].Subscription; sub == nil || !sub.UnderWay() {
			return nil // refused, or paused meanwhile
		}
	}
	return p.settle(ctx, snap, *sub)
}

// patience is how long the checkout of an order may take before the run ends
// without knowing what becomes of it.
const patience = time.Minute

// settle places the order of a run and ends the run when the checkout has told
// what becomes of it.
func (p Autoship) settle(ctx context.Context, snap eventstore.Snapshot[customer.State], sub customer.Subscription) error {
	run := sub.Pending
	placed, err := p.Orders.Read(ctx, snap.Tenant, run.OrderID, run.OrderID)
	if err != nil {
		return err
	}
	o := placed.State
	if placed.Revision == 0 {
		if o, err = p.place(ctx, snap, sub); err != nil {
			return p.refused(ctx, snap, sub, err)
		}
	}
	switch {
	case o.Type != orderv1.OrderType_ORDER_TYPE_AUTOSHIP || o.CustomerID != sub.AssociateID:
		return p.end(ctx, snap, customer.RefuseRun{ID: sub.ID, Run: run.N, Reason: customer.OrderIDTaken, Message: "the order is another one", Now: p.Now()})
	case o.Status == order.Cancelled:
		return p.end(ctx, snap, customer.RefuseRun{ID: sub.ID, Run: run.N, Reason: o.Reason, Message: o.Message, Now: p.Now()})
	case o.Status == order.Created && p.Now().Sub(run.StartedAt) < patience:
		return nil
	}
	return p.end(ctx, snap, customer.Renew{ID: sub.ID, Run: run.N, OrderNumber: int64(o.Number), Now: p.Now()}) //nolint:gosec // counted up from 1
}

// place places the order of a run.
func (p Autoship) place(ctx context.Context, snap eventstore.Snapshot[customer.State], sub customer.Subscription) (order.Order, error) {
	owner, err := p.Customers.Read(ctx, snap.Tenant, customer.Scope, customer.AssociateID(sub.AssociateID))
	if err != nil {
		return order.Order{}, err
	}
	id := sub.Pending.OrderID
	res, err := p.Orders.Execute(ctx, p.meta(snap, id), id, p.orderOf(sub, owner.State.Associate))
	if err != nil {
		return order.Order{}, err
	}
	return res.States[id], nil
}

// refused ends a run whose order cannot be placed. What may be better in a
// moment is tried again at the next tick.
func (p Autoship) refused(ctx context.Context, snap eventstore.Snapshot[customer.State], sub customer.Subscription, err error) error {
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Precondition || kind == fault.NotFound {
		return p.end(ctx, snap, customer.RefuseRun{
			ID: sub.ID, Run: sub.Pending.N, Reason: fault.ReasonOf(err), Message: fault.Public(err), Now: p.Now(),
		})
	}
	return err
}

func (p Autoship) end(ctx context.Context, snap eventstore.Snapshot[customer.State], c eventstore.Transaction[customer.State]) error {
	_, err := p.record(ctx, snap, c)
	return err
}

func (p Autoship) record(
	ctx context.Context, snap eventstore.Snapshot[customer.State], c eventstore.Transaction[customer.State],
) (eventstore.Result[customer.State], error) {
	return p.Customers.Transact(ctx, p.meta(snap, ""), customer.Scope, c)
}

func (p Autoship) meta(snap eventstore.Snapshot[customer.State], correlation string) eventstore.Meta {
	return eventstore.Meta{
		Tenant: snap.Tenant, Actor: "autoship", CorrelationID: correlation, CausationID: snap.ID, Traceparent: snap.Traceparent,
	}
}

// orderOf is the order of a run, as a caller of the API would place it.
func (p Autoship) orderOf(sub customer.Subscription, owner customer.Associate) order.Create {
	t, who := sub.Terms, owner.Details
	c := order.Create{
		Channel: "autoship", Currency: t.Currency, Type: orderv1.OrderType_ORDER_TYPE_AUTOSHIP, CaptureAt: p.CaptureAt,
		Customer: order.Customer{CustomerID: sub.AssociateID, Email: who.Email, FirstName: who.FirstName, LastName: who.LastName},
		Properties: map[string]string{
			"subscription_id": sub.ID, "subscription_number": strconv.FormatInt(sub.Number, 10), "subscription_run": strconv.FormatInt(sub.Pending.N, 10),
		},
		Associate: order.Associate{ID: owner.ID, Number: owner.Number, BackOfficeID: who.BackOfficeID, Type: who.Type},
		CreatedBy: "autoship", Now: p.Now(),
	}
	for _, l := range t.Lines {
		c.Items = append(c.Items, order.Line{SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, UnitPrice: money.Amount{Currency: t.Currency, Minor: l.UnitPriceMinor}})
	}
	if t.Payment != (customer.Payment{}) {
		c.Payments = []order.PaymentItem{{Gateway: t.Payment.Gateway, Token: t.Payment.Token}}
	}
	if t.Address != nil {
		a := order.Address(*t.Address)
		c.ShippingAddress = &a
	}
	return c
}
