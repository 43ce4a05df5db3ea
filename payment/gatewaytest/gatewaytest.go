// Package gatewaytest is the contract suite of payment gateways: whatever
// implements gateway.Gateway has to pass it, the simulated one as well as an
// adapter that talks to a provider's test system.
package gatewaytest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
)

// Tokens that the suite pays with. An adapter whose provider has other names
// for test cards translates them on the way.
const (
	// ApprovedToken is a payment method that the provider approves.
	ApprovedToken = "tok_approve"
	// DeclinedToken is one that it declines to authorize.
	DeclinedToken = "tok_decline"
)

// Run runs the suite; every part of it opens a gateway of its own. Keys are
// never used twice, so a provider's test system can be run against for years.
func Run(t *testing.T, open func(t *testing.T) gateway.Gateway) {
	t.Helper()
	for name, promise := range map[string]func(*suite){
		"an approval has a reference of its own":  (*suite).references,
		"captures stay within the authorization":  (*suite).captures,
		"what is voided is not captured":          (*suite).voids,
		"refunds stay within the captures":        (*suite).refunds,
		"a repeat does nothing and answers alike": (*suite).repeats,
		"a key belongs to one call":               (*suite).reusedKeys,
		"a decline is an answer":                  (*suite).declines,
		"nonsense is refused":                     (*suite).nonsense,
		"a lookup answers as the call did":        (*suite).lookups,
		"a lookup settles what was never called":  (*suite).settles,
		"a caller that left can come back":        (*suite).cancelled,
		"many callers at once move money once":    (*suite).concurrent,
	} {
		t.Run(name, func(t *testing.T) {
			promise(&suite{T: t, g: open(t), run: rand.Text()})
		})
	}
}

// suite is one part with its gateway.
type suite struct {
	*testing.T
	g   gateway.Gateway
	run string
	n   int
}

// call is a call with a new key.
func (s *suite) call(reference string, amount int64) gateway.Call {
	s.n++
	return gateway.Call{IdempotencyKey: fmt.Sprint(s.run, "/", s.n), Reference: reference, AmountMinor: amount, Currency: "GBP", Token: ApprovedToken}
}

// do makes a call that has to be answered.
func (s *suite) do(o payment.Operation, c gateway.Call) gateway.Result {
	s.Helper()
	r, err := s.try(o, c)
	if err != nil {
		s.Fatalf("%v of %d: %v", o, c.AmountMinor, err)
	}
	if !r.Approved && r.Code == "" {
		s.Errorf("%v of %d was refused without a code", o, c.AmountMinor)
	}
	return r
}

// try makes a call that may fail.
func (s *suite) try(o payment.Operation, c gateway.Call) (gateway.Result, error) {
	switch o { //nolint:exhaustive // the suite asks for nothing else
	case payment.Capture:
		return s.g.Capture(s.Context(), c)
	case payment.Void:
		return s.g.Void(s.Context(), c)
	case payment.Refund:
		return s.g.Refund(s.Context(), c)
	default:
		return s.g.Authorize(s.Context(), c)
	}
}

// want makes a call with a new key and checks whether it is approved.
func (s *suite) want(approved bool, o payment.Operation, reference string, amount int64) {
	s.Helper()
	if r := s.do(o, s.call(reference, amount)); r.Approved != approved {
		s.Errorf("%v of %d: approved %v (%s %s), want %v", o, amount, r.Approved, r.Code, r.Message, approved)
	}
}

// authorized is the reference of a new authorization.
func (s *suite) authorized(amount int64) string {
	s.Helper()
	r := s.do(payment.Authorize, s.call("", amount))
	if !r.Approved || r.Reference == "" {
		s.Fatalf("authorization of %d: %+v, want it approved with a reference", amount, r)
	}
	return r.Reference
}

func (s *suite) references() {
	if a, b := s.authorized(1000), s.authorized(1000); a == b {
		s.Errorf("two authorizations share the reference %s", a)
	}
}

func (s *suite) captures() {
	ref := s.authorized(1000)
	s.want(false, payment.Capture, ref, 1001)
	s.want(true, payment.Capture, ref, 600)
	s.want(false, payment.Capture, ref, 401)
	s.want(true, payment.Capture, ref, 400)
	s.want(false, payment.Capture, ref, 1)
}

func (s *suite) voids() {
	ref := s.authorized(1000)
	s.want(true, payment.Capture, ref, 600)
	s.want(false, payment.Void, ref, 401)
	s.want(true, payment.Void, ref, 400)
	s.want(false, payment.Capture, ref, 1)
	s.want(false, payment.Void, ref, 1)

	untouched := s.authorized(1000)
	s.want(true, payment.Void, untouched, 1000)
	s.want(false, payment.Capture, untouched, 1000)
}

func (s *suite) refunds() {
	ref := s.authorized(1000)
	s.want(false, payment.Refund, ref, 1)
	s.want(true, payment.Capture, ref, 600)
	s.want(false, payment.Refund, ref, 601)
	s.want(true, payment.Refund, ref, 200)
	s.want(true, payment.Refund, ref, 400)
	s.want(false, payment.Refund, ref, 1)
	s.want(true, payment.Capture, ref, 400)
	s.want(true, payment.Refund, ref, 400)
}

func (s *suite) repeats() {
	authorize := s.call("", 1000)
	first := s.do(payment.Authorize, authorize)
	s.same(first, s.do(payment.Authorize, authorize))

	capture := s.call(first.Reference, 600)
	s.same(s.do(payment.Capture, capture), s.do(payment.Capture, capture))
	tooMuch := s.call(first.Reference, 500)
	refused := s.do(payment.Capture, tooMuch)
	s.want(true, payment.Capture, first.Reference, 400) // only the first 600 was taken
	s.same(refused, s.do(payment.Capture, tooMuch))

	refund := s.call(first.Reference, 700)
	s.same(s.do(payment.Refund, refund), s.do(payment.Refund, refund))
	s.want(true, payment.Refund, first.Reference, 300)
}

// same compares results; how often they are told is not part of them.
func (s *suite) same(want, got gateway.Result) {
	s.Helper()
	want.Twice, got.Twice = false, false
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("answer (-first +repeat):\n%s", diff)
	}
}

func (s *suite) reusedKeys() {
	authorize := s.call("", 1000)
	ref := s.do(payment.Authorize, authorize).Reference
	capture := s.call(ref, 600)
	s.do(payment.Capture, capture)
	for name, reuse := range map[string]func() (gateway.Result, error){
		"other amount": func() (gateway.Result, error) {
			c := capture
			c.AmountMinor = 400
			return s.try(payment.Capture, c)
		},
		"other currency": func() (gateway.Result, error) {
			c := authorize
			c.Currency = "EUR"
			return s.try(payment.Authorize, c)
		},
		"other authorization": func() (gateway.Result, error) {
			c := capture
			c.Reference = s.authorized(600)
			return s.try(payment.Capture, c)
		},
		"other operation": func() (gateway.Result, error) { return s.try(payment.Refund, capture) },
	} {
		if r, err := reuse(); !errors.Is(err, gateway.ErrKeyReused) {
			s.Errorf("%s: %+v, %v; want ErrKeyReused", name, r, err)
		}
	}
	s.want(true, payment.Capture, ref, 400)
}

func (s *suite) declines() {
	c := s.call("", 1000)
	c.Token = DeclinedToken
	first := s.do(payment.Authorize, c)
	if first.Approved {
		s.Errorf("got %+v, want it declined", first)
	}
	s.same(first, s.do(payment.Authorize, c))
}

func (s *suite) nonsense() {
	ref := s.authorized(1000)
	for _, amount := range []int64{0, -1} {
		s.want(false, payment.Authorize, "", amount)
		s.want(false, payment.Capture, ref, amount)
		s.want(false, payment.Void, ref, amount)
		s.want(false, payment.Refund, ref, amount)
	}
	s.want(false, payment.Capture, "nobody_"+s.run, 1)
	s.want(false, payment.Void, "nobody_"+s.run, 1)
	s.want(false, payment.Refund, "nobody_"+s.run, 1)
	inEuros := s.call(ref, 100)
	inEuros.Currency = "EUR"
	if r := s.do(payment.Capture, inEuros); r.Approved {
		s.Errorf("captured euros of pounds: %+v", r)
	}
	if _, err := s.try(payment.Authorize, gateway.Call{AmountMinor: 1, Currency: "GBP", Token: ApprovedToken}); err == nil {
		s.Error("a call without a key was answered")
	}
	s.want(true, payment.Capture, ref, 1000)
}

func (s *suite) lookups() {
	approved, declined := s.call("", 1000), s.call("", 1000)
	declined.Token = DeclinedToken
	for _, c := range []gateway.Call{approved, declined} {
		c.Operation = payment.Authorize
		want := s.do(payment.Authorize, c)
		got, err := s.g.Lookup(s.Context(), c)
		if err != nil {
			s.Fatalf("lookup: %v", err)
		}
		s.same(want, got)
	}
}

func (s *suite) settles() {
	c := s.call("", 1000)
	c.Operation = payment.Authorize
	found, err := s.g.Lookup(s.Context(), c)
	if err != nil {
		s.Fatalf("lookup: %v", err)
	}
	if !found.Approved && found.Code != payment.NeverMade {
		s.Errorf("got %+v, want the call made or code %s", found, payment.NeverMade)
	}
	s.same(found, s.do(payment.Authorize, c)) // the call that comes late
	again, err := s.g.Lookup(s.Context(), c)
	if err != nil {
		s.Fatalf("lookup: %v", err)
	}
	s.same(found, again)
}

func (s *suite) cancelled() {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	c := s.call("", 1000)
	r, err := s.g.Authorize(ctx, c)
	switch {
	case err == nil: // it was quicker
	case errors.Is(err, gateway.ErrUnavailable), errors.Is(err, gateway.ErrUnknownOutcome):
		r = s.do(payment.Authorize, c)
	default:
		s.Fatalf("got %v, want ErrUnavailable or ErrUnknownOutcome", err)
	}
	if !r.Approved {
		s.Errorf("got %+v, want it approved", r)
	}
}

func (s *suite) concurrent() {
	const callers = 8
	ref := s.authorized(1000)
	repeated := s.call(ref, 300)
	own := make([]gateway.Call, callers)
	for n := range own {
		own[n] = s.call(ref, 300)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	taken := map[string]bool{}
	for n := range callers {
		for _, c := range []gateway.Call{repeated, own[n]} {
			wg.Go(func() {
				r, err := s.try(payment.Capture, c)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					s.Errorf("capture: %v", err)
				case r.Approved:
					taken[c.IdempotencyKey] = true
				case taken[c.IdempotencyKey]:
					s.Errorf("one caller was approved, another with the same key refused: %+v", r)
				}
			})
		}
	}
	wg.Wait()
	if len(taken) != 3 {
		s.Errorf("%d captures of 300 were approved of an authorization of 1000, want 3", len(taken))
	}
	s.want(true, payment.Capture, ref, 100)
}
