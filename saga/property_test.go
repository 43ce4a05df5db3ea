package saga_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

// people bounds how often somebody acts on an order in one history; the rules
// alone must come to an end by themselves.
const people = 6

// play lets anything happen to an order: participants answer as they like, and
// people act when they like. draw chooses a number below n.
func play(t fataler, draw func(n int) int) {
	t.Helper()
	r := start(t, func(orderv1.Step, int) act {
		if a := draw(2 * acts); a < acts {
			return a
		}
		return comply // every other time, so that many orders get far
	}, func(c *order.Create) {
		if draw(2) == 0 {
			undoOnDecline(c)
		}
		if draw(4) == 0 {
			c.PromoCodes = nil
		}
	})
	var skipped, skippedUndo bool
	for acted := 0; ; {
		stopped := !r.step()
		if stopped && (acted == people || r.order.Status.Final()) {
			break
		}
		if acted == people || !stopped && draw(5) > 0 {
			continue
		}
		acted++
		r.limit += 4 * len(r.plan.Steps)
		c := anyAct(draw)
		if _, skip := c.(order.Skip); skip {
			skipped, skippedUndo = true, skippedUndo || r.order.Compensating
		}
		_ = r.do(c) // many are refused
	}
	ended(r, skipped, skippedUndo)
}

// anyAct is anything that a person may do.
func anyAct(draw func(n int) int) decider {
	all := []decider{
		order.Cancel{Reason: "changed my mind", By: "ada"},
		order.Review{Accept: true},
		order.Review{},
		order.RetryPayment{},
		order.RetryPayment{Payments: []order.PaymentItem{{Token: "tok-3"}}},
		order.Resume{Reason: "fixed"},
		order.Skip{Reason: "by hand"},
		order.Compensate{Reason: "give up"},
		order.Wake{},
	}
	return all[draw(len(all))]
}

// ended checks that an order came to one of its ends, and what each promises.
func ended(r *run, skipped, skippedUndo bool) {
	r.t.Helper()
	switch {
	case r.order.Status == order.Cancelled && !skipped:
		r.clean()
	case r.order.Status == order.Cancelled:
		if len(r.world.held) > 0 && !skippedUndo {
			r.t.Fatalf("cancelled, but still held: %v", r.world.held)
		}
	case r.order.Status == order.Submitted:
		for _, p := range r.order.Payments {
			if !skipped && !r.world.held["capture "+p.ItemID] {
				r.t.Fatalf("submitted, but %s is not paid: %v", p.ItemID, r.world.held)
			}
		}
		if !skipped && !r.world.held["stock"] {
			r.t.Fatalf("submitted without stock")
		}
	case r.order.Status == order.OnHold, r.order.Parked:
		if !saga.Stuck(r.order, r.now) && saga.WakeAt(r.order).IsZero() {
			r.t.Fatalf("nobody knows that %s waits: %+v", r.order.Status, r.order)
		}
	default:
		r.t.Fatalf("order is %s and nothing moves it: %+v", r.order.Status, r.order.Steps)
	}
}

// TestEveryHistoryEnds proves that the rules terminate, whatever happens: a
// bounded number of moves leads to a sale, to a clean cancellation, or to a
// person who is waited for.
func TestEveryHistoryEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		play(t, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") })
	})
}

func FuzzNext(f *testing.F) {
	f.Add([]byte{})
	for a := range acts {
		f.Add(slices.Repeat([]byte{byte(a)}, 40))
	}
	f.Add([]byte("participants answer as they like, and people act when they like"))
	f.Fuzz(func(t *testing.T, choices []byte) {
		play(t, func(n int) int {
			if len(choices) == 0 {
				return 0
			}
			c := int(choices[0]) % n
			choices = choices[1:]
			return c
		})
	})
}
