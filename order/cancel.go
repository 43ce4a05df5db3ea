package order

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Cancel asks for the whole order to be cancelled. The saga undoes what was
// done and then records that it is. An order that is being cancelled, for
// whatever reason, or is cancelled, is left as it is.
type Cancel struct {
	// Reason in the caller's words.
	Reason string
	// By is the user who asks.
	By string
}

// Decide requests the cancellation.
func (c Cancel) Decide(o Order) ([]proto.Message, error) {
	if o.Status == Cancelling || o.Status == Cancelled { // asked twice, done once
		return nil, nil
	}
	return o.become(Cancelling, &orderv1.OrderCancelRequested{Reason: c.Reason, RequestedBy: c.By})
}
