package order_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

var (
	cash     = order.NotePayment{RecordID: "recorded:1", Number: 7001, Minor: 1500, Method: "cash", Reference: "till 4", By: "ann", Now: later}
	recorded = &orderv1.OrderPaymentRecorded{
		RecordId: "recorded:1", PaymentNumber: 7001, AmountMinor: 1500, Method: "cash", Reference: "till 4", RecordedBy: "ann", At: timestamppb.New(later),
	}
)

// TestAPaymentThatWasMadeElsewhereCountsOnce takes it in any status.
func TestAPaymentThatWasMadeElsewhereCountsOnce(t *testing.T) {
	check(t, map[string]row{
		"held":      {given: heldForPayment, when: cash, then: events(recorded)},
		"sold":      {given: sold, when: cash, then: events(recorded)},
		"cancelled": {given: events(created, compensating, cancelled), when: cash, then: events(recorded)},
		"twice":     {given: after(heldForPayment, recorded), when: cash},
		"deleted":   {given: events(created, compensating, cancelled, &orderv1.OrderDeleted{}), when: cash, kind: fault.NotFound, reason: "order_not_found"},
		"unknown":   {when: cash, kind: fault.NotFound, reason: "order_not_found"},
	})
	o := fold(after(sold, recorded, &orderv1.OrderPaymentRecorded{RecordId: "recorded:2", AmountMinor: -400})...)
	if p := o.Payments[len(o.Payments)-1]; p.Gateway != order.ExternalGateway || p.Ledger.Net() != 1100 || o.Surplus() != -900 {
		t.Errorf("after 15.00 paid and 4.00 given back: %+v, surplus %d", p, o.Surplus())
	}
}

// TestWhatWasRecountNeedNotBePaidAgain asks for the rest when a held
// order is paid in another way, and keeps what was recorded.
func TestWhatWasRecountNeedNotBePaidAgain(t *testing.T) {
	partly := after(heldForPayment, recorded)
	check(t, map[string]row{
		"the rest": {given: partly, when: order.RetryPayment{Payments: []order.PaymentItem{{Token: "tok-2"}}}, then: events(
			&orderv1.OrderHoldReleased{Reason: order.ReasonPaymentRetried, Payments: []*orderv1.PlannedPayment{
				{PaymentItemId: "p1", Gateway: "simulated", Token: "tok-2", AmountMinor: 500},
			}})},
		"all of it": {
			given: partly, when: order.RetryPayment{Payments: []order.PaymentItem{{Amount: gbp(2000)}}},
			kind: fault.Invalid, reason: fault.ReasonInvalid, fields: []string{"payments"},
		},
	})
	o := fold(then(partly, order.RetryPayment{Payments: []order.PaymentItem{{Token: "tok-2"}}})...)
	if len(o.Payments) != 2 || o.Payments[1].Ledger.Net() != 1500 {
		t.Errorf("payments after the retry: %+v", o.Payments)
	}
}

// TestWhatIsDueIsRecountFirst lowers what could not be taken.
func TestWhatIsDueIsRecountFirst(t *testing.T) {
	if o := fold(after(owing, recorded)...); o.OwedMinor != 500 {
		t.Errorf("%d is owed of 2000 after 1500 were recorded", o.OwedMinor)
	}
}
