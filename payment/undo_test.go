package payment_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/payment"
)

// undo is a request u1 that undoes r1.
func undo(a ...payment.Asked) payment.Request {
	return payment.Request{ID: "u1", UndoOf: "r1", Transactions: a}
}

// undoing is a transaction that undoes another one.
func undoing(id, undoes string, o payment.Operation, amount int64) payment.Asked {
	return payment.Asked{ID: id, PaymentItemID: "p1", Operation: o, Amount: amount, Currency: "GBP", Gateway: "sim", Token: "card", Undoes: undoes}
}

// withToken is a task that carries the token of the payment method.
func withToken(t payment.Task) payment.Task {
	t.Call.Token = "card"
	return t
}

func TestUndoTakesBackWhatTheLedgerHolds(t *testing.T) {
	authorizedOnly := events(authorized("t1", "p1", 1000), recorded("r1", true, true, "t1"))
	both := events(authorized("a1", "p1", 1000), captured("t1", "p1", "ref-a1", 600), recorded("r1", true, true, "t1"))
	for name, tt := range map[string]struct {
		given []proto.Message
		asked payment.Asked
		want  []payment.Task
	}{
		"authorization":          {authorizedOnly, undoing("v1", "t1", payment.Void, 1000), tasks(task("v1", "p1", payment.Void, 1000, "ref-t1"))},
		"part of it":             {authorizedOnly, undoing("v1", "t1", payment.Void, 400), tasks(task("v1", "p1", payment.Void, 400, "ref-t1"))},
		"more than there is":     {authorizedOnly, undoing("v1", "t1", payment.Void, 4000), tasks(task("v1", "p1", payment.Void, 1000, "ref-t1"))},
		"what is left":           {append(authorizedOnly, captured("c1", "p1", "ref-t1", 300)), undoing("v1", "t1", payment.Void, 1000), tasks(task("v1", "p1", payment.Void, 700, "ref-t1"))},
		"nothing left":           {append(authorizedOnly, voided("v0", "p1", "ref-t1", 1000)), undoing("v1", "t1", payment.Void, 1000), nil},
		"not another's":          {append(authorizedOnly, voided("v0", "p1", "ref-t1", 1000), authorized("a2", "p1", 1000)), undoing("v1", "t1", payment.Void, 1000), nil},
		"anybody's, if not told": {append(authorizedOnly, authorized("a2", "p1", 1000)), undoing("v1", "", payment.Void, 1500), tasks(task("v1", "p1", payment.Void, 1000, "ref-t1"), task("v1#2", "p1", payment.Void, 500, "ref-a2"))},
		"capture":                {both, undoing("v1", "t1", payment.Refund, 600), tasks(task("v1", "p1", payment.Refund, 600, "ref-a1"))},
		"not another capture":    {append(both, captured("c2", "p1", "ref-a1", 400)), undoing("v1", "t1", payment.Refund, 1000), tasks(task("v1", "p1", payment.Refund, 600, "ref-a1"))},
		"capture refunded":       {append(both, refunded("b1", "p1", "ref-a1", 500)), undoing("v1", "t1", payment.Refund, 600), tasks(task("v1", "p1", payment.Refund, 100, "ref-a1"))},
		"what was declined":      {events(declined("t1", "p1", payment.Authorize, 1000), recorded("r1", false, true, "t1")), undoing("v1", "t1", payment.Void, 1000), nil},
		"what was taken back":    {append(authorizedOnly, voided("t1#void", "p1", "ref-t1", 1000)), undoing("v1", "t1", payment.Void, 1000), nil},
		"what was never tried":   {events(recorded("r1", false, true, "t1")), undoing("v1", "t1", payment.Void, 1000), nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := given(t, tt.given...)
			w := o.plan(undo(tt.asked))
			var want []payment.Task
			for _, task := range tt.want {
				want = append(want, withToken(task))
			}
			if diff := cmp.Diff(want, w.Calls); diff != "" || len(w.Lookups) != 0 {
				t.Fatalf("lookups %v, calls (-want +got):\n%s", w.Lookups, diff)
			}
			answers := make([]payment.Result, len(w.Calls))
			var moved int64
			for n := range answers {
				answers[n], moved = yes, moved+w.Calls[n].Call.AmountMinor
			}
			got := o.must(w.Record(results(w.Calls, answers...), noon))
			same(t, events(closed("r1"), recorded("u1", true, false, "v1")), got[len(w.Calls):])
			if a := o.answer("u1"); !a.Succeeded || !a.Transactions[0].Approved || a.Transactions[0].Amount != moved {
				t.Errorf("answer %+v, want %d moved", a, moved)
			}
		})
	}
}

func TestUndoOnlyTakesBack(t *testing.T) {
	o := given(t, authorized("a1", "p1", 1000), recorded("r1", true, true, "a1"))
	w := o.plan(undo(undoing("v1", "a1", payment.Capture, 1000), undoing("v2", "a1", payment.Authorize, 1000), undoing("v3", "a1", payment.Void, -1), undoing("v4", "a1", payment.Void, 0)))
	if len(w.Calls) != 0 {
		t.Errorf("calls %+v", w.Calls)
	}
	o.must(w.Record(nil, noon))
	for n, want := range []string{payment.UnsupportedOperation, payment.UnsupportedOperation, payment.InvalidAmount, payment.Approved} {
		if got := o.answer("u1").Transactions[n]; got.Code != want {
			t.Errorf("transaction %d: %+v, want %s", n, got, want)
		}
	}
}

func TestRequestThatWasUndoneBeforeItArrivedIsClosed(t *testing.T) {
	o := given(t)
	w := o.plan(undo(undoing("v1", "t1", payment.Void, 1000)))
	lookup := task("t1", "p1", payment.Authorize, 1000, "")
	lookup.Lookup = true
	if diff := cmp.Diff(tasks(lookup), w.Lookups); diff != "" || len(w.Calls) != 0 {
		t.Fatalf("calls %v, lookups (-want +got):\n%s", w.Calls, diff)
	}
	never := payment.Result{Code: payment.NeverMade}
	same(t, events(failed("t1", "p1", payment.Authorize, 1000, payment.NeverMade), closed("r1")), o.must(w.Settle(results(w.Lookups, never), noon)))

	w = o.plan(undo(undoing("v1", "t1", payment.Void, 1000)))
	if len(w.Lookups)+len(w.Calls) != 0 {
		t.Fatalf("lookups %+v, calls %+v; want none", w.Lookups, w.Calls)
	}
	same(t, events(recorded("u1", true, false, "v1")), o.must(w.Record(nil, noon)))

	late := o.plan(request(asked("t1", "p1", payment.Authorize, 1000)))
	if want := (payment.Answer{RequestID: "r1", Closed: true}); !late.Answered || !cmp.Equal(want, late.Answer) {
		t.Errorf("the late request: %+v", late)
	}
}

func TestUndoAsksWhatBecameOfCallsThatNobodyRecorded(t *testing.T) {
	o := given(t)
	r := undo(undoing("v1", "t1", payment.Void, 1000), undoing("v2", "t2", payment.Void, 500))
	w := o.plan(r)
	same(t, events(authorized("t1", "p1", 1000), declined("t2", "p1", payment.Authorize, 500), closed("r1")), o.must(w.Settle(results(w.Lookups, yes, no), noon)))

	// The request was all-or-none, so it may have taken t1 back before the crash.
	w = o.plan(r)
	compensation := task("t1#void", "p1", payment.Void, 1000, "ref-t1")
	compensation.Lookup = true
	if diff := cmp.Diff(tasks(compensation), w.Lookups); diff != "" {
		t.Fatalf("lookups (-want +got):\n%s", diff)
	}
	for name, tt := range map[string]struct {
		found payment.Result
		want  []payment.Task
	}{
		"it did":  {yes, nil},
		"not yet": {payment.Result{Code: payment.NeverMade}, tasks(withToken(task("v1", "p1", payment.Void, 1000, "ref-t1")))},
	} {
		t.Run(name, func(t *testing.T) {
			o := given(t, o.history...)
			o.must(w.Settle(results(w.Lookups, tt.found), noon))
			w := o.plan(r)
			if diff := cmp.Diff(tt.want, w.Calls); diff != "" || len(w.Lookups) != 0 {
				t.Errorf("lookups %v, calls (-want +got):\n%s", w.Lookups, diff)
			}
		})
	}
}

func TestUndoOfCapturesLooksUpEveryPart(t *testing.T) {
	o := given(t, authorized("a1", "p1", 300), authorized("a2", "p1", 300))
	w := o.plan(undo(undoing("v1", "t1", payment.Refund, 500)))
	want := tasks(withToken(task("t1", "p1", payment.Capture, 300, "ref-a1")), withToken(task("t1#2", "p1", payment.Capture, 200, "ref-a2")))
	for n := range want {
		want[n].Lookup = true
	}
	if diff := cmp.Diff(want, w.Lookups); diff != "" {
		t.Errorf("lookups (-want +got):\n%s", diff)
	}
}

func TestPartsThatWereToldAloneDoNotChangeThePlan(t *testing.T) {
	ledger := events(
		authorized("a1", "p1", 3), authorized("a2", "p1", 5), authorized("a3", "p1", 4),
		captured("c1", "p1", "ref-a1", 3), captured("c2", "p1", "ref-a2", 5), captured("c3", "p1", "ref-a3", 4),
		recorded("r1", true, false, "c1", "c2", "c3"),
	)
	for name, r := range map[string]payment.Request{
		"plain": {ID: "r2", AllOrNone: true, Transactions: list(asked("t1", "p1", payment.Refund, 9))},
		"undo":  undo(undoing("t1", "", payment.Refund, 9)),
	} {
		t.Run(name, func(t *testing.T) {
			made := given(t, ledger...).plan(r).Calls
			if len(made) != 3 {
				t.Fatalf("calls %+v, want three parts", made)
			}
			for n, told := range made {
				o := given(t, ledger...)
				o.must(payment.Settle{Results: results(tasks(told), yes), Now: noon})
				w := o.plan(r)
				want := slices.Concat(made[:n], made[n+1:])
				if diff := cmp.Diff(want, w.Calls); diff != "" || len(w.Known) != 1 {
					t.Errorf("part %d told: known %+v, calls (-want +got):\n%s", n, w.Known, diff)
				}
				o.must(w.Record(results(w.Calls, yes, yes), noon))
				if a := o.answer(r.ID); !a.Succeeded || a.Transactions[0].Amount != 9 || o.payment.Paid() != 3 {
					t.Errorf("part %d told: answer %+v, %d paid", n, a, o.payment.Paid())
				}
			}
		})
	}
}

func TestUndoLooksUpTheCallsAsTheyWerePlanned(t *testing.T) {
	o := given(t, authorized("a1", "p1", 9), authorized("a2", "p1", 3))
	made := o.plan(request(asked("t1", "p1", payment.Capture, 10), asked("t2", "p1", payment.Capture, 2))).Calls
	w := o.plan(undo(undoing("v1", "t1", payment.Refund, 10), undoing("v2", "t2", payment.Refund, 2)))
	for n := range made {
		made[n].Lookup, made[n].Call.Token = true, "card"
	}
	if diff := cmp.Diff(made, w.Lookups); diff != "" {
		t.Errorf("lookups (-calls +got):\n%s", diff)
	}
}

func TestUndoAsksForThePartsThatWereNotTold(t *testing.T) {
	o := given(t, authorized("a1", "p1", 300), authorized("a2", "p1", 300))
	made := o.plan(request(asked("t1", "p1", payment.Capture, 500))).Calls
	o.must(payment.Settle{Results: results(made[:1], yes), Now: noon})
	w := o.plan(undo(undoing("v1", "t1", payment.Refund, 500)))
	want := tasks(withToken(task("t1#2", "p1", payment.Capture, 200, "ref-a2")), task("t1#refund", "p1", payment.Refund, 300, "ref-a1"))
	for n := range want {
		want[n].Lookup = true
	}
	if diff := cmp.Diff(want, w.Lookups); diff != "" {
		t.Errorf("lookups (-want +got):\n%s", diff)
	}
}

func TestResultsOfAClosedRequestAreNotLost(t *testing.T) {
	o := given(t)
	w := o.plan(request(asked("t1", "p1", payment.Authorize, 1000)))
	o.must(payment.Settle{Close: "r1", Now: noon}) // while the call was under way
	same(t, events(authorized("t1", "p1", 1000)), o.must(w.Record(results(w.Calls, yes), noon)))
	if a := o.answer("r1"); !a.Closed || a.Succeeded {
		t.Errorf("answer %+v, want it closed", a)
	}
}
