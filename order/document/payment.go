package document

import (
	"slices"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// foldPayment folds one event of what is due of a sale that stands. It reports
// whether it knows the event.
func foldPayment(o *orderv1.Order, e proto.Message) (known bool) {
	cur := currency(o.GetCurrencyCode())
	switch e := e.(type) {
	case *orderv1.PaymentDue:
		o.PaymentDue = cur.money(o.GetPaymentDue().GetMinorUnits() + e.GetAmountMinor())
		o.PaymentDueMessage = e.GetMessage()
	case *orderv1.PaymentRetryRequested:
		bring(o, e.GetPayments(), e.GetRetryId())
		o.OpenWork++
	case *orderv1.PaymentRetried:
		noLongerDue(o, e.GetPaidMinor())
		if o.GetPaymentDue() != nil {
			o.PaymentDueMessage = e.GetMessage()
		}
		takeBack(o, e.GetRetryId())
		o.OpenWork--
	default:
		return false
	}
	return true
}

// noLongerDue lowers what is due.
func noLongerDue(o *orderv1.Order, minor int64) {
	if o.GetPaymentDue() == nil {
		return
	}
	if o.PaymentDue.MinorUnits -= minor; o.PaymentDue.MinorUnits <= 0 {
		o.PaymentDue, o.PaymentDueMessage = nil, ""
	}
}

// bring adds the payments of an edit, or of a later attempt to pay.
func bring(o *orderv1.Order, ps []*orderv1.PlannedPayment, id string) {
	for _, p := range currency(o.GetCurrencyCode()).payments(ps) {
		p.EditId = id
		o.Payments = append(o.Payments, p)
	}
}

// takeBack removes the payments that were brought and have no money in them.
func takeBack(o *orderv1.Order, id string) {
	o.Payments = slices.DeleteFunc(o.GetPayments(), func(p *orderv1.OrderPayment) bool {
		authorized, net := p.GetAuthorized().GetMinorUnits(), p.GetCaptured().GetMinorUnits()-p.GetRefunded().GetMinorUnits()
		return p.GetEditId() == id && authorized+net == 0
	})
}

// PaymentStatus is the status of the order by its ledger: nothing paid, a part
// of the total, or all of it (DirectScale order status). By that source an order
// of which a part was given back is paid in part, whatever it was given back
// for. An order that is held in its checkout waits for a payment, or for
// somebody who lets it be made; while the checkout runs there is nothing to say.
func PaymentStatus(o *orderv1.Order) string {
	if o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_CREATED {
		return ""
	}
	var net int64
	for _, p := range o.GetPayments() {
		net += p.GetCaptured().GetMinorUnits() - p.GetRefunded().GetMinorUnits()
	}
	switch total := o.GetTotals().GetTotal().GetMinorUnits(); {
	case o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_CANCELLED, o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_DELETED:
		return "Voided"
	case o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_ON_HOLD && !heldSale(o), net == 0 && total > 0:
		return "Pending Payment"
	case net < total:
		return "Partial Paid"
	}
	return "Paid"
}
