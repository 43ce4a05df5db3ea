package gateway_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
	"github.com/orderstream/oms/payment/simulated"
)

func gateways(t *testing.T) gateway.Set {
	t.Helper()
	g, err := simulated.Open(simulated.Config{Memory: true, LateAfter: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	return gateway.Set{"sim": g}
}

func asked(id string, o payment.Operation, token string) payment.Asked {
	return payment.Asked{ID: id, PaymentItemID: "p-" + token, Operation: o, Amount: 1000, Currency: "GBP", Gateway: "sim", Token: token}
}

// run handles a request as a participant does, and returns the payment after it.
func run(t *testing.T, s gateway.Set, p payment.Payment, r payment.Request) payment.Payment {
	t.Helper()
	for range 10 {
		w, err := payment.Plan(p, r)
		if err != nil {
			t.Fatal(err)
		}
		if w.Answered {
			return p
		}
		results, err := s.Perform(t.Context(), w)
		if err != nil {
			continue // as a queue does: again, later
		}
		decide := w.Record(results, time.Time{}).Decide
		if len(w.Lookups) > 0 {
			decide = w.Settle(results, time.Time{}).Decide
		}
		events, err := decide(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			p = payment.Evolve(p, e)
		}
	}
	t.Fatalf("request %s was not answered", r.ID)
	return p
}

func TestEveryOperationReachesItsGateway(t *testing.T) {
	s, p := gateways(t), payment.New("o1", 1)
	half := func(a payment.Asked) payment.Asked {
		a.Amount /= 2
		return a
	}
	for n, step := range []struct {
		request    payment.Request
		paid, open int64
	}{
		{request: payment.Request{ID: "r1", Transactions: []payment.Asked{asked("t1", payment.Authorize, "card")}}, open: 1000},
		{request: payment.Request{ID: "r2", Transactions: []payment.Asked{half(asked("t2", payment.Capture, "card"))}}, paid: 500, open: 500},
		{request: payment.Request{ID: "r3", Transactions: []payment.Asked{half(asked("t3", payment.Void, "card"))}}, paid: 500},
		{request: payment.Request{ID: "r4", Transactions: []payment.Asked{half(asked("t4", payment.Refund, "card"))}}},
		{request: payment.Request{ID: "u5", UndoOf: "r5", Transactions: []payment.Asked{{ID: "t5", PaymentItemID: "p-card", Operation: payment.Void, Amount: 1000, Currency: "GBP", Gateway: "sim", Token: "card", Undoes: "t0"}}}},
	} {
		p = run(t, s, p, step.request)
		if a, _ := p.Answer(step.request.ID); !a.Succeeded {
			t.Errorf("step %d: answer %+v", n, a)
		}
		if p.Paid() != step.paid || p.Open() != step.open {
			t.Errorf("step %d: paid %d, open %d; want %d, %d", n, p.Paid(), p.Open(), step.paid, step.open)
		}
	}
}

func TestAllOrNoneStopsAtTheFirstRefusalAndTakesBack(t *testing.T) {
	s := gateways(t)
	r := payment.Request{ID: "r1", AllOrNone: true, Transactions: []payment.Asked{
		asked("t1", payment.Authorize, "card"), asked("t2", payment.Authorize, simulated.TokenDecline), asked("t3", payment.Authorize, "other"),
	}}
	p := run(t, s, payment.New("o1", 1), r)
	var ids []string
	for _, t := range p.Transactions {
		ids = append(ids, t.ID)
	}
	if diff := cmp.Diff([]string{"t1", "t2", "t1#void"}, ids); diff != "" {
		t.Errorf("transactions (-want +got):\n%s", diff)
	}
	if p.Open() != 0 {
		t.Errorf("%d stayed authorized", p.Open())
	}

	r.ID, r.AllOrNone = "r2", false
	for n := range r.Transactions {
		r.Transactions[n].ID += "-each"
	}
	if p = run(t, s, p, r); p.Open() != 2000 {
		t.Errorf("%d authorized one by one, want 2000", p.Open())
	}
}

func TestMissingResultRecordsNothing(t *testing.T) {
	s := gateways(t)
	for token, want := range map[string]error{simulated.TokenUnavailableOnce: gateway.ErrUnavailable, simulated.TokenTimeout: gateway.ErrUnknownOutcome} {
		r := payment.Request{ID: "r1", Transactions: []payment.Asked{asked("t1", payment.Authorize, token)}}
		w, err := payment.Plan(payment.New("o-"+token, 1), r)
		if err != nil {
			t.Fatal(err)
		}
		results, err := s.Perform(t.Context(), w)
		if !errors.Is(err, want) || results != nil || !strings.Contains(err.Error(), "t1") {
			t.Errorf("%s: %v, %v; want %v for t1", token, results, err, want)
		}
		if results, err = s.Perform(t.Context(), w); err != nil || !results[0].Result.Approved {
			t.Errorf("%s again: %v, %v", token, results, err)
		}
	}
}

func TestUnknownGatewayRefuses(t *testing.T) {
	a := asked("t1", payment.Authorize, "card")
	a.Gateway = "nowhere"
	p := run(t, gateways(t), payment.New("o1", 1), payment.Request{ID: "r1", Transactions: []payment.Asked{a}})
	if answer, _ := p.Answer("r1"); answer.Succeeded || answer.Transactions[0].Code != payment.UnknownGateway {
		t.Errorf("answer %+v", answer)
	}
	w := payment.Work{Calls: []payment.Task{{Gateway: "sim"}}}
	if results, err := gateways(t).Perform(t.Context(), w); err != nil || results[0].Result.Code != payment.UnsupportedOperation {
		t.Errorf("a task for nothing: %v, %v", results, err)
	}
}
