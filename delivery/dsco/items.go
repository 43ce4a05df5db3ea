package dsco

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/inventory"
)

// Inventory translates the log of stock and items. What a commit changes about a
// SKU, wherever that is, is told once.
type Inventory struct {
	Lookup   Lookup
	Accounts Accounts
}

// Log implements delivery.Translator.
func (Inventory) Log() string { return "inventory" }

// itemBody is ItemInventory.
type itemBody struct {
	Sku                       string       `json:"sku"`
	Upc                       string       `json:"upc,omitempty"`
	Ean                       string       `json:"ean,omitempty"`
	Mpn                       string       `json:"mpn,omitempty"`
	Isbn                      string       `json:"isbn,omitempty"`
	Gtin                      string       `json:"gtin,omitempty"`
	PartnerSku                string       `json:"partnerSku,omitempty"`
	QuantityAvailable         int64        `json:"quantityAvailable"`
	Title                     string       `json:"title,omitempty"`
	Cost                      *json.Number `json:"cost,omitempty"`
	Status                    string       `json:"status"`
	ProductStatus             string       `json:"productStatus,omitempty"`
	PartnerSkuMap             []partnerSku `json:"partnerSkuMap,omitempty"`
	EstimatedAvailabilityDate string       `json:"estimatedAvailabilityDate,omitempty"`
	DscoItemID                int64        `json:"dscoItemId,omitempty"`
	Warehouses                []warehouse  `json:"warehouses,omitempty"`
}

// partnerSku is PartnerSkuMap.
type partnerSku struct {
	DscoRetailerID       int64  `json:"dscoRetailerId,omitempty"`
	DscoTradingPartnerID string `json:"dscoTradingPartnerId,omitempty"`
	PartnerSku           string `json:"partnerSku"`
}

// warehouse is ItemWarehouse. The retailer's code is the name that people give
// the bin.
type warehouse struct {
	Code         string       `json:"code"`
	DscoID       string       `json:"dscoId,omitempty"`
	RetailerCode string       `json:"retailerCode,omitempty"`
	Quantity     int64        `json:"quantity"`
	Cost         *json.Number `json:"cost,omitempty"`
}

// change is what a commit does to a SKU.
type change struct {
	collection int64
	sku        string
	first      eventstore.Recorded
	delta      map[string]int64
	seen       bool // there is something to tell
	created    bool
	gone       bool
	item       *inventoryv1.StoredItem // as the last event has it; nil when none does
}

// Translate implements delivery.Translator.
func (i Inventory) Translate(ctx context.Context, c eventstore.Commit, wanted func(deliveryv1.Vocabulary) bool) ([]delivery.Told, error) {
	if !wanted(words) {
		return nil, nil
	}
	events, err := c.Recorded()
	if err != nil {
		return nil, err
	}
	t := &telling{commit: c}
	for _, ch := range changes(events) {
		if err := i.tell(ctx, t, ch); err != nil {
			return nil, err
		}
	}
	return t.told, nil
}

// changes gathers what events do to each SKU, in the order of the SKUs' first
// events.
func changes(events []eventstore.Recorded) (all []*change) {
	of := func(e eventstore.Recorded, collection int64, sku string) *change {
		for _, ch := range all {
			if ch.collection == collection && ch.sku == sku {
				return ch
			}
		}
		ch := &change{collection: collection, sku: sku, first: e, delta: map[string]int64{}}
		all = append(all, ch)
		return ch
	}
	for _, e := range events {
		if s, bin, n, ok := Moved(e.Event); ok {
			ch := of(e, s.GetCollectionId(), s.GetSkuId())
			ch.delta[bin] += n
			ch.seen = ch.seen || n != 0
			continue
		}
		switch ev := e.Event.(type) {
		case *inventoryv1.StockStatusChanged:
			ch := of(e, ev.GetCollectionId(), ev.GetSkuId())
			ch.seen = ch.seen || ev.GetStatus() != ev.GetPreviousStatus()
		case *inventoryv1.InventoryItemCreated:
			ch := of(e, ev.GetItem().GetCollectionId(), ev.GetItem().GetSkuId())
			ch.seen, ch.created, ch.item = true, true, ev.GetItem()
		case *inventoryv1.InventoryItemUpdated:
			ch := of(e, ev.GetItem().GetCollectionId(), ev.GetItem().GetSkuId())
			ch.seen, ch.item = true, ev.GetItem()
		case *inventoryv1.InventoryItemDeleted:
			ch := of(e, ev.GetItem().GetCollectionId(), ev.GetItem().GetSkuId())
			ch.seen, ch.gone, ch.item = true, true, ev.GetItem()
		case *inventoryv1.InventoryItemOptionAdded:
			ch := of(e, ev.GetCollectionId(), ev.GetOption().GetSkuId())
			ch.seen, ch.created = true, true
		case *inventoryv1.InventoryItemOptionDeleted:
			ch := of(e, ev.GetCollectionId(), ev.GetOption().GetSkuId())
			ch.seen, ch.gone = true, true
		}
	}
	return all
}

// Stocked is an event about the stock of a SKU.
type Stocked interface {
	GetCollectionId() int64
	GetBinName() string
	GetSkuId() string
}

// Moved says how an event changes what is available of a SKU in a bin; ok is
// false for an event that is about something else. Units that are shipped were
// not available before.
func Moved(event any) (s Stocked, bin string, n int64, ok bool) {
	switch e := event.(type) {
	case *inventoryv1.StockAdjusted:
		s, n = e, e.GetDelta()
	case *inventoryv1.StockReserved:
		s, n = e, -e.GetQuantity()
	case *inventoryv1.StockReleased:
		s, n = e, e.GetQuantity()
	default:
		return nil, "", 0, false
	}
	if bin = s.GetBinName(); bin == "" {
		bin = inventory.DefaultBin
	}
	return s, bin, n, true
}

// tell tells of a SKU as it is after the commit.
func (i Inventory) tell(ctx context.Context, t *telling, ch *change) error {
	tenant := t.commit.GetTenant()
	if !ch.seen {
		return nil
	}
	before, err := i.Lookup.Before(ctx, t.commit, ch.collection, ch.sku)
	if err != nil {
		return err
	}
	after := maps.Clone(before)
	if after == nil {
		after = map[string]int64{}
	}
	for bin, n := range ch.delta {
		after[bin] += n
	}
	item, err := i.Lookup.Catalogue(ctx, tenant, ch.collection, ch.sku)
	if err != nil {
		return err
	}
	if ch.item != nil {
		item.Details, item.Number = detailsOf(ch.item), ch.item.GetNumber()
	}
	p := properties(item.Details.Properties)
	retailer, supplier := i.Accounts.sides(tenant, p)
	body, err := i.bodyOf(ctx, tenant, ch, item, after)
	if err != nil {
		return err
	}
	// A SKU that nobody put into the catalogue is first seen when it is stocked.
	first := ch.created || len(before) == 0 && !item.Known && item.OptionOf == "" && !ch.gone
	return t.tell(ch.first, endpoint.Facts{
		Type: InventoryUpdated, Accounts: ids(i.Accounts[tenant].ID, retailer, supplier),
		Item: &endpoint.ItemChange{First: first, Before: sum(before), After: sum(after), Catalogs: p.list("catalogIds"), Assortments: p.list("assortmentIds")},
	}, ch.sku, "", body)
}

// detailsOf are the details of an item that a body shows.
func detailsOf(i *inventoryv1.StoredItem) inventory.Details {
	d := inventory.Details{
		Name: i.GetName(), Status: i.GetStatus(), Identifiers: i.GetIdentifiers(), PartnerSKU: i.GetPartnerSku(), Properties: i.GetProperties(),
	}
	if i.GetCostMinor() != 0 {
		d.Cost = money.Amount{Minor: i.GetCostMinor(), Currency: i.GetCurrencyCode()}
	}
	return d
}

func sum(bins map[string]int64) (n int64) {
	for _, v := range bins {
		n += v
	}
	return n
}

func (i Inventory) bodyOf(ctx context.Context, tenant string, ch *change, item inventory.CatalogueItem, bins map[string]int64) (*itemBody, error) {
	d := item.Details
	p := properties(d.Properties)
	b := &itemBody{
		Sku: ch.sku, Upc: d.Identifiers["upc"], Ean: d.Identifiers["ean"], Mpn: d.Identifiers["mpn"], Isbn: d.Identifiers["isbn"], Gtin: d.Identifiers["gtin"],
		PartnerSku: or(d.PartnerSKU, p["partnerSku"]), QuantityAvailable: sum(bins), Title: d.Name, Status: "out-of-stock", ProductStatus: productStatus(d.Status),
		EstimatedAvailabilityDate: dateOf(p["estimatedAvailabilityDate"]), DscoItemID: item.Number,
	}
	if b.QuantityAvailable > 0 {
		b.Status = "in-stock"
	}
	if ch.gone || d.Status == inventoryv1.ItemStatus_ITEM_STATUS_DISCONTINUED {
		b.Status, b.ProductStatus = "discontinued", "discontinued" // decision D-29
	}
	if d.Cost.Currency != "" {
		cost := amount(d.Cost.Minor, d.Cost.Currency)
		b.Cost = &cost
	}
	if retailer, supplier := i.Accounts.sides(tenant, p); b.PartnerSku != "" {
		b.PartnerSkuMap = []partnerSku{{retailer, i.Accounts.partner(tenant, retailer, supplier).TradingPartnerID, b.PartnerSku}}
	}
	for _, name := range slices.Sorted(maps.Keys(bins)) {
		bin, err := i.Lookup.Warehouse(ctx, tenant, ch.collection, name)
		if err != nil {
			return nil, err
		}
		w := warehouse{Code: name, RetailerCode: bin.Name, Quantity: bins[name], Cost: b.Cost}
		if bin.Number != 0 {
			w.DscoID = strconv.FormatInt(bin.Number, 10)
		}
		b.Warehouses = append(b.Warehouses, w)
	}
	return b, nil
}

func productStatus(s inventory.ItemStatus) string {
	switch s {
	case inventoryv1.ItemStatus_ITEM_STATUS_PENDING:
		return "pending"
	case inventoryv1.ItemStatus_ITEM_STATUS_ACTIVE:
		return "active"
	case inventoryv1.ItemStatus_ITEM_STATUS_DISCONTINUED_SELL_THROUGH:
		return "discontinued_sell_through"
	case inventoryv1.ItemStatus_ITEM_STATUS_DISCONTINUED:
		return "discontinued"
	case inventoryv1.ItemStatus_ITEM_STATUS_UNSPECIFIED:
	}
	return ""
}
