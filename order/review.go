package order

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Review is a person's decision on an order that is held as suspicious. The
// same decision twice is one; the other one afterwards is refused.
type Review struct {
	// Accept lets the order go on; otherwise everything is undone.
	Accept bool
	// Reason in the person's words.
	Reason string
}

// Decide ends the hold, one way or the other.
func (c Review) Decide(o Order) ([]proto.Message, error) {
	switch {
	case o.heldFor(ReasonFraudReview) && c.Accept:
		return o.become(Created, &orderv1.OrderHoldReleased{Reason: ReasonFraudAccepted})
	case o.heldFor(ReasonFraudReview):
		return o.become(Cancelling, &orderv1.CompensationStarted{Reason: ReasonFraudRejected, Message: c.Reason})
	case c.Accept && !o.Compensating && o.FraudVerdict == orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT,
		!c.Accept && o.CompensationReason == ReasonFraudRejected:
		return nil, nil // decided so already
	}
	return nil, o.notHeld(ReasonFraudReview)
}

// heldFor reports whether the order is on hold for a reason.
func (o Order) heldFor(reason string) bool { return o.Status == OnHold && o.Reason == reason }

// notHeld says that the order is not held for the reason that a command is
// about.
func (o Order) notHeld(reason string) error {
	if err := o.exists(); err != nil {
		return err
	}
	return fault.New(fault.Precondition, "order_not_held", "order %s is %s and not held for %s", o.ID, o.Status, reason)
}
