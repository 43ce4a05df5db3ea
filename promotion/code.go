package promotion

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
)

// Code is a promo code: its terms, and how far they are used up.
type Code struct {
	// Created is true once the code exists.
	Created bool `cbor:"1,keyasint,omitempty"`
	// Terms are what was agreed when the code was created.
	Terms Terms `cbor:"2,keyasint,omitzero"`
	// Disabled codes cannot be blocked any more.
	Disabled bool `cbor:"3,keyasint,omitempty"`
	// Assigned counts the redeemed uses.
	Assigned int64 `cbor:"4,keyasint,omitempty"`
	// Blocks are the uses kept for orders in checkout, the oldest first. One
	// that ended stays here until it is recorded as expired.
	Blocks []Block `cbor:"5,keyasint,omitempty"`
}

// Terms say who may use a code, when and how often.
type Terms struct {
	// ConfirmationCode has to come with the code; empty when none is needed.
	ConfirmationCode string `cbor:"1,keyasint,omitempty"`
	// UsageLimit is how often the code can be used in all; 0 means without limit.
	UsageLimit int64 `cbor:"2,keyasint,omitempty"`
	// CustomerLimit is how often one customer can; 0 means without limit.
	CustomerLimit int64 `cbor:"3,keyasint,omitempty"`
	// StartsAt is when the code becomes usable; zero means at once.
	StartsAt time.Time `cbor:"4,keyasint,omitzero"`
	// EndsAt is when it stops being usable; zero means never.
	EndsAt time.Time `cbor:"5,keyasint,omitzero"`
	// Description is for people.
	Description string `cbor:"6,keyasint,omitempty"`
}

// equal reports whether the terms are the same; times are instants, whatever
// their zone.
func (t Terms) equal(o Terms) bool {
	if !t.StartsAt.Equal(o.StartsAt) || !t.EndsAt.Equal(o.EndsAt) {
		return false
	}
	t.StartsAt, t.EndsAt = o.StartsAt, o.EndsAt
	return t == o
}

// Block is one use kept for an order in checkout.
type Block struct {
	// OrderID is the order.
	OrderID string `cbor:"1,keyasint,omitempty"`
	// CustomerID is the customer whose cap it counts against.
	CustomerID string `cbor:"2,keyasint,omitempty"`
	// ExpiresAt is when it ends by itself.
	ExpiresAt time.Time `cbor:"3,keyasint,omitzero"`
}

// expired reports whether the block ended by itself.
func (b Block) expired(now time.Time) bool { return !b.ExpiresAt.After(now) }

// used counts the uses that are not free.
func (c Code) used() int64 { return c.Assigned + int64(len(c.Blocks)) }

// blockOf returns the position of an order's block, or -1.
func (c Code) blockOf(order string) int {
	return slices.IndexFunc(c.Blocks, func(b Block) bool { return b.OrderID == order })
}

// without returns the code without an order's block.
func (c Code) without(order string) Code {
	switch n := c.blockOf(order); n {
	case -1:
	case 0: // the usual case when blocks end: nothing to copy
		c.Blocks = c.Blocks[1:]
	default:
		c.Blocks = slices.Concat(c.Blocks[:n], c.Blocks[n+1:])
	}
	if len(c.Blocks) == 0 {
		c.Blocks = nil
	}
	return c
}

// evolve folds an event of a code.
func (c Code) evolve(e proto.Message) Code {
	switch e := e.(type) {
	case *promotionv1.PromoCodeCreated:
		c.Created = true
		c.Terms = Terms{
			ConfirmationCode: e.GetConfirmationCode(),
			UsageLimit:       e.GetUsageLimit(),
			CustomerLimit:    e.GetCustomerLimit(),
			StartsAt:         timeOf(e.GetStartsAt()),
			EndsAt:           timeOf(e.GetEndsAt()),
			Description:      e.GetDescription(),
		}
	case *promotionv1.PromoCodeDisabled:
		c.Disabled = true
	case *promotionv1.PromotionBlocked:
		c = c.without(e.GetOrderId()) // an order that blocks again keeps one use
		c.Blocks = slices.Concat(c.Blocks, []Block{{
			OrderID:    e.GetOrderId(),
			CustomerID: e.GetCustomerId(),
			ExpiresAt:  timeOf(e.GetExpiresAt()),
		}})
	case *promotionv1.PromotionAssigned:
		c = c.without(e.GetOrderId())
		c.Assigned++
	case *promotionv1.PromotionReleased:
		if c.blockOf(e.GetOrderId()) < 0 {
			c.Assigned--
		}
		c = c.without(e.GetOrderId())
	case *promotionv1.PromotionBlockExpired:
		c = c.without(e.GetOrderId())
	}
	return c
}

// timeOf is the time of a stored timestamp, zero when there is none.
func timeOf(ts *timestamppb.Timestamp) time.Time {
	if ts == nil {
		return time.Time{}
	}
	return ts.AsTime()
}

// timestamp is the stored form of a time, absent when it is zero.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
