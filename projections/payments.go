package projections

import (
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/payment"
)

// The buckets of the view of payments. A record never changes, so it is kept
// under each way to read it: by time, and by order and number, both newest
// first.
const (
	bucketPayments      = "payments"
	bucketOrderPayments = "order_payments"
)

// PaymentsProjector folds the payment log into payment records. Payments reads
// them.
func PaymentsProjector() Projector {
	return Projector{Name: "payments", Version: 1, Log: "payment", Main: bucketPayments, Project: projectPayments}
}

func projectPayments(tx *Tx, c eventstore.Commit, events []eventstore.Recorded) error {
	for _, rec := range events {
		switch e := rec.Event.(type) {
		case *paymentv1.PaymentCaptured:
			keepPayment(tx, c.GetTenant(), rec.Aggregate, e, true)
		case *paymentv1.PaymentRefunded:
			keepPayment(tx, c.GetTenant(), rec.Aggregate, e, true)
		case *paymentv1.PaymentFailed:
			keepPayment(tx, c.GetTenant(), rec.Aggregate, e, false)
		case *paymentv1.PaymentRecorded:
			keepPayment(tx, c.GetTenant(), rec.Aggregate, e, true)
		case *paymentv1.PaymentAuthorized, *paymentv1.AuthorizationVoided, *paymentv1.PaymentTold:
			// No money moves.
		case *paymentv1.BulkTransactionRecorded, *paymentv1.BulkTransactionClosed:
			// Why money moved; that it did is told by the events beside it.
		default:
			tx.Unknown()
		}
	}
	return nil
}

// paymentEvent is what the events that make a record have in common.
type paymentEvent interface {
	proto.Message
	GetTransaction() *paymentv1.Transaction
}

// keepPayment adds the record that an event makes. A refusal of something that
// moves no money has no number and makes none.
func keepPayment(tx *Tx, tenant, order string, e paymentEvent, paid bool) {
	t := e.GetTransaction()
	if t.GetPaymentNumber() == 0 {
		return
	}
	r := &paymentv1.PaymentRecord{
		PaymentNumber: t.GetPaymentNumber(), OrderId: order, PaymentItemId: t.GetPaymentItemId(), TransactionId: t.GetTransactionId(),
		Type: payment.TypeOf(t.GetOperation()), Status: payment.Rejected,
		Amount:                &moneyv1.Money{CurrencyCode: t.GetCurrencyCode(), MinorUnits: t.GetAmountMinor()},
		RefundedPaymentNumber: t.GetRefundedPaymentNumber(), FullRefund: t.GetFullRefund(), Gateway: t.GetGateway(),
		ResponseCode: t.GetResponseCode(), ResponseMessage: t.GetResponseMessage(), At: t.GetAt(),
	}
	if paid {
		r.Status = payment.Paid
	}
	if r.GetType() == payment.Credit {
		r.Amount.MinorUnits *= -1
	}
	if x, external := e.(*paymentv1.PaymentRecorded); external {
		r.Method, r.Reference = x.GetMethod(), x.GetReference()
	}
	last := number(-r.GetPaymentNumber())
	tx.Keep(bucketPayments, key(tenant, number(-r.GetAt().AsTime().UnixNano()), last), r)
	tx.Keep(bucketOrderPayments, key(tenant, textKey(order), last), proto.CloneOf(r))
}

// Payments reads the view of payments.
type Payments struct {
	// View is that of a runner of PaymentsProjector.
	View *View
}

// Records returns a page of payment records, newest first, and the cursor of the
// next page: those of an order, or all of a tenant when it is empty.
func (v Payments) Records(tenant, order string, size int, token string) (all []*paymentv1.PaymentRecord, next string, err error) {
	every := func(*paymentv1.PaymentRecord) bool { return true }
	if order == "" {
		return pageOf(v.View, bucketPayments, key(tenant), nil, size, token, every)
	}
	return pageOf(v.View, bucketOrderPayments, key(tenant, textKey(order)), nil, size, token, every)
}
