package payment_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/payment"
)

// asked is a transaction in pounds.
func asked(id, item string, o payment.Operation, amount int64) payment.Asked {
	a := payment.Asked{ID: id, PaymentItemID: item, Operation: o, Amount: amount, Currency: "GBP"}
	if o == payment.Authorize {
		a.Gateway, a.Token = "sim", "card"
	}
	return a
}

func request(a ...payment.Asked) payment.Request {
	return payment.Request{ID: "r1", AllOrNone: true, Transactions: a}
}

// task is the call that a transaction in pounds takes.
func task(id, item string, o payment.Operation, amount int64, ref string) payment.Task {
	t := payment.Task{TransactionID: id, PaymentItemID: item, Gateway: "sim", Call: payment.Call{
		IdempotencyKey: "o1/" + id, Operation: o, Reference: ref, AmountMinor: amount, Currency: "GBP",
	}}
	if o == payment.Authorize {
		t.Call.Token = "card"
	}
	return t
}

func TestPlanSaysWhichCallsARequestTakes(t *testing.T) {
	ledger := events(
		authorized("a1", "p1", 300), captured("c1", "p1", "ref-a1", 100), authorized("a2", "p1", 1000), captured("c2", "p1", "ref-a2", 600),
		authorized("a3", "p2", 50),
	)
	for name, tt := range map[string]struct {
		given []proto.Message
		asked []payment.Asked
		want  []payment.Task
	}{
		"authorize":                  {nil, list(asked("t1", "p1", payment.Authorize, 1000)), tasks(task("t1", "p1", payment.Authorize, 1000, ""))},
		"capture":                    {ledger, list(asked("t1", "p1", payment.Capture, 200)), tasks(task("t1", "p1", payment.Capture, 200, "ref-a1"))},
		"capture where it fits":      {ledger, list(asked("t1", "p1", payment.Capture, 201)), tasks(task("t1", "p1", payment.Capture, 201, "ref-a2"))},
		"capture of two":             {ledger, list(asked("t1", "p1", payment.Capture, 600)), tasks(task("t1", "p1", payment.Capture, 200, "ref-a1"), task("t1#2", "p1", payment.Capture, 400, "ref-a2"))},
		"void":                       {ledger, list(asked("t1", "p2", payment.Void, 50)), tasks(task("t1", "p2", payment.Void, 50, "ref-a3"))},
		"refund of two":              {ledger, list(asked("t1", "p1", payment.Refund, 700)), tasks(task("t1", "p1", payment.Refund, 100, "ref-a1"), task("t1#2", "p1", payment.Refund, 600, "ref-a2"))},
		"two captures, one pot":      {ledger, list(asked("t1", "p1", payment.Capture, 300), asked("t2", "p1", payment.Capture, 300)), tasks(task("t1", "p1", payment.Capture, 300, "ref-a2"), task("t2", "p1", payment.Capture, 200, "ref-a1"), task("t2#2", "p1", payment.Capture, 100, "ref-a2"))},
		"known from another request": {ledger, list(asked("c1", "p1", payment.Capture, 100), asked("t1", "p2", payment.Capture, 50)), tasks(task("t1", "p2", payment.Capture, 50, "ref-a3"))},
	} {
		t.Run(name, func(t *testing.T) {
			w := given(t, append(tt.given, recorded("r0", true, false, "c1"))...).plan(request(tt.asked...))
			if diff := cmp.Diff(payment.Work{Request: w.Request, Answer: w.Answer, Calls: tt.want}, w); diff != "" {
				t.Errorf("work (-want +got):\n%s", diff)
			}
		})
	}
}

func list(a ...payment.Asked) []payment.Asked { return a }

func tasks(t ...payment.Task) []payment.Task { return t }

func TestPlanRefusesByRule(t *testing.T) {
	ledger := events(authorized("a1", "p1", 1000), captured("c1", "p1", "ref-a1", 600))
	euros := asked("t1", "p1", payment.Capture, 1)
	euros.Currency = "EUR"
	unknown := asked("t1", "p1", payment.Authorize, 1)
	unknown.Currency = "XXX"
	for name, tt := range map[string]struct {
		asked payment.Asked
		want  string
	}{
		"captures too much":        {asked("t1", "p1", payment.Capture, 401), payment.CaptureExceedsAuthorized},
		"voids too much":           {asked("t1", "p1", payment.Void, 401), payment.VoidExceedsAuthorized},
		"refunds too much":         {asked("t1", "p1", payment.Refund, 601), payment.RefundExceedsCaptured},
		"captures the unknown":     {asked("t1", "p9", payment.Capture, 1), payment.UnknownPaymentItem},
		"voids the unknown":        {asked("t1", "p9", payment.Void, 1), payment.UnknownPaymentItem},
		"refunds the unknown":      {asked("t1", "p9", payment.Refund, 1), payment.UnknownPaymentItem},
		"captures nothing":         {asked("t1", "p1", payment.Capture, 0), payment.InvalidAmount},
		"voids nothing":            {asked("t1", "p1", payment.Void, 0), payment.InvalidAmount},
		"less than nothing":        {asked("t1", "p1", payment.Authorize, -1), payment.InvalidAmount},
		"more than can be counted": {asked("t1", "p1", payment.Authorize, payment.MaxAmount+1), payment.InvalidAmount},
		"too much in sum":          {asked("t1", "p1", payment.Authorize, payment.MaxAmount-999), payment.InvalidAmount},
		"other currency":           {euros, payment.InvalidCurrency},
		"unknown currency":         {unknown, payment.InvalidCurrency},
		"no operation":             {asked("t1", "p1", 0, 1), payment.UnsupportedOperation},
		"unknown operation":        {asked("t1", "p1", 99, 1), payment.UnsupportedOperation},
	} {
		t.Run(name, func(t *testing.T) {
			o := given(t, ledger...)
			w := o.plan(request(tt.asked, asked("t2", "p1", payment.Capture, 1)))
			if len(w.Calls) != 0 {
				t.Errorf("all or none, but calls %+v", w.Calls)
			}
			o.must(w.Record(nil, noon))
			want := payment.Answer{RequestID: "r1", AllOrNone: true, Transactions: []payment.Outcome{
				{TransactionID: "t1", Code: tt.want, Message: "refused by rule"}, {TransactionID: "t2", Code: payment.NotApplied},
			}}
			if diff := cmp.Diff(want, o.answer("r1")); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}

			each := given(t, ledger...).plan(payment.Request{ID: "r1", Transactions: list(tt.asked, asked("t2", "p1", payment.Capture, 1))})
			if len(each.Calls) != 1 || each.Calls[0].TransactionID != "t2" {
				t.Errorf("each on its own, but calls %+v", each.Calls)
			}
		})
	}
}

func TestPlanFailsForWhatCannotBeRecorded(t *testing.T) {
	ok := asked("t1", "p1", payment.Authorize, 1)
	for name, tt := range map[string]struct {
		request payment.Request
		kind    fault.Kind
		fields  int
	}{
		"empty":                  {payment.Request{}, fault.Invalid, 2},
		"no ids":                 {payment.Request{ID: "r1", Transactions: list(payment.Asked{})}, fault.Invalid, 2},
		"derived id":             {request(asked("t1#2", "p1", payment.Authorize, 1)), fault.Invalid, 1},
		"long id":                {request(asked(strings.Repeat("t", 129), "p1", payment.Authorize, 1)), fault.Invalid, 1},
		"same id twice":          {request(ok, ok), fault.Invalid, 1},
		"undo of itself":         {payment.Request{ID: "r1", UndoOf: "r1", Transactions: list(ok)}, fault.Invalid, 1},
		"id of a larger amount":  {request(asked("a1", "p1", payment.Authorize, 999)), fault.Conflict, 0},
		"id of a smaller amount": {request(asked("a1", "p1", payment.Authorize, 1001)), fault.Conflict, 0},
		"id of another item":     {request(asked("a1", "p2", payment.Authorize, 1000)), fault.Conflict, 0},
	} {
		_, err := payment.Plan(given(t, authorized("a1", "p1", 1000), recorded("r0", true, true, "a1")).payment, tt.request)
		if fault.KindOf(err) != tt.kind || len(fault.Violations(err)) != tt.fields {
			t.Errorf("%s: %v %v, want %v with %d fields", name, fault.KindOf(err), err, tt.kind, tt.fields)
		}
	}
}
