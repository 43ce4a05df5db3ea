package projections

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/money"
)

// bucketStock holds the stock of each collection, SKU and bin.
const bucketStock = "stock"

// StockProjector folds the inventory log into the stock of every SKU and bin,
// the bins, and the catalogue of items. Stock reads it.
func StockProjector() Projector {
	return Projector{Name: "stock", Version: 2, Log: "inventory", Main: bucketStock, Project: projectStock}
}

func projectStock(tx *Tx, c eventstore.Commit, events []eventstore.Recorded) error {
	for _, rec := range events {
		var err error
		switch e := rec.Event.(type) {
		case stockEvent:
			err = changeStock(tx, c.GetTenant(), e)
		case binEvent:
			err = changeBin(tx, c.GetTenant(), e)
		case itemEvent:
			changeItem(tx, c.GetTenant(), rec.Revision, e)
		case optionEvent:
			changeOption(tx, c.GetTenant(), e)
		case *inventoryv1.BulkTransactionApplied, *inventoryv1.BulkTransactionReleased, *inventoryv1.ReservationReduced:
			// Why stock moved; that it did is told by the events beside it.
		case *inventoryv1.NumbersAssigned:
			// Which ones is told by the events beside it.
		default:
			tx.Unknown()
		}
		if err != nil {
			return fmt.Errorf("stock %s: %w", rec.Aggregate, err)
		}
	}
	return nil
}

// stockEvent is what every event of a stock item says about where.
type stockEvent interface {
	proto.Message
	GetCollectionId() int64
	GetSkuId() string
	GetBinName() string
}

// changeStock folds an event into the row of its stock item. A stock item that
// is new is out of stock, until the event that says otherwise.
func changeStock(tx *Tx, tenant string, e stockEvent) error {
	k := stockKey(tenant, e.GetCollectionId(), e.GetSkuId(), e.GetBinName())
	s, ok, err := Row[*inventoryv1.Stock](tx, bucketStock, k)
	if err != nil {
		return err
	}
	if !ok {
		s = &inventoryv1.Stock{
			CollectionId: e.GetCollectionId(), SkuId: e.GetSkuId(), BinName: e.GetBinName(),
			Status: inventoryv1.StockStatus_STOCK_STATUS_OUT_OF_STOCK,
		}
	}
	switch e := e.(type) {
	case *inventoryv1.StockAdjusted:
		err = moveStock(s, e.GetDelta(), 0, 0)
	case *inventoryv1.StockReserved:
		err = moveStock(s, 0, e.GetQuantity(), 0)
	case *inventoryv1.StockReleased:
		err = moveStock(s, 0, -e.GetQuantity(), 0)
	case *inventoryv1.StockShipped:
		err = moveStock(s, -e.GetQuantity(), -e.GetQuantity(), e.GetQuantity())
	case *inventoryv1.StockThresholdsSet:
		s.OutOfStockThreshold, s.LowStockThreshold = e.GetOutOfStock(), e.GetLowStock()
		s.ThresholdsRevision++
	case *inventoryv1.StockStatusChanged:
		s.Status, s.LowStock = e.GetStatus(), e.GetLowStock()
	default:
		tx.Unknown()
		return nil
	}
	tx.Keep(bucketStock, k, s)
	return err
}

// moveStock changes what is on hand, what of it is reserved, and what left.
func moveStock(s *inventoryv1.Stock, onHand, reserved, shipped int64) (err error) {
	if s.OnHand, err = money.Add(s.GetOnHand(), onHand); err != nil {
		return err
	}
	if s.Reserved, err = money.Add(s.GetReserved(), reserved); err != nil {
		return err
	}
	if s.Shipped, err = money.Add(s.GetShipped(), shipped); err != nil {
		return err
	}
	s.Available, err = money.Sub(s.GetOnHand(), s.GetReserved())
	return err
}

func stockKey(tenant string, collection int64, sku, bin string) []byte {
	return key(tenant, number(collection), textKey(sku), textKey(bin))
}
