package rpc

import (
	"context"
	"time"

	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// orders serves the writing half of OrderService; orderReads is the other one.
type orders struct {
	orderReads
	customers eventstore.Log[customer.State]
	// captureAt is for orders that do not say.
	captureAt orderv1.CaptureAt
	// gateway is for payments that do not say; empty leaves it to the order.
	gateway string
}

// CreateOrder names the order before it is stored. With an idempotency key the
// id follows from the key, so that a repeat comes to the same order; a caller
// that chooses the id itself has keys that count for that order alone.
func (s orders) CreateOrder(ctx context.Context, req *orderv1.CreateOrderRequest) (*orderv1.CreateOrderResponse, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	now := s.now()
	id := s.nameOf(meta, req.GetOrderId(), now)
	create := createOf(req, meta.Actor, now)
	if create.Associate, err = s.associate(ctx, meta.Tenant, req.GetAssociateId()); err != nil {
		return nil, err
	}
	create.Payments = s.paidBy(create.Payments)
	if len(create.Payments) == 0 && s.gateway != "" {
		create.Payments = []order.PaymentItem{{Gateway: s.gateway}}
	}
	if create.CaptureAt == orderv1.CaptureAt_CAPTURE_AT_UNSPECIFIED {
		create.CaptureAt = s.captureAt
	}
	res, err := s.log.Execute(ctx, meta, id, create)
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

// associate is the account that an order counts for. Whether it may is for the
// order to decide: a repeat is answered as before, whatever became of it since.
func (s orders) associate(ctx context.Context, tenant, id string) (order.Associate, error) {
	if id == "" {
		return order.Associate{}, nil
	}
	snap, err := s.customers.Read(ctx, tenant, customer.Scope, customer.AssociateID(id))
	if err != nil {
		return order.Associate{}, err
	}
	a := snap.State.Associate
	return order.Associate{
		ID: id, Number: a.Number, BackOfficeID: a.Details.BackOfficeID, Type: a.Details.Type, Barred: !a.Orders(),
	}, nil
}

// paidBy gives payments that name no gateway the one of the installation.
func (s orders) paidBy(ps []order.PaymentItem) []order.PaymentItem {
	for i := range ps {
		if ps[i].Gateway == "" {
			ps[i].Gateway = s.gateway
		}
	}
	return ps
}

// nameOf is the id of an order that a request makes.
func (s orders) nameOf(meta eventstore.Meta, asked string, now time.Time) string {
	switch {
	case asked != "":
		return asked
	case meta.Key != "":
		return orderIDOf(meta.Tenant, meta.Key)
	}
	return newOrderID(now)
}

func (s orders) CancelOrder(ctx context.Context, req *orderv1.CancelOrderRequest) (*orderv1.CancelOrderResponse, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	meta.ExpectRevision = req.GetExpectedRevision()
	res, err := s.log.Execute(ctx, meta, req.GetOrderId(), order.Cancel{
		Reason: req.GetReason(), By: meta.Actor, Operator: callOf(ctx).Operator, KeepPromotion: req.GetKeepPromotion(), Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	status, err := s.statusAfter(ctx, meta.Tenant, req.GetOrderId(), res)
	return &orderv1.CancelOrderResponse{Status: status, Revision: res.Revision, Position: res.Position}, err
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
	status, err := s.statusAfter(ctx, meta.Tenant, req.GetOrderId(), res)
	return &orderv1.ReviewOrderResponse{Status: status, Revision: res.Revision, Position: res.Position}, err
}

func (s orders) RetryPayment(ctx context.Context, req *orderv1.RetryPaymentRequest) (*orderv1.RetryPaymentResponse, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	res, err := s.log.Execute(ctx, meta, req.GetOrderId(), order.RetryPayment{
		Payments: s.paidBy(paymentsOf(req.GetPayments())), By: meta.Actor, Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	status, err := s.statusAfter(ctx, meta.Tenant, req.GetOrderId(), res)
	return &orderv1.RetryPaymentResponse{Status: status, Revision: res.Revision, Position: res.Position}, err
}
