package projections_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/projections"
)

func (w *world) stock() (*log, *opened, projections.Stock) {
	w.Helper()
	p := projections.StockProjector()
	l := w.log(&p)
	v := w.run(w.TempDir(), p)
	l.follow(v)
	return l, v, projections.Stock{View: v.View()}
}

const (
	inStock    = inventoryv1.StockStatus_STOCK_STATUS_IN_STOCK
	outOfStock = inventoryv1.StockStatus_STOCK_STATUS_OUT_OF_STOCK
)

func adjusted(bin, sku string, delta int64) *inventoryv1.StockAdjusted {
	return &inventoryv1.StockAdjusted{CollectionId: 1, BinName: bin, SkuId: sku, Delta: delta}
}

func TestStockFollowsEveryMovement(t *testing.T) {
	l, v, stock := newWorld(t).stock()
	l.put("1/main/tea", adjusted("main", "tea", 10))
	l.put("1/main/tea",
		&inventoryv1.StockReserved{CollectionId: 1, BinName: "main", SkuId: "tea", Quantity: 4},
		&inventoryv1.StockReleased{CollectionId: 1, BinName: "main", SkuId: "tea", Quantity: 1},
		&inventoryv1.StockShipped{CollectionId: 1, BinName: "main", SkuId: "tea", Quantity: 2},
		&inventoryv1.StockThresholdsSet{CollectionId: 1, BinName: "main", SkuId: "tea", OutOfStock: 9},
		&inventoryv1.StockThresholdsSet{CollectionId: 1, BinName: "main", SkuId: "tea", OutOfStock: 1, LowStock: 5},
		&inventoryv1.StockStatusChanged{CollectionId: 1, BinName: "main", SkuId: "tea", Status: inStock, LowStock: true},
		adjusted("main", "tea", -2))
	l.put("2/main/tea", &inventoryv1.StockAdjusted{CollectionId: 2, BinName: "main", SkuId: "tea", Delta: 99})
	v.reach(l.put("1/east/tea", adjusted("east", "tea", 5), adjusted("east", "teapot", 1)))

	got, err := stock.Get(tenant, 1, "tea")
	if err != nil {
		t.Fatal(err)
	}
	want := []*inventoryv1.Stock{
		{CollectionId: 1, BinName: "east", SkuId: "tea", OnHand: 5, Available: 5, Status: outOfStock},
		{
			CollectionId: 1, BinName: "main", SkuId: "tea", OnHand: 6, Reserved: 1, Available: 5, Shipped: 2,
			Status: inStock, LowStock: true, OutOfStockThreshold: 1, LowStockThreshold: 5, ThresholdsRevision: 2,
		},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("stock (-want +got):\n%s", diff)
	}
	if got, err := stock.Get(tenant, 1, "te"); err != nil || len(got) != 0 {
		t.Errorf("stock of an unknown SKU: %v, %v", got, err)
	}
	if got, err := stock.Get("other", 1, "tea"); err != nil || len(got) != 0 {
		t.Errorf("stock of another tenant: %v, %v", got, err)
	}

	l.sendAgain(v)
	v.mustEqualRebuilt()
}

func TestPagesOfStockAreWhole(t *testing.T) {
	l, v, stock := newWorld(t).stock()
	var want []string
	for i := range 23 {
		sku, bin := fmt.Sprintf("sku%02d", i/2), fmt.Sprint("bin", i%2)
		want = append(want, sku+" "+bin)
		l.put("1/"+bin+"/"+sku, adjusted(bin, sku, 1))
	}
	l.put("2/x/y", &inventoryv1.StockAdjusted{CollectionId: 2, BinName: "x", SkuId: "y", Delta: 1})
	l.follow(v)
	for _, size := range []int{0, 1, 5, 23} {
		var got []string
		for token, pages := "", 0; ; pages++ {
			page, next, err := stock.List(tenant, 1, size, token)
			if err != nil || pages > 23 {
				t.Fatal(err, pages)
			}
			for _, s := range page {
				got = append(got, s.GetSkuId()+" "+s.GetBinName())
			}
			if token = next; token == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
	}
	if _, _, err := stock.List(tenant, 1, 5, "%"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a cursor of one's own: %v", err)
	}
}

// parts of events are not events.
var parts = []protoreflect.Name{"BulkLine", "ReducedLine", "BinAddress", "StoredItem", "StoredOption", "PriceChange"}

// Every event of the inventory must mean something to the view.
func TestEveryInventoryEventIsKnown(t *testing.T) {
	l, v, _ := newWorld(t).stock()
	before := v.Status(t.Context()).Unknown
	messages := inventoryv1.File_oms_inventory_v1_events_proto.Messages()
	for i := range messages.Len() {
		name := messages.Get(i).FullName()
		if slices.Contains(parts, name.Name()) {
			continue
		}
		m, err := protoregistry.GlobalTypes.FindMessageByName(name)
		if err != nil {
			t.Fatal(err)
		}
		v.reach(l.put("1/main/tea", m.New().Interface()))
		if got := v.Status(t.Context()).Unknown; got != before {
			t.Errorf("%s is not known", name)
			before = got
		}
	}
}
