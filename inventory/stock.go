package inventory

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

// Stock is one SKU in one bin.
type Stock struct {
	// Known is true once units were ever added, or counted.
	Known bool `cbor:"1,keyasint,omitempty"`
	// OnHand counts the units in the bin.
	OnHand int64 `cbor:"2,keyasint,omitempty"`
	// Reserved counts the units of them that are kept for orders.
	Reserved int64 `cbor:"3,keyasint,omitempty"`
	// Shipped counts the units that ever left for orders.
	Shipped int64 `cbor:"4,keyasint,omitempty"`
	// InStock and Low are the status as it was last told. What nobody ever had
	// is out of stock, and not low.
	InStock bool `cbor:"5,keyasint,omitempty"`
	Low     bool `cbor:"6,keyasint,omitempty"`
	// Place names the stock item, so that what follows from its state can say
	// where.
	Place *Place `cbor:"7,keyasint,omitempty"`
	// Limits are the thresholds; nil when none were ever set.
	Limits *Thresholds `cbor:"8,keyasint,omitempty"`
}

// Place is where units are.
type Place struct {
	CollectionID int64  `cbor:"1,keyasint,omitempty"`
	Bin          string `cbor:"2,keyasint,omitempty"`
	SKU          string `cbor:"3,keyasint,omitempty"`
}

// Thresholds say when the status flips.
func (s Stock) Thresholds() Thresholds {
	if s.Limits == nil {
		return Thresholds{}
	}
	return *s.Limits
}

// Available is what can still be sold.
func (s Stock) Available() int64 { return s.OnHand - s.Reserved }

// Status is the status as it was last told.
func (s Stock) Status() inventoryv1.StockStatus { return statusOf(s.InStock) }

func statusOf(inStock bool) inventoryv1.StockStatus {
	if inStock {
		return inventoryv1.StockStatus_STOCK_STATUS_IN_STOCK
	}
	return inventoryv1.StockStatus_STOCK_STATUS_OUT_OF_STOCK
}

// evolve folds one event of a stock item.
func (s Stock) evolve(e proto.Message) Stock {
	switch e := e.(type) {
	case *inventoryv1.StockAdjusted:
		s = s.named(e)
		s.Known = true
		s.OnHand += e.GetDelta()
	case *inventoryv1.StockReserved:
		s.Reserved += e.GetQuantity()
	case *inventoryv1.StockReleased:
		s.Reserved -= e.GetQuantity()
	case *inventoryv1.StockShipped:
		s.OnHand -= e.GetQuantity()
		s.Reserved -= e.GetQuantity()
		s.Shipped += e.GetQuantity()
	case *inventoryv1.StockThresholdsSet:
		s = s.named(e)
		s.Limits = &Thresholds{
			OutOfStock: e.GetOutOfStock(), LowStock: e.GetLowStock(), Revision: s.Thresholds().Revision + 1,
		}
	case *inventoryv1.StockStatusChanged:
		s.InStock = e.GetStatus() == inventoryv1.StockStatus_STOCK_STATUS_IN_STOCK
		s.Low = e.GetLowStock()
	}
	return s
}

// named takes the names from an event that may be the stock item's first.
func (s Stock) named(e interface {
	GetCollectionId() int64
	GetBinName() string
	GetSkuId() string
},
) Stock {
	if s.Place == nil {
		s.Place = &Place{e.GetCollectionId(), e.GetBinName(), e.GetSkuId()}
	}
	return s
}
