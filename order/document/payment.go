package document

import (
	"slices"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// foldPayment folds one event of what is due of a sale that stands. It reports
// whether it knows the event.
func foldPayment(o *orderv1.Order, e proto.Message) (known bool) {
	cur := currency(o.GetCurrencyCode())
	switch e := e.(type) {
	case *orderv1.OrderPaymentRecorded:
		recorded(o, e)
	case *orderv1.SurplusFound:
		o.OpenWork++
	case *orderv1.CreditFreed:
		o.OpenWork++
	case *orderv1.CreditReturned:
		o.OpenWork--
	case *orderv1.CreditGivenBack:
		o.Due.MinorUnits -= e.GetRefundMinor()
		if kept := e.GetKeptMinor(); kept > 0 {
			o.StoreCredit = cur.money(o.GetStoreCredit().GetMinorUnits() + kept)
		}
		if e.GetWork() != nil {
			o.OpenWork++
		}
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

// recorded books a payment that was made elsewhere.
func recorded(o *orderv1.Order, e *orderv1.OrderPaymentRecorded) {
	cur := currency(o.GetCurrencyCode())
	p, minor := paymentItem(o, order.ExternalGateway), e.GetAmountMinor()
	if p == nil {
		p = cur.payments([]*orderv1.PlannedPayment{{PaymentItemId: order.ExternalGateway, Gateway: order.ExternalGateway}})[0]
		o.Payments = append(o.Payments, p)
	}
	p.Amount.MinorUnits += minor
	p.ResponseMessage = e.GetMethod()
	if minor < 0 {
		p.Refunded.MinorUnits -= minor
		return
	}
	p.Captured.MinorUnits += minor
	noLongerDue(o, minor)
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
// for. What was paid elsewhere counts like the rest. An order that is held in its
// checkout waits for a payment, or for somebody who lets it be made; while the
// checkout runs there is nothing to say.
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
	case net <= 0 && (total > 0 || o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_ON_HOLD && !heldSale(o)):
		return "Pending Payment"
	case net < total:
		return "Partial Paid"
	}
	return "Paid"
}
