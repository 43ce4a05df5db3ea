package rpc

import (
	"context"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// orders serves the writing half of OrderService; orderReads is the other one.
type orders struct {
	orderReads
}

// CreateOrder names the order before it is stored. With an idempotency key the
// id follows from the key, so that a repeat comes to the same order; a caller
// that chooses the id itself has keys that count for that order alone.
func (s orders) CreateOrder(ctx context.Context, req *orderv1.CreateOrderRequest) (*orderv1.CreateOrderResponse, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	now, id := s.now(), req.GetOrderId()
	switch {
	case id != "":
	case meta.Key != "":
		id = orderIDOf(meta.Tenant, meta.Key)
	default:
		id = newOrderID(now)
	}
	res, err := s.log.Execute(ctx, meta, id, createOf(req, meta.Actor, now))
	if err != nil {
		return nil, err
	}
	o := res.States[id]
	return &orderv1.CreateOrderResponse{
		OrderId: id, OrderNumber: o.Number, Total: moneyOf(o.TotalMinor, o.Currency),
		// What it was right after creation, also when that is long ago.
		Status:   orderv1.OrderStatus_ORDER_STATUS_CREATED,
		Revision: res.Revision, Position: res.Position, Repeated: res.Repeated,
	}, nil
}

func (s orders) CancelOrder(ctx context.Context, req *orderv1.CancelOrderRequest) (*orderv1.CancelOrderResponse, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	meta.ExpectRevision = req.GetExpectedRevision()
	res, err := s.log.Execute(ctx, meta, req.GetOrderId(), order.Cancel{Reason: req.GetReason(), By: meta.Actor})
	if err != nil {
		return nil, err
	}
	return &orderv1.CancelOrderResponse{
		Status: statusOf(res.States[req.GetOrderId()].Status), Revision: res.Revision, Position: res.Position,
	}, nil
}

func (s orders) ReviewOrder(ctx context.Context, req *orderv1.ReviewOrderRequest) (*orderv1.ReviewOrderResponse, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	res, err := s.log.Execute(ctx, meta, req.GetOrderId(), order.Review{Accept: req.GetAccept(), Reason: req.GetReason()})
	if err != nil {
		return nil, err
	}
	return &orderv1.ReviewOrderResponse{
		Status: statusOf(res.States[req.GetOrderId()].Status), Revision: res.Revision, Position: res.Position,
	}, nil
}

func (s orders) RetryPayment(ctx context.Context, req *orderv1.RetryPaymentRequest) (*orderv1.RetryPaymentResponse, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	res, err := s.log.Execute(ctx, meta, req.GetOrderId(), order.RetryPayment{Payments: paymentsOf(req.GetPayments())})
	if err != nil {
		return nil, err
	}
	return &orderv1.RetryPaymentResponse{
		Status: statusOf(res.States[req.GetOrderId()].Status), Revision: res.Revision, Position: res.Position,
	}, nil
}
