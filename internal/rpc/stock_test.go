package rpc_test

import (
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/gen/oms/inventory/v1/inventoryv1connect"
)

func TestThresholdsFlipTheStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, inventoryv1connect.NewInventoryServiceClient)
	_, err := client.AdjustStock(t.Context(), &inventoryv1.AdjustStockRequest{Lines: []*inventoryv1.StockLine{add("A", "", 4)}})
	must(t, err)
	req := &inventoryv1.SetStockThresholdsRequest{SkuId: "A", LowStock: proto.Int64(5), OutOfStock: proto.Int64(1), IdempotencyKey: "k"}
	for _, repeated := range []bool{false, true} {
		got, err := client.SetStockThresholds(t.Context(), req)
		must(t, err)
		if s := got.GetStock(); !s.GetLowStock() || s.GetThresholdsRevision() != 1 || s.GetOutOfStockThreshold() != 1 ||
			s.GetStatus() != inventoryv1.StockStatus_STOCK_STATUS_IN_STOCK || got.GetRepeated() != repeated || got.GetPosition() != 2 {
			t.Errorf("got %v", got)
		}
	}
	_, err = client.SetStockThresholds(t.Context(), &inventoryv1.SetStockThresholdsRequest{SkuId: "A", LowStock: proto.Int64(9), ExpectedRevision: 7})
	if code, reason := reasonOf(t, err); code != connect.CodeAborted || reason != "revision_mismatch" {
		t.Errorf("another revision: %v, %s", code, reason)
	}
	read, err := client.GetStock(t.Context(), &inventoryv1.GetStockRequest{SkuId: "A", MinPosition: 2})
	if err != nil || len(read.GetStock()) != 1 || !read.GetStock()[0].GetLowStock() || read.GetStock()[0].GetThresholdsRevision() != 1 {
		t.Errorf("read %v, %v", read, err)
	}
	bad := w.post(inventoryv1connect.InventoryServiceSetStockThresholdsProcedure, `{"skuId":"A","outOfStock":"3","lowStock":"2"}`)
	if bad.fields["low_stock"] == "" || bad.reason != "invalid_fields" {
		t.Errorf("low below none: %s", bad.body)
	}
	bad = w.post(inventoryv1connect.InventoryServiceSetStockThresholdsProcedure, `{"outOfStock":"-3"}`)
	if bad.fields["sku_id"] == "" || bad.fields["out_of_stock"] == "" {
		t.Errorf("nothing right: %s", bad.body)
	}
}
