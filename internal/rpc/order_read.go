package rpc

import (
	"context"
	"iter"
	"time"

	"connectrpc.com/connect"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/projections"
)

// OrderView is the read model of orders: projections.Orders, with the WaitFor
// of its view. What it does not know is NotFound.
type OrderView interface {
	Get(tenant, id string) (*orderv1.Order, error)
	GetByNumber(tenant string, n uint64) (*orderv1.Order, error)
	GetByReference(tenant, reference string) (*orderv1.Order, error)
	List(tenant string, f projections.OrderFilter) ([]*orderv1.Order, string, error)
	History(tenant, id string) ([]projections.CommitRef, error)
	Watch(ctx context.Context, tenant, id string) iter.Seq2[*orderv1.Order, error]
	WaitFor(ctx context.Context, position uint64) error
}

// maxWait is how long a read waits for its view at most.
const maxWait = 5 * time.Second

// waiter is a view that can be waited for.
type waiter interface {
	WaitFor(ctx context.Context, position uint64) error
}

// await waits until a view has seen a log position.
func await(ctx context.Context, view waiter, position uint64) error {
	if position == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	return view.WaitFor(ctx, position)
}

// orderReads serves the reading half of OrderService.
type orderReads struct {
	log  eventstore.Log[order.Order]
	view OrderView
	now  func() time.Time
	// stored is where the commits of orders are.
	stored Events
}

func (s orderReads) GetOrder(ctx context.Context, req *orderv1.GetOrderRequest) (*orderv1.GetOrderResponse, error) {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	tenant := callOf(ctx).Tenant
	var o *orderv1.Order
	var err error
	switch key := req.GetKey().(type) {
	case *orderv1.GetOrderRequest_OrderNumber:
		o, err = s.view.GetByNumber(tenant, key.OrderNumber)
	case *orderv1.GetOrderRequest_Reference:
		o, err = s.view.GetByReference(tenant, key.Reference)
	default:
		if req.GetLatest() {
			if err := s.awaitStored(ctx, tenant, req.GetOrderId()); err != nil {
				return nil, err
			}
		}
		o, err = s.byID(ctx, tenant, req.GetOrderId())
	}
	if err != nil {
		return nil, err
	}
	return &orderv1.GetOrderResponse{Order: o}, nil
}

// byID reads an order. One that was stored a moment ago is waited for: whoever
// knows its id has reason to be sure that it exists.
func (s orderReads) byID(ctx context.Context, tenant, id string) (*orderv1.Order, error) {
	o, err := s.view.Get(tenant, id)
	if fault.KindOf(err) != fault.NotFound {
		return o, err
	}
	if err := s.awaitStored(ctx, tenant, id); err != nil {
		return nil, err
	}
	return s.view.Get(tenant, id)
}

// awaitStored waits until the view has seen an order that the log has.
func (s orderReads) awaitStored(ctx context.Context, tenant, id string) error {
	snap, err := s.log.Read(ctx, tenant, id, id)
	if err != nil {
		return err
	}
	if snap.Revision == 0 {
		return orderNotFound(id)
	}
	return await(ctx, s.view, snap.Position)
}

func (s orderReads) ListOrders(ctx context.Context, req *orderv1.ListOrdersRequest) (*orderv1.ListOrdersResponse, error) {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	orders, next, err := s.view.List(callOf(ctx).Tenant, projections.OrderFilter{
		CustomerID: req.GetCustomerId(), AssociateID: req.GetAssociateId(), PaymentDue: req.GetPaymentDue(), Status: req.GetStatus(),
		From: timeOf(req.GetCreatedFrom()), Before: timeOf(req.GetCreatedBefore()),
		PageSize: int(req.GetPageSize()), PageToken: req.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	return &orderv1.ListOrdersResponse{Orders: orders, NextPageToken: next}, nil
}

func (s orderReads) WatchOrder(ctx context.Context, req *orderv1.WatchOrderRequest, stream *connect.ServerStream[orderv1.WatchOrderResponse]) error {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return err
	}
	tenant := callOf(ctx).Tenant
	if _, err := s.byID(ctx, tenant, req.GetOrderId()); err != nil {
		return err
	}
	for o, err := range s.view.Watch(ctx, tenant, req.GetOrderId()) {
		if err != nil {
			return err
		}
		if err := stream.Send(&orderv1.WatchOrderResponse{Order: o}); err != nil {
			return err
		}
		if over(o) {
			return nil
		}
	}
	return ctx.Err()
}

// over reports whether nothing happens to an order any more unless somebody
// asks for it.
func over(o *orderv1.Order) bool {
	s := order.Status(o.GetStatus()) //nolint:gosec // the numbers are the same
	return s == order.Deleted || s.Final() && o.GetOpenWork() == 0 && !o.GetDeleteRequested()
}
