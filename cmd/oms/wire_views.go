package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/auth"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/rpc"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/projections"
	"github.com/orderstream/oms/publisher"
)

// views are the projections of this process, by name.
type views struct {
	orders, stock, payments, customers, deliveries *projections.Runner
}

// view is a runner with the name of its view.
type view struct {
	name string
	*projections.Runner
}

// all returns the views that are open.
func (v *views) all() (all []view) {
	for _, one := range []view{{"orders", v.orders}, {"stock", v.stock}, {"payments", v.payments}, {"customers", v.customers}, {"deliveries", v.deliveries}} {
		if one.Runner != nil {
			all = append(all, one)
		}
	}
	return all
}

func (v *views) close() {
	for _, r := range v.all() {
		if err := r.Close(); err != nil {
			slog.Warn("view not closed", slog.Any("error", err))
		}
	}
}

// Status implements rpc.Projections.
func (v *views) Status(ctx context.Context) []projections.Status {
	var all []projections.Status
	for _, r := range v.all() {
		all = append(all, r.Status(ctx))
	}
	return all
}

// Rebuild implements rpc.Projections.
func (v *views) Rebuild(ctx context.Context, name string, o projections.RebuildOptions) error {
	for _, v := range v.all() {
		if v.name == name {
			return v.Rebuild(ctx, o)
		}
	}
	return fault.New(fault.NotFound, "projection_not_found", "there is no projection %q here", name)
}

// ordersView reads the orders, and can be waited for.
func (v *views) ordersView() rpc.OrderView {
	return struct {
		projections.Orders
		*projections.View
	}{projections.Orders{View: v.orders.View()}, v.orders.View()}
}

// stockView reads the stock, and can be waited for.
func (v *views) stockView() rpc.StockView {
	return struct {
		projections.Stock
		*projections.View
	}{projections.Stock{View: v.stock.View()}, v.stock.View()}
}

// paymentsView reads the payment records, and can be waited for.
func (v *views) paymentsView() rpc.PaymentView {
	return struct {
		projections.Payments
		*projections.View
	}{projections.Payments{View: v.payments.View()}, v.payments.View()}
}

// customersView reads the customers, and can be waited for.
func (v *views) customersView() rpc.CustomerView {
	return struct {
		projections.Customers
		*projections.View
	}{projections.Customers{View: v.customers.View()}, v.customers.View()}
}

// deliveriesView reads the deliveries, and can be waited for.
func (v *views) deliveriesView() rpc.DeliveryView {
	return struct {
		projections.Deliveries
		*projections.View
	}{projections.Deliveries{View: v.deliveries.View()}, v.deliveries.View()}
}

// openViews opens the read models and follows the logs with them.
func (s *service) openViews(context.Context) (err error) {
	if !s.cfg.runs("projections") && !s.cfg.runs("api") && !s.cfg.runs("delivery") {
		return nil
	}
	cfg := projections.Config{Dir: filepath.Join(s.cfg.Data, "views"), Source: s.store}
	if s.views.orders, err = projections.Open(cfg, projections.OrdersProjector()); err != nil {
		return err
	}
	if s.views.stock, err = projections.Open(cfg, projections.StockProjector()); err != nil {
		return err
	}
	if s.views.payments, err = projections.Open(cfg, projections.PaymentsProjector()); err != nil {
		return err
	}
	if s.views.customers, err = projections.Open(cfg, projections.CustomersProjector()); err != nil {
		return err
	}
	if s.views.deliveries, err = projections.Open(cfg, projections.DeliveriesProjector()); err != nil {
		return err
	}
	for _, r := range s.views.all() {
		s.engines = append(s.engines, engine{"projection " + r.name, func(ctx context.Context) error { r.Run(ctx); return nil }})
	}
	return nil
}

// openPublisher fills the published subjects from the order log.
func (s *service) openPublisher(ctx context.Context) error {
	if !s.cfg.runs("publisher") {
		return nil
	}
	p, err := publisher.Open(ctx, publisher.Config{
		Source: s.store, Conn: s.readers, Replicas: s.cfg.Replicas,
		Orders: func(ctx context.Context, tenant, id string) (order.Order, error) {
			snap, err := s.logs.orders.Read(ctx, tenant, id, id)
			return snap.State, err
		},
		History: s.history(), External: s.cfg.External,
		Hooks: s.tracer.Publisher(publisher.Hooks{}),
	})
	if err != nil {
		return err
	}
	var at atomic.Uint64
	p.Progress, s.published = at.Store, at.Load
	s.engines = append(s.engines, engine{"publisher", p.Run})
	return nil
}

// history reads the commits of an order up to a log position; nil in a process
// without views, which know where they are.
func (s *service) history() func(ctx context.Context, tenant, id string, upTo uint64) ([]eventstore.Commit, error) {
	if s.views.orders == nil {
		return nil
	}
	view := s.views.ordersView()
	return func(ctx context.Context, tenant, id string, upTo uint64) (commits []eventstore.Commit, err error) {
		if err := view.WaitFor(ctx, upTo); err != nil {
			return nil, err
		}
		refs, err := view.History(tenant, id)
		if err != nil {
			return nil, err
		}
		for _, ref := range refs {
			if ref.Position > upTo {
				break
			}
			b, found, err := s.store.At(ctx, "order", ref.Position)
			if err != nil {
				return nil, err
			}
			if !found || ref.Index >= len(b.Commits) {
				return nil, fmt.Errorf("the log has no commit %d at %d", ref.Index, ref.Position)
			}
			commits = append(commits, b.Commits[ref.Index])
		}
		return commits, nil
	}
}

// ready says why the API cannot serve yet.
func (s *service) ready(ctx context.Context) error {
	if !s.conn.IsConnected() {
		return fault.New(fault.Unavailable, "nats_disconnected", "the log cannot be reached")
	}
	for _, st := range s.views.Status(ctx) {
		if !st.Ready {
			return fault.New(fault.Unavailable, "view_building", "the view %s is being built", st.Name)
		}
	}
	return nil
}

// guard decides who may call.
func (s *service) guard() (*auth.Guard, error) {
	cfg := auth.Config{Tenants: s.cfg.Tenants}
	if s.cfg.TokenFile != "" {
		tokens, err := auth.LoadTokens(s.cfg.TokenFile)
		if err != nil {
			return nil, usageError("--token-file: %w", err)
		}
		cfg.Tokens = tokens
	}
	return auth.New(cfg)
}
