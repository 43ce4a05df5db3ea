package inventory

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
)

// BulkTransaction is a request of the saga, as it comes through the queue:
// REMOVE reserves units, ADD brings units in. Its outcome is recorded under
// its id, so that a repeat moves nothing and is answered alike; read it with
// Item.Outcome from the aggregate TransactionID.
type BulkTransaction struct {
	// CollectionID is the inventory collection of every line.
	CollectionID int64
	// ID is the request id.
	ID string
	// AllOrNone refuses every line when one is refused.
	AllOrNone bool
	// Lines are tried in order; a later line sees what an earlier one took.
	Lines []Line
	// Now is when the request is decided.
	Now time.Time
}

// Line is one line of a bulk transaction.
type Line struct {
	// Bin and SKU name the stock item; an empty bin means DefaultBin.
	Bin string
	SKU string
	// Movement is Add or Remove.
	Movement Movement
	// Quantity is the units to move, 1 to MaxQuantity.
	Quantity int64
	// LineID and Notes are the caller's own and only recorded.
	LineID string
	Notes  string
}

// Decide tries every line and records the outcome, the refused one too: a
// refusal is an answer, not an error. A transaction that was decided or undone
// before records nothing.
func (c BulkTransaction) Decide(load func(id string) Item, record func(id string, e proto.Message)) error {
	if err := c.check(); err != nil {
		return err
	}
	id := TransactionID(c.CollectionID, c.ID)
	if _, found := load(id).Outcome(); found {
		return nil
	}
	d := draft{load: load, items: map[string]Item{}}
	lines, succeeded := c.try(&d)
	if c.AllOrNone && !succeeded {
		d.events = nil
		for _, l := range lines {
			if l.GetRefusal() == "" {
				l.Refusal = NotApplied
			}
		}
	}
	record(id, &inventoryv1.BulkTransactionApplied{
		CollectionId:  c.CollectionID,
		TransactionId: c.ID,
		Succeeded:     succeeded,
		AllOrNone:     c.AllOrNone,
		Lines:         lines,
		At:            timestamppb.New(c.Now),
	})
	for _, e := range d.events {
		record(e.id, e.event)
	}
	return nil
}

// check refuses a request that cannot be recorded under an id.
func (c BulkTransaction) check() error {
	var f fault.Fields
	if c.ID == "" {
		f.Add("id", "must not be empty")
	}
	if len(c.Lines) == 0 {
		f.Add("lines", "must not be empty")
	}
	return f.Err()
}

// try moves the stock of every line in the draft, and reports whether all
// succeeded.
func (c BulkTransaction) try(d *draft) (lines []*inventoryv1.BulkLine, succeeded bool) {
	lines, succeeded = make([]*inventoryv1.BulkLine, len(c.Lines)), true
	for n, l := range c.Lines {
		l.Bin = binOf(l.Bin)
		refusal := c.move(d, l)
		succeeded = succeeded && refusal == ""
		lines[n] = &inventoryv1.BulkLine{
			BinName:  l.Bin,
			SkuId:    l.SKU,
			Movement: l.Movement,
			Quantity: l.Quantity,
			LineId:   l.LineID,
			Notes:    l.Notes,
			Refusal:  refusal,
		}
	}
	return lines, succeeded
}

// move does one line in the draft, or says why not.
func (c BulkTransaction) move(d *draft, l Line) (refusal string) {
	if l.Movement != Add && l.Movement != Remove {
		return UnsupportedMovement
	}
	if l.Quantity < 1 || l.Quantity > MaxQuantity {
		return InvalidQuantity
	}
	id := StockID(c.CollectionID, l.Bin, l.SKU)
	stock := d.item(id).Stock
	switch {
	case l.SKU == "", l.Movement == Remove && !stock.Known:
		return UnknownSKU
	case l.Movement == Add && stock.OnHand > MaxOnHand-l.Quantity:
		return InvalidQuantity
	case l.Movement == Remove && stock.Available() < l.Quantity:
		return OutOfStock
	case l.Movement == Add:
		d.record(id, &inventoryv1.StockAdjusted{
			CollectionId:  c.CollectionID,
			BinName:       l.Bin,
			SkuId:         l.SKU,
			Delta:         l.Quantity,
			Movement:      Add,
			Notes:         l.Notes,
			TransactionId: c.ID,
		})
	default:
		d.record(id, &inventoryv1.StockReserved{
			CollectionId:  c.CollectionID,
			BinName:       l.Bin,
			SkuId:         l.SKU,
			Quantity:      l.Quantity,
			TransactionId: c.ID,
		})
	}
	return ""
}

// draft lets a command try its lines before anything is recorded: an
// all-or-none transaction that fails at its last line must have moved nothing,
// and yet records that it failed.
type draft struct {
	load   func(id string) Item
	items  map[string]Item
	events []draftedEvent
}

// draftedEvent is an event that is recorded when the draft is taken.
type draftedEvent struct {
	id    string
	event proto.Message
}

// item is an aggregate as it would be after the drafted events.
func (d *draft) item(id string) Item {
	if i, ok := d.items[id]; ok {
		return i
	}
	return d.load(id)
}

// record drafts an event.
func (d *draft) record(id string, e proto.Message) {
	d.items[id] = Evolve(d.item(id), e)
	d.events = append(d.events, draftedEvent{id, e})
}
