package stripe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v85/webhook"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
	"github.com/orderstream/oms/payment/stripe"
	"github.com/orderstream/oms/payment/stripe/stripetest"
)

const secret = "whsec_one"

// tester is a test, or one run of a property.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// shop is an order's payments, Stripe, and the webhooks between them.
type shop struct {
	tester
	ctx     context.Context
	stripe  *stripetest.Server
	set     gateway.Set
	hook    *stripe.Webhook
	payment payment.Payment
	old     [][]byte
	became  map[string]int
}

func newShop(t *testing.T, on tester) *shop {
	t.Helper()
	s := &shop{tester: on, ctx: t.Context(), stripe: stripetest.Open(t), payment: payment.New("o1", 1), became: map[string]int{}}
	g := open(t, s.stripe)
	s.set = gateway.Set{stripe.Name: g}
	s.hook = &stripe.Webhook{
		Gateway: g, Secrets: []stripe.Secret{"whsec_next", secret},
		Settle: func(_ context.Context, told stripe.Told) error {
			if told.OrderID != s.payment.OrderID || told.Tenant != "default" {
				return stripe.ErrUnknownOrder
			}
			s.store(payment.Settle{Results: told.Results})
			return nil
		},
		Taken: func(_ context.Context, kind, became string) { s.became[kind+" "+became]++ },
	}
	return s
}

// store runs a command of the payment.
func (s *shop) store(c interface {
	Decide(payment.Payment) ([]proto.Message, error)
},
) {
	s.Helper()
	events, err := c.Decide(s.payment)
	if err != nil {
		s.Fatalf("%T: %v", c, err)
	}
	for _, e := range events {
		s.payment = payment.Evolve(s.payment, e)
	}
}

// post sends an event, signed, and returns the status of the answer.
func (s *shop) post(event []byte, key string, at time.Time) int {
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: event, Secret: key, Timestamp: at})
	r := httptest.NewRequestWithContext(s.ctx, http.MethodPost, "/webhooks/stripe", bytes.NewReader(event))
	r.Header.Set("Stripe-Signature", signed.Header)
	w := httptest.NewRecorder()
	s.hook.ServeHTTP(w, r)
	return w.Code
}

// deliver sends what Stripe has to tell, and when twice also the last that it
// told before.
func (s *shop) deliver(twice bool) {
	s.Helper()
	events := s.stripe.Events()
	s.old = append(s.old, events...)
	if twice {
		events = s.old[max(0, len(s.old)-len(events)-4):]
	}
	for _, e := range events {
		if code := s.post(e, secret, time.Now()); code != http.StatusOK {
			s.Fatalf("status %d for %s", code, e)
		}
	}
}

// fate is what happens around the handling of one request.
type fate struct {
	// CrashBefore and CrashAfter lose the process before and after a webhook,
	// when the calls are made and nothing is recorded.
	CrashBefore, CrashAfter bool
	// Early and Late deliver webhooks before and after the record; Twice
	// delivers everything that was told so far again.
	Early, Late, Twice bool
	// GivenUp leaves the request after its crash.
	GivenUp bool
}

// handle handles a request as a participant does.
func (s *shop) handle(r payment.Request, f fate) {
	s.Helper()
	r.Tenant = "default"
	for range 10 {
		w, err := payment.Plan(s.payment, r)
		if err != nil {
			s.Fatalf("%s: %v", r.ID, err)
		}
		if w.Answered {
			return
		}
		results, err := s.set.Perform(s.ctx, w)
		if err != nil {
			s.Fatalf("%s: %v", r.ID, err)
		}
		crash := f.CrashBefore || f.CrashAfter
		if f.Early && !f.CrashBefore {
			s.deliver(f.Twice)
		}
		f.CrashBefore, f.CrashAfter = false, f.CrashBefore && f.CrashAfter
		if crash && f.GivenUp {
			return
		}
		if crash {
			continue
		}
		if len(w.Lookups) > 0 {
			s.store(w.Settle(results, time.Time{}))
		} else {
			s.store(w.Record(results, time.Time{}))
		}
		if f.Late {
			s.deliver(f.Twice)
		}
	}
	s.Fatalf("request %s was not answered", r.ID)
}

func ask(id, item string, o payment.Operation, amount int64) payment.Asked {
	return payment.Asked{ID: id, PaymentItemID: item, Operation: o, Amount: amount, Currency: "GBP", Gateway: stripe.Name, Token: stripetest.Visa}
}

func declining(a payment.Asked) payment.Asked {
	a.Token = stripetest.Declining
	return a
}

func undoing(a payment.Asked, of string) payment.Asked {
	a.Undoes = of
	return a
}

// story is a life of an order's payments with one of everything.
var story = []payment.Request{
	{ID: "r1", Transactions: []payment.Asked{ask("t1", "a", payment.Authorize, 1000)}},
	{ID: "r2", Transactions: []payment.Asked{declining(ask("t2", "b", payment.Authorize, 300))}},
	{ID: "r3", AllOrNone: true, Transactions: []payment.Asked{ask("t3", "b", payment.Authorize, 200), declining(ask("t4", "c", payment.Authorize, 100))}},
	{ID: "r4", Transactions: []payment.Asked{ask("t5", "a", payment.Capture, 500)}},
	{ID: "r5", Transactions: []payment.Asked{ask("t6", "a", payment.Void, 100)}},
	{ID: "r6", Transactions: []payment.Asked{ask("t7", "a", payment.Refund, 200)}},
	{ID: "r7", Transactions: []payment.Asked{ask("t8", "a", payment.Void, 400)}},
	{ID: "r8", Transactions: []payment.Asked{ask("t9", "d", payment.Authorize, 700)}},
	{ID: "r9", UndoOf: "r8", Transactions: []payment.Asked{undoing(ask("t10", "d", payment.Void, 700), "t9")}},
}

// undone is the request that a later one undoes: it may be given up.
const undone = "r8"

// tell plays the story and returns the sums of each payment item.
func (s *shop) tell(fates func(n int) fate) map[string][4]int64 {
	s.Helper()
	for n, r := range story {
		f := fates(n)
		f.GivenUp = f.GivenUp && r.ID == undone
		s.handle(r, f)
	}
	s.deliver(true)
	seen, sums := map[string]bool{}, map[string][4]int64{}
	for _, tx := range s.payment.Transactions {
		if seen[tx.ID] {
			s.Errorf("%s is in the ledger twice", tx.ID)
		}
		seen[tx.ID] = true
	}
	var open, captured, refunded int64
	for _, i := range s.payment.Items {
		sums[i.ID] = [4]int64{i.Authorized(), i.Open(), i.Captured(), i.Refunded()}
		open, captured, refunded = open+i.Open(), captured+i.Captured(), refunded+i.Refunded()
	}
	o, c, r := s.stripe.Sums()
	if o != open || c != captured || r != refunded {
		s.Errorf("the ledger has %d open, %d captured, %d refunded; Stripe has %d, %d, %d", open, captured, refunded, o, c, r)
	}
	return sums
}

// wanted are the sums of the story, told without anything in between.
var wanted = map[string][4]int64{"a": {1000, 0, 500, 200}, "b": {200, 0, 0, 0}, "d": {700, 0, 0, 0}}

// Every order of the call's answer, the webhook, the webhook again and a crash
// between them, for each request alike.
func TestWebhooksAndCallsEndInTheSameLedger(t *testing.T) {
	for bits := range 1 << 6 {
		bit := func(n int) bool { return bits&(1<<n) != 0 }
		f := fate{CrashBefore: bit(0), CrashAfter: bit(1), Early: bit(2), Late: bit(3), Twice: bit(4), GivenUp: bit(5)}
		if f.GivenUp && !f.CrashBefore && !f.CrashAfter {
			continue // nobody gives up what is not interrupted
		}
		t.Run(fmt.Sprintf("%+v", f), func(t *testing.T) {
			s := newShop(t, t)
			if diff := cmp.Diff(wanted, s.tell(func(int) fate { return f })); diff != "" {
				t.Errorf("ledger (-want +got):\n%s", diff)
			}
		})
	}
}

// The same with another fate for each request.
func TestWebhooksAndCallsEndInTheSameLedgerHoweverTheyMix(t *testing.T) {
	bools := rapid.Bool()
	rapid.Check(t, func(rt *rapid.T) {
		s := newShop(t, rt)
		got := s.tell(func(int) fate {
			return fate{bools.Draw(rt, "crash before"), bools.Draw(rt, "crash after"), bools.Draw(rt, "early"), bools.Draw(rt, "late"), bools.Draw(rt, "twice"), bools.Draw(rt, "given up")}
		})
		if diff := cmp.Diff(wanted, got); diff != "" {
			rt.Errorf("ledger (-want +got):\n%s", diff)
		}
	})
}

func TestAnAuthorizationThatLapsedIsGivenUpInTheLedger(t *testing.T) {
	s := newShop(t, t)
	s.handle(story[0], fate{})
	s.stripe.Cancel(s.payment.Items[0].Authorizations[0].Reference)
	s.deliver(false)
	s.deliver(true)
	if s.payment.Open() != 0 {
		t.Errorf("%d are open, want nothing", s.payment.Open())
	}
}

func TestWebhooksAreRefusedAndPassedOver(t *testing.T) {
	event := func(kind, object string) []byte {
		return []byte(`{"id":"evt_1","object":"event","type":"` + kind + `","data":{"object":` + object + `}}`)
	}
	now := time.Now()
	for name, tt := range map[string]struct {
		event []byte
		key   string
		at    time.Time
		code  int
		count string
	}{
		"forged":             {event("payment_intent.succeeded", `{"id":"pi_1"}`), "whsec_other", now, 400, " forged"},
		"old":                {event("payment_intent.succeeded", `{"id":"pi_1"}`), secret, now.Add(-6 * time.Minute), 400, " forged"},
		"too large":          {event("payment_intent.succeeded", `"`+strings.Repeat("x", stripe.MaxEvent)+`"`), secret, now, 413, ""},
		"not a payment":      {event("customer.created", `{"id":"cus_1"}`), secret, now, 200, "customer.created ignored"},
		"unknown payment":    {event("payment_intent.succeeded", `{"id":"pi_1"}`), secret, now, 200, "payment_intent.succeeded unknown"},
		"charge on its own":  {event("charge.succeeded", `{"id":"ch_1","payment_intent":null}`), secret, now, 200, "charge.succeeded ignored"},
		"the second secret":  {event("charge.succeeded", `{"id":"ch_1","payment_intent":"pi_1"}`), secret, now, 200, "charge.succeeded unknown"},
		"the first secret":   {event("charge.succeeded", `{"id":"ch_1","payment_intent":"pi_1"}`), "whsec_next", now, 200, "charge.succeeded unknown"},
		"not JSON, but ours": {[]byte(`no`), secret, now, 400, " forged"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, t)
			if code := s.post(tt.event, tt.key, tt.at); code != tt.code {
				t.Errorf("status %d, want %d", code, tt.code)
			}
			if tt.count != "" && s.became[tt.count] != 1 {
				t.Errorf("counted %v, want %q", s.became, tt.count)
			}
		})
	}
}

func TestAnOrderThatIsNotHereIsAcknowledged(t *testing.T) {
	s := newShop(t, t)
	s.handle(story[0], fate{})
	s.payment = payment.New("another", 2)
	s.deliver(false)
	if s.became["payment_intent.amount_capturable_updated unknown"] != 1 {
		t.Errorf("counted %v, want one unknown", s.became)
	}
}

// A void of all that is left is a note and a release. When Stripe takes the note
// and not the release, nobody calls it done until it is, and nothing can be
// captured meanwhile.
func TestAVoidIsDoneOnceStripeLetGo(t *testing.T) {
	for name, captured := range map[string]int64{"/cancel": 0, "/capture": 400} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, t)
			s.handle(story[0], fate{})
			if captured > 0 {
				s.handle(payment.Request{ID: "c", Transactions: []payment.Asked{ask("c1", "a", payment.Capture, captured)}}, fate{})
			}
			s.stripe.Events()
			ref := s.payment.Items[0].Authorizations[0].Reference
			s.stripe.Fail(func(r *http.Request) stripetest.Fault {
				if strings.HasSuffix(r.URL.Path, name) {
					return stripetest.Broken
				}
				return stripetest.None
			})
			w, err := payment.Plan(s.payment, payment.Request{ID: "v", Tenant: "default", Transactions: []payment.Asked{ask("v1", "a", payment.Void, 1000-captured)}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.set.Perform(s.ctx, w); !errors.Is(err, gateway.ErrUnknownOutcome) {
				t.Fatalf("got %v, want ErrUnknownOutcome", err)
			}
			s.stripe.Fail(nil)
			event := `{"id":"evt_9","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"` + ref + `"}}}`
			if code := s.post([]byte(event), secret, time.Now()); code != http.StatusOK || s.payment.Open() != 1000-captured {
				t.Errorf("status %d, %d are open in the ledger, want %d", code, s.payment.Open(), 1000-captured)
			}
			late := call("late", ref, 1)
			if r, err := s.set[stripe.Name].Capture(s.ctx, late); err != nil || r.Approved {
				t.Errorf("captured what is being given up: %+v, %v", r, err)
			}
			s.handle(w.Request, fate{})
			if open, _, _ := s.stripe.Sums(); open != 0 || s.payment.Open() != 0 {
				t.Errorf("Stripe has %d open, the ledger %d, want nothing", open, s.payment.Open())
			}
		})
	}
}

func TestARefundThatFailedLaterIsToldToSomebody(t *testing.T) {
	s := newShop(t, t)
	s.handle(story[0], fate{})
	s.deliver(false)
	event := `{"id":"evt_9","object":"event","type":"refund.failed","data":{"object":{"id":"re_1","payment_intent":"` + s.payment.Items[0].Authorizations[0].Reference + `"}}}`
	if code := s.post([]byte(event), secret, time.Now()); code != http.StatusOK || s.became["refund.failed refund_failed"] != 1 {
		t.Errorf("status %d, counted %v", code, s.became)
	}
}

func TestStripeSendsAgainWhatCouldNotBeSettled(t *testing.T) {
	s := newShop(t, t)
	s.handle(story[0], fate{})
	s.stripe.Fail(func(*http.Request) stripetest.Fault { return stripetest.Broken })
	events := s.stripe.Events()
	if code := s.post(events[0], secret, time.Now()); code != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", code)
	}
}
