package inventory

import (
	"maps"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/money"
)

// CatalogueItem is what is known of a SKU that is sold: of an item as a whole,
// or of an option of one, that it is one.
type CatalogueItem struct {
	// Known is true while the SKU is that of an item of the catalogue.
	Known bool `cbor:"1,keyasint,omitempty"`
	// OptionOf is the SKU of the item that this SKU is an option of.
	OptionOf string `cbor:"2,keyasint,omitempty"`
	// Number is what it is called where items have numbers. A SKU keeps it for
	// ever, whatever it is deleted from or added to.
	Number int64 `cbor:"3,keyasint,omitempty"`
	// Details are what callers say of the item.
	Details Details `cbor:"4,keyasint,omitzero"`
	// Options are the forms in which the item is sold.
	Options []Option `cbor:"5,keyasint,omitempty"`
	// Revision counts the events of the SKU.
	Revision uint64 `cbor:"6,keyasint,omitempty"`
}

// ItemStatus says where an item is in its life.
type ItemStatus = inventoryv1.ItemStatus

// Details are what callers say of an item.
type Details struct {
	Name        string     `cbor:"1,keyasint,omitempty"`
	Description string     `cbor:"2,keyasint,omitempty"`
	Status      ItemStatus `cbor:"3,keyasint,omitempty"`
	// TrackStock says whether its stock is to be watched. Nothing here depends
	// on it; others are told.
	TrackStock bool `cbor:"4,keyasint,omitempty"`
	// Price and Cost are those of one unit; without a value there is none.
	Price money.Amount `cbor:"5,keyasint,omitzero"`
	Cost  money.Amount `cbor:"6,keyasint,omitzero"`
	// Identifiers are those that trade knows, by kind.
	Identifiers map[string]string `cbor:"7,keyasint,omitempty"`
	// PartnerSKU is what a partner calls it.
	PartnerSKU string `cbor:"8,keyasint,omitempty"`
	// Properties are the caller's own.
	Properties map[string]string `cbor:"9,keyasint,omitempty"`
}

// equal reports whether callers would see no difference.
func (d Details) equal(o Details) bool {
	return d.Name == o.Name && d.Description == o.Description && d.Status == o.Status && d.TrackStock == o.TrackStock &&
		d.Price == o.Price && d.Cost == o.Cost && d.PartnerSKU == o.PartnerSKU &&
		maps.Equal(d.Identifiers, o.Identifiers) && maps.Equal(d.Properties, o.Properties)
}

// Option is one form in which an item is sold, with stock of its own.
type Option struct {
	SKU    string `cbor:"1,keyasint,omitempty"`
	Number int64  `cbor:"2,keyasint,omitempty"`
	Name   string `cbor:"3,keyasint,omitempty"`
	// Price is its own; without a value it is that of the item.
	Price      money.Amount      `cbor:"4,keyasint,omitzero"`
	Attributes map[string]string `cbor:"5,keyasint,omitempty"`
}

// equal reports whether callers would see no difference.
func (o Option) equal(p Option) bool {
	return o.SKU == p.SKU && o.Number == p.Number && o.Name == p.Name && o.Price == p.Price && maps.Equal(o.Attributes, p.Attributes)
}

// ItemID is the id of the aggregate of a SKU in the catalogue.
func ItemID(collection int64, sku string) string {
	return "item/" + strconv.FormatInt(collection, 10) + "/" + sku
}

// evolve folds one event of a SKU in the catalogue.
func (c CatalogueItem) evolve(e proto.Message) CatalogueItem {
	c.Revision++
	switch e := e.(type) {
	case *inventoryv1.InventoryItemCreated:
		return c.holding(e.GetItem())
	case *inventoryv1.InventoryItemUpdated:
		return c.holding(e.GetItem())
	case *inventoryv1.InventoryItemDeleted:
		return CatalogueItem{Number: c.Number, Revision: c.Revision}
	case *inventoryv1.InventoryItemOptionAdded:
		c.OptionOf, c.Number = e.GetItemSkuId(), e.GetOption().GetNumber()
	case *inventoryv1.InventoryItemOptionDeleted:
		c.OptionOf = ""
	}
	return c
}

// holding is the item with what an event says of it.
func (c CatalogueItem) holding(i *inventoryv1.StoredItem) CatalogueItem {
	currency := i.GetCurrencyCode()
	c.Known, c.Number, c.Options = true, i.GetNumber(), nil
	c.Details = Details{
		Name: i.GetName(), Description: i.GetDescription(), Status: i.GetStatus(), TrackStock: i.GetTrackStock(),
		Price: worth(i.GetPriceMinor(), currency), Cost: worth(i.GetCostMinor(), currency),
		Identifiers: maps.Clone(i.GetIdentifiers()), PartnerSKU: i.GetPartnerSku(), Properties: maps.Clone(i.GetProperties()),
	}
	for _, o := range i.GetOptions() {
		c.Options = append(c.Options, Option{
			SKU: o.GetSkuId(), Number: o.GetNumber(), Name: o.GetName(),
			Price: worth(o.GetPriceMinor(), currency), Attributes: maps.Clone(o.GetAttributes()),
		})
	}
	return c
}

// worth is an amount of an event; nothing is no amount.
func worth(minor int64, currency string) money.Amount {
	if minor == 0 {
		return money.Amount{}
	}
	return money.Amount{Minor: minor, Currency: currency}
}

// stored is the item as events have it.
func (c CatalogueItem) stored(collection int64, sku string) *inventoryv1.StoredItem {
	d := c.Details
	s := &inventoryv1.StoredItem{
		CollectionId: collection, SkuId: sku, Number: c.Number,
		Name: d.Name, Description: d.Description, Status: d.Status, TrackStock: d.TrackStock,
		PriceMinor: d.Price.Minor, CostMinor: d.Cost.Minor,
		Identifiers: maps.Clone(d.Identifiers), PartnerSku: d.PartnerSKU, Properties: maps.Clone(d.Properties),
	}
	for _, a := range c.amounts() {
		s.CurrencyCode = a.Currency
	}
	for _, o := range c.Options {
		s.Options = append(s.Options, o.stored())
	}
	return s
}

func (o Option) stored() *inventoryv1.StoredOption {
	return &inventoryv1.StoredOption{
		SkuId: o.SKU, Number: o.Number, Name: o.Name, PriceMinor: o.Price.Minor, Attributes: maps.Clone(o.Attributes),
	}
}

// amounts are all amounts of the item, by the field that they are in.
func (c CatalogueItem) amounts() map[string]money.Amount {
	all := map[string]money.Amount{"price": c.Details.Price, "cost": c.Details.Cost}
	for n, o := range c.Options {
		all["options["+strconv.Itoa(n)+"].price"] = o.Price
	}
	maps.DeleteFunc(all, func(_ string, a money.Amount) bool { return !a.Given() })
	return all
}

// prices are what a unit of the item and of each of its options costs.
func (c CatalogueItem) prices(sku string) map[string]money.Amount {
	all := map[string]money.Amount{sku: c.Details.Price}
	for _, o := range c.Options {
		all[o.SKU] = o.Price
		if !o.Price.Given() {
			all[o.SKU] = c.Details.Price
		}
	}
	return all
}

// repriced are the SKUs, of those that were there before, whose price changed.
func (c CatalogueItem) repriced(sku string, before CatalogueItem) (changes []*inventoryv1.PriceChange) {
	was, is := before.prices(sku), c.prices(sku)
	for _, s := range slices.Sorted(maps.Keys(is)) {
		if old, there := was[s]; there && old != is[s] {
			changes = append(changes, &inventoryv1.PriceChange{
				SkuId: s, PreviousCurrencyCode: old.Currency, PreviousPriceMinor: old.Minor,
				CurrencyCode: is[s].Currency, PriceMinor: is[s].Minor,
			})
		}
	}
	return changes
}
