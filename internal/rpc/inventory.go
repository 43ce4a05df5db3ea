package rpc

import (
	"cmp"
	"context"
	"time"

	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/inventory"
)

// StockView is the read model of stock: projections.Stock, with the WaitFor of
// its view.
type StockView interface {
	Get(tenant string, collection int64, sku string) ([]*inventoryv1.Stock, error)
	List(tenant string, collection int64, size int, token string) ([]*inventoryv1.Stock, string, error)
	WaitFor(ctx context.Context, position uint64) error
}

// stock serves InventoryService.
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

// after is an aggregate after a command. What the result does not know, as that
// of a repeat, is read as it is now.
func (s stock) after(
	ctx context.Context, tenant string, collection int64, id string, res eventstore.Result[inventory.Item],
) (inventory.Item, error) {
	if item, ok := res.States[id]; ok {
		return item, nil
	}
	snap, err := s.log.Read(ctx, tenant, inventory.Scope(collection), id)
	return snap.State, err
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

func (s stock) SetStockThresholds(
	ctx context.Context, req *inventoryv1.SetStockThresholdsRequest,
) (*inventoryv1.SetStockThresholdsResponse, error) {
	collection, bin := cmp.Or(req.GetCollectionId(), defaultCollection), cmp.Or(req.GetBinName(), inventory.DefaultBin)
	item, res, err := s.run(ctx, req, collection, inventory.StockID(collection, bin, req.GetSkuId()), inventory.SetStockThresholds{
		CollectionID: collection, Bin: bin, SKU: req.GetSkuId(),
		OutOfStock: req.OutOfStock, LowStock: req.LowStock, ExpectRevision: req.GetExpectedRevision(),
	})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.SetStockThresholdsResponse{
		Stock: stockOf(collection, bin, req.GetSkuId(), item.Stock), Position: res.Position, Repeated: res.Repeated,
	}, nil
}

// keyed is a request that a caller may repeat.
type keyed interface {
	proto.Message
	GetIdempotencyKey() string
}

// run runs the command of a request and returns the aggregate that it is about.
func (s stock) run(
	ctx context.Context, req keyed, collection int64, id string, c eventstore.Transaction[inventory.Item],
) (item inventory.Item, res eventstore.Result[inventory.Item], err error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return item, res, err
	}
	if res, err = s.log.Transact(ctx, meta, inventory.Scope(collection), c); err != nil {
		return item, res, err
	}
	item, err = s.after(ctx, meta.Tenant, collection, id, res)
	return item, res, err
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
	page, next, err := s.view.List(callOf(ctx).Tenant, collection, int(req.GetPageSize()), req.GetPageToken())
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
		OutOfStockThreshold: s.Thresholds.OutOfStock, LowStockThreshold: s.Thresholds.LowStock,
		ThresholdsRevision: s.Thresholds.Revision,
	}
}
