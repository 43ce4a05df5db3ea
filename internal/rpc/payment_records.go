package rpc

import (
	"cmp"
	"context"

	"github.com/oklog/ulid/v2"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/payment"
)

// PaymentView is the read model of payment records: projections.Payments, with
// the WaitFor of its view.
type PaymentView interface {
	Records(tenant, order string, size int, token string) ([]*paymentv1.PaymentRecord, string, error)
	WaitFor(ctx context.Context, position uint64) error
}

func (s payments) ListPaymentRecords(ctx context.Context, req *paymentv1.ListPaymentRecordsRequest) (*paymentv1.ListPaymentRecordsResponse, error) {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	page, next, err := s.view.Records(callOf(ctx).Tenant, req.GetOrderId(), int(req.GetPageSize()), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &paymentv1.ListPaymentRecordsResponse{Records: page, NextPageToken: next}, nil
}

func (s payments) RecordPayment(ctx context.Context, req *paymentv1.RecordPaymentRequest) (*paymentv1.RecordPaymentResponse, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	id := req.GetOrderId()
	o, err := s.orders.Read(ctx, meta.Tenant, id, id)
	if err != nil {
		return nil, err
	}
	if o.Revision == 0 {
		return nil, fault.New(fault.NotFound, "order_not_found", "order_id: there is no order %s", id)
	}
	if c := req.GetAmount().GetCurrencyCode(); c != o.State.Currency {
		return nil, fault.Field("amount.currency_code", "must be %q like the order, not %q", o.State.Currency, c)
	}
	c := payment.RecordExternal{
		ID: cmp.Or(meta.Key, ulid.Make().String()), Amount: req.GetAmount().GetMinorUnits(), Currency: o.State.Currency,
		Credit: req.GetType() == paymentv1.PaymentType_PAYMENT_TYPE_CREDIT,
		Method: req.GetMethod(), Reference: req.GetReference(), By: meta.Actor, Now: s.now(),
	}
	res, err := s.log.Execute(ctx, meta, id, c)
	if err != nil {
		return nil, err
	}
	out := &paymentv1.RecordPaymentResponse{Position: res.Position, Repeated: res.Repeated}
	for _, e := range res.States[id].Entries() {
		if e.Transaction.ID == c.TransactionID() {
			out.Record = recordOf(id, e)
		}
	}
	return out, nil
}

// recordOf is a payment record as callers see it.
func recordOf(order string, e payment.Entry) *paymentv1.PaymentRecord {
	t := e.Transaction
	return &paymentv1.PaymentRecord{
		PaymentNumber: e.Number, OrderId: order, PaymentItemId: t.PaymentItemID, TransactionId: t.ID,
		Type: e.Type, Status: e.Status, Amount: moneyOf(e.Amount, t.Currency), RefundedPaymentNumber: e.Refunds, FullRefund: e.Full,
		Gateway: t.Gateway, Method: t.Method, Reference: t.ExternalReference,
		ResponseCode: t.Code, ResponseMessage: t.Message, At: timestampOf(e.At),
	}
}
