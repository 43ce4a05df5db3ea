package payment_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/payment"
)

var (
	yes = payment.Result{Approved: true, Code: "200"}
	no  = payment.Result{Code: "402", Message: "declined"}
)

// results answers tasks in turn; an authorization gets a reference.
func results(tasks []payment.Task, answers ...payment.Result) []payment.TaskResult {
	var got []payment.TaskResult
	for n, a := range answers {
		if a.Approved && tasks[n].Call.Operation == payment.Authorize {
			a.Reference = "ref-" + tasks[n].TransactionID
		}
		got = append(got, payment.TaskResult{Task: tasks[n], Result: a})
	}
	return got
}

// declined is the event of a transaction that the gateway declined.
func declined(id, item string, o payment.Operation, amount int64) proto.Message {
	t := tx(id, item, o, amount, "", "402")
	t.ResponseMessage = "declined"
	return failedWith(t)
}

func TestRecordStoresWhatTheGatewayDid(t *testing.T) {
	o := given(t)
	w := o.plan(request(asked("t1", "p1", payment.Authorize, 1000), asked("t2", "p2", payment.Authorize, 500)))
	same(t, events(
		authorized("t1", "p1", 1000), authorized("t2", "p2", 500), recorded("r1", true, true, "t1", "t2"),
	), o.must(w.Record(results(w.Calls, yes, yes), noon)))

	w = o.plan(payment.Request{ID: "r2", Transactions: list(asked("t3", "p1", payment.Capture, 600), asked("t4", "p2", payment.Capture, 600), asked("t5", "p2", payment.Capture, 500))})
	same(t, events(
		failedWith(rule(tx("t4", "p2", payment.Capture, 600, "", payment.CaptureExceedsAuthorized))),
		captured("t3", "p1", "ref-t1", 600), declined("t5", "p2", payment.Capture, 500),
		recorded("r2", false, false, "t3", "t4", "t5"),
	), o.must(w.Record(results(w.Calls, yes, no), noon)))
	want := payment.Answer{RequestID: "r2", Transactions: []payment.Outcome{
		{TransactionID: "t3", Approved: true, Amount: 600, Code: "200"},
		{TransactionID: "t4", Code: payment.CaptureExceedsAuthorized, Message: "refused by rule"},
		{TransactionID: "t5", Code: "402", Message: "declined"},
	}}
	if diff := cmp.Diff(want, o.answer("r2")); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestRecordedRequestIsAnsweredFromTheLedger(t *testing.T) {
	o := given(t)
	r := request(asked("t1", "p1", payment.Authorize, 1000))
	w := o.plan(r)
	record := w.Record(results(w.Calls, yes), noon)
	o.must(record)
	if again := o.must(record); again != nil {
		t.Errorf("a repeat recorded %v", again)
	}
	want := payment.Answer{RequestID: "r1", Succeeded: true, AllOrNone: true, Transactions: []payment.Outcome{
		{TransactionID: "t1", Approved: true, Amount: 1000, Code: "200"},
	}}
	for range 2 {
		again := o.plan(r)
		if diff := cmp.Diff(payment.Work{Request: r, Answered: true, Answer: want}, again); diff != "" {
			t.Errorf("work of the repeat (-want +got):\n%s", diff)
		}
		o.must(payment.Settle{Close: "r1", Now: noon}) // an undo does not change what was answered
	}
}

func TestAnswerThatIsToldTwiceHappensOnce(t *testing.T) {
	o := given(t)
	w := o.plan(request(asked("t1", "p1", payment.Authorize, 1000)))
	r := results(w.Calls, yes)
	r[0].Result.Twice = true
	same(t, events(authorized("t1", "p1", 1000), recorded("r1", true, true, "t1")), given(t).must(w.Record(append(r, r...), noon)))

	same(t, events(authorized("t1", "p1", 1000)), o.must(payment.Settle{Results: r, Now: noon})) // the webhook was first
	same(t, events(recorded("r1", true, true, "t1")), o.must(w.Record(append(r, r...), noon)))
	if got := o.must(payment.Settle{Results: r, Now: noon}); got != nil {
		t.Errorf("the late webhook recorded %v", got)
	}
}

func TestAllOrNoneTakesBackWhatWasDone(t *testing.T) {
	o := given(t)
	w := o.plan(request(asked("t1", "p1", payment.Authorize, 1000), asked("t2", "p2", payment.Authorize, 500), asked("t3", "p3", payment.Authorize, 100)))
	done := results(w.Calls[:2], yes, no)
	undo := w.Compensate(done)
	want := task("t1#void", "p1", payment.Void, 1000, "ref-t1")
	want.Call.Token = "card"
	if diff := cmp.Diff(tasks(want), undo); diff != "" {
		t.Fatalf("compensation (-want +got):\n%s", diff)
	}
	same(t, events(
		authorized("t1", "p1", 1000), declined("t2", "p2", payment.Authorize, 500), voided("t1#void", "p1", "ref-t1", 1000),
		recorded("r1", false, true, "t1", "t2", "t3"),
	), o.must(w.Record(append(done, results(undo, yes)...), noon)))
	answer := payment.Answer{RequestID: "r1", AllOrNone: true, Transactions: []payment.Outcome{
		{TransactionID: "t1", Reverted: 1000, Code: payment.NotApplied}, {TransactionID: "t2", Code: "402", Message: "declined"}, {TransactionID: "t3", Code: payment.NotApplied},
	}}
	if diff := cmp.Diff(answer, o.answer("r1")); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if o.payment.Open() != 0 {
		t.Errorf("%d stayed authorized", o.payment.Open())
	}
}

func TestAllOrNoneRefundsWhatWasCaptured(t *testing.T) {
	o := given(t, authorized("a1", "p1", 1000), authorized("a2", "p2", 500))
	w := o.plan(request(asked("t1", "p1", payment.Capture, 1000), asked("t2", "p2", payment.Capture, 500)))
	done := results(w.Calls, yes, no)
	undo := w.Compensate(done)
	if diff := cmp.Diff(tasks(task("t1#refund", "p1", payment.Refund, 1000, "ref-a1")), undo); diff != "" {
		t.Fatalf("compensation (-want +got):\n%s", diff)
	}
	o.must(w.Record(append(done, results(undo, yes)...), noon))
	if o.payment.Paid() != 0 || o.answer("r1").Transactions[0].Approved {
		t.Errorf("%d paid, answer %+v", o.payment.Paid(), o.answer("r1"))
	}
}

func TestCompensationThatFailsShowsInTheAnswer(t *testing.T) {
	o := given(t)
	w := o.plan(request(asked("t1", "p1", payment.Authorize, 1000), asked("t2", "p2", payment.Authorize, 500)))
	done := results(w.Calls, yes, no)
	o.must(w.Record(append(done, results(w.Compensate(done), no)...), noon))
	a := o.answer("r1")
	if a.Succeeded || !a.Transactions[0].Approved || o.payment.Open() != 1000 {
		t.Errorf("answer %+v with %d open: the money that is still reserved is hidden", a, o.payment.Open())
	}
}

func TestRefusalOfAnotherRequestRefusesAll(t *testing.T) {
	for name, o := range map[string]*order{
		"decided": given(t, declined("t1", "p1", payment.Authorize, 1000), recorded("r0", false, true, "t1")),
		"told":    given(t, declined("t1", "p1", payment.Authorize, 1000)),
	} {
		w := o.plan(request(asked("t1", "p1", payment.Authorize, 1000), asked("t2", "p2", payment.Authorize, 500)))
		if len(w.Calls) != 0 {
			t.Errorf("%s: calls %+v, though all or none", name, w.Calls)
		}
		o.must(w.Record(nil, noon))
		if a := o.answer("r1"); a.Succeeded || a.Transactions[0].Code != "402" || a.Transactions[1].Code != payment.NotApplied {
			t.Errorf("%s: answer %+v", name, a)
		}
	}
}

func TestWhatWasToldDoesNotChangeWhatARuleRefused(t *testing.T) {
	o := given(t)
	r := request(asked("t1", "p1", payment.Authorize, 1000), asked("t2", "p1", payment.Capture, 500))
	each := r
	each.AllOrNone = false
	o.must(payment.Settle{Results: results(o.plan(each).Calls, yes), Now: noon})
	w := o.plan(r)
	if !w.Refused || len(w.Calls) != 0 || len(w.Known) != 1 {
		t.Fatalf("work %+v, want the capture refused as before", w)
	}
	if diff := cmp.Diff(tasks(task("t1#void", "p1", payment.Void, 1000, "ref-t1")), w.Compensate(nil)); diff != "" {
		t.Errorf("compensation (-want +got):\n%s", diff)
	}
}

func TestRefusedPartThatWasToldRefusesTheWhole(t *testing.T) {
	o := given(t, authorized("a1", "p1", 300), authorized("a2", "p1", 300))
	r := request(asked("t1", "p1", payment.Capture, 500))
	r.AllOrNone = false
	made := o.plan(r).Calls
	o.must(payment.Settle{Results: results(made[1:], no), Now: noon})
	w := o.plan(r)
	o.must(w.Record(results(w.Calls, yes), noon))
	if a := o.answer("r1"); a.Succeeded || a.Transactions[0].Approved || a.Transactions[0].Amount != 300 {
		t.Errorf("answer %+v", a)
	}
}

func TestAllOrNoneTakesBackWhatWasToldByAnotherWay(t *testing.T) {
	o := given(t)
	r := request(asked("t1", "p1", payment.Authorize, 1000), asked("t2", "p2", payment.Authorize, 500))
	o.must(payment.Settle{Results: results(o.plan(r).Calls, yes), Now: noon}) // before the request was recorded
	w := o.plan(r)
	if diff := cmp.Diff(tasks(task("t2", "p2", payment.Authorize, 500, "")), w.Calls); diff != "" {
		t.Fatalf("calls (-want +got):\n%s", diff)
	}
	done := results(w.Calls, no)
	if _, err := w.Record(done, noon).Decide(o.payment); fault.ReasonOf(err) != "not_compensated" {
		t.Errorf("recorded without compensation: %v", err)
	}
	taken := w.Compensate(done)
	if diff := cmp.Diff(tasks(task("t1#void", "p1", payment.Void, 1000, "ref-t1")), taken); diff != "" {
		t.Fatalf("compensation (-want +got):\n%s", diff)
	}
	o.must(w.Record(append(done, results(taken, yes)...), noon))
	if o.payment.Open() != 0 || o.answer("r1").Transactions[0].Approved {
		t.Errorf("%d open, answer %+v", o.payment.Open(), o.answer("r1"))
	}
}

func TestNewsOfAnUnknownAuthorizationWaitsForIt(t *testing.T) {
	o := given(t)
	w := o.plan(request(asked("t1", "p1", payment.Authorize, 1000), asked("t2", "p2", payment.Authorize, 500)))
	done := results(w.Calls, yes, no)
	taken := results(w.Compensate(done), yes)
	if got := o.must(payment.Settle{Results: taken, Now: noon}); got != nil {
		t.Errorf("recorded %v, which nothing is known about", got)
	}
	o.must(w.Record(append(done, taken...), noon))
	if o.payment.Open() != 0 {
		t.Errorf("%d open", o.payment.Open())
	}
}

func TestMoneyOfAnotherRequestIsLeftAlone(t *testing.T) {
	o := given(t, authorized("t1", "p1", 1000), recorded("r0", true, true, "t1"))
	w := o.plan(request(asked("t1", "p1", payment.Authorize, 1000), asked("t2", "p2", payment.Authorize, 500)))
	done := results(w.Calls, no)
	if taken := w.Compensate(done); taken != nil {
		t.Errorf("compensation %+v", taken)
	}
	o.must(w.Record(done, noon))
	if a := o.answer("r1"); a.Succeeded || !a.Transactions[0].Approved {
		t.Errorf("answer %+v", a)
	}
}

func TestMoneyThatWasGivenBackIsNotTakenAgain(t *testing.T) {
	o := given(t, authorized("a1", "p1", 1000), captured("c1", "p1", "ref-a1", 600))
	w := o.plan(request(asked("t1", "p1", payment.Void, 400), asked("t2", "p1", payment.Refund, 600)))
	if undo := w.Compensate(results(w.Calls, yes, no)); undo != nil {
		t.Errorf("compensation %+v", undo)
	}
	each := w
	each.Request.AllOrNone = false
	if undo := each.Compensate(results(w.Calls, yes, no)); undo != nil {
		t.Errorf("compensation of what was not all or none: %+v", undo)
	}
}

func TestRecordRefusesToForgetMoney(t *testing.T) {
	o := given(t)
	w := o.plan(request(asked("t1", "p1", payment.Authorize, 1000), asked("t2", "p2", payment.Authorize, 500)))
	each := w
	each.Request.AllOrNone = false
	lookup := results(w.Calls, yes, yes)
	lookup[0].Task.Lookup = true
	for name, tt := range map[string]struct {
		record payment.Record
		reason string
	}{
		"a result is missing":       {each.Record(results(w.Calls[:1], yes), noon), "result_missing"},
		"nobody took it back":       {w.Record(results(w.Calls, yes, no), noon), "not_compensated"},
		"not everything was called": {w.Record(results(w.Calls[:1], yes), noon), "not_compensated"},
		"lookups are no results":    {w.Record(lookup, noon), "not_settled"},
	} {
		if e, err := tt.record.Decide(o.payment); fault.KindOf(err) != fault.Internal || fault.ReasonOf(err) != tt.reason {
			t.Errorf("%s: %v, %v; want %s", name, e, err, tt.reason)
		}
	}
}

func TestOperationInPartsIsAnsweredAsOne(t *testing.T) {
	ledger := events(authorized("a1", "p1", 300), authorized("a2", "p1", 300))
	for name, tt := range map[string]struct {
		answers []payment.Result
		want    payment.Outcome
	}{
		"both parts":  {[]payment.Result{yes, yes}, payment.Outcome{TransactionID: "t1", Approved: true, Amount: 500, Code: "200"}},
		"first part":  {[]payment.Result{yes, no}, payment.Outcome{TransactionID: "t1", Amount: 300, Code: "402", Message: "declined"}},
		"no part":     {[]payment.Result{no, {Code: "500", Message: "broken"}}, payment.Outcome{TransactionID: "t1", Code: "402", Message: "declined"}},
		"second part": {[]payment.Result{no, yes}, payment.Outcome{TransactionID: "t1", Amount: 200, Code: "402", Message: "declined"}},
	} {
		o := given(t, ledger...)
		r := request(asked("t1", "p1", payment.Capture, 500))
		r.AllOrNone = false
		w := o.plan(r)
		o.must(w.Record(results(w.Calls, tt.answers...), noon))
		if diff := cmp.Diff(payment.Answer{RequestID: "r1", Succeeded: tt.want.Approved, Transactions: []payment.Outcome{tt.want}}, o.answer("r1")); diff != "" {
			t.Errorf("%s: answer (-want +got):\n%s", name, diff)
		}
	}
}
