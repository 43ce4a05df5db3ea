package rpc

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/inventory"
)

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
