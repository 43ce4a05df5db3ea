package projections

import (
	"encoding/base64"
	"slices"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Stock reads the view of stock, bins and items.
type Stock struct {
	// View is that of a runner of StockProjector.
	View *View
}

// Get returns the stock of a SKU of a collection in every bin, by bin. A SKU
// that was never in stock has none.
func (v Stock) Get(tenant string, collection int64, sku string) (all []*inventoryv1.Stock, err error) {
	all, _, err = v.GetAt(tenant, collection, sku)
	return all, err
}

// GetAt is Get with the log position that it is of.
func (v Stock) GetAt(tenant string, collection int64, sku string) (all []*inventoryv1.Stock, position uint64, err error) {
	err = v.View.Read(func(tx *ReadTx) (err error) {
		if position, err = tx.Position(); err != nil {
			return err
		}
		for _, raw := range tx.Ascend(bucketStock, key(tenant, number(collection), textKey(sku)), nil) {
			s, err := decodeRow[*inventoryv1.Stock](raw)
			if err != nil {
				return err
			}
			all = append(all, s)
		}
		return nil
	})
	return all, position, err
}

// List returns a page of the stock of a collection, by SKU and bin, and the
// cursor of the next page; it is empty on the last one.
func (v Stock) List(tenant string, collection int64, size int, token string) (all []*inventoryv1.Stock, next string, err error) {
	return v.Some(tenant, collection, func(*inventoryv1.Stock) bool { return true }, size, token)
}

// Some is List of the stock that is to be shown. It looks at all of the stock
// behind the cursor until the page is full.
func (v Stock) Some(
	tenant string, collection int64, shown func(*inventoryv1.Stock) bool, size int, token string,
) (all []*inventoryv1.Stock, next string, err error) {
	return pageOf(v.View, bucketStock, key(tenant, number(collection)), nil, size, token, shown)
}

// Bins returns a page of the bins of a collection, by name, and the cursor of
// the next page.
func (v Stock) Bins(tenant string, collection int64, size int, token string) (all []*inventoryv1.Bin, next string, err error) {
	return pageOf(v.View, bucketBins, key(tenant, number(collection)), nil, size, token, func(b *inventoryv1.Bin) bool { return !b.GetDeleted() })
}

// Items returns a page of the items of a collection whose SKU begins with a
// prefix, by SKU, and the cursor of the next page.
func (v Stock) Items(tenant string, collection int64, prefix string, size int, token string) (all []*inventoryv1.InventoryItem, next string, err error) {
	return pageOf(v.View, bucketItems, key(tenant, number(collection)), []byte(prefix), size, token, func(i *inventoryv1.InventoryItem) bool { return !i.GetDeleted() })
}

// Bin returns a bin of a collection, also a deleted one; ok is false for one
// that never was. It gives subscribers the number of a warehouse.
func (v Stock) Bin(tenant string, collection int64, name string) (b *inventoryv1.Bin, ok bool, err error) {
	err = v.View.Read(func(tx *ReadTx) (err error) {
		b, ok, err = Load[*inventoryv1.Bin](tx, bucketBins, binKey(tenant, collection, name))
		return err
	})
	return b, ok, err
}

// Item returns the item that a SKU of a collection is, or is an option of; ok
// is false for a SKU that is neither. A deleted item is returned as it was.
func (v Stock) Item(tenant string, collection int64, sku string) (i *inventoryv1.InventoryItem, ok bool, err error) {
	err = v.View.Read(func(tx *ReadTx) (err error) {
		if of := tx.Get(bucketOptions, itemKey(tenant, collection, sku)); of != nil {
			sku = string(of)
		}
		i, ok, err = Load[*inventoryv1.InventoryItem](tx, bucketItems, itemKey(tenant, collection, sku))
		return err
	})
	return i, ok, err
}

// SKU returns the SKU that has a number in a collection; "" when none has.
func (v Stock) SKU(tenant string, collection, itemNumber int64) (sku string, err error) {
	err = v.View.Read(func(tx *ReadTx) error {
		sku = string(tx.Get(bucketItemNumbers, itemNumberKey(tenant, collection, itemNumber)))
		return nil
	})
	return sku, err
}

// defaultStockPage is the size of a page that asks for none.
const defaultStockPage = 100

// pageOf returns a page of the rows whose keys begin with a prefix and more of
// it, leaving out those that are not shown, and the cursor of the next page.
// The cursor is the last key without the prefix.
func pageOf[M proto.Message](
	v *View, bucket string, prefix, more []byte, size int, token string, shown func(M) bool,
) (all []M, next string, err error) {
	if size <= 0 {
		size = defaultStockPage
	}
	cursor, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, "", fault.Field("page_token", "must be the cursor of the page before")
	}
	var after []byte
	if token != "" {
		after = slices.Concat(prefix, cursor)
	}
	err = v.Read(func(tx *ReadTx) error {
		var last string
		for k, raw := range tx.Ascend(bucket, slices.Concat(prefix, more), after) {
			row, err := decodeRow[M](raw)
			if err != nil {
				return err
			}
			if !shown(row) {
				continue
			}
			if len(all) == size {
				next = last
				return nil
			}
			all = append(all, row)
			last = base64.RawURLEncoding.EncodeToString(k[len(prefix):])
		}
		return nil
	})
	return all, next, err
}
