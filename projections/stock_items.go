package projections

import (
	"maps"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
)

// bucketItems holds the items of each collection, by SKU; deleted ones stay, so
// that their revision does. bucketOptions has the SKU of the item that a SKU is
// an option of, bucketItemNumbers that of each number: a SKU keeps its number
// for ever.
const (
	bucketItems       = "items"
	bucketOptions     = "item_options"
	bucketItemNumbers = "item_numbers"
)

// itemEvent is what the events of an item have in common.
type itemEvent interface {
	proto.Message
	GetItem() *inventoryv1.StoredItem
}

// changeItem folds an event into the row of its item.
func changeItem(tx *Tx, tenant string, revision uint64, e itemEvent) {
	i := e.GetItem()
	row := shownItem(i)
	row.Revision = revision
	_, row.Deleted = e.(*inventoryv1.InventoryItemDeleted)
	tx.Keep(bucketItems, itemKey(tenant, i.GetCollectionId(), i.GetSkuId()), row)
	tx.Put(bucketItemNumbers, itemNumberKey(tenant, i.GetCollectionId(), i.GetNumber()), []byte(i.GetSkuId()))
}

// optionEvent is what the events of an option have in common. What an option is
// like is in the events of its item.
type optionEvent interface {
	proto.Message
	GetCollectionId() int64
	GetItemSkuId() string
	GetOption() *inventoryv1.StoredOption
}

// changeOption remembers the number of an option, and whose option it is.
func changeOption(tx *Tx, tenant string, e optionEvent) {
	o := e.GetOption()
	k := itemKey(tenant, e.GetCollectionId(), o.GetSkuId())
	if _, deleted := e.(*inventoryv1.InventoryItemOptionDeleted); deleted {
		tx.Delete(bucketOptions, k)
	} else {
		tx.Put(bucketOptions, k, []byte(e.GetItemSkuId()))
	}
	tx.Put(bucketItemNumbers, itemNumberKey(tenant, e.GetCollectionId(), o.GetNumber()), []byte(o.GetSkuId()))
}

func itemKey(tenant string, collection int64, sku string) []byte {
	return key(tenant, number(collection), textKey(sku))
}

func itemNumberKey(tenant string, collection, itemNumber int64) []byte {
	return key(tenant, number(collection), number(itemNumber))
}

// shownItem is a stored item as readers see it.
func shownItem(i *inventoryv1.StoredItem) *inventoryv1.InventoryItem {
	out := &inventoryv1.InventoryItem{
		CollectionId: i.GetCollectionId(), SkuId: i.GetSkuId(), ItemNumber: i.GetNumber(),
		Name: i.GetName(), Description: i.GetDescription(), Status: i.GetStatus(), TrackStock: i.GetTrackStock(),
		Price: worth(i.GetPriceMinor(), i.GetCurrencyCode()), Cost: worth(i.GetCostMinor(), i.GetCurrencyCode()),
		Identifiers: maps.Clone(i.GetIdentifiers()), PartnerSku: i.GetPartnerSku(), Properties: maps.Clone(i.GetProperties()),
	}
	for _, o := range i.GetOptions() {
		out.Options = append(out.Options, &inventoryv1.ItemOption{
			SkuId: o.GetSkuId(), ItemNumber: o.GetNumber(), Name: o.GetName(),
			Price: worth(o.GetPriceMinor(), i.GetCurrencyCode()), Attributes: maps.Clone(o.GetAttributes()),
		})
	}
	return out
}

// worth is an amount as readers see it; nothing is no amount.
func worth(minor int64, currency string) *moneyv1.Money {
	if minor == 0 {
		return nil
	}
	return &moneyv1.Money{MinorUnits: minor, CurrencyCode: currency}
}
