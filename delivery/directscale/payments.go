package directscale

import (
	"context"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/payment"
)

// Payments translates the log of payments. A payment is told when money moved,
// or did not: an authorization alone is none.
type Payments struct {
	Lookup Lookup
	// CreditsTwice tells of a credit as a new payment, too (decision D-22).
	CreditsTwice bool
}

// Log implements delivery.Translator.
func (Payments) Log() string { return "payment" }

// paymentBody is CreateOrderPaymentEvent.
type paymentBody struct {
	OrderNumber    int64
	OrderPaymentID int64 `json:"OrderPaymentId"`
	PaymentStatus  string
	PaymentType    string
	Amount         any
	CurrencyCode   string
	event
}

// refundBody is RefundOrderPaymentEvent.
type refundBody struct {
	RefundedOrderPaymentID int64 `json:"RefundedOrderPaymentId"`
	IsFullRefund           bool
	RefundDateUTC          string `json:"RefundDateUtc"`
	paymentBody
}

// Translate implements delivery.Translator.
func (p Payments) Translate(ctx context.Context, c eventstore.Commit, wanted func(deliveryv1.Vocabulary) bool) ([]delivery.Told, error) {
	if !wanted(deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE) {
		return nil, nil
	}
	events, err := c.Recorded()
	if err != nil {
		return nil, err
	}
	t := &telling{commit: c}
	for _, e := range events {
		m, ok := e.Event.(interface{ GetTransaction() *paymentv1.Transaction })
		if !ok || m.GetTransaction().GetPaymentNumber() == 0 {
			continue
		}
		_, failed := e.Event.(*paymentv1.PaymentFailed)
		if err := p.tell(ctx, t, e, m.GetTransaction(), failed); err != nil {
			return nil, err
		}
	}
	return t.told, nil
}

func (p Payments) tell(ctx context.Context, t *telling, e eventstore.Recorded, tx *paymentv1.Transaction, failed bool) error {
	number, err := p.Lookup.Order(ctx, t.commit.GetTenant(), e.Aggregate)
	if err != nil {
		return err
	}
	at := t.commit.GetTime().AsTime()
	b := paymentBody{
		OrderNumber: number, OrderPaymentID: tx.GetPaymentNumber(), PaymentStatus: "Paid", PaymentType: "Charge",
		CurrencyCode: tx.GetCurrencyCode(), event: orderEvent(CreateOrderPayment, at),
	}
	minor := tx.GetAmountMinor()
	if failed {
		b.PaymentStatus = "Rejected"
	}
	if payment.TypeOf(tx.GetOperation()) != payment.Credit {
		b.Amount = amount(minor, tx.GetCurrencyCode())
		return t.tell(e, CreateOrderPayment, e.Aggregate, e.Aggregate, b)
	}
	b.PaymentType, b.Amount = "Credit", amount(-minor, tx.GetCurrencyCode())
	if p.CreditsTwice || failed {
		if err := t.tell(e, CreateOrderPayment, e.Aggregate, e.Aggregate, b); err != nil || failed {
			return err
		}
	}
	b.event = orderEvent(RefundOrderPayment, at)
	return t.tell(e, RefundOrderPayment, e.Aggregate, e.Aggregate, refundBody{
		RefundedOrderPaymentID: tx.GetRefundedPaymentNumber(), IsFullRefund: tx.GetFullRefund(), RefundDateUTC: date(at), paymentBody: b,
	})
}
