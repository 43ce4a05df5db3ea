package saga_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// TestWhatCouldNotBeTakenIsDueAndHoldsUpNothing ships units of which the card
// is declined, and shows what each way on from there asks for.
func TestWhatCouldNotBeTakenIsDueAndHoldsUpNothing(t *testing.T) {
	const capture = orderv1.Step_STEP_CAPTURE_UNITS
	another := order.RetryPayment{Payments: []order.PaymentItem{{Token: "another card"}}}
	var b strings.Builder
	for _, tt := range []struct {
		name     string
		declined []orderv1.Step // once each, after the first shipment
		does     []decider
	}{
		{"and is taken from another card", nil, []decider{another}},
		{"and is taken from the same cards later", nil, []decider{order.RetryPayment{}}},
		{"and another card is declined", []orderv1.Step{orderv1.Step_STEP_AUTHORIZE_UNITS}, []decider{another}},
		{"and another card is authorized but not charged, then charged", []orderv1.Step{capture}, []decider{another, another}},
		{"while the rest is cancelled", nil, []decider{order.CancelItems{Lines: aPot}}},
		{"while the rest ships", nil, []decider{order.Ship{}}},
		{"and half of it comes back", nil, []decider{order.SubmitReturn{ReturnID: "r", Lines: oneTea}, order.AcceptReturn{ReturnID: "r", Restock: true}}},
	} {
		declined := []orderv1.Step{capture, capture, capture}
		r, books := sale(t, orderv1.CaptureAt_CAPTURE_AT_SHIP, func(s orderv1.Step) act {
			n := slices.Index(declined, s)
			if n < 0 {
				return comply
			}
			declined = slices.Delete(declined, n, n+1)
			return refuse
		})
		r.must(order.Ship{Lines: []order.Units{{ItemID: "1", Quantity: 2}}})
		r.end()
		if r.order.Parked || r.order.OwedMinor == 0 || len(r.order.Work) > 0 {
			t.Errorf("%s: parked %v, %d owed, work %v", tt.name, r.order.Parked, r.order.OwedMinor, r.order.Work)
		}
		fmt.Fprintf(&b, "two teas ship, %d cannot be taken, %s\n", r.order.OwedMinor, tt.name)
		declined = slices.Clone(tt.declined)
		before := len(r.history)
		for _, c := range tt.does {
			r.must(c)
			r.end()
		}
		for _, e := range r.history[before:] {
			tell(&b, e)
		}
		fmt.Fprintf(&b, "  = %s, %d owed of %d due\n\n", r.order.Status, r.order.OwedMinor, r.order.DueMinor)
		if wrong := books.wrong(r.order); wrong != "" {
			t.Errorf("%s: %s: %+v", tt.name, wrong, r.order)
		}
	}
	golden(t, "testdata/due.golden", b.String())
}
