package rpc

import (
	"cmp"
	"context"
	"fmt"

	"github.com/orderstream/oms/eventstore"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/inventory"
)

func (s stock) CreateItem(ctx context.Context, req *inventoryv1.CreateItemRequest) (*inventoryv1.CreateItemResponse, error) {
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	item, res, err := s.runItem(ctx, req, collection, inventory.CreateItem{
		CollectionID: collection, SKU: req.GetSkuId(), ExpectRevision: req.GetExpectedRevision(),
		Details: inventory.Details{
			Name: req.GetName(), Description: req.GetDescription(), Status: req.GetStatus(),
			TrackStock: req.TrackStock == nil || req.GetTrackStock(),
			Price:      amountOf(req.GetPrice()), Cost: amountOf(req.GetCost()),
			Identifiers: req.GetIdentifiers(), PartnerSKU: req.GetPartnerSku(), Properties: req.GetProperties(),
		},
		Options: optionsOf(req.GetOptions()),
	})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.CreateItemResponse{Item: item, Position: res.Position, Repeated: res.Repeated}, nil
}

func (s stock) UpdateItem(ctx context.Context, req *inventoryv1.UpdateItemRequest) (*inventoryv1.UpdateItemResponse, error) {
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	c := inventory.UpdateItem{
		CollectionID: collection, SKU: req.GetSkuId(), ExpectRevision: req.GetExpectedRevision(),
		Name: req.Name, Description: req.Description, Status: req.GetStatus(), TrackStock: req.TrackStock,
		Identifiers: req.GetIdentifiers(), PartnerSKU: req.PartnerSku, Properties: req.GetProperties(),
	}
	if req.GetPrice() != nil {
		c.Price = new(amountOf(req.GetPrice()))
	}
	if req.GetCost() != nil {
		c.Cost = new(amountOf(req.GetCost()))
	}
	item, res, err := s.runItem(ctx, req, collection, c)
	if err != nil {
		return nil, err
	}
	return &inventoryv1.UpdateItemResponse{Item: item, Position: res.Position, Repeated: res.Repeated}, nil
}

func (s stock) SetItemOptions(ctx context.Context, req *inventoryv1.SetItemOptionsRequest) (*inventoryv1.SetItemOptionsResponse, error) {
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	item, res, err := s.runItem(ctx, req, collection, inventory.SetItemOptions{
		CollectionID: collection, SKU: req.GetSkuId(), Options: optionsOf(req.GetOptions()), ExpectRevision: req.GetExpectedRevision(),
	})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.SetItemOptionsResponse{Item: item, Position: res.Position, Repeated: res.Repeated}, nil
}

func (s stock) DeleteItem(ctx context.Context, req *inventoryv1.DeleteItemRequest) (*inventoryv1.DeleteItemResponse, error) {
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	item, res, err := s.runItem(ctx, req, collection, inventory.DeleteItem{
		CollectionID: collection, SKU: req.GetSkuId(), ExpectRevision: req.GetExpectedRevision(),
	})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.DeleteItemResponse{Item: item, Position: res.Position, Repeated: res.Repeated}, nil
}

// runItem runs a command on an item and returns the item as it is then.
func (s stock) runItem(ctx context.Context, req interface {
	keyed
	GetSkuId() string
}, collection int64, c eventstore.Transaction[inventory.Item],
) (*inventoryv1.InventoryItem, eventstore.Result[inventory.Item], error) {
	state, res, err := s.run(ctx, req, collection, inventory.ItemID(collection, req.GetSkuId()), c)
	return itemOf(collection, req.GetSkuId(), state.Catalogue()), res, err
}

// GetItem reads an item from the log's own state, which is never late; only the
// SKU of a number is looked up in the view.
func (s stock) GetItem(ctx context.Context, req *inventoryv1.GetItemRequest) (*inventoryv1.GetItemResponse, error) {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	tenant, collection, sku := callOf(ctx).Tenant, cmp.Or(req.GetCollectionId(), defaultCollection), req.GetSkuId()
	named := fmt.Sprintf("sku_id: there is no item %q", sku)
	if n := req.GetItemNumber(); n != 0 {
		var err error
		if sku, err = s.view.SKU(tenant, collection, n); err != nil {
			return nil, err
		}
		named = fmt.Sprintf("item_number: there is no item %d", n)
	}
	for range 2 { // an option, then its item
		snap, err := s.log.Read(ctx, tenant, inventory.Scope(collection), inventory.ItemID(collection, sku))
		if err != nil {
			return nil, err
		}
		c := snap.State.Catalogue()
		if c.Known {
			return &inventoryv1.GetItemResponse{Item: itemOf(collection, sku, c)}, nil
		}
		if c.OptionOf == "" {
			break
		}
		sku = c.OptionOf
	}
	return nil, fault.New(fault.NotFound, "unknown_item", "%s", named)
}

func (s stock) ListItems(ctx context.Context, req *inventoryv1.ListItemsRequest) (*inventoryv1.ListItemsResponse, error) {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	page, next, err := s.view.Items(callOf(ctx).Tenant, collection, req.GetSkuPrefix(), int(req.GetPageSize()), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListItemsResponse{Items: page, NextPageToken: next}, nil
}
