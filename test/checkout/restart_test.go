package checkout_test

import (
	"fmt"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
)

// stop is a place where orders stand still: a participant is away, or the
// gateway, and so its step is not answered.
type stop struct {
	away string
	step orderv1.Step
	// joins says that new orders come as far as the old ones.
	joins bool
}

// forward are the stops in the order in which a checkout comes to them.
var forward = []stop{
	{"inventory", orderv1.Step_STEP_RESERVE_INVENTORY, true},
	{"promotion", orderv1.Step_STEP_BLOCK_PROMOTION, true},
	{"fraud", orderv1.Step_STEP_CHECK_FRAUD, true},
	{"payment", orderv1.Step_STEP_AUTHORIZE_PAYMENT, true},
	{"promotion", orderv1.Step_STEP_ASSIGN_PROMOTION, false},
	{"the gateway", orderv1.Step_STEP_CAPTURE_PAYMENT, true},
}

// backward are the stops on the way back from a confirmed order.
var backward = []stop{
	{"payment", orderv1.Step_STEP_REFUND_PAYMENT, true},
	{"promotion", orderv1.Step_STEP_RELEASE_PROMOTION, true},
	{"inventory", orderv1.Step_STEP_RELEASE_INVENTORY, true},
}

// TestAKillAtEveryStepDoublesNothing kills oms while orders wait at one step
// after the other. At each, new orders join, and one of the old ones is
// cancelled; in the end every order is what it was meant to be.
func TestAKillAtEveryStepDoublesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"wanted": 1000}, everythingBut("inventory")...)
	s.code(t, &promotionv1.CreatePromoCodeRequest{PromoCode: "KEPT", UsageLimit: 1000})
	var tokens []string
	for n := range 4 * len(forward) { // a script is used up, so each order has its own
		tokens = append(tokens, fmt.Sprint("tok_away_", n))
		s.script(t, tokens[n], approve, unavailable)
	}
	place := func(token string) string {
		req := order(line("wanted", 2))
		req.PromoCodes, req.Payments = promo("KEPT"), card(token)
		return s.place(t, req)
	}
	var waiting, gone []string
	for n, stop := range forward {
		if n > 0 {
			s.kill(t, everythingBut(stop.away)...)
		}
		for k := range 4 {
			if stop.joins {
				waiting = append(waiting, place(tokens[4*n+k]))
			}
		}
		for _, id := range waiting {
			s.AwaitStep(t, id, stop.step)
		}
		s.cancel(t, waiting[0])
		waiting, gone = waiting[1:], append(gone, waiting[0])
	}
	for range 8 { // killed while the gateway has not said what it did
		waiting = append(waiting, place("tok_timeout"))
	}
	s.kill(t)
	for _, token := range tokens {
		s.script(t, token, approve)
	}
	for _, id := range waiting {
		s.Await(t, id, submitted)
	}
	for _, id := range gone {
		s.Await(t, id, cancelled)
	}

	gone = nil
	for _, stop := range backward {
		s.kill(t, everythingBut(stop.away)...)
		for range 2 {
			s.cancel(t, waiting[0])
			waiting, gone = waiting[1:], append(gone, waiting[0])
		}
		for _, id := range gone {
			s.AwaitStep(t, id, stop.step)
		}
	}
	s.kill(t)
	for _, id := range gone {
		s.Await(t, id, cancelled)
	}
	for _, id := range waiting {
		s.Await(t, id, submitted)
		if n := s.captures(t, id); n != 1 {
			t.Errorf("order %s was charged %d times", id, n)
		}
	}
	if len(waiting) == 0 {
		t.Error("no order is left that was not cancelled")
	}
}
