package order

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// NotePayment counts a payment that was made elsewhere, and is in the payment
// ledger, for the order. It is taken in any status: the money is there.
type NotePayment struct {
	// RecordID is that of the record; noted twice, it counts once.
	RecordID string
	// Number is that of the payment record.
	Number int64
	// Minor is what was paid; below zero when it was given back.
	Minor     int64
	Method    string
	Reference string
	By        string
	Now       time.Time
}

// Decide counts the payment, once.
func (c NotePayment) Decide(o Order) ([]proto.Message, error) {
	if err := o.exists(); err != nil {
		return nil, err
	}
	if slices.Contains(o.Recorded, c.RecordID) {
		return nil, nil
	}
	return []proto.Message{&orderv1.OrderPaymentRecorded{
		RecordId: c.RecordID, PaymentNumber: c.Number, AmountMinor: c.Minor, Method: c.Method, Reference: c.Reference,
		RecordedBy: c.By, At: stamp(c.Now),
	}}, nil
}

// recorded books a payment that was made elsewhere. It pays what is due first.
func (o Order) recorded(e *orderv1.OrderPaymentRecorded) Order {
	o.UpdatedAt = at(e.GetAt())
	o.Recorded = slices.Concat(o.Recorded, []string{e.GetRecordId()})
	o.Payments = slices.Clone(o.Payments)
	n := o.paymentAt(ExternalGateway)
	if n < 0 {
		n = len(o.Payments)
		o.Payments = append(o.Payments, Payment{ItemID: ExternalGateway, Gateway: ExternalGateway})
	}
	p, minor := &o.Payments[n], e.GetAmountMinor()
	p.AmountMinor += minor
	if minor < 0 {
		p.Ledger.Refunded -= minor
		return o
	}
	p.Ledger.Authorized += minor
	p.Ledger.Captured += minor
	o.OwedMinor -= min(o.OwedMinor, minor)
	o.Recount, o.Retried = true, false
	return o
}

// Covered reports whether the order needs no further payment.
func (o Order) Covered() bool { return o.Surplus() >= 0 }
