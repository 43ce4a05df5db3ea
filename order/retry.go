package order

import (
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// RetryPayment lets an order that is held for a declined payment try again,
// with the payments it has or with new ones. Of a sale that stands it takes
// what is due and could not be taken.
type RetryPayment struct {
	// Payments replace all of the order's that is held, or are added to those of
	// a sale; none keeps them.
	Payments []PaymentItem
	By       string
	Now      time.Time
}

// Decide ends the hold and starts a new payment round. New payments must come
// to what is left of the total; they are refused while an authorization of the old ones
// stands, since it would be paid from as well.
func (c RetryPayment) Decide(o Order) ([]proto.Message, error) {
	if o.OwedMinor > 0 {
		return c.retryDue(o)
	}
	if !o.heldFor(ReasonPaymentDeclined) {
		return nil, o.notHeld(ReasonPaymentDeclined)
	}
	released := &orderv1.OrderHoldReleased{Reason: ReasonPaymentRetried}
	if len(c.Payments) > 0 {
		if o.touched() {
			return nil, fault.New(fault.Precondition, "payment_authorized",
				"payments: order %s has an authorized payment already; try again without new ones, or cancel", o.ID)
		}
		var v fault.Fields
		_, kept := staying(o.Payments)
		released.Payments = pay(c.Payments, o.Currency, o.DueMinor-kept, true, &v)
		if err := v.Err(); err != nil {
			return nil, err
		}
	}
	return o.become(Created, released)
}

// touched reports whether any payment item is, or may be, authorized.
func (o Order) touched() bool {
	for _, p := range o.Payments {
		if !p.stays() && p.Ledger.Secured() > 0 || o.Uncertain(orderv1.Step_STEP_AUTHORIZE_PAYMENT, p.ItemID) {
			return true
		}
	}
	return false
}
