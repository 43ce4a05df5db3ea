package rpc

import (
	"cmp"
	"context"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/orderstream/oms/eventstore"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/inventory"
)

// StockView is the read model of stock, bins and items: projections.Stock, with the WaitFor of
// its view.
type StockView interface {
	Get(tenant string, collection int64, sku string) ([]*inventoryv1.Stock, error)
	Some(tenant string, collection int64, shown func(*inventoryv1.Stock) bool, size int, token string) ([]*inventoryv1.Stock, string, error)
	Bins(tenant string, collection int64, size int, token string) ([]*inventoryv1.Bin, string, error)
	Items(tenant string, collection int64, prefix string, size int, token string) ([]*inventoryv1.InventoryItem, string, error)
	SKU(tenant string, collection, itemNumber int64) (string, error)
	WaitFor(ctx context.Context, position uint64) error
}

// stock serves InventoryService: stock here, bins and items in files of their
// own.
type stock struct {
	log  eventstore.Log[inventory.Item]
	view StockView
	now  func() time.Time
}

func (s stock) AdjustStock(ctx context.Context, req *inventoryv1.AdjustStockRequest) (*inventoryv1.AdjustStockResponse, error) {
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	c := inventory.AdjustStock{
		CollectionID: collection, TransactionID: cmp.Or(meta.Key, ulid.Make().String()), Now: s.now(),
		Lines: make([]inventory.Adjustment, len(req.GetLines())),
	}
	for i, l := range req.GetLines() {
		c.Lines[i] = inventory.Adjustment{
			Movement: l.GetMovement(), SKU: l.GetSkuId(), Bin: l.GetBinName(), ToBin: l.GetToBinName(), Quantity: l.GetQuantity(), Notes: l.GetNotes(),
		}
	}
	res, err := s.log.Transact(ctx, meta, inventory.Scope(collection), c)
	if err != nil {
		return nil, err
	}
	after, err := s.touched(ctx, meta.Tenant, c, res)
	if err != nil {
		return nil, err
	}
	return &inventoryv1.AdjustStockResponse{Position: res.Position, Stock: after, Repeated: res.Repeated}, nil
}

// touched is the stock that a command was about, each bin and SKU once.
func (s stock) touched(
	ctx context.Context, tenant string, c inventory.AdjustStock, res eventstore.Result[inventory.Item],
) ([]*inventoryv1.Stock, error) {
	var out []*inventoryv1.Stock
	seen := map[string]bool{}
	for _, l := range c.Lines {
		bins := []string{cmp.Or(l.Bin, inventory.DefaultBin), l.ToBin}
		for _, bin := range bins {
			id := inventory.StockID(c.CollectionID, bin, l.SKU)
			if bin == "" || seen[id] {
				continue
			}
			seen[id] = true
			item, err := s.after(ctx, tenant, c.CollectionID, id, res)
			if err != nil {
				return nil, err
			}
			out = append(out, stockOf(c.CollectionID, bin, l.SKU, item.Stock))
		}
	}
	return out, nil
}

func (s stock) GetStock(ctx context.Context, req *inventoryv1.GetStockRequest) (*inventoryv1.GetStockResponse, error) {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	tenant, collection := callOf(ctx).Tenant, cmp.Or(req.GetCollectionId(), defaultCollection)
	found, err := s.view.Get(tenant, collection, req.GetSkuId())
	if err == nil && len(found) == 0 {
		found, err = s.getStored(ctx, tenant, collection, req.GetSkuId())
	}
	if err != nil {
		return nil, err
	}
	return &inventoryv1.GetStockResponse{Stock: found}, nil
}

// getStored reads a SKU that the view has none of, once the view has seen all
// that is stored for the collection now.
func (s stock) getStored(ctx context.Context, tenant string, collection int64, sku string) ([]*inventoryv1.Stock, error) {
	snap, err := s.log.Read(ctx, tenant, inventory.Scope(collection), inventory.StockID(collection, inventory.DefaultBin, sku))
	if err != nil {
		return nil, err
	}
	if err := await(ctx, s.view, snap.Position); err != nil {
		return nil, err
	}
	found, err := s.view.Get(tenant, collection, sku)
	if err == nil && len(found) == 0 {
		err = fault.New(fault.NotFound, inventory.UnknownSKU, "sku_id: no bin ever had any %q", sku)
	}
	return found, err
}

func (s stock) ListStock(ctx context.Context, req *inventoryv1.ListStockRequest) (*inventoryv1.ListStockResponse, error) {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	shown := func(s *inventoryv1.Stock) bool {
		return (req.GetBinName() == "" || s.GetBinName() == req.GetBinName()) &&
			(req.GetStatus() == 0 || s.GetStatus() == req.GetStatus()) && (!req.GetLowStock() || s.GetLowStock())
	}
	page, next, err := s.view.Some(callOf(ctx).Tenant, collection, shown, int(req.GetPageSize()), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListStockResponse{Stock: page, NextPageToken: next}, nil
}

func stockOf(collection int64, bin, sku string, s inventory.Stock) *inventoryv1.Stock {
	return &inventoryv1.Stock{
		CollectionId: collection, BinName: bin, SkuId: sku,
		OnHand: s.OnHand, Reserved: s.Reserved, Available: s.Available(), Shipped: s.Shipped,
		Status: s.Status(), LowStock: s.Low,
		OutOfStockThreshold: s.Thresholds().OutOfStock, LowStockThreshold: s.Thresholds().LowStock,
		ThresholdsRevision: s.Thresholds().Revision,
	}
}
