package projections

import (
	"encoding/base64"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// bucketStock holds the stock of each collection, SKU and bin.
const bucketStock = "stock"

// StockProjector folds the inventory log into the stock of every SKU and bin.
// Stock reads it.
func StockProjector() Projector {
	return Projector{Name: "stock", Version: 2, Log: "inventory", Main: bucketStock, Project: projectStock}
}

func projectStock(tx *Tx, c eventstore.Commit, events []eventstore.Recorded) error {
	for _, e := range events {
		var err error
		switch e := e.Event.(type) {
		case stockEvent:
			err = changeStock(tx, c.GetTenant(), e)
		case *inventoryv1.BulkTransactionApplied, *inventoryv1.BulkTransactionReleased, *inventoryv1.ReservationReduced:
			// Why stock moved; that it did is told by the events beside it.
		default:
			tx.Unknown()
		}
		if err != nil {
			return fmt.Errorf("stock %s: %w", e.Aggregate, err)
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

// Stock reads the view of stock.
type Stock struct {
	// View is that of a runner of StockProjector.
	View *View
}

// Get returns the stock of a SKU of a collection in every bin, by bin. A SKU
// that was never in stock has none.
func (v Stock) Get(tenant string, collection int64, sku string) (all []*inventoryv1.Stock, err error) {
	err = v.View.Read(func(tx *ReadTx) error {
		for _, raw := range tx.Ascend(bucketStock, key(tenant, number(collection), textKey(sku)), nil) {
			s, err := decodeRow[*inventoryv1.Stock](raw)
			if err != nil {
				return err
			}
			all = append(all, s)
		}
		return nil
	})
	return all, err
}

// defaultStockPage is the size of a page of stock that asks for none.
const defaultStockPage = 100

// List returns a page of the stock of a collection, by SKU and bin, and the
// cursor of the next page; it is empty on the last one.
func (v Stock) List(tenant string, collection int64, size int, token string) (all []*inventoryv1.Stock, next string, err error) {
	if size <= 0 {
		size = defaultStockPage
	}
	cursor, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, "", fault.Field("page_token", "must be the cursor of the page before")
	}
	prefix := key(tenant, number(collection))
	var after []byte
	if token != "" {
		after = slices.Concat(prefix, cursor)
	}
	err = v.View.Read(func(tx *ReadTx) error {
		var last string
		for k, raw := range tx.Ascend(bucketStock, prefix, after) {
			if len(all) == size {
				next = last
				return nil
			}
			s, err := decodeRow[*inventoryv1.Stock](raw)
			if err != nil {
				return err
			}
			all = append(all, s)
			last = base64.RawURLEncoding.EncodeToString(k[len(prefix):])
		}
		return nil
	})
	return all, next, err
}

func stockKey(tenant string, collection int64, sku, bin string) []byte {
	return key(tenant, number(collection), textKey(sku), textKey(bin))
}
