package order_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

// TestCreditThatComesBackIsRefundedAsFarAsItCanBe refunds what was taken here,
// less what is about to be refunded, and leaves the rest as credit.
func TestCreditThatComesBackIsRefundedAsFarAsItCanBe(t *testing.T) {
	took := func(minor int64) *orderv1.StepAnswered {
		e := &orderv1.StepAnswered{Step: authorizing.GetStep(), RequestId: "a1", Succeeded: true}
		for _, op := range []orderv1.PaymentOperation{orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE, orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE} {
			e.Transactions = append(e.Transactions, &orderv1.PaymentTransaction{PaymentItemId: "p1", Operation: op, AmountMinor: minor, Succeeded: true})
		}
		return e
	}
	back := order.GiveBackCredit{RequestID: "x1", From: "order-exchange-1", Minor: 1200, Now: later}
	comes := func(refund, kept int64) *orderv1.CreditGivenBack {
		e := &orderv1.CreditGivenBack{RequestId: "x1", ExchangeOrderId: "order-exchange-1", RefundMinor: refund, KeptMinor: kept, At: timestamppb.New(later)}
		if refund > 0 {
			e.Work = &orderv1.Work{WorkId: "w1", GiveBackMinor: refund}
		}
		return e
	}
	check(t, map[string]row{
		"all of it":        {given: events(created, authorizing, took(1500), confirmed), when: back, then: events(comes(1200, 0))},
		"a part of it":     {given: events(created, authorizing, took(700), confirmed), when: back, then: events(comes(700, 500))},
		"nothing":          {given: sold, when: back, then: events(comes(0, 1200))},
		"twice":            {given: events(created, authorizing, took(1500), confirmed, comes(1200, 0)), when: back},
		"of nothing":       {given: sold, when: order.GiveBackCredit{RequestID: "x1"}, kind: fault.Invalid, reason: fault.ReasonInvalid, fields: []string{"credit"}},
		"of a deleted one": {given: events(created, authorizing, took(1500), confirmed, &orderv1.OrderDeleted{}), when: back, then: events(comes(1200, 0))},
		"to nobody's":      {when: back, kind: fault.NotFound, reason: "order_not_found"},
		"beside a refund":  {given: after(events(created, authorizing, took(1500), confirmed), told(order.CancelItems{Lines: one}, events(created, authorizing, took(1500), confirmed)...)), when: back, then: events(second(comes(500, 700), "w2"))},
	})
	o := fold(events(created, authorizing, took(1500), confirmed, comes(1200, 0))...)
	if o.DueMinor != 800 || len(o.Work) != 1 {
		t.Errorf("%d is due of 20.00 after 12.00 came back, work %v", o.DueMinor, o.Work)
	}
}

// TestAnOperatorActsOnTheRefundOfADeletedOrder lets the refund of credit that
// came back after its end go on.
func TestAnOperatorActsOnTheRefundOfADeletedOrder(t *testing.T) {
	given := events(created, confirmed, &orderv1.OrderDeleted{}, &orderv1.CreditGivenBack{RequestId: "x1", RefundMinor: 500, Work: &orderv1.Work{WorkId: "w1", GiveBackMinor: 500}})
	refunding := &orderv1.SagaParked{Step: orderv1.Step_STEP_REFUND_UNITS}
	check(t, map[string]row{
		"goes on":      {given: append(given, refunding), when: order.Resume{Reason: "fixed"}, then: events(&orderv1.SagaResumed{Step: refunding.GetStep(), Reason: "fixed"})},
		"goes without": {given: append(given, refunding), when: order.Skip{Reason: "in cash"}, then: events(&orderv1.StepSkipped{Step: refunding.GetStep(), Reason: "in cash"})},
		"has ended":    {given: events(created, confirmed, &orderv1.OrderDeleted{}), when: order.Resume{}, kind: fault.NotFound, reason: "order_not_found"},
	})
}

func second(e *orderv1.CreditGivenBack, work string) *orderv1.CreditGivenBack {
	e.Work.WorkId = work
	return e
}

// TestCreditIsGrantedByAReturnOnly refuses it as a payment that anybody names.
func TestCreditIsGrantedByAReturnOnly(t *testing.T) {
	forged := []order.PaymentItem{{Gateway: order.CreditGateway}}
	refuse(t, map[string]refusal{
		"of a new order": {with(func(c *order.Create) { c.Payments = forged }), []string{"payments[0].gateway"}},
	})
	check(t, map[string]row{
		"of a held order": {given: heldForPayment, when: order.RetryPayment{Payments: forged}, kind: fault.Invalid, reason: fault.ReasonInvalid, fields: []string{"payments[0].gateway"}},
		"of what is due":  {given: owing, when: order.RetryPayment{Payments: forged}, kind: fault.Invalid, reason: fault.ReasonInvalid, fields: []string{"payments[0].gateway"}},
	})
}

// TestNobodyPaysByNamingThatItIsPaidElsewhere: only an import, or a payment that
// was recorded, says so.
func TestNobodyPaysByNamingThatItIsPaidElsewhere(t *testing.T) {
	claimed := []order.PaymentItem{{Gateway: order.ExternalGateway}}
	refuse(t, map[string]refusal{
		"a new order": {with(func(c *order.Create) { c.Payments = claimed }), []string{"payments[0].gateway"}},
	})
	check(t, map[string]row{
		"a held order": {given: heldForPayment, when: order.RetryPayment{Payments: claimed}, kind: fault.Invalid, reason: fault.ReasonInvalid, fields: []string{"payments[0].gateway"}},
		"what is due":  {given: owing, when: order.RetryPayment{Payments: claimed}, kind: fault.Invalid, reason: fault.ReasonInvalid, fields: []string{"payments[0].gateway"}},
	})
}
