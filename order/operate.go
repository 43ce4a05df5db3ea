package order

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Wake decides nothing by itself. It exists so that somebody looks at the
// order: what its deadlines say follows from its state and the time.
type Wake struct{}

// Decide has nothing to decide.
func (Wake) Decide(Order) ([]proto.Message, error) { return nil, nil }

// Resume is an operator's order to ask the stuck step again: the one the saga
// is parked at, or the one whose answer it waits for.
type Resume struct {
	// Reason in the operator's words.
	Reason string
}

// Decide lets the saga ask again.
func (c Resume) Decide(o Order) ([]proto.Message, error) {
	step, err := o.stuck()
	if err != nil {
		return nil, err
	}
	return []proto.Message{&orderv1.SagaResumed{Step: step, Reason: c.Reason}}, nil
}

// Skip is an operator's order to go on without the stuck step. Whether it was
// done stays unknown, so that a later compensation undoes it too.
type Skip struct {
	// Reason in the operator's words; must be given.
	Reason string
}

// Decide lets the saga go on.
func (c Skip) Decide(o Order) ([]proto.Message, error) {
	if c.Reason == "" {
		return nil, fault.Field("reason", "must be given to skip a step")
	}
	step, err := o.stuck()
	if err != nil {
		return nil, err
	}
	return []proto.Message{&orderv1.StepSkipped{Step: step, Reason: c.Reason}}, nil
}

// Compensate is an operator's order to give up and undo what was done. A
// confirmed order is past that: it is cancelled instead.
type Compensate struct {
	// Reason in the operator's words.
	Reason string
}

// Decide turns the saga round.
func (c Compensate) Decide(o Order) ([]proto.Message, error) {
	if o.Status == Cancelling || o.Status == Cancelled { // asked twice, done once
		return nil, nil
	}
	if o.Confirmed() {
		return nil, fault.New(fault.Precondition, "order_"+o.Status.String(), "the checkout of order %s has ended: cancel the order", o.ID)
	}
	return o.become(Cancelling, &orderv1.CompensationStarted{Reason: ReasonOperator, Message: c.Reason})
}

// stuck is the step that an operator can act on: of a deleted order too, when
// it is still given money back.
func (o Order) stuck() (orderv1.Step, error) {
	if o.Status == None || o.Status == Deleted && len(o.Work) == 0 {
		return 0, o.missing()
	}
	if o.Parked {
		return o.ParkedStep, nil
	}
	if p, waiting := o.Pending(); waiting {
		return p.Step, nil
	}
	return 0, fault.New(fault.Precondition, "saga_not_waiting", "order %s is %s and waits for no participant", o.ID, o.Status)
}
