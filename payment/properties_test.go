package payment_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
	"github.com/orderstream/oms/payment/simulated"
)

// world is one order with the gateway that it is paid at, and a participant
// between them that may die at any moment.
type world struct {
	*order
	t       *rapid.T
	gateway *simulated.Gateway
	answers map[string]payment.Answer
	sent    []payment.Request
	n       int
}

// deliver handles a request once, as a participant does, and reports whether
// it was answered. The process may die after the calls, before it records what
// came back.
func (w *world) deliver(r payment.Request, mayDie bool) bool {
	for {
		work := w.plan(r)
		if work.Answered {
			w.checkAnswer(work.Answer)
			return true
		}
		results, err := gateway.Set{"sim": w.gateway}.Perform(context.Background(), work)
		w.webhooks(results)
		if err != nil || mayDie && rapid.IntRange(0, 2).Draw(w.t, "dies") == 0 {
			return false
		}
		if len(work.Lookups) > 0 {
			w.must(work.Settle(results, noon))
		} else {
			w.must(work.Record(results, noon))
		}
		checkLedger(w.t, w.payment)
	}
}

// webhooks tells the ledger what the gateway says a second time by itself, when
// that is quicker than the answer to the call.
func (w *world) webhooks(results []payment.TaskResult) {
	for _, r := range results {
		if r.Result.Twice && rapid.Bool().Draw(w.t, "webhook wins") {
			w.must(payment.Settle{Results: []payment.TaskResult{r}, Now: noon})
		}
	}
}

// deliverUntilAnswered is what the queue does with a request.
func (w *world) deliverUntilAnswered(r payment.Request) {
	for n := range 50 {
		if w.deliver(r, n < 3) {
			return
		}
	}
	w.t.Fatalf("request %+v is never answered", r)
}

// checkAnswer checks that a request is answered alike for ever.
func (w *world) checkAnswer(a payment.Answer) {
	if first, told := w.answers[a.RequestID]; told {
		if diff := cmp.Diff(first, a); diff != "" {
			w.t.Fatalf("answer (-first +later):\n%s", diff)
		}
	}
	w.answers[a.RequestID] = a
	for _, o := range a.Transactions {
		if a.Succeeded && !o.Approved {
			w.t.Fatalf("answer %+v contradicts itself", a)
		}
	}
}

// draw makes a request that nobody saw before, sensible or not.
func (w *world) draw() payment.Request {
	w.n++
	r := payment.Request{ID: fmt.Sprint("r", w.n), AllOrNone: rapid.Bool().Draw(w.t, "all or none")}
	operations := rapid.SampledFrom([][]payment.Operation{{payment.Authorize}, {payment.Authorize, payment.Capture}, {payment.Capture}, {payment.Capture}, {payment.Void}, {payment.Refund}}).Draw(w.t, "operations")
	for n := range rapid.IntRange(1, 4).Draw(w.t, "transactions") {
		r.Transactions = append(r.Transactions, payment.Asked{
			ID:            fmt.Sprintf("t%d-%d", w.n, n),
			PaymentItemID: rapid.SampledFrom([]string{"p1", "p2"}).Draw(w.t, "item"),
			Operation:     rapid.SampledFrom(operations).Draw(w.t, "operation"),
			Amount:        rapid.Int64Range(0, 12).Draw(w.t, "amount"),
			Currency:      rapid.SampledFrom([]string{"GBP", "GBP", "GBP", "GBP", "EUR"}).Draw(w.t, "currency"),
			Gateway:       rapid.SampledFrom([]string{"sim", "sim", "sim", "sim", "nowhere"}).Draw(w.t, "gateway"),
			Token: rapid.SampledFrom([]string{
				"card", "card", "card", simulated.TokenDecline, simulated.TokenTimeout, simulated.TokenLate,
				simulated.TokenTwice, simulated.TokenUnavailableOnce, simulated.TokenCaptureDecline,
			}).Draw(w.t, "token"),
		})
	}
	return r
}

// undoOf is the request that undoes another one.
func (w *world) undoOf(r payment.Request) payment.Request {
	w.n++
	u := payment.Request{ID: fmt.Sprint("u", w.n), UndoOf: r.ID}
	for _, a := range r.Transactions {
		a.ID, a.Undoes = "undo-"+a.ID, a.ID
		switch a.Operation { //nolint:exhaustive // the rest cannot be undone
		case payment.Authorize:
			a.Operation = payment.Void
		case payment.Capture:
			a.Operation = payment.Refund
		default:
			continue
		}
		u.Transactions = append(u.Transactions, a)
	}
	return u
}

// step is what a saga does next: a new request, which it undoes when it waited
// in vain, or an old one that comes again.
func (w *world) step() {
	if len(w.sent) > 0 && rapid.IntRange(0, 3).Draw(w.t, "again") == 0 {
		w.deliverUntilAnswered(rapid.SampledFrom(w.sent).Draw(w.t, "repeat"))
		return
	}
	r := w.draw()
	w.sent = append(w.sent, r)
	u := w.undoOf(r)
	if len(u.Transactions) < len(r.Transactions) { // money given back is not undone
		w.deliverUntilAnswered(r)
		return
	}
	answered := false
	for range rapid.IntRange(0, 3).Draw(w.t, "attempts") {
		answered = answered || w.deliver(r, true)
	}
	if !answered || rapid.IntRange(0, 2).Draw(w.t, "undo") == 0 {
		w.deliverUntilAnswered(u)
		w.sent = append(w.sent, u)
		if closed := w.plan(r); !closed.Answered {
			w.t.Fatalf("request %s was undone and may still run", r.ID)
		}
	}
}

func TestMoneyIsConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, err := simulated.Open(simulated.Config{Memory: true, LateAfter: time.Nanosecond})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{order: given(t), t: t, gateway: g, answers: map[string]payment.Answer{}}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			w.step()
			w.checkGateway()
		}
		checkHistory(t, w.order)
	})
}

// checkLedger checks the rules of the ledger, which hold after every event.
func checkLedger(t *rapid.T, p payment.Payment) {
	checkEntries(t, p)
	for _, i := range p.Items {
		for _, a := range i.Authorizations {
			if a.Voided < 0 || a.Captured < 0 || a.Refunded < 0 || a.Open() < 0 || a.Refundable() < 0 {
				t.Fatalf("authorization %+v", a)
			}
		}
	}
	seen := map[string]bool{}
	for _, tx := range p.Transactions {
		if seen[tx.ID] {
			t.Fatalf("transaction %s happened twice", tx.ID)
		}
		seen[tx.ID] = true
	}
}

// checkGateway compares the ledger with what the outside world did.
func (w *world) checkGateway() {
	var captured, refunded int64
	for _, i := range w.payment.Items {
		captured, refunded = captured+i.Captured(), refunded+i.Refunded()
	}
	if w.payment.Paid() != captured-refunded {
		w.t.Fatalf("paid %d, captured %d, refunded %d", w.payment.Paid(), captured, refunded)
	}
	for name, total := range map[string]struct {
		outside func() (map[string]int64, error)
		ledger  int64
	}{
		"charged": {w.gateway.Charged, captured}, "refunded": {w.gateway.Refunded, refunded}, "reserved": {w.gateway.Reserved, w.payment.Open()},
	} {
		got, err := total.outside()
		if err != nil {
			w.t.Fatal(err)
		}
		if sum := got["GBP"] + got["EUR"]; sum != total.ledger {
			w.t.Fatalf("the gateway %s %d, the ledger says %d\n%v", name, sum, total.ledger, w.history)
		}
	}
}

// checkHistory checks that the stored events alone lead to the same state.
func checkHistory(t *rapid.T, o *order) {
	again := given(t)
	for _, e := range o.history {
		b, err := proto.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		stored := e.ProtoReflect().New().Interface()
		if err := proto.Unmarshal(b, stored); err != nil {
			t.Fatal(err)
		}
		again.fold(stored)
	}
	if diff := cmp.Diff(o.payment, again.payment); diff != "" {
		t.Fatalf("the stored events lead elsewhere (-want +got):\n%s", diff)
	}
}
