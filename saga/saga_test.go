package saga_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

var update = flag.Bool("update", false, "rewrite golden files")

const attempts = 3 // of the default policy

func undoOnDecline(c *order.Create) {
	c.OnDecline = orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNDO
}

func TestCheckoutAsksEveryStepInTurn(t *testing.T) {
	r := start(t, always(comply)).end()
	if r.order.Status != order.Submitted {
		t.Fatalf("order is %s, want submitted", r.order.Status)
	}
	if diff := cmp.Diff(steps(t), r.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// TestEveryStepMayFailAtEveryAttempt states the law of compensation: whatever
// fails, and however, the order ends as sold or with everything undone in
// reverse.
func TestEveryStepMayFailAtEveryAttempt(t *testing.T) {
	for _, step := range steps(t) {
		for before := range attempts {
			for _, lost := range []act{lose, ignore} {
				for what, sold := range map[act]bool{comply: true, twice: true, late: true, refuse: false, half: false, lose: true, ignore: false, reject: false} {
					t.Run(fmt.Sprintf("%s/%d lost %d/then %d", order.StepName(step), before, lost, what), func(t *testing.T) {
						script := append(slices.Repeat([]act{lost}, before), what)
						r := start(t, at(step, script...), undoOnDecline).end()
						// A participant repeats what it answered before, and one that never
						// answers has failed.
						sold := sold || before > 0 && lost == lose && what != ignore
						if what == lose || what == late && before == attempts-1 {
							sold = false
						}
						check(t, r, sold)
					})
				}
			}
		}
	}
}

func check(t *testing.T, r *run, sold bool) {
	t.Helper()
	switch {
	case sold && r.order.Status != order.Submitted:
		t.Errorf("order is %s, want submitted", r.order.Status)
	case !sold && r.order.Status != order.Cancelled:
		t.Errorf("order is %s, want cancelled", r.order.Status)
	case !sold:
		r.clean()
	}
}

// TestEveryUndoMayFailAtEveryAttempt loses and refuses undos: they are tried
// again, and after the last attempt an operator is waited for.
func TestEveryUndoMayFailAtEveryAttempt(t *testing.T) {
	undos := []orderv1.Step{
		orderv1.Step_STEP_RELEASE_INVENTORY, orderv1.Step_STEP_RELEASE_PROMOTION,
		orderv1.Step_STEP_VOID_PAYMENT, orderv1.Step_STEP_REFUND_PAYMENT,
	}
	for _, undo := range undos {
		for failures := range attempts + 1 {
			for _, fail := range []act{refuse, half, lose, ignore, late} {
				t.Run(fmt.Sprintf("%s/%d times %d", order.StepName(undo), failures, fail), func(t *testing.T) {
					stuck := at(undo, append(slices.Repeat([]act{fail}, failures), comply)...)
					r := start(t, func(s orderv1.Step, send int) act {
						// A capture that nobody hears of needs the refund and the void.
						if s == orderv1.Step_STEP_CAPTURE_PAYMENT && undo != orderv1.Step_STEP_VOID_PAYMENT {
							return lose
						}
						if s == orderv1.Step_STEP_CAPTURE_PAYMENT {
							return refuse
						}
						return stuck(s, send)
					}, undoOnDecline).end()
					if r.order.Parked {
						if failures < attempts {
							t.Fatalf("parked after %d failures: %s", failures, r.order.ParkedReason)
						}
						r.must(order.Resume{Reason: "fixed"})
						r.end()
					}
					check(t, r, false)
				})
			}
		}
	}
}

// TestCancelMayComeAtAnyMoment cancels after every move of a checkout, with
// the answer that was on its way lost, or coming late.
func TestCancelMayComeAtAnyMoment(t *testing.T) {
	for _, what := range []act{comply, lose, ignore, late} {
		for moves := range len(saga.Checkout.Steps) + 2 {
			t.Run(fmt.Sprintf("%d moves/%d", moves, what), func(t *testing.T) {
				last := comply
				r := start(t, func(s orderv1.Step, _ int) act {
					if slices.Contains(steps(t), s) {
						return last
					}
					return comply
				})
				for range moves {
					r.step()
				}
				last = what
				var answers []order.Answer
				if p, ok := saga.Pending(r.order); ok { // it is asked, and may be done already
					answers = r.world.receive(saga.RequestFor(r.order, p))
				}
				r.must(order.Cancel{Reason: "changed my mind", By: "ada"})
				for _, a := range answers {
					r.must(a)
				}
				r.must(order.Cancel{Reason: "again", By: "ada"})
				r.end()
				if r.order.Status != order.Cancelled || r.order.Reason != order.ReasonCancelled {
					t.Fatalf("order is %s, %s; want cancelled", r.order.Status, r.order.Reason)
				}
				if r.order.Message != "changed my mind" || r.order.CancelledBy != "ada" {
					t.Errorf("cancelled by %q: %q", r.order.CancelledBy, r.order.Message)
				}
				r.clean()
			})
		}
	}
}

func TestDeclinedPaymentHoldsTheOrderUntilItIsRetried(t *testing.T) {
	for _, step := range []orderv1.Step{orderv1.Step_STEP_AUTHORIZE_PAYMENT, orderv1.Step_STEP_CAPTURE_PAYMENT} {
		for _, fail := range []act{refuse, half} {
			t.Run(fmt.Sprintf("%s/%d", order.StepName(step), fail), func(t *testing.T) {
				r := start(t, at(step, fail, refuse, comply))
				for range 2 {
					for r.order.Status == order.Created {
						r.step()
					}
					if r.order.Status != order.OnHold || r.order.Reason != order.ReasonPaymentDeclined {
						t.Fatalf("order is %s, %s; want held", r.order.Status, r.order.Reason)
					}
					if want := r.now.Add(15 * time.Minute); !saga.WakeAt(r.order).Equal(want) {
						t.Errorf("hold ends at %v, want %v", saga.WakeAt(r.order), want)
					}
					r.must(order.RetryPayment{})
				}
				if r.end().order.Status != order.Submitted {
					t.Fatalf("order is %s, want submitted", r.order.Status)
				}
				if r.order.Round != 3 || len(r.world.held) != 4 {
					t.Errorf("round %d, held %v", r.order.Round, r.world.held)
				}
				r.must(order.Cancel{})
				r.end().clean()
			})
		}
	}
}

func TestHoldThatEndsIsUndone(t *testing.T) {
	for _, fail := range []act{refuse, half} {
		r := start(t, at(orderv1.Step_STEP_CAPTURE_PAYMENT, fail)).end()
		check(t, r, false)
		if r.order.Reason != order.ReasonHoldExpired || r.order.CancelledBy != order.BySaga {
			t.Errorf("cancelled by %s for %s", r.order.CancelledBy, r.order.Reason)
		}
	}
}

func TestSuspiciousOrderWaitsForAPerson(t *testing.T) {
	for name, tt := range map[string]struct {
		decide order.Review
		want   order.Status
	}{
		"accepted": {order.Review{Accept: true}, order.Submitted},
		"rejected": {order.Review{Reason: "stolen card"}, order.Cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, always(review)).end()
			if r.order.Status != order.OnHold || !saga.WakeAt(r.order).IsZero() || !saga.Stuck(r.order, noon) {
				t.Fatalf("order is %s until %v", r.order.Status, saga.WakeAt(r.order))
			}
			r.must(tt.decide)
			if r.end().order.Status != tt.want {
				t.Fatalf("order is %s, want %s", r.order.Status, tt.want)
			}
			if tt.want == order.Cancelled {
				r.clean()
			}
		})
	}
}

func TestOrderAsksOnlyWhomItNeeds(t *testing.T) {
	plain := func(c *order.Create) { c.PromoCodes = nil }
	free := func(c *order.Create) {
		plain(c)
		c.Payments = nil
		for i := range c.Items {
			c.Items[i].UnitPrice.Minor = 0
		}
	}
	for name, tt := range map[string]struct {
		change func(*order.Create)
		want   []orderv1.Step
	}{
		"without promo codes": {plain, []orderv1.Step{
			orderv1.Step_STEP_RESERVE_INVENTORY, orderv1.Step_STEP_CHECK_FRAUD, orderv1.Step_STEP_AUTHORIZE_PAYMENT, orderv1.Step_STEP_CAPTURE_PAYMENT,
		}},
		"for free": {free, []orderv1.Step{orderv1.Step_STEP_RESERVE_INVENTORY, orderv1.Step_STEP_CHECK_FRAUD}},
	} {
		r := start(t, always(comply), tt.change).end()
		if r.order.Status != order.Submitted || !r.order.Paid() {
			t.Errorf("%s: order is %s, paid %v", name, r.order.Status, r.order.Paid())
		}
		if diff := cmp.Diff(tt.want, r.asked); diff != "" {
			t.Errorf("%s: asked (-want +got):\n%s", name, diff)
		}
	}
}

func TestDiagramShowsThePlan(t *testing.T) {
	golden(t, "../docs/states/checkout.mmd", saga.Checkout.Mermaid())
}
