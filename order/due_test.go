package order_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

// TestRetryPaymentTakesWhatIsDueOfASale takes exactly that, from the payments
// of the order or from new ones, and one attempt at a time.
func TestRetryPaymentTakesWhatIsDueOfASale(t *testing.T) {
	again := order.RetryPayment{By: "ada", Now: later}
	other := order.RetryPayment{Payments: []order.PaymentItem{{Token: "tok-9", Amount: gbp(500)}, {Token: "tok-8"}}, By: "ada", Now: later}
	check(t, map[string]row{
		"same payments": {given: owing, when: again, then: events(&orderv1.PaymentRetryRequested{
			RetryId: "y3", RequestedBy: "ada", At: timestamppb.New(later), Work: &orderv1.Work{WorkId: "w3", CaptureMinor: 2000},
		})},
		"other payments": {given: owing, when: other, then: events(&orderv1.PaymentRetryRequested{
			RetryId: "y3", RequestedBy: "ada", At: timestamppb.New(later),
			Work: &orderv1.Work{WorkId: "w3", AuthorizeMinor: 2000, CaptureMinor: 2000, VoidFirst: true},
			Payments: []*orderv1.PlannedPayment{
				{PaymentItemId: "p3", Gateway: "simulated", Token: "tok-9", AmountMinor: 500},
				{PaymentItemId: "p4", Gateway: "simulated", Token: "tok-8", AmountMinor: 1500},
			},
		})},
		"while it is tried":     {given: then(owing, again), when: other, kind: fault.Precondition, reason: "order_busy"},
		"nothing is due":        {given: shipped, when: again, kind: fault.Precondition, reason: "order_not_held"},
		"a payment of too much": {given: owing, when: order.RetryPayment{Payments: []order.PaymentItem{{Amount: gbp(2001)}}}, kind: fault.Invalid, reason: fault.ReasonInvalid, fields: []string{"payments"}},
		"a payment it has": {
			given: owing, when: order.RetryPayment{Payments: []order.PaymentItem{{ItemID: "p1"}}},
			kind: fault.Invalid, reason: fault.ReasonInvalid, fields: []string{"payments[0].payment_item_id"},
		},
	})
}

// TestAnOrderThatOwesIsNotStopped shows that what is due keeps nothing else.
func TestAnOrderThatOwesIsNotStopped(t *testing.T) {
	for name, c := range map[string]command{
		"note": order.AddNote{Text: "call"}, "return": order.SubmitReturn{Lines: one}, "deliver": order.UpdatePackage{PackageID: "k1", Status: order.PackageDelivered},
	} {
		if es, err := c.Decide(fold(owing...)); err != nil || len(es) == 0 {
			t.Errorf("%s: %v, %v", name, es, err)
		}
	}
}

// TestWhatIsDueIsLoweredByWhatIsTaken follows the amount through an attempt
// that succeeds in part.
func TestWhatIsDueIsLoweredByWhatIsTaken(t *testing.T) {
	history := then(owing, order.RetryPayment{})
	history = after(history,
		&orderv1.StepRequested{Step: orderv1.Step_STEP_CAPTURE_UNITS, RequestId: "x1", WorkId: "w3", Attempt: 1},
		&orderv1.StepAnswered{Step: orderv1.Step_STEP_CAPTURE_UNITS, RequestId: "x1", Transactions: []*orderv1.PaymentTransaction{
			{TransactionId: "t1", PaymentItemId: "p1", Operation: orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE, AmountMinor: 1500, Succeeded: true},
			{TransactionId: "t2", PaymentItemId: "p2", Operation: orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE, AmountMinor: 500},
		}})
	if o := fold(history...); o.OwedMinor != 500 {
		t.Errorf("%d is owed of 2000 when 1500 were taken", o.OwedMinor)
	}
	o := fold(after(history, &orderv1.PaymentRetried{RetryId: "y3", WorkId: "w3", PaidMinor: 1500})...)
	if o.OwedMinor != 500 || len(o.Work) != 0 {
		t.Errorf("after the attempt %d is owed and the work left is %v", o.OwedMinor, o.Work)
	}
}
