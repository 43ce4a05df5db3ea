package rpc

import (
	"maps"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/inventory"
)

// itemOf is an item as callers see it. The maps are copies: states are shared.
func itemOf(collection int64, sku string, c inventory.CatalogueItem) *inventoryv1.InventoryItem {
	d := c.Details
	out := &inventoryv1.InventoryItem{
		CollectionId: collection, SkuId: sku, ItemNumber: c.Number, Revision: c.Revision, Deleted: !c.Known,
		Name: d.Name, Description: d.Description, Status: d.Status, TrackStock: d.TrackStock,
		Price: worth(d.Price), Cost: worth(d.Cost),
		Identifiers: maps.Clone(d.Identifiers), PartnerSku: d.PartnerSKU, Properties: maps.Clone(d.Properties),
	}
	for _, o := range c.Options {
		out.Options = append(out.Options, &inventoryv1.ItemOption{
			SkuId: o.SKU, ItemNumber: o.Number, Name: o.Name, Price: worth(o.Price), Attributes: maps.Clone(o.Attributes),
		})
	}
	return out
}

// worth is an amount, none when it was not given.
func worth(a money.Amount) *moneyv1.Money {
	if !a.Given() {
		return nil
	}
	return moneyOf(a.Minor, a.Currency)
}

// optionsOf are the options of a request; their numbers are not the caller's to
// give.
func optionsOf(options []*inventoryv1.ItemOption) []inventory.Option {
	var all []inventory.Option
	for _, o := range options {
		all = append(all, inventory.Option{
			SKU: o.GetSkuId(), Name: o.GetName(), Price: amountOf(o.GetPrice()), Attributes: o.GetAttributes(),
		})
	}
	return all
}
