package participants

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/inventory"
)

// Inventory serves inventory.bulktransactions (Skava Order to Inventory).
type Inventory struct {
	Queues *workqueue.Queues
	Log    eventstore.Log[inventory.Item]
	Now    func() time.Time
	// Hooks see the work.
	Hooks Hooks
}

// Run serves until the context ends.
func (p Inventory) Run(ctx context.Context) error {
	return serve(ctx, p.Queues, skava.QueueInventory, p.Hooks, p.handle)
}

func (p Inventory) handle(ctx context.Context, r request, m jetstream.Msg) (any, error) {
	body, err := decode[skava.InventoryBulkTransaction](m)
	if err != nil {
		return nil, err
	}
	if len(r.undoOf) > 0 {
		return p.undo(ctx, r, body)
	}
	tx, err := p.transaction(r, m, body)
	if err != nil {
		return nil, err
	}
	res, err := p.Log.Transact(ctx, r.meta("inventory"), inventory.Scope(r.collection), tx)
	if err != nil {
		return nil, err
	}
	out, _ := res.States[inventory.TransactionID(r.collection, r.id)].Outcome()
	if !out.Answers(tx) {
		return nil, errReused
	}
	return inventoryReply(r, body, out), nil
}

// actions are what skava.HeaderStockAction asks for.
var actions = map[string]inventory.Action{
	"":                 inventory.ByMovement,
	skava.StockReserve: inventory.ToReserve,
	skava.StockRelease: inventory.ToRelease,
	skava.StockShip:    inventory.ToShip,
	skava.StockRestock: inventory.ToRestock,
}

// transaction is the request as the inventory decides it.
func (p Inventory) transaction(r request, m jetstream.Msg, body skava.InventoryBulkTransaction) (inventory.BulkTransaction, error) {
	tx := inventory.BulkTransaction{
		CollectionID: r.collection, ID: r.id, AllOrNone: body.AllOrNone, Now: p.Now(),
		Reservations: m.Headers().Values(skava.HeaderReservation),
		Lines:        make([]inventory.Line, len(body.BinItems)),
	}
	var known bool
	if tx.Action, known = actions[m.Headers().Get(skava.HeaderStockAction)]; !known {
		return tx, fault.Field(skava.HeaderStockAction, "is none of reserve, release, ship and restock")
	}
	for i, b := range body.BinItems {
		tx.Lines[i] = inventory.Line{
			Bin: b.BinName, SKU: b.SKUID, Movement: inventory.Movement(b.Transaction.Type),
			Quantity: b.Transaction.AtpQty, LineID: b.Transaction.ID, Notes: b.Transaction.Notes,
		}
	}
	return tx, nil
}

// undo gives back everything that the named requests still hold.
func (p Inventory) undo(ctx context.Context, r request, body skava.InventoryBulkTransaction) (any, error) {
	for _, undone := range r.undoOf {
		c := inventory.Release{CollectionID: r.collection, ID: undone, RequestID: r.id, Now: p.Now()}
		if _, err := p.Log.Transact(ctx, r.meta("inventory"), inventory.Scope(r.collection), c); err != nil {
			return nil, err
		}
	}
	return inventoryReply(r, body, inventory.Outcome{Succeeded: true}), nil
}

// inventoryReply repeats the lines as asked, each with its outcome.
func inventoryReply(r request, body skava.InventoryBulkTransaction, out inventory.Outcome) skava.InventoryReply {
	reply := skava.InventoryReply{RequestID: r.id, BinItems: make([]skava.BinItemReply, len(body.BinItems))}
	first := ""
	for i, b := range body.BinItems {
		refusal := ""
		switch {
		case out.Closed:
			refusal = inventory.TransactionClosed
		case i < len(out.Lines):
			refusal = out.Lines[i].Refusal
		}
		if first == "" || first == inventory.NotApplied {
			first = refusal
		}
		reply.BinItems[i] = skava.BinItemReply{BinItem: b, ResponseCode: outcome(refusal), ResponseMessage: refusal}
	}
	if !out.Succeeded {
		reply.ResponseMessage = first
		reply.ResponseCode = skava.CodeRefused
		return reply
	}
	reply.ResponseCode = skava.CodeDone
	return reply
}
