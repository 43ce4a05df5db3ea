package inventory

import (
	"time"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Release undoes a bulk transaction: the units that it still holds, neither
// given back nor shipped since, are available again. Units that it added stay;
// the saga only ever reserves.
//
// A transaction that did not arrive yet is closed instead, and refused when it
// does: the undo of a request whose answer got lost may overtake it.
type Release struct {
	// CollectionID is the inventory collection of the transaction.
	CollectionID int64
	// ID is the id of the bulk transaction that is undone.
	ID string
	// RequestID is the id of the request that asks for the undo.
	RequestID string
	// Now is when the request is decided.
	Now time.Time
}

// Decide gives back what the transaction holds, once.
func (c Release) Decide(load func(id string) Item, record func(id string, e proto.Message)) error {
	if c.ID == "" {
		return fault.Field("id", "must not be empty")
	}
	id := TransactionID(c.CollectionID, c.ID)
	t := load(id).Transaction
	if t.Released {
		return nil
	}
	held := t.holds()
	record(id, &inventoryv1.BulkTransactionReleased{
		CollectionId:  c.CollectionID,
		TransactionId: c.ID,
		RequestId:     c.RequestID,
	})
	for _, l := range held {
		record(StockID(c.CollectionID, l.Bin, l.SKU), &inventoryv1.StockReleased{
			CollectionId:  c.CollectionID,
			BinName:       l.Bin,
			SkuId:         l.SKU,
			Quantity:      l.Quantity,
			TransactionId: c.ID,
		})
	}
	return nil
}
