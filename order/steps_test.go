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

func TestPartlyDoneRequestIsKeptBesideTheNext(t *testing.T) {
	o := fold(created, authorizing, halfPaid, forPayment, retried, again(authorizing, "a2", 1))
	if len(o.Steps) != 2 || o.Steps[0].RequestID != "a1" {
		t.Fatalf("steps %v, want a1 and a2", o.Steps)
	}
	s := o.Standings()
	if s[0].Authorized != order.Yes || s[1].Authorized != order.Maybe {
		t.Errorf("standings %+v, want p1 authorized and p2 asked for", s)
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
	for _, s := range o.Standings() {
		if s.Authorized != order.Maybe {
			t.Errorf("%s: authorized %d, want maybe", s.ItemID, s.Authorized)
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

func TestStandingsKeepTheStrongestKnowledgeOfEachOperation(t *testing.T) {
	ask := func(s orderv1.Step, id string, op orderv1.PaymentOperation) *orderv1.StepRequested {
		return &orderv1.StepRequested{Step: s, RequestId: id, Transactions: []*orderv1.PaymentTransaction{
			{TransactionId: id + "1", PaymentItemId: "p1", Operation: op}, {TransactionId: id + "9", PaymentItemId: "p9", Operation: op},
		}}
	}
	capture := ask(orderv1.Step_STEP_CAPTURE_PAYMENT, "c", orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE)
	void := ask(orderv1.Step_STEP_VOID_PAYMENT, "v", orderv1.PaymentOperation_PAYMENT_OPERATION_VOID)
	refund := ask(orderv1.Step_STEP_REFUND_PAYMENT, "r", orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND)
	answer := func(e *orderv1.StepRequested, ok bool) *orderv1.StepAnswered {
		return &orderv1.StepAnswered{Step: e.GetStep(), RequestId: e.GetRequestId(), Succeeded: ok}
	}
	skip := &orderv1.StepSkipped{Step: capture.GetStep()}
	for name, tt := range map[string]struct {
		given []proto.Message
		want  order.Standing
	}{
		"nothing asked":    {events(created), order.Standing{}},
		"capture asked":    {events(created, capture), order.Standing{Captured: order.Maybe}},
		"capture done":     {events(created, capture, answer(capture, true)), order.Standing{Captured: order.Yes}},
		"capture refused":  {events(created, capture, answer(capture, false)), order.Standing{}},
		"capture skipped":  {events(created, capture, skip), order.Standing{Captured: order.Maybe}},
		"capture given up": {events(created, capture, compensating), order.Standing{Captured: order.Maybe}},
		"captured stays captured": {
			events(created, capture, answer(capture, true), again(capture, "c2", 1), &orderv1.StepAnswered{Step: capture.GetStep(), RequestId: "c2"}),
			order.Standing{Captured: order.Yes},
		},
		"undone": {
			events(created, capture, answer(capture, true), compensating, refund, answer(refund, true), void),
			order.Standing{Captured: order.Yes, Refunded: order.Yes, Voided: order.Maybe},
		},
	} {
		got := fold(tt.given...).Standings()[0]
		got.Payment = order.Payment{}
		if got != tt.want {
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
