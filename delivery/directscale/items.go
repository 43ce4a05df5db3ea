package directscale

import (
	"context"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

// Inventory translates the log of stock and items.
type Inventory struct{ Lookup Lookup }

// Log implements delivery.Translator.
func (Inventory) Log() string { return "inventory" }

// itemBody is CreateInventoryItemEvent and DeleteInventoryItemEvent.
type itemBody struct {
	ItemID     int64 `json:"ItemId"`
	Sku        string
	TrackStock bool
	HasOptions bool
	event
}

// updatedItem is UpdateInventoryItemEvent, which alone has the two bags.
type updatedItem struct {
	itemBody
	CustomData       map[string]string
	UnknownDataItems map[string]string
}

// stockBody is StockLevelEvent. Its ids end in capitals, as the source has them.
type stockBody struct {
	ItemID      int64
	WarehouseID int64
	Available   int64
	Status      string
	StatusIndex int
	event
}

// Translate implements delivery.Translator.
func (i Inventory) Translate(ctx context.Context, c eventstore.Commit, wanted func(deliveryv1.Vocabulary) bool) ([]delivery.Told, error) {
	if !wanted(deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE) {
		return nil, nil
	}
	events, err := c.Recorded()
	if err != nil {
		return nil, err
	}
	t := &telling{commit: c}
	for _, e := range events {
		if err := i.event(ctx, t, e); err != nil {
			return nil, err
		}
	}
	return t.told, nil
}

func (i Inventory) event(ctx context.Context, t *telling, e eventstore.Recorded) error {
	switch ev := e.Event.(type) {
	case *inventoryv1.StockStatusChanged:
		return i.stock(ctx, t, e, ev)
	case *inventoryv1.InventoryItemCreated:
		return t.item(e, CreateItem, ev.GetItem())
	case *inventoryv1.InventoryItemUpdated:
		custom := ev.GetItem().GetProperties()
		if custom == nil {
			custom = map[string]string{}
		}
		b := updatedItem{t.bodyOf(UpdateItem, ev.GetItem()), custom, map[string]string{}}
		return t.tell(e, UpdateItem, ev.GetItem().GetSkuId(), "", b)
	case *inventoryv1.InventoryItemDeleted: // its options have events of their own
		return t.item(e, DeleteItem, ev.GetItem())
	case *inventoryv1.InventoryItemOptionDeleted:
		return t.option(e, ev.GetOption(), ev.GetTrackStock())
	}
	return nil
}

// stock tells of a status that flipped; a low stock flag alone is nothing that
// this source knows (DS-EV-08-N1).
func (i Inventory) stock(ctx context.Context, t *telling, e eventstore.Recorded, s *inventoryv1.StockStatusChanged) error {
	if s.GetStatus() == s.GetPreviousStatus() {
		return nil
	}
	item, err := i.Lookup.Item(ctx, t.commit.GetTenant(), s.GetCollectionId(), s.GetSkuId())
	if err != nil {
		return err
	}
	bin, err := i.Lookup.Bin(ctx, t.commit.GetTenant(), s.GetCollectionId(), s.GetBinName())
	if err != nil {
		return err
	}
	b := stockBody{
		ItemID: item, WarehouseID: bin, Available: s.GetAvailable(), Status: "InStock",
		event: legacyEvent(StockLevel, t.commit.GetTime().AsTime()),
	}
	if s.GetStatus() == inventoryv1.StockStatus_STOCK_STATUS_OUT_OF_STOCK { // decision D-09
		b.Status, b.StatusIndex = "OutOfStock", 1
	}
	return t.tell(e, StockLevel, s.GetSkuId(), "", b)
}

func (t *telling) bodyOf(kind string, i *inventoryv1.StoredItem) itemBody {
	return itemBody{
		ItemID: i.GetNumber(), Sku: i.GetSkuId(), TrackStock: i.GetTrackStock(), HasOptions: len(i.GetOptions()) > 0,
		event: orderEvent(kind, t.commit.GetTime().AsTime()),
	}
}

func (t *telling) item(e eventstore.Recorded, kind string, i *inventoryv1.StoredItem) error {
	return t.tell(e, kind, i.GetSkuId(), "", t.bodyOf(kind, i))
}

// option tells that an option is gone, by itself or after its item (DS-EV-20-N1).
func (t *telling) option(e eventstore.Recorded, o *inventoryv1.StoredOption, track bool) error {
	return t.tell(e, DeleteItem, o.GetSkuId(), "", itemBody{
		ItemID: o.GetNumber(), Sku: o.GetSkuId(), TrackStock: track, event: orderEvent(DeleteItem, t.commit.GetTime().AsTime()),
	})
}
