package inventory

import (
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// listing is an item that a command is about to write.
type listing struct {
	collection int64
	sku        string
	load       func(id string) Item
	record     func(id string, e proto.Message)
	last       Numbers // of the collection, with those that were given here
	before     CatalogueItem
}

// openItem reads the item that a command is about.
func openItem(
	collection int64, sku string, load func(id string) Item, record func(id string, e proto.Message),
) *listing {
	return &listing{
		collection: collection, sku: sku, load: load, record: record,
		last: load(NumbersID(collection)).Numbers(), before: load(ItemID(collection, sku)).Catalogue(),
	}
}

// there refuses a command on an item that is not in the catalogue, or not as
// it was seen.
func (l *listing) there(revision uint64) error {
	if !l.before.Known {
		return fault.New(fault.NotFound, "unknown_item", "sku_id: there is no item %q", l.sku)
	}
	return expect(revision, l.before.Revision, "item %q", l.sku)
}

// number is the number of a SKU: the one that it has, or else the next one.
func (l *listing) number(sku string) int64 {
	if n := l.load(ItemID(l.collection, sku)).Catalogue().Number; n != 0 {
		return n
	}
	l.last.Item++
	return l.last.Item
}

// numbered gives the options their numbers.
func (l *listing) numbered(options []Option) []Option {
	all := slices.Clone(options)
	for n, o := range all {
		all[n].Number = l.number(o.SKU)
	}
	return all
}

// write records the headline, and what follows from it for the options and the
// numbers: nothing is deleted or added without its own event.
func (l *listing) write(headline proto.Message, after CatalogueItem) {
	l.record(ItemID(l.collection, l.sku), headline)
	for _, o := range l.before.Options {
		if !after.sells(o.SKU) {
			l.record(ItemID(l.collection, o.SKU), &inventoryv1.InventoryItemOptionDeleted{
				CollectionId: l.collection, ItemSkuId: l.sku, ItemNumber: l.before.Number,
				Option: o.stored(), TrackStock: l.before.Details.TrackStock,
			})
		}
	}
	for _, o := range after.Options {
		if !l.before.sells(o.SKU) {
			l.record(ItemID(l.collection, o.SKU), &inventoryv1.InventoryItemOptionAdded{
				CollectionId: l.collection, ItemSkuId: l.sku, Option: o.stored(),
			})
		}
	}
	if l.last != l.load(NumbersID(l.collection)).Numbers() {
		l.record(NumbersID(l.collection), &inventoryv1.NumbersAssigned{
			CollectionId: l.collection, LastBin: l.last.Bin, LastItem: l.last.Item,
		})
	}
}

// sells reports whether the item has an option.
func (c CatalogueItem) sells(sku string) bool {
	return slices.ContainsFunc(c.Options, func(o Option) bool { return o.SKU == sku })
}

// check reports everything that is wrong with an item as it would be.
func (l *listing) check(after CatalogueItem) error {
	var f fault.Fields
	if l.sku == "" {
		f.Add("sku_id", "must not be empty")
	}
	if _, known := inventoryv1.ItemStatus_name[int32(after.Details.Status)]; !known || after.Details.Status == 0 {
		f.Add("status", "is not known")
	}
	l.checkAmounts(&f, after)
	seen := map[string]bool{l.sku: true}
	for n, o := range after.Options {
		at := fmt.Sprintf("options[%d].sku_id", n)
		switch {
		case o.SKU == "":
			f.Add(at, "must not be empty")
		case seen[o.SKU]:
			f.Add(at, "%q is the item itself, or another option of it", o.SKU)
		}
		seen[o.SKU] = true
	}
	if err := f.Err(); err != nil {
		return err
	}
	return l.free(after)
}

// checkAmounts wants one currency, and nothing below zero.
func (l *listing) checkAmounts(f *fault.Fields, after CatalogueItem) {
	currency := after.Details.Price.Currency
	amounts := after.amounts()
	for _, at := range slices.Sorted(maps.Keys(amounts)) {
		a := amounts[at]
		if currency == "" {
			currency = a.Currency
		}
		_, known := money.Exponent(a.Currency)
		switch {
		case !known:
			f.Add(at, "%q is not a currency", a.Currency)
		case a.Minor < 0:
			f.Add(at, "must not be negative")
		case a.Currency != currency:
			f.Add(at, "is in %s, but other prices of the item are in %s", a.Currency, currency)
		}
	}
}

// free refuses SKUs that are something else already.
func (l *listing) free(after CatalogueItem) error {
	if of := l.before.OptionOf; of != "" {
		return fault.New(fault.Conflict, "sku_taken", "sku_id: %q is an option of item %q", l.sku, of)
	}
	for n, o := range after.Options {
		other := l.load(ItemID(l.collection, o.SKU)).Catalogue()
		switch {
		case other.Known:
			return fault.New(fault.Conflict, "sku_taken", "options[%d].sku_id: %q is an item itself", n, o.SKU)
		case other.OptionOf != "" && other.OptionOf != l.sku:
			return fault.New(fault.Conflict, "sku_taken", "options[%d].sku_id: %q is an option of item %q", n, o.SKU, other.OptionOf)
		}
	}
	return nil
}
