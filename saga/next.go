package saga

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// Next returns the events that follow from an order by rule, now; none when
// the saga has to wait, or is done. It is meant to be asked again after they
// are folded, until there are none. That ends: every event of it either waits
// for an answer, or turns the saga round, which happens once, or ends it.
func Next(p Plan, pol Policy, o order.Order, now time.Time) []proto.Message {
	if o.Parked {
		return nil
	}
	s := saga{p, pol, o, now}
	if len(o.Work) > 0 && (!o.Compensating || o.Status == order.Cancelled) {
		return s.amend()
	}
	for _, rule := range []func() []proto.Message{s.surplus, s.freeCredit} {
		if events := rule(); events != nil {
			return events
		}
	}
	switch o.Status {
	case order.Created:
		return s.forward()
	case order.OnHold:
		return s.held()
	case order.Cancelling:
		if !o.Compensating {
			return s.turn(order.ReasonCancelled, o.Message)
		}
		return s.backward()
	case order.Cancelled, order.Returned:
		if o.DeleteRequested {
			return []proto.Message{&orderv1.OrderDeleted{Reason: o.DeletedReason, DeletedBy: o.DeletedBy, DeletedAt: timestamppb.New(now)}}
		}
	case order.None, order.Submitted, order.ReadyToEdit, order.FreezeEdit, order.ReadyToShip, order.SubmittedToFulfillment,
		order.PartiallyShipped, order.UnableToShip, order.Shipped, order.UnableToDeliver, order.Delivered, order.ReturnSubmitted, order.Deleted:
	}
	return nil
}

// saga is what the rules look at.
type saga struct {
	plan   Plan
	policy Policy
	order  order.Order
	now    time.Time
}

// forward asks for the first step that is not done, or confirms the order.
func (s saga) forward() []proto.Message {
	for _, step := range s.plan.Steps {
		p, asked := s.order.Step(step.Step)
		if !asked || s.anew(step, p) {
			if step.Applies == nil || step.Applies(s.order) {
				return s.ask(step, step.Step)
			}
			continue
		}
		if events := s.answer(step, p); events != nil || p.State == order.StepPending {
			return events
		}
	}
	return []proto.Message{
		&orderv1.OrderConfirmed{ConfirmedAt: timestamppb.New(s.now)},
		&orderv1.OrderFinalized{Paid: s.order.Paid()},
	}
}

// anew reports whether a new payment round asks a step again: one that was
// refused; an authorization of which a capture that failed used up a part; and
// the promo codes, whose block may have ended during the hold. Blocked again,
// they are kept for longer; redeemed, they stay so.
func (s saga) anew(step PlanStep, p order.StepProgress) bool {
	if p.Round >= s.order.Round {
		return false
	}
	_, redeemed := s.order.Step(orderv1.Step_STEP_ASSIGN_PROMOTION)
	return p.State == order.StepRefused || p.State == order.StepDone &&
		(step.Step == orderv1.Step_STEP_AUTHORIZE_PAYMENT || step.Step == orderv1.Step_STEP_BLOCK_PROMOTION && !redeemed)
}

// answer says what follows from a step that was asked; nothing when the saga
// goes on to the next one, or waits.
func (s saga) answer(step PlanStep, p order.StepProgress) []proto.Message {
	switch p.State {
	case order.StepPending:
		switch {
		case s.now.Before(p.Deadline):
			return nil
		case s.policy.exhausted(p):
			return s.turn(order.StepName(p.Step)+"_timeout", vain(p))
		}
		return s.again(step, p)
	case order.StepUnknown: // an operator resumed it
		return s.again(step, p)
	case order.StepDone:
		if p.Step == orderv1.Step_STEP_CHECK_FRAUD {
			return s.verdict(p)
		}
	case order.StepRefused:
		return s.refused(step, p)
	case order.StepSkipped:
	}
	return nil
}

// verdict says what follows from a fraud check that was made.
func (s saga) verdict(p order.StepProgress) []proto.Message {
	switch s.order.FraudVerdict {
	case orderv1.FraudVerdict_FRAUD_VERDICT_REVIEW:
		return []proto.Message{&orderv1.OrderHeld{Reason: order.ReasonFraudReview}}
	case orderv1.FraudVerdict_FRAUD_VERDICT_REJECT:
		return s.turn(order.ReasonFraudRejected, told(p))
	case orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED, orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT:
	}
	return nil
}

// refused turns the saga round, except for a declined payment of an order that
// is to be held.
func (s saga) refused(step PlanStep, p order.StepProgress) []proto.Message {
	if _, payment := moneyOf(step.Step); !payment {
		return s.turn(reason(step, p), told(p))
	}
	unpaid := &orderv1.OrderFinalized{Paid: false}
	if s.policy.holds(s.order) {
		until := timestamppb.New(s.now.Add(s.policy.holdTTL()))
		return []proto.Message{unpaid, &orderv1.OrderHeld{Reason: step.Refusal, Until: until}}
	}
	return append([]proto.Message{unpaid}, s.turn(step.Refusal, told(p))...)
}

// held gives up an order whose hold has ended. One that waits for a payment goes
// on when nothing is missing any more, because it was paid elsewhere or costs
// less now.
func (s saga) held() []proto.Message {
	if s.order.Reason == order.ReasonPaymentDeclined && s.order.Recount && !s.order.Retried && s.order.Covered() {
		return []proto.Message{&orderv1.OrderHoldReleased{Reason: order.ReasonPaymentCovered}}
	}
	if s.order.HoldUntil.IsZero() || s.now.Before(s.order.HoldUntil) {
		return nil
	}
	return s.turn(order.ReasonHoldExpired, "held for "+s.order.Reason+" until "+s.order.HoldUntil.UTC().Format(time.RFC3339))
}

// backward asks for the undo of the last step that is not undone, or records
// that everything is.
func (s saga) backward() []proto.Message {
	for _, step := range slices.Backward(s.plan.Steps) {
		if s.order.KeepPromotion && step.Undo == orderv1.Step_STEP_RELEASE_PROMOTION {
			continue
		}
		if events, settled := s.undo(step); !settled {
			return events
		}
	}
	by := order.BySaga
	if s.order.CancelRequested {
		by = s.order.CancelledBy
	}
	return []proto.Message{&orderv1.OrderCancelled{
		Reason: s.order.CompensationReason, Message: s.order.Message, CancelledAt: timestamppb.New(s.now), CancelledBy: by,
	}}
}

// undo says what follows from a step on the way back. It is settled when there
// is nothing to take back, or nothing any more.
func (s saga) undo(step PlanStep) (events []proto.Message, settled bool) {
	p, _ := s.order.Step(step.Undo)
	switch {
	case p.State == order.StepSkipped: // an operator went on without it
		return nil, true
	case p.State == order.StepPending && s.now.Before(p.Deadline):
		return nil, false
	case p.State != order.StepPending && p.State != order.StepUnknown && !s.touched(step):
		return nil, true
	case s.policy.exhausted(p) && (p.State != order.StepDone || !p.Moved()):
		// A participant that says done and moves nothing does not know of it.
		return []proto.Message{&orderv1.SagaParked{Step: p.Step, Reason: vain(p)}}, false
	case p.State == order.StepPending, p.State == order.StepUnknown:
		return s.again(step, p), false
	}
	// A participant answers a repeat as it did before: a new id asks anew.
	return s.ask(step, step.Undo), false
}

// touched reports whether anything of a step is left to take back: money that
// is there for certain, or a request that was done, or may have been.
func (s saga) touched(step PlanStep) bool {
	if step.Undo == orderv1.Step_STEP_UNSPECIFIED {
		return false
	}
	if _, payment := moneyOf(step.Undo); payment {
		_, unsettled := s.order.Unsettled(step.Step)
		return unsettled || len(operations(s.order, step.Undo)) > 0
	}
	return slices.ContainsFunc(s.order.Steps, func(p order.StepProgress) bool { return p.Step == step.Step && p.Touched() })
}

// ask makes a new request for a step of the plan or its undo.
func (s saga) ask(step PlanStep, asked orderv1.Step) []proto.Message {
	e := &orderv1.StepRequested{
		Step:         asked,
		RequestId:    fmt.Sprintf("%s:%s:%d", s.order.ID, order.StepName(asked), s.order.RoundOf(asked)),
		Attempt:      1,
		Deadline:     timestamppb.New(s.now.Add(s.policy.timeout(step, asked))),
		Transactions: operations(s.order, asked),
	}
	if w, working := s.order.CurrentWork(); working && s.plan.Name == Amendment.Name {
		e.WorkId = w.ID
	}
	if asked != step.Step {
		e.UndoOf = s.undone(asked)
		if p, unsettled := s.order.Unsettled(step.Step); unsettled && len(p.Transactions) > 0 {
			// One at a time: what this one did is known only after it is undone.
			e.UndoOf, e.Transactions = []string{p.RequestID}, takenBack(s.order, asked, p)
		}
	}
	return []proto.Message{e}
}

// undone are the requests that an undo takes back, the newest first.
func (s saga) undone(undo orderv1.Step) []string {
	var out []string
	for _, p := range slices.Backward(s.order.Steps) {
		if p.RequestID != "" && !p.Undone && slices.ContainsFunc(s.plan.Steps, func(q PlanStep) bool { return q.Step == p.Step && q.Undo == undo }) {
			out = append(out, p.RequestID)
		}
	}
	return out
}

// again repeats a request under its id.
func (s saga) again(step PlanStep, p order.StepProgress) []proto.Message {
	e := &orderv1.StepRequested{
		Step: p.Step, RequestId: p.RequestID, Attempt: p.Attempt + 1, UndoOf: p.UndoOf, WorkId: p.Work,
		Deadline: timestamppb.New(s.now.Add(s.policy.timeout(step, p.Step))),
	}
	for _, t := range p.Transactions {
		e.Transactions = append(e.Transactions, &orderv1.PaymentTransaction{
			TransactionId: t.ID, PaymentItemId: t.ItemID, Operation: t.Operation, AmountMinor: t.AmountMinor, Undoes: t.Undoes,
		})
	}
	return []proto.Message{e}
}

// turn starts the compensation.
func (s saga) turn(reason, message string) []proto.Message {
	return []proto.Message{&orderv1.CompensationStarted{Reason: reason, Message: message}}
}

var snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// reason is the participant's own code of a refusal, if it gave a stable one,
// or else that of the plan.
func reason(step PlanStep, p order.StepProgress) string {
	for _, code := range []string{p.Message, p.Code} {
		if len(code) <= 64 && snakeCase.MatchString(code) {
			return code
		}
	}
	return step.Refusal
}

// told is what a participant said, for people.
func told(p order.StepProgress) string {
	text := p.Message
	if text == "" {
		text = p.Code
	}
	if len(p.Refused) == 0 {
		return text
	}
	const most = 10
	lines := strings.Join(p.Refused[:min(len(p.Refused), most)], ", ")
	if more := len(p.Refused) - most; more > 0 {
		lines = fmt.Sprintf("%s and %d more", lines, more)
	}
	return text + ": " + lines
}

// vain says for people how a step was asked in vain.
func vain(p order.StepProgress) string {
	name := order.StepName(p.Step)
	if p.State == order.StepRefused {
		return fmt.Sprintf("%s: refused after %d requests: %s", name, p.Tries, told(p))
	}
	return fmt.Sprintf("%s: no answer to %d requests", name, p.Tries)
}
