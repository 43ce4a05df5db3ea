package order_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

func step(o order.Order, s orderv1.Step) order.StepProgress {
	p, _ := o.Step(s)
	return p
}

func again(e *orderv1.StepRequested, id string, attempt uint32) *orderv1.StepRequested {
	e = proto.CloneOf(e)
	e.RequestId, e.Attempt, e.Deadline = id, attempt, timestamppb.New(later.Add(later.Sub(noon)))
	return e
}

func TestRepeatedRequestIsOneRequest(t *testing.T) {
	o := fold(created, reserving, again(reserving, "r1", 2))
	want := []order.StepProgress{{
		Step: reserving.GetStep(), State: order.StepPending, RequestID: "r1", Attempt: 2, Round: 1, Tries: 2, Deadline: later.Add(later.Sub(noon)),
	}}
	if diff := cmp.Diff(want, o.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestRequestOfAnotherIdGetsNoAnswer(t *testing.T) {
	late := proto.CloneOf(reserved)
	late.RequestId = "r0"
	o := order.Evolve(fold(created, reserving), late)
	if got := step(o, reserving.GetStep()).State; got != order.StepPending {
		t.Errorf("step is %s, want pending", got)
	}
}

func TestRefusedStepIsTriedAgainUnderANewNumber(t *testing.T) {
	o := fold(created, reserving, reserved, compensating, releasing)
	if got := o.RoundOf(releasing.GetStep()); got != 2 {
		t.Errorf("after the first request the next number is %d, want 2", got)
	}
	o = order.Evolve(order.Evolve(o, notReleased), again(releasing, "u2", 1))
	got := step(o, releasing.GetStep())
	if got.Round != 2 || got.Attempt != 1 || got.Tries != 2 {
		t.Errorf("round %d, attempt %d, tries %d; want 2, 1, 2", got.Round, got.Attempt, got.Tries)
	}
	if len(o.Steps) != 2 {
		t.Errorf("the refused request is kept: %v", o.Steps)
	}
}

func TestNewPaymentRoundStartsWithNewPatience(t *testing.T) {
	o := fold(created, authorizing, declined, forPayment, retried)
	if o.Round != 2 || o.RoundOf(authorizing.GetStep()) != 2 {
		t.Fatalf("round %d, number %d; want 2, 2", o.Round, o.RoundOf(authorizing.GetStep()))
	}
	o = order.Evolve(o, again(authorizing, "a2", 1))
	if got := step(o, authorizing.GetStep()); got.Round != 2 || got.Tries != 1 {
		t.Errorf("round %d, tries %d; want 2, 1", got.Round, got.Tries)
	}
}

func TestWhatARefusedRequestMovedIsInTheLedger(t *testing.T) {
	o := fold(created, authorizing, halfPaid, forPayment, retried, again(authorizing, "a2", 1))
	if len(o.Steps) != 2 || o.Steps[0].RequestID != "a1" {
		t.Fatalf("steps %v, want a1 and a2", o.Steps)
	}
	if a, b := o.Payments[0].Ledger, o.Payments[1].Ledger; a.Open() != 1500 || b.Open() != 0 {
		t.Errorf("open %d and %d, want p1 authorized", a.Open(), b.Open())
	}
}

func TestWhatWasWaitedForIsUnknownOnceTheSagaTurnsRound(t *testing.T) {
	o := fold(created, authorizing, compensating)
	if got := step(o, authorizing.GetStep()).State; got != order.StepUnknown {
		t.Errorf("step is %s, want unknown", got)
	}
	if _, waiting := o.Pending(); waiting {
		t.Error("it is still waited for")
	}
	for _, p := range o.Payments {
		if !o.Uncertain(authorizing.GetStep(), p.ItemID) {
			t.Errorf("%s: it is taken for certain", p.ItemID)
		}
	}
}

func TestAnswerToAParkedStepUnparksIt(t *testing.T) {
	released := &orderv1.StepAnswered{Step: releasing.GetStep(), RequestId: "u1", Succeeded: true}
	if o := fold(created, compensating, releasing, parked, released); o.Parked {
		t.Error("parked although the step is done")
	}
	if o := fold(created, compensating, releasing, parked, notReleased); !o.Parked {
		t.Error("not parked although the step was refused")
	}
}

func TestStepSkippedBeforeItWasAskedHasNoRequest(t *testing.T) {
	o := fold(created, &orderv1.StepSkipped{Step: checking.GetStep(), Reason: "no fraud check here"})
	if got := step(o, checking.GetStep()); got.State != order.StepSkipped || got.RequestID != "" {
		t.Errorf("step %+v", got)
	}
}

func TestOrderIsPaidWhenEveryPaymentIsSureToBe(t *testing.T) {
	authorized := proto.CloneOf(declined)
	authorized.Succeeded, authorized.Transactions = true, payments(true, true)
	for name, tt := range map[string]struct {
		given []proto.Message
		want  bool
	}{
		"not asked":  {events(created), false},
		"asked":      {events(created, authorizing), false},
		"declined":   {events(created, authorizing, declined), false},
		"half":       {events(created, authorizing, halfPaid), false},
		"authorized": {events(created, authorizing, authorized), true},
		"free":       {events(&orderv1.OrderCreated{OrderId: orderID}), true},
	} {
		if got := fold(tt.given...).Paid(); got != tt.want {
			t.Errorf("%s: paid %v, want %v", name, got, tt.want)
		}
	}
}

func TestLedgerBooksWhatIsCertain(t *testing.T) {
	auth, void := orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE, orderv1.PaymentOperation_PAYMENT_OPERATION_VOID
	capture, refund := orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE, orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND
	said := func(ts ...*orderv1.PaymentTransaction) []proto.Message {
		all := events(created)
		for i, tx := range ts {
			id := string(rune('a' + i))
			tx.PaymentItemId = "p1"
			all = append(all,
				&orderv1.StepRequested{Step: authorizing.GetStep(), RequestId: id},
				&orderv1.StepAnswered{Step: authorizing.GetStep(), RequestId: id, Succeeded: tx.GetSucceeded(), Transactions: []*orderv1.PaymentTransaction{tx}})
		}
		return all
	}
	yes := func(op orderv1.PaymentOperation, amount int64) *orderv1.PaymentTransaction {
		return &orderv1.PaymentTransaction{Operation: op, AmountMinor: amount, Succeeded: true}
	}
	moved := func(tx *orderv1.PaymentTransaction, moved, reverted int64, undoes string) *orderv1.PaymentTransaction {
		tx.MovedMinor, tx.RevertedMinor, tx.Undoes = &moved, reverted, undoes
		return tx
	}
	for name, tt := range map[string]struct {
		given []proto.Message
		want  order.Ledger
	}{
		"nothing asked":             {events(created), order.Ledger{}},
		"asked, not answered":       {events(created, authorizing), order.Ledger{}},
		"refused":                   {events(created, authorizing, declined), order.Ledger{}},
		"authorized":                {said(yes(auth, 10)), order.Ledger{Authorized: 10}},
		"captured":                  {said(yes(auth, 10), yes(capture, 8)), order.Ledger{Authorized: 10, Captured: 8}},
		"refunded":                  {said(yes(auth, 10), yes(capture, 8), yes(refund, 3)), order.Ledger{Authorized: 10, Captured: 8, Refunded: 3}},
		"voided":                    {said(yes(auth, 10), yes(void, 10)), order.Ledger{Authorized: 10, Voided: 10}},
		"captured and taken back":   {said(yes(auth, 10), moved(&orderv1.PaymentTransaction{Operation: capture, AmountMinor: 10}, 0, 10, "")), order.Ledger{Authorized: 10, Captured: 10, Refunded: 10}},
		"authorized and taken back": {said(moved(&orderv1.PaymentTransaction{Operation: auth, AmountMinor: 10}, 0, 10, "")), order.Ledger{Authorized: 10, Voided: 10}},
		"an unheard capture undone": {said(yes(auth, 10), moved(yes(refund, 10), 10, 0, "c1")), order.Ledger{Authorized: 10, Captured: 10, Refunded: 10}},
		"nothing there to undo":     {said(yes(auth, 10), moved(yes(refund, 10), 0, 0, "c1")), order.Ledger{Authorized: 10}},
		"an unheard authorization":  {said(moved(yes(void, 10), 10, 0, "a1")), order.Ledger{Authorized: 10, Voided: 10}},
		"a part of a void":          {said(yes(auth, 10), moved(&orderv1.PaymentTransaction{Operation: void, AmountMinor: 10}, 4, 0, "")), order.Ledger{Authorized: 10, Voided: 4}},
	} {
		if got := fold(tt.given...).Payments[0].Ledger; got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestStepsAndStatesHaveStableNames(t *testing.T) {
	if got := order.StepName(orderv1.Step_STEP_RESERVE_INVENTORY); got != "reserve_inventory" {
		t.Errorf("step %q", got)
	}
	var got []string
	for s := order.StepPending - 1; s <= order.StepSkipped; s++ {
		got = append(got, s.String())
	}
	if diff := cmp.Diff([]string{"none", "pending", "done", "refused", "unknown", "skipped"}, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestHoldEndsWithItsReleaseOrTheOrdersEnd(t *testing.T) {
	for name, end := range map[string]proto.Message{"released": retried, "cancelled": cancelRequested, "undone": compensating} {
		if o := fold(created, forPayment, end); !o.HoldUntil.IsZero() {
			t.Errorf("%s: still on hold until %v", name, o.HoldUntil)
		}
	}
}
