package saga_test

import (
	"fmt"
	"strings"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

// TestAHeldOrderAsksOnlyForWhatIsMissing shows what is still asked for of an
// order of 30.00 whose cards are declined, when it is paid elsewhere or units of
// it are cancelled.
func TestAHeldOrderAsksOnlyForWhatIsMissing(t *testing.T) {
	authorize := orderv1.Step_STEP_AUTHORIZE_PAYMENT
	cash := func(n int, minor int64) order.NotePayment {
		return order.NotePayment{RecordID: fmt.Sprint("cash ", n), Minor: minor}
	}
	var b strings.Builder
	for _, tt := range []struct {
		name string
		at   orderv1.CaptureAt
		act  func(orderv1.Step, int) act
		does []decider
	}{
		{"declined, all of it is paid in cash", orderv1.CaptureAt_CAPTURE_AT_CONFIRM, at(authorize, refuse), []decider{cash(1, 3000)}},
		{"declined, paid in cash in two parts", orderv1.CaptureAt_CAPTURE_AT_CONFIRM, at(authorize, refuse), []decider{cash(1, 1000), cash(2, 2000)}},
		{"declined, a part is paid in cash and the rest by card", orderv1.CaptureAt_CAPTURE_AT_CONFIRM, at(authorize, refuse, comply), []decider{cash(1, 1200), order.RetryPayment{}}},
		{"one of two cards declined, that part is paid in cash", orderv1.CaptureAt_CAPTURE_AT_SHIP, at(authorize, half), []decider{cash(1, 2000)}},
		{"one of two cards declined, all of it is paid in cash", orderv1.CaptureAt_CAPTURE_AT_CONFIRM, at(authorize, half), []decider{cash(1, 3000)}},
		{"declined, and units cancelled before another card pays", orderv1.CaptureAt_CAPTURE_AT_CONFIRM, at(authorize, refuse, comply), []decider{order.CancelItems{Lines: oneTea}, order.RetryPayment{Payments: []order.PaymentItem{{Token: "another card"}}}}},
		{"one of two cards declined, and units cancelled that it would have paid", orderv1.CaptureAt_CAPTURE_AT_CONFIRM, at(authorize, half), []decider{order.CancelItems{Lines: []order.Units{{ItemID: "1", Quantity: 2}}}}},
		{"one of two cards declined, and more units cancelled than that", orderv1.CaptureAt_CAPTURE_AT_SHIP, func(s orderv1.Step, _ int) act {
			if s == authorize {
				return half
			}
			return comply
		}, []decider{order.NotePayment{RecordID: "cash", Minor: 500}, order.CancelItems{Lines: []order.Units{{ItemID: "1", Quantity: 2}}}}},
		{"declined, and given back before it is enough", orderv1.CaptureAt_CAPTURE_AT_CONFIRM, at(authorize, refuse), []decider{cash(1, 2000), cash(2, -1500), cash(3, 1000)}},
	} {
		r := start(t, tt.act, func(c *order.Create) { c.CaptureAt = tt.at })
		for r.order.Status == order.Created {
			r.step()
		}
		fmt.Fprintf(&b, "%s\n", tt.name)
		before := len(r.history)
		for n, c := range tt.does {
			r.must(c)
			for len(r.order.Work) > 0 || n == len(tt.does)-1 && r.order.Status != order.OnHold {
				if !r.step() {
					break
				}
			}
		}
		for _, e := range r.history[before:] {
			tell(&b, e)
		}
		fmt.Fprintf(&b, "  = %s, %d more than due\n\n", r.order.Status, r.order.Surplus())
	}
	golden(t, "testdata/recorded.golden", b.String())
}

// TestCashWhileACardIsAskedIsNotTakenTwice records all of it while the cards
// are being authorized: nothing is captured, and the authorizations are given
// up.
func TestCashWhileACardIsAskedIsNotTakenTwice(t *testing.T) {
	for _, at := range []orderv1.CaptureAt{orderv1.CaptureAt_CAPTURE_AT_CONFIRM, orderv1.CaptureAt_CAPTURE_AT_SHIP} {
		r := start(t, always(comply), func(c *order.Create) { c.CaptureAt = at })
		for p, _ := r.order.Pending(); p.Step != orderv1.Step_STEP_AUTHORIZE_PAYMENT; p, _ = r.order.Pending() {
			r.step()
		}
		r.must(order.NotePayment{RecordID: "cash", Minor: 3000})
		r.end()
		if o := r.order; o.Status != order.Submitted || o.Surplus() != 0 || len(o.Work) != 0 || o.Payments[0].Ledger.Captured != 0 {
			t.Errorf("%s: %s, %d more than due, work %v, payments %+v", at, o.Status, o.Surplus(), o.Work, o.Payments)
		}
	}
}

// TestCashThatComesWhileAnEditIsTakenBackStays lets somebody pay in cash too
// while each step of the way back runs: one step is asked at a time, and nobody
// gives the cash back but who took it.
func TestCashThatComesWhileAnEditIsTakenBackStays(t *testing.T) {
	refused := map[orderv1.Step][]orderv1.Step{ //nolint:exhaustive // the others refuse no edit that was paid for
		orderv1.Step_STEP_AUTHORIZE_UNITS: {orderv1.Step_STEP_RELEASE_UNITS},
		orderv1.Step_STEP_CAPTURE_UNITS:   {orderv1.Step_STEP_VOID_UNITS, orderv1.Step_STEP_RELEASE_UNITS},
	}
	for no, back := range refused {
		for _, during := range back {
			r, _ := sale(t, orderv1.CaptureAt_CAPTURE_AT_CONFIRM, func(s orderv1.Step) act {
				if s == no {
					return refuse
				}
				return comply
			})
			r.must(order.EditItems{Set: []order.Line{{ItemID: "1", Quantity: 3, UnitPrice: pounds(10)}}})
			for p, _ := saga.Pending(r.order); p.Step != during; p, _ = saga.Pending(r.order) {
				r.step()
			}
			due := r.order.DueMinor
			r.must(order.NotePayment{RecordID: "cash", Minor: 100})
			r.end()
			if o := r.order; o.DueMinor != due || o.Surplus() != 100 || len(o.Work) > 0 {
				t.Errorf("%s refused, cash during %s: %d due, %d too much, work %v", order.StepName(no), order.StepName(during), o.DueMinor, o.Surplus(), o.Work)
			}
		}
	}
}

// TestACaptureThatIsDeclinedAgainStaysHeld cancels a unit of an order that is
// authorized and cannot be captured: that is tried again once.
func TestACaptureThatIsDeclinedAgainStaysHeld(t *testing.T) {
	r := start(t, at(orderv1.Step_STEP_CAPTURE_PAYMENT, refuse))
	for r.order.Status == order.Created {
		r.step()
	}
	r.must(order.CancelItems{Lines: oneTea})
	for r.order.Status == order.Created || len(r.order.Work) > 0 {
		r.step()
	}
	if n := r.world.sends[orderv1.Step_STEP_CAPTURE_PAYMENT]; r.order.Status != order.OnHold || n != 2 {
		t.Errorf("%s after %d captures", r.order.Status, n)
	}
}
