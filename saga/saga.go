// Package saga brings orders through their checkout: which participant is
// asked next, and how everything is undone when one of them says no.
//
// A saga is a plan, and its state is the order itself. Next looks at the order
// and the time and names the events that follow by rule; they are stored in
// the same commit as whatever happened. RequestFor turns a stored request into
// the message to send. So what is asked is always durable before it is asked,
// and a request that got lost is built again from the order, under the same
// id, to the letter. Nothing in these two functions reads a clock or does I/O.
package saga

import (
	"fmt"
	"slices"
	"strings"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// Plan is a sequence of steps that all have to be done, or none.
type Plan struct {
	Name  string
	Steps []PlanStep
}

// PlanStep is one step of a plan.
type PlanStep struct {
	// Step asks a participant to do something.
	Step orderv1.Step
	// Undo asks it to take that back; unspecified when there is nothing to take
	// back. Steps with the same undo are undone together, once.
	Undo orderv1.Step
	// Timeout is how long an answer is waited for, of the step and of its undo.
	Timeout time.Duration
	// Refusal is the stable reason of the compensation when the step is refused
	// and the participant gives no code of its own.
	Refusal string
	// Applies says whether an order needs the step; nil means that all do.
	Applies func(order.Order) bool
}

// Policy is what an installation may set. Zero values mean the defaults.
type Policy struct {
	// OnDecline is what a declined payment does to an order that does not say;
	// by default the order is held.
	OnDecline orderv1.PaymentDeclinePolicy
	// HoldTTL is how long an order is held for another payment; 15 minutes.
	HoldTTL time.Duration
	// MaxAttempts is how often a step is asked before the saga gives up; 3.
	MaxAttempts int
	// Timeouts replace those of the plan, for a step or an undo.
	Timeouts map[orderv1.Step]time.Duration
}

const (
	defaultHoldTTL     = 15 * time.Minute
	defaultMaxAttempts = 3
)

// holds reports whether a declined payment holds the order, or undoes it.
func (pol Policy) holds(o order.Order) bool {
	for _, policy := range []orderv1.PaymentDeclinePolicy{o.OnDecline, pol.OnDecline} {
		switch policy {
		case orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_HOLD:
			return true
		case orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNDO:
			return false
		case orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNSPECIFIED:
		}
	}
	return true
}

func (pol Policy) holdTTL() time.Duration {
	if pol.HoldTTL > 0 {
		return pol.HoldTTL
	}
	return defaultHoldTTL
}

// exhausted reports whether a step was asked often enough.
func (pol Policy) exhausted(p order.StepProgress) bool {
	limit := pol.MaxAttempts
	if limit <= 0 {
		limit = defaultMaxAttempts
	}
	return int(p.Tries) >= limit
}

// timeout is how long an answer of a step of s, or of its undo, is waited for.
func (pol Policy) timeout(s PlanStep, asked orderv1.Step) time.Duration {
	if d := pol.Timeouts[asked]; d > 0 {
		return d
	}
	return s.Timeout
}

// Pending returns the request whose answer the saga waits for. A parked saga
// waits for a person instead.
func Pending(o order.Order) (order.StepProgress, bool) {
	if o.Parked {
		return order.StepProgress{}, false
	}
	return o.Pending()
}

// WakeAt returns when the saga must look at the order again by itself; zero
// when only an answer or a person moves it.
func WakeAt(o order.Order) time.Time {
	p, waiting := Pending(o)
	if !waiting && o.Status == order.OnHold {
		return o.HoldUntil
	}
	return p.Deadline
}

// Wake says whether the order has unfinished work, and when to look at it.
func Wake(o order.Order) (active bool, at time.Time) {
	unfinished := o.Status == order.Created || o.Status == order.OnHold || o.Status == order.Cancelling
	if unfinished || len(o.Work) > 0 {
		return true, WakeAt(o)
	}
	return false, time.Time{}
}

// Stuck reports whether an order needs a look: it is parked, or only a person
// ends its hold, or what it waits for is overdue.
func Stuck(o order.Order, now time.Time) bool {
	if o.Parked {
		return true
	}
	at := WakeAt(o)
	if at.IsZero() {
		return o.Status == order.OnHold
	}
	return !now.Before(at)
}

// Mermaid draws the plan: the way forward, the way back, and what undoes what.
func (p Plan) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	last := "created"
	fmt.Fprintf(&b, "  %s([%s])\n", last, last)
	for _, s := range p.Steps {
		name := order.StepName(s.Step)
		fmt.Fprintf(&b, "  %s --> %s[\"%s<br/>%s\"]\n", last, name, name, s.Timeout)
		last = name
	}
	fmt.Fprintf(&b, "  %s --> confirmed([confirmed])\n", last)
	last = ""
	for _, undo := range p.undos() {
		name := order.StepName(undo)
		if last != "" {
			fmt.Fprintf(&b, "  %s ==> %s\n", last, name)
		}
		last = name
	}
	fmt.Fprintf(&b, "  %s ==> cancelled([cancelled])\n", last)
	for _, s := range p.Steps {
		if s.Undo != orderv1.Step_STEP_UNSPECIFIED {
			fmt.Fprintf(&b, "  %s -. undone by .-> %s\n", order.StepName(s.Step), order.StepName(s.Undo))
		}
	}
	return b.String()
}

// undos are the undo steps in the order in which they run when everything was
// done.
func (p Plan) undos() []orderv1.Step {
	var out []orderv1.Step
	for _, s := range slices.Backward(p.Steps) {
		if s.Undo != orderv1.Step_STEP_UNSPECIFIED && !slices.Contains(out, s.Undo) {
			out = append(out, s.Undo)
		}
	}
	return out
}
