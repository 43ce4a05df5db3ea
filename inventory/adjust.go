package inventory

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
)

// AdjustStock is an operator's request: units came in, went out, changed bins
// or were counted. All lines happen or none does. Units that are kept for
// orders can be neither removed nor counted away.
type AdjustStock struct {
	// CollectionID is the inventory collection of every line.
	CollectionID int64
	// TransactionID is recorded with every movement.
	TransactionID string
	// Lines happen in order; a later line sees what an earlier one did.
	Lines []Adjustment
	// Now is when the request is decided.
	Now time.Time
}

// Adjustment is one movement of stock.
type Adjustment struct {
	// Movement is what to do.
	Movement Movement
	// SKU and Bin name the stock item; an empty bin means DefaultBin. The
	// source of a transfer.
	SKU string
	Bin string
	// ToBin receives a transfer; empty for other movements.
	ToBin string
	// Quantity is the units to move, or the units counted by Reconcile.
	Quantity int64
	// Notes are the operator's own and only recorded.
	Notes string
}

// Decide moves the stock of every line. It fails with the path of the field
// that is at fault.
func (c AdjustStock) Decide(load func(id string) Item, record func(id string, e proto.Message)) error {
	if err := c.check(); err != nil {
		return err
	}
	bins := shelves{collection: c.CollectionID, load: load, keep: record}
	record = bins.record
	for n, l := range c.Lines {
		l.Bin = binOf(l.Bin)
		id := StockID(c.CollectionID, l.Bin, l.SKU)
		stock := load(id).Stock
		if err := l.allowed(stock, n); err != nil {
			return err
		}
		switch l.Movement {
		case Add, Restock:
			record(id, c.adjusted(l, l.Bin, l.Quantity))
		case Remove:
			record(id, c.adjusted(l, l.Bin, -l.Quantity))
		case Transfer:
			target := StockID(c.CollectionID, l.ToBin, l.SKU)
			if load(target).Stock.OnHand > MaxOnHand-l.Quantity {
				return tooMany(n, l.ToBin, l.SKU)
			}
			record(id, c.adjusted(l, l.Bin, -l.Quantity))
			record(target, c.adjusted(l, l.ToBin, l.Quantity))
		case Reconcile:
			if !stock.Known || stock.OnHand != l.Quantity {
				record(id, c.adjusted(l, l.Bin, l.Quantity-stock.OnHand))
			}
		case inventoryv1.StockMovement_STOCK_MOVEMENT_UNSPECIFIED: // refused by check
		}
	}
	bins.close()
	return nil
}

// adjusted is the event that changes the units of a line's SKU in a bin.
func (c AdjustStock) adjusted(l Adjustment, bin string, delta int64) *inventoryv1.StockAdjusted {
	return &inventoryv1.StockAdjusted{
		CollectionId:  c.CollectionID,
		BinName:       bin,
		SkuId:         l.SKU,
		Delta:         delta,
		Movement:      l.Movement,
		Notes:         l.Notes,
		TransactionId: c.TransactionID,
	}
}

// check reports everything that is wrong with the request whatever the stock.
func (c AdjustStock) check() error {
	var f fault.Fields
	if len(c.Lines) == 0 {
		f.Add("lines", "must not be empty")
	}
	for n, l := range c.Lines {
		l.check(&f, fmt.Sprintf("lines[%d].", n))
	}
	return f.Err()
}

// check notes what is wrong with the line; at is the path in front of its
// fields.
func (l Adjustment) check(f *fault.Fields, at string) {
	if l.SKU == "" {
		f.Add(at+"sku_id", "must not be empty")
	}
	least, most := int64(1), int64(MaxQuantity)
	switch l.Movement {
	case Add, Restock, Remove:
	case Transfer:
		if l.ToBin == "" || l.ToBin == binOf(l.Bin) {
			f.Add(at+"to_bin_name", "must name another bin")
		}
	case Reconcile:
		least, most = 0, MaxOnHand // a count replaces all units, and may find none
	case inventoryv1.StockMovement_STOCK_MOVEMENT_UNSPECIFIED:
		f.Add(at+"movement", "must be given")
	default:
		f.Add(at+"movement", "is not known")
	}
	if l.Movement != Transfer && l.ToBin != "" {
		f.Add(at+"to_bin_name", "is for transfers only")
	}
	if l.Quantity < least || l.Quantity > most {
		f.Add(at+"quantity", "must be %d to %d", least, most)
	}
}

// allowed says whether the stock that the line meets lets it happen; n is the
// number of the line.
func (l Adjustment) allowed(s Stock, n int) error {
	switch l.Movement {
	case Remove, Transfer:
		if !s.Known {
			return fault.New(fault.NotFound, UnknownSKU, "lines[%d].sku_id: bin %q never had any %q", n, l.Bin, l.SKU)
		}
		if l.Quantity > s.Available() {
			return fault.New(fault.Precondition, OutOfStock, "lines[%d].quantity: %d asked for, but of %d %q in bin %q %d are kept for orders",
				n, l.Quantity, s.OnHand, l.SKU, l.Bin, s.Reserved)
		}
	case Reconcile:
		if l.Quantity < s.Reserved {
			return fault.New(fault.Precondition, "below_reserved", "lines[%d].quantity: %d counted, but %d %q in bin %q are kept for orders",
				n, l.Quantity, s.Reserved, l.SKU, l.Bin)
		}
	case Add, Restock:
		if s.OnHand > MaxOnHand-l.Quantity {
			return tooMany(n, l.Bin, l.SKU)
		}
	case inventoryv1.StockMovement_STOCK_MOVEMENT_UNSPECIFIED: // refused by check
	}
	return nil
}

// tooMany refuses units that would not be counted exactly any more.
func tooMany(n int, bin, sku string) error {
	return fault.New(fault.Precondition, "too_many_units", "lines[%d].quantity: bin %q would hold more than %d %q", n, bin, int64(MaxOnHand), sku)
}
