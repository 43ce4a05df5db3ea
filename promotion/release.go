package promotion

import (
	"time"

	"google.golang.org/protobuf/proto"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Release undoes what an order did with codes: its blocks and its redemptions
// are free again. The undone bulk transactions are closed, so that one that
// was overtaken by this request is refused when it arrives.
type Release struct {
	// CollectionID is the promotion collection of every code.
	CollectionID int64
	// RequestID is the id of the request that asks for the undo.
	RequestID string
	// OrderID is the order that gives its uses back.
	OrderID string
	// Codes are the promo codes that the order used or may have used.
	Codes []string
	// ClosedIDs are the ids of the bulk transactions that must not run any more.
	ClosedIDs []string
	// Now is when the request is decided.
	Now time.Time
}

// Decide gives back what the order holds, once.
func (c Release) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	if c.OrderID == "" {
		return fault.Field("order_id", "must not be empty")
	}
	for _, closed := range c.ClosedIDs {
		id := TransactionID(c.CollectionID, closed)
		if closed != "" && !load(id).Transaction.Closed {
			record(id, &promotionv1.BulkTransactionClosed{CollectionId: c.CollectionID, TransactionId: closed})
		}
	}
	l := ledger{collection: c.CollectionID, load: load, record: record}
	for _, code := range c.Codes {
		if s := l.use(code, c.OrderID).Status; s == Blocked || s == Assigned {
			l.release(code, c.OrderID)
		}
	}
	return nil
}
