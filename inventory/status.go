package inventory

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Thresholds say from how few available units on a stock item counts as sold
// out, or as low. The two are told apart: what is sold out is low as well.
type Thresholds struct {
	// OutOfStock: no more available units than this are none.
	OutOfStock int64 `cbor:"1,keyasint,omitempty"`
	// LowStock: no more available units than this are few; 0 means never.
	LowStock int64 `cbor:"2,keyasint,omitempty"`
	// Revision counts how often they were set.
	Revision uint64 `cbor:"3,keyasint,omitempty"`
}

// React names what follows from the state of an aggregate by rule: a stock item
// whose units have crossed a threshold says so, in the commit of the movement
// that did it. A command that crosses and comes back says nothing.
func React(i Item, now time.Time) []proto.Message {
	s := i.Stock
	if !s.Known || s.Place == nil {
		return nil
	}
	available, t := s.Available(), s.Thresholds()
	inStock, low := available > t.OutOfStock, t.LowStock > 0 && available <= t.LowStock
	if inStock == s.InStock && low == s.Low {
		return nil
	}
	return []proto.Message{&inventoryv1.StockStatusChanged{
		CollectionId:     s.Place.CollectionID,
		BinName:          s.Place.Bin,
		SkuId:            s.Place.SKU,
		Status:           statusOf(inStock),
		PreviousStatus:   statusOf(s.InStock),
		LowStock:         low,
		PreviousLowStock: s.Low,
		Available:        available,
		At:               timestamppb.New(now),
	}}
}

// SetStockThresholds is an operator's request. It may come before the first
// units do.
type SetStockThresholds struct {
	// CollectionID, Bin and SKU name the stock item; an empty bin means
	// DefaultBin.
	CollectionID int64
	Bin          string
	SKU          string
	// OutOfStock and LowStock replace the thresholds; nil leaves one as it is.
	OutOfStock *int64
	LowStock   *int64
	// ExpectRevision refuses thresholds that were set another number of times;
	// 0 means any.
	ExpectRevision uint64
}

// Decide sets the thresholds, if they are others.
func (c SetStockThresholds) Decide(load func(id string) Item, record func(id string, e proto.Message)) error {
	bin := binOf(c.Bin)
	id := StockID(c.CollectionID, bin, c.SKU)
	old := load(id).Stock.Thresholds()
	if err := expect(c.ExpectRevision, old.Revision, "thresholds of %q in bin %q", c.SKU, bin); err != nil {
		return err
	}
	e := &inventoryv1.StockThresholdsSet{
		CollectionId: c.CollectionID, BinName: bin, SkuId: c.SKU, OutOfStock: old.OutOfStock, LowStock: old.LowStock,
	}
	if c.OutOfStock != nil {
		e.OutOfStock = *c.OutOfStock
	}
	if c.LowStock != nil {
		e.LowStock = *c.LowStock
	}
	if err := c.check(e); err != nil {
		return err
	}
	if e.GetOutOfStock() != old.OutOfStock || e.GetLowStock() != old.LowStock {
		record(id, e)
	}
	return nil
}

func (c SetStockThresholds) check(e *inventoryv1.StockThresholdsSet) error {
	var f fault.Fields
	if c.SKU == "" {
		f.Add("sku_id", "must not be empty")
	}
	if c.OutOfStock == nil && c.LowStock == nil {
		f.Add("out_of_stock", "one of the thresholds must be given")
	}
	if n := e.GetOutOfStock(); n < 0 || n > MaxQuantity {
		f.Add("out_of_stock", "must be 0 to %d", MaxQuantity)
	}
	switch low, out := e.GetLowStock(), e.GetOutOfStock(); {
	case low < 0, low > MaxQuantity:
		f.Add("low_stock", "must be 0 to %d", MaxQuantity)
	case low != 0 && low <= out:
		f.Add("low_stock", "must be above out_of_stock, which is %d, or 0 for never", out)
	}
	return f.Err()
}

// expect refuses a command whose caller has seen another revision; 0 is any.
func expect(want, have uint64, what string, args ...any) error {
	if want == 0 || want == have {
		return nil
	}
	args = append(args, have, want)
	return fault.New(fault.Conflict, "revision_mismatch", "expected_revision: "+what+": revision is %d, not %d", args...)
}
