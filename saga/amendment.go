package saga

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// Amendment does a piece of an order's work after its confirmation: one plan
// for all of them, of which each piece needs some steps. The first ones may be
// refused, which takes back what was done of the piece; the others only have
// to succeed, and park the saga when they do not.
var Amendment = Plan{Name: "amendment", Steps: []PlanStep{
	{
		Step: orderv1.Step_STEP_RESERVE_UNITS, Undo: orderv1.Step_STEP_RELEASE_UNITS, Timeout: quick,
		Refusal: order.ReasonOutOfStock, Applies: ours(func(w order.Work) bool { return len(w.Reserve) > 0 }),
	},
	{
		Step: orderv1.Step_STEP_AUTHORIZE_UNITS, Undo: orderv1.Step_STEP_VOID_UNITS, Timeout: slow,
		Refusal: order.ReasonPaymentDeclined, Applies: moves(orderv1.Step_STEP_AUTHORIZE_UNITS),
	},
	{Step: orderv1.Step_STEP_SHIP_UNITS, Timeout: quick, Applies: leaves},
	{
		Step: orderv1.Step_STEP_CAPTURE_UNITS, Undo: orderv1.Step_STEP_REFUND_UNITS, Timeout: slow,
		Refusal: order.ReasonPaymentDeclined, Applies: moves(orderv1.Step_STEP_CAPTURE_UNITS),
	},
	{Step: orderv1.Step_STEP_RELEASE_UNITS, Timeout: quick, Applies: frees},
	{Step: orderv1.Step_STEP_RESTOCK_UNITS, Timeout: quick, Applies: ours(func(w order.Work) bool { return len(w.Restock) > 0 })},
	{Step: orderv1.Step_STEP_VOID_UNITS, Timeout: slow, Applies: moves(orderv1.Step_STEP_VOID_UNITS)},
	{Step: orderv1.Step_STEP_REFUND_UNITS, Timeout: slow, Applies: moves(orderv1.Step_STEP_REFUND_UNITS)},
	{Step: orderv1.Step_STEP_CREATE_LINKED_ORDER, Timeout: quick, Applies: with(func(w order.Work) bool { return w.LinkedID != "" })},
	{Step: orderv1.Step_STEP_RETURN_CREDIT, Timeout: quick, Applies: with(func(w order.Work) bool { return w.CreditMinor > 0 })},
}}

// with asks the piece of work that the order is at.
func with(needs func(order.Work) bool) func(order.Order) bool {
	return func(o order.Order) bool {
		w, working := o.CurrentWork()
		return working && needs(w)
	}
}

// ours is with, but for orders that were sold elsewhere: their stock was never
// counted here.
func ours(needs func(order.Work) bool) func(order.Order) bool {
	return func(o order.Order) bool { return !o.Imported && with(needs)(o) }
}

// leaves and frees leave out orders without a reservation: those that were sold
// elsewhere, and those of which an operator went on without one.
func leaves(o order.Order) bool {
	w, _ := o.CurrentWork()
	return len(w.Ship) > 0 && len(o.Reserved()) > 0
}

func frees(o order.Order) bool {
	w, _ := o.CurrentWork()
	return len(w.Release) > 0 && len(o.Reserved()) > 0
}

// amend asks for the first step of the current work that is not done, or tells
// that the work is done.
func (s saga) amend() []proto.Message {
	s.plan = Amendment
	w, _ := s.order.CurrentWork()
	if w.Rejected {
		return s.takeBack(w)
	}
	for _, step := range s.plan.Steps {
		p, asked := s.order.Step(step.Step)
		switch {
		case !asked && step.Applies(s.order):
			return s.ask(step, step.Step)
		case !asked, p.State == order.StepDone, p.State == order.StepSkipped:
			continue
		case p.State == order.StepPending && s.now.Before(p.Deadline):
			return nil
		case p.State == order.StepRefused && mayRefuse(w, step):
			return s.reject(w, reason(step, p), told(p))
		case p.State != order.StepUnknown && s.policy.exhausted(p) && mayRefuse(w, step):
			return s.reject(w, order.StepName(p.Step)+"_timeout", vain(p))
		case p.State == order.StepRefused && (goesWithout(w, step) || !step.Applies(s.order)):
			continue
		case p.State == order.StepRefused && s.policy.exhausted(p) && w.Kind == order.ShipWork && step.Step == orderv1.Step_STEP_CAPTURE_UNITS:
			return s.owe(w, step, p)
		case p.State != order.StepUnknown && s.policy.exhausted(p):
			return []proto.Message{&orderv1.SagaParked{Step: p.Step, Reason: vain(p)}}
		case p.State == order.StepRefused: // under a new id, for what is left
			return s.ask(step, step.Step)
		}
		return s.again(step, p)
	}
	return s.done(w)
}

// mayRefuse reports whether a refusal of a step takes the whole piece of work
// back: an edit, and an attempt to pay before anything was taken, can still be
// as if they had not been.
func mayRefuse(w order.Work, step PlanStep) bool {
	return w.Kind == order.EditWork && step.Undo != orderv1.Step_STEP_UNSPECIFIED ||
		w.Kind == order.PayWork && step.Step == orderv1.Step_STEP_AUTHORIZE_UNITS
}

// goesWithout reports whether work goes on when a step was refused: another
// attempt to pay has taken what it could, and the rest stays due.
func goesWithout(w order.Work, step PlanStep) bool {
	return w.Kind == order.PayWork && step.Step == orderv1.Step_STEP_CAPTURE_UNITS
}

// owe goes on without the money of units that have left: the units are gone
// whatever becomes of it.
func (s saga) owe(w order.Work, step PlanStep, p order.StepProgress) []proto.Message {
	var left int64
	for _, n := range toCapture(s.order) {
		left += n
	}
	return []proto.Message{&orderv1.PaymentDue{
		WorkId: w.ID, AmountMinor: left, Reason: reason(step, p), Message: told(p), At: timestamppb.New(s.now),
	}}
}

// reject starts to take back a piece of work.
func (s saga) reject(w order.Work, reason, text string) []proto.Message {
	return []proto.Message{&orderv1.WorkRejected{WorkId: w.ID, Reason: reason, Message: text}}
}

// takeBack undoes what was done of a rejected edit, the last step first, one
// after the other: what is asked already is waited for, even if meanwhile there
// is more to give back of a later step.
func (s saga) takeBack(w order.Work) []proto.Message {
	for _, step := range s.plan.Steps {
		if p, _ := s.order.Step(step.Undo); step.Undo != orderv1.Step_STEP_UNSPECIFIED && p.State == order.StepPending {
			events, _ := s.undo(step)
			return events
		}
	}
	for _, step := range slices.Backward(s.plan.Steps) {
		if events, settled := s.undo(step); !settled {
			return events
		}
	}
	if w.Kind == order.PayWork {
		return s.paid(w)
	}
	return []proto.Message{&orderv1.OrderEditRejected{
		EditId: w.Subject, WorkId: w.ID, Reason: w.RejectedReason, Message: w.RejectedText, RejectedAt: timestamppb.New(s.now),
	}}
}

// done tells what a piece of work was for.
func (s saga) done(w order.Work) []proto.Message {
	now := timestamppb.New(s.now)
	switch w.Kind {
	case order.CancelWork:
		return []proto.Message{&orderv1.OrderItemsCancelled{
			CancellationId: w.Subject, Lines: lines(w.Units), ValueMinor: w.ValueMinor, Reason: w.Reason,
			CancelledBy: w.By, CancelledAt: now, WorkId: w.ID,
		}}
	case order.EditWork:
		return []proto.Message{&orderv1.OrderEdited{EditId: w.Subject, WorkId: w.ID, EditedAt: now}}
	case order.ShipWork:
		return []proto.Message{&orderv1.ShipmentSettled{PackageId: w.Subject, WorkId: w.ID}}
	case order.ReturnWork:
		events := []proto.Message{&orderv1.ReturnClosed{
			ReturnId: w.Subject, RefundedMinor: w.GivenBackMinor - w.ForgivenMinor, ForgivenMinor: w.ForgivenMinor, WorkId: w.ID, At: now,
		}}
		if w.LinkedID != "" {
			events = append(events, &orderv1.ExchangeOrderCreated{ReturnId: w.Subject, OrderId: w.LinkedID})
		}
		return events
	case order.PayWork:
		return s.paid(w)
	case order.CreditWork:
		return []proto.Message{&orderv1.CreditReturned{OriginalOrderId: w.Subject, AmountMinor: w.CreditMinor, WorkId: w.ID}}
	case order.SurplusWork, order.RefundWork:
	case order.ReplaceWork:
		return []proto.Message{&orderv1.ReplaceOrderCreated{OrderId: w.LinkedID, Lines: lines(w.Units), WorkId: w.ID}}
	}
	return []proto.Message{&orderv1.WorkDone{WorkId: w.ID, ForgivenMinor: w.ForgivenMinor}}
}

// surplus gives up what is authorized and was paid elsewhere. It looks once
// after each payment, and leaves alone what was taken twice: that is for whoever
// recorded it to give back.
func (s saga) surplus() []proto.Message {
	if !s.order.Confirmed() || !s.order.Recount {
		return nil
	}
	found := &orderv1.SurplusFound{Work: &orderv1.Work{WorkId: s.order.NextWork()}}
	for _, n := range bounded(s.order.Surplus(), each(open)(s.order)) {
		found.AmountMinor += n
	}
	if found.GetAmountMinor() == 0 {
		return nil
	}
	return []proto.Message{found}
}

// freeCredit brings back what an exchange order does not use of its credit.
func (s saga) freeCredit() []proto.Message {
	free := s.order.FreeCredit()
	if free <= 0 {
		return nil
	}
	return []proto.Message{&orderv1.CreditFreed{
		AmountMinor: free, OriginalOrderId: s.order.OriginalOrderID, Work: &orderv1.Work{WorkId: s.order.NextWork(), CreditMinor: free},
	}}
}

// paid tells how an attempt to pay what is due has ended.
func (s saga) paid(w order.Work) []proto.Message {
	e := &orderv1.PaymentRetried{
		RetryId: w.Subject, WorkId: w.ID, PaidMinor: w.CapturedMinor, Reason: w.RejectedReason, Message: w.RejectedText, At: timestamppb.New(s.now),
	}
	p, _ := s.order.Step(orderv1.Step_STEP_CAPTURE_UNITS)
	if p.State == order.StepRefused {
		e.Reason, e.Message = order.ReasonPaymentDeclined, told(p)
	}
	return []proto.Message{e, &orderv1.OrderFinalized{Paid: s.order.OwedMinor == 0}}
}

func lines(us []order.Units) []*orderv1.ItemQuantity {
	out := make([]*orderv1.ItemQuantity, len(us))
	for i, u := range us {
		out[i] = &orderv1.ItemQuantity{ItemId: u.ItemID, Quantity: u.Quantity}
	}
	return out
}
