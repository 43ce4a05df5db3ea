package promotion

import (
	"google.golang.org/protobuf/proto"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
)

// UseStatus is how far an order's use of a code went.
type UseStatus uint8

const (
	// Unused: the order holds nothing, or gave back what it held.
	Unused UseStatus = iota
	// Blocked: a use is kept for the order.
	Blocked
	// Assigned: the order redeemed the use.
	Assigned
	// Expired: the block ended by itself; the order may still be lucky.
	Expired
)

// Use is one order's use of a code.
type Use struct {
	// Status is how far it went.
	Status UseStatus `cbor:"1,keyasint,omitempty"`
	// CustomerID is the customer whose cap it counts against.
	CustomerID string `cbor:"2,keyasint,omitempty"`
}

// evolve folds an event of a use.
func (u Use) evolve(e proto.Message) Use {
	switch e := e.(type) {
	case *promotionv1.PromotionBlocked:
		u.Status, u.CustomerID = Blocked, e.GetCustomerId()
	case *promotionv1.PromotionAssigned:
		u.Status = Assigned
	case *promotionv1.PromotionReleased:
		u = Use{}
	case *promotionv1.PromotionBlockExpired:
		u.Status = Expired
	}
	return u
}

// Customer is one customer's uses of a code that has a cap.
type Customer struct {
	// Uses counts the blocked and the assigned ones.
	Uses int64 `cbor:"1,keyasint,omitempty"`
}

// evolve folds an event of a customer. Blocking again and assigning are not
// recorded here: they take no further use.
func (c Customer) evolve(e proto.Message) Customer {
	switch e.(type) {
	case *promotionv1.PromotionBlocked:
		c.Uses++
	case *promotionv1.PromotionReleased, *promotionv1.PromotionBlockExpired:
		c.Uses--
	}
	return c
}
