package inventory

import (
	"slices"
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
	// Action is what happens to the stock of an order. Each wants one movement
	// of all lines: Remove to reserve, Add to release or restock, none to ship.
	// ByMovement reserves what is to be removed and adds what is to be added.
	Action Action
	// Reservations are the bulk transactions that a release or a shipment takes
	// its units from, one after the other.
	Reservations []string
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
	// Movement is Add, Remove or, to ship, none.
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
	d := draft{load: load, items: make(map[string]Item, len(c.Lines)), events: make([]draftedEvent, 0, len(c.Lines))}
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
		Action:        c.action(),
		Reservations:  c.from(),
	})
	bins := shelves{collection: c.CollectionID, load: load, keep: record}
	for _, e := range d.events {
		bins.record(e.id, e.event)
	}
	bins.close()
	return nil
}

// action is the action as it is recorded: that of a reservation is in its
// lines, as it is when nobody names an action.
func (c BulkTransaction) action() Action {
	if c.Action == ToReserve {
		return ByMovement
	}
	return c.Action
}

// from are the reservations that the action takes from, each once.
func (c BulkTransaction) from() []string {
	if c.Action != ToRelease && c.Action != ToShip {
		return nil
	}
	var ids []string
	for _, id := range c.Reservations {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
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
	if _, known := inventoryv1.StockAction_name[int32(c.Action)]; !known {
		f.Add("action", "is not known")
	}
	return f.Err()
}

// try moves the stock of every line in the draft, and reports whether all
// succeeded.
func (c BulkTransaction) try(d *draft) (lines []*inventoryv1.BulkLine, succeeded bool) {
	lines, succeeded = make([]*inventoryv1.BulkLine, len(c.Lines)), true
	from := c.open(d)
	for n, l := range c.Lines {
		l.Bin = binOf(l.Bin)
		refusal := c.move(d, from, l)
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
	from.close(d, c)
	return lines, succeeded
}

// wants is the movement of every line of an action; ok is false for lines that
// say it themselves.
func wants(a Action) (m Movement, ok bool) {
	switch a {
	case ToReserve:
		return Remove, true
	case ToRelease, ToRestock:
		return Add, true
	case ToShip:
		return 0, true
	case ByMovement:
	}
	return 0, false
}

// move does one line in the draft, or says why not.
func (c BulkTransaction) move(d *draft, from reservations, l Line) (refusal string) {
	if want, ok := wants(c.Action); ok && l.Movement != want || !ok && l.Movement != Add && l.Movement != Remove {
		return UnsupportedMovement
	}
	if l.Quantity < 1 || l.Quantity > MaxQuantity {
		return InvalidQuantity
	}
	if l.SKU == "" {
		return UnknownSKU
	}
	switch c.Action {
	case ToRelease, ToShip:
		return from.take(d, c, l)
	case ToRestock:
		return c.add(d, l, Restock)
	case ByMovement, ToReserve:
	}
	if l.Movement == Add {
		return c.add(d, l, Add)
	}
	return c.reserve(d, l)
}

// add brings units in.
func (c BulkTransaction) add(d *draft, l Line, m Movement) (refusal string) {
	id := StockID(c.CollectionID, l.Bin, l.SKU)
	if d.item(id).Stock.OnHand > MaxOnHand-l.Quantity {
		return InvalidQuantity
	}
	d.record(id, &inventoryv1.StockAdjusted{
		CollectionId:  c.CollectionID,
		BinName:       l.Bin,
		SkuId:         l.SKU,
		Delta:         l.Quantity,
		Movement:      m,
		Notes:         l.Notes,
		TransactionId: c.ID,
	})
	return ""
}

// reserve keeps units for the order.
func (c BulkTransaction) reserve(d *draft, l Line) (refusal string) {
	id := StockID(c.CollectionID, l.Bin, l.SKU)
	switch stock := d.item(id).Stock; {
	case !stock.Known:
		return UnknownSKU
	case stock.Available() < l.Quantity:
		return OutOfStock
	}
	d.record(id, &inventoryv1.StockReserved{
		CollectionId:  c.CollectionID,
		BinName:       l.Bin,
		SkuId:         l.SKU,
		Quantity:      l.Quantity,
		TransactionId: c.ID,
	})
	return ""
}
