package stripe_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
	"github.com/orderstream/oms/payment/gatewaytest"
	"github.com/orderstream/oms/payment/stripe"
	"github.com/orderstream/oms/payment/stripe/stripetest"
)

// cards pays with Stripe's test cards where the contract suite names its own.
type cards struct{ *stripe.Gateway }

func (g cards) Authorize(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	return g.Gateway.Authorize(ctx, translated(c))
}

func (g cards) Lookup(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	return g.Gateway.Lookup(ctx, translated(c))
}

func translated(c gateway.Call) gateway.Call {
	switch c.Token {
	case gatewaytest.ApprovedToken:
		c.Token = stripetest.Visa
	case gatewaytest.DeclinedToken:
		c.Token = stripetest.Declining
	}
	return c
}

func open(t *testing.T, s *stripetest.Server) *stripe.Gateway {
	t.Helper()
	g, err := stripe.Open(stripe.Config{Key: stripetest.Key, URL: s.URL, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestStripeKeepsTheContractOfGateways(t *testing.T) {
	gatewaytest.Run(t, func(t *testing.T) gateway.Gateway {
		t.Helper()
		return cards{open(t, stripetest.Open(t))}
	})
}

func TestRepeatsDoNothingAfterStripeForgotTheirKeys(t *testing.T) {
	s := stripetest.Open(t)
	g := open(t, s)
	auth := do(t, g.Authorize, call("a", "", 1000))
	steps := []struct {
		do   func(context.Context, gateway.Call) (gateway.Result, error)
		call gateway.Call
	}{
		{g.Capture, call("c1", auth.Reference, 600)},
		{g.Void, call("v1", auth.Reference, 100)},
		{g.Refund, call("r1", auth.Reference, 200)},
		{g.Void, call("v2", auth.Reference, 300)},
		{g.Refund, call("r2", auth.Reference, 200)},
	}
	for range 2 {
		for _, step := range steps {
			if r := do(t, step.do, step.call); !r.Approved {
				t.Errorf("%s: %+v, want it approved", step.call.IdempotencyKey, r)
			}
			s.Forget()
		}
	}
	if r, err := g.Lookup(t.Context(), call("a", "", 1000)); err != nil || r != auth {
		t.Errorf("lookup: %+v, %v; want %+v", r, err, auth)
	}
	if open, captured, refunded := s.Sums(); open != 0 || captured != 600 || refunded != 400 {
		t.Errorf("open %d, captured %d, refunded %d; want 0, 600, 400", open, captured, refunded)
	}
}

func TestAPartialVoidMakesTheLastCaptureSmaller(t *testing.T) {
	s := stripetest.Open(t)
	s.SingleCapture = true // it takes no multicapture
	g := open(t, s)
	ref := do(t, g.Authorize, call("a", "", 1000)).Reference
	if r := do(t, g.Void, call("v", ref, 300)); !r.Approved {
		t.Fatalf("void: %+v", r)
	}
	if r := do(t, g.Capture, call("c0", ref, 701)); r.Approved {
		t.Error("what was voided was captured")
	}
	if r := do(t, g.Capture, call("c", ref, 700)); !r.Approved {
		t.Fatalf("capture: %+v", r)
	}
	if open, captured, _ := s.Sums(); open != 0 || captured != 700 {
		t.Errorf("open %d, captured %d; want 0 and 700: the final capture releases what was voided", open, captured)
	}
}

func TestWithoutMulticaptureAPartIsRefusedAndNothingIsLost(t *testing.T) {
	s := stripetest.Open(t)
	s.SingleCapture = true
	g := open(t, s)
	ref := do(t, g.Authorize, call("a", "", 1000)).Reference
	if r := do(t, g.Capture, call("c1", ref, 600)); r.Approved || r.Code != stripe.MulticaptureUnavailable {
		t.Errorf("a part: %+v, want %s", r, stripe.MulticaptureUnavailable)
	}
	if r := do(t, g.Capture, call("c2", ref, 1000)); !r.Approved {
		t.Errorf("the whole: %+v, want it approved", r)
	}
}

func TestACardThatWantsItsOwnerIsADecline(t *testing.T) {
	g := open(t, stripetest.Open(t))
	c := call("a", "", 1000)
	c.Token = stripetest.NeedsAuth
	if r := do(t, g.Authorize, c); r.Approved || r.Code != payment.Declined || !strings.Contains(r.Message, "authentication_required") {
		t.Errorf("got %+v, want it declined with authentication_required", r)
	}
}

func TestFaultsSayWhatIsKnown(t *testing.T) {
	for name, tt := range map[string]struct {
		fault stripetest.Fault
		want  error
	}{
		"no answer, not done": {stripetest.Before, gateway.ErrUnknownOutcome},
		"no answer, done":     {stripetest.After, gateway.ErrUnknownOutcome},
		"too many requests":   {stripetest.Busy, gateway.ErrUnavailable},
		"server error":        {stripetest.Broken, gateway.ErrUnknownOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			s := stripetest.Open(t)
			g := open(t, s)
			s.Fail(func(r *http.Request) stripetest.Fault {
				if r.Method == http.MethodPost {
					return tt.fault
				}
				return stripetest.None
			})
			c := call("a", "", 1000)
			for range 2 {
				if _, err := g.Authorize(t.Context(), c); !errors.Is(err, tt.want) {
					t.Fatalf("got %v, want %v", err, tt.want)
				}
			}
			s.Fail(nil)
			if r := do(t, g.Authorize, c); !r.Approved {
				t.Errorf("again: %+v", r)
			}
			if open, _, _ := s.Sums(); open != 1000 {
				t.Errorf("%d are authorized, want 1000", open)
			}
		})
	}
}

func TestNobodyThereIsUnavailable(t *testing.T) {
	g, err := stripe.Open(stripe.Config{Key: "sk_test_x", URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Authorize(t.Context(), call("a", "", 1)); !errors.Is(err, gateway.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestAWrongKeyIsUnavailableAndNotShown(t *testing.T) {
	const key = "sk_live_verysecret"
	g, err := stripe.Open(stripe.Config{Key: key, URL: stripetest.Open(t).URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.Authorize(t.Context(), call("a", "", 1))
	if !errors.Is(err, gateway.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	shown := fmt.Sprintf("%v %+v %#v %s", err, stripe.Config{Key: key}, stripe.Config{Key: key}, stripe.Secret(key))
	if strings.Contains(shown, "verysecret") {
		t.Errorf("the key is in %s", shown)
	}
}

func call(key, reference string, amount int64) gateway.Call {
	return gateway.Call{
		IdempotencyKey: "o1/" + key, Reference: reference, AmountMinor: amount, Currency: "GBP", Token: stripetest.Visa,
		Operation: payment.Authorize, Tenant: "default", OrderID: "o1", TransactionID: key, PaymentItemID: "card 1",
	}
}

func do(t *testing.T, f func(context.Context, gateway.Call) (gateway.Result, error), c gateway.Call) gateway.Result {
	t.Helper()
	r, err := f(t.Context(), c)
	if err != nil {
		t.Fatalf("%s: %v", c.IdempotencyKey, err)
	}
	return r
}
