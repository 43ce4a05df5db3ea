package order_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

var (
	heldForReview  = events(created, reserving, reserved, checking, suspicious, forReview)
	heldForPayment = events(created, reserving, reserved, authorizing, declined, forPayment)
)

// after is a history that goes on; the given one stays as it is.
func after(history []proto.Message, es ...proto.Message) []proto.Message {
	return append(append([]proto.Message(nil), history...), es...)
}

func TestCancelRequestsCancellationOnce(t *testing.T) {
	cancel := order.Cancel{Reason: "too late", By: "ada"}
	check(t, map[string]row{
		"created":    {given: events(created), when: cancel, then: events(cancelRequested)},
		"waiting":    {given: events(created, reserving), when: cancel, then: events(cancelRequested)},
		"held":       {given: heldForReview, when: cancel, then: events(cancelRequested)},
		"confirmed":  {given: events(created, confirmed), when: cancel, then: events(cancelRequested)},
		"cancelling": {given: events(created, cancelRequested), when: cancel},
		"undoing":    {given: events(created, compensating), when: cancel},
		"cancelled":  {given: events(created, compensating, cancelled), when: cancel},
		"unknown":    {when: cancel, kind: fault.NotFound, reason: "order_not_found"},
	})
}

func TestReviewDecidesOnce(t *testing.T) {
	accept, reject := order.Review{Accept: true}, order.Review{Reason: "stolen card"}
	check(t, map[string]row{
		"accept":                  {given: heldForReview, when: accept, then: events(accepted)},
		"reject":                  {given: heldForReview, when: reject, then: events(rejected)},
		"accept twice":            {given: after(heldForReview, accepted), when: accept},
		"reject twice":            {given: after(heldForReview, rejected), when: reject},
		"reject after accept":     {given: after(heldForReview, accepted), when: reject, kind: fault.Precondition, reason: "order_not_held"},
		"accept after reject":     {given: after(heldForReview, rejected), when: accept, kind: fault.Precondition, reason: "order_not_held"},
		"accept after cancel":     {given: after(heldForReview, accepted, cancelRequested, compensating), when: accept, kind: fault.Precondition, reason: "order_not_held"},
		"held for something else": {given: heldForPayment, when: accept, kind: fault.Precondition, reason: "order_not_held"},
		"not held":                {given: events(created), when: reject, kind: fault.Precondition, reason: "order_not_held"},
		"unknown":                 {when: accept, kind: fault.NotFound, reason: "order_not_found"},
	})
}

func TestRetryPaymentStartsANewRound(t *testing.T) {
	again, other := order.RetryPayment{}, order.RetryPayment{Payments: []order.PaymentItem{{Token: "tok-2"}}}
	paidOther := &orderv1.OrderHoldReleased{Reason: order.ReasonPaymentRetried, Payments: []*orderv1.PlannedPayment{
		{PaymentItemId: "p1", Gateway: "simulated", Token: "tok-2", AmountMinor: 2000},
	}}
	half := events(created, authorizing, halfPaid, forPayment)
	check(t, map[string]row{
		"same payments":    {given: heldForPayment, when: again, then: events(retried)},
		"other payments":   {given: heldForPayment, when: other, then: events(paidOther)},
		"half paid":        {given: half, when: again, then: events(retried)},
		"half paid, other": {given: half, when: other, kind: fault.Precondition, reason: "payment_authorized"},
		"held for review":  {given: heldForReview, when: again, kind: fault.Precondition, reason: "order_not_held"},
		"not held":         {given: events(created), when: again, kind: fault.Precondition, reason: "order_not_held"},
		"cancelled":        {given: events(created, compensating, cancelled), when: again, kind: fault.Precondition, reason: "order_not_held"},
		"unknown":          {when: again, kind: fault.NotFound, reason: "order_not_found"},
		"payments of too little": {
			given: heldForPayment, when: order.RetryPayment{Payments: []order.PaymentItem{{Amount: gbp(1999)}}},
			kind: fault.Invalid, reason: fault.ReasonInvalid, fields: []string{"payments"},
		},
	})
	o := fold(after(heldForPayment, paidOther)...)
	if o.Status != order.Created || o.Round != 2 || len(o.Payments) != 1 || o.Payments[0].Token != "tok-2" {
		t.Errorf("after the retry: %s, round %d, payments %v", o.Status, o.Round, o.Payments)
	}
}

func TestAnswerCountsOnceAndOnlyForWhatIsWaitedFor(t *testing.T) {
	yes := order.Answer{Step: reserving.GetStep(), RequestID: "r1", Succeeded: true, Code: "200"}
	otherID, otherStep := yes, yes
	otherID.RequestID = "r0"
	otherStep.Step = checking.GetStep()
	check(t, map[string]row{
		"waited for":     {given: events(created, reserving), when: yes, then: events(reserved)},
		"answered":       {given: events(created, reserving, reserved), when: yes},
		"never asked":    {given: events(created), when: yes},
		"other request":  {given: events(created, reserving), when: otherID},
		"other step":     {given: events(created, reserving), when: otherStep},
		"turned round":   {given: events(created, reserving, compensating), when: yes},
		"cancelled":      {given: events(created, reserving, compensating, cancelled), when: yes},
		"unknown order":  {when: yes},
		"parked, waited": {given: events(created, compensating, releasing, parked), when: order.Answer{Step: releasing.GetStep(), RequestID: "u1"}, then: events(&orderv1.StepAnswered{Step: releasing.GetStep(), RequestId: "u1"})},
	})
}

func TestAnswerThatContradictsItselfIsReadWithCaution(t *testing.T) {
	answer := func(change func(*order.Answer)) order.Answer {
		a := order.Answer{Step: authorizing.GetStep(), RequestID: "a1", Succeeded: true, Code: "200", Message: "approved"}
		change(&a)
		return a
	}
	told := func(first, second bool, code, message string) *orderv1.StepAnswered {
		ts := payments(first, second)
		for _, tx := range ts {
			tx.ResponseCode, tx.ResponseMessage = "200", "approved"
			if !tx.GetSucceeded() {
				tx.ResponseCode, tx.ResponseMessage = code, message
			}
		}
		return &orderv1.StepAnswered{
			Step: authorizing.GetStep(), RequestId: "a1", Succeeded: first && second,
			ResponseCode: "200", ResponseMessage: "approved", Transactions: ts,
		}
	}
	check(t, map[string]row{
		"all of it, without saying which": {
			given: events(created, authorizing), when: answer(func(*order.Answer) {}), then: events(told(true, true, "", "")),
		},
		"all of it, but one failed": {
			given: events(created, authorizing),
			when: answer(func(a *order.Answer) {
				a.Transactions = []order.Transaction{{ID: "t2", Code: "402", Message: "declined"}, {ID: "t9", Succeeded: true}}
			}),
			then: events(told(true, false, "402", "declined")),
		},
		"all of it, but a line was refused": {
			given: events(created, reserving),
			when:  order.Answer{Step: reserving.GetStep(), RequestID: "r1", Succeeded: true, Refused: []string{"1"}},
			then:  events(&orderv1.StepAnswered{Step: reserving.GetStep(), RequestId: "r1", Refused: []string{"1"}}),
		},
	})
}

func TestFraudCheckWithoutAVerdictIsForAPersonToDecide(t *testing.T) {
	answer := order.Answer{Step: checking.GetStep(), RequestID: "f1", Succeeded: true}
	rejects := order.Answer{Step: checking.GetStep(), RequestID: "f1", Code: "409", Verdict: orderv1.FraudVerdict_FRAUD_VERDICT_REJECT}
	fails := order.Answer{Step: checking.GetStep(), RequestID: "f1", Code: "500"}
	check(t, map[string]row{
		"no verdict": {given: events(created, checking), when: answer, then: events(suspicious)},
		"a verdict, called a refusal": {given: events(created, checking), when: rejects, then: events(&orderv1.StepAnswered{
			Step: checking.GetStep(), RequestId: "f1", Succeeded: true, ResponseCode: "409", Verdict: orderv1.FraudVerdict_FRAUD_VERDICT_REJECT,
		})},
		"no check": {given: events(created, checking), when: fails, then: events(&orderv1.StepAnswered{
			Step: checking.GetStep(), RequestId: "f1", ResponseCode: "500",
		})},
	})
}

func TestOperatorActsOnTheStuckStep(t *testing.T) {
	stuck := events(created, reserving, reserved, compensating, releasing, notReleased, parked)
	resume, skip, undo := order.Resume{Reason: "fixed"}, order.Skip{Reason: "by hand"}, order.Compensate{Reason: "give up"}
	check(t, map[string]row{
		"resume parked":  {given: stuck, when: resume, then: events(&orderv1.SagaResumed{Step: releasing.GetStep(), Reason: "fixed"})},
		"resume waiting": {given: events(created, reserving), when: resume, then: events(&orderv1.SagaResumed{Step: reserving.GetStep(), Reason: "fixed"})},
		"resume held":    {given: heldForReview, when: resume, kind: fault.Precondition, reason: "saga_not_waiting"},
		"resume done":    {given: events(created, confirmed), when: resume, kind: fault.Precondition, reason: "saga_not_waiting"},
		"resume unknown": {when: resume, kind: fault.NotFound, reason: "order_not_found"},

		"skip parked":         {given: stuck, when: skip, then: events(&orderv1.StepSkipped{Step: releasing.GetStep(), Reason: "by hand"})},
		"skip waiting":        {given: events(created, reserving), when: skip, then: events(&orderv1.StepSkipped{Step: reserving.GetStep(), Reason: "by hand"})},
		"skip done":           {given: events(created, confirmed), when: skip, kind: fault.Precondition, reason: "saga_not_waiting"},
		"skip unknown":        {when: skip, kind: fault.NotFound, reason: "order_not_found"},
		"skip without reason": {given: stuck, when: order.Skip{}, kind: fault.Invalid, reason: fault.ReasonInvalid, fields: []string{"reason"}},

		"compensate waiting":    {given: events(created, reserving), when: undo, then: events(&orderv1.CompensationStarted{Reason: order.ReasonOperator, Message: "give up"})},
		"compensate held":       {given: heldForPayment, when: undo, then: events(&orderv1.CompensationStarted{Reason: order.ReasonOperator, Message: "give up"})},
		"compensate undoing":    {given: stuck, when: undo},
		"compensate cancelled":  {given: events(created, compensating, cancelled), when: undo},
		"compensate a sale":     {given: events(created, confirmed), when: undo, kind: fault.Precondition, reason: "order_submitted"},
		"compensate an unknown": {when: undo, kind: fault.NotFound, reason: "order_not_found"},
	})
}

func TestResumedStepIsNoLongerWaitedForUntilItIsAskedAgain(t *testing.T) {
	o := fold(created, reserving, &orderv1.SagaResumed{Step: reserving.GetStep()})
	if p := step(o, reserving.GetStep()); p.State != order.StepUnknown || p.Tries != 0 {
		t.Errorf("step %+v", p)
	}
	o = fold(created, compensating, releasing, notReleased, parked, &orderv1.SagaResumed{Step: releasing.GetStep()})
	if p := step(o, releasing.GetStep()); o.Parked || p.State != order.StepRefused || p.Tries != 0 {
		t.Errorf("parked %v, step %+v", o.Parked, p)
	}
}
