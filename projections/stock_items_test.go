package projections_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
)

func binCreated(name string, number int64) *inventoryv1.BinCreated {
	return &inventoryv1.BinCreated{CollectionId: 1, BinName: name, Number: number, Automatic: true}
}

func TestBinsAreListedUntilTheyAreDeleted(t *testing.T) {
	l, v, stock := newWorld(t).stock()
	leeds := &inventoryv1.BinAddress{City: "Leeds"}
	l.put("bin/1/east", binCreated("east", 1), &inventoryv1.BinContentsChanged{CollectionId: 1, BinName: "east", StockedSkus: 3})
	l.put("bin/1/east", &inventoryv1.BinUpdated{CollectionId: 1, BinName: "east", Number: 1, DisplayName: "East", Address: leeds})
	l.put("bin/1/west", binCreated("west", 2))
	l.put("bin/2/west", &inventoryv1.BinCreated{CollectionId: 2, BinName: "west", Number: 1})
	v.reach(l.put("bin/1/west", &inventoryv1.BinDeleted{CollectionId: 1, BinName: "west", Number: 2}))
	east := &inventoryv1.Bin{
		CollectionId: 1, BinName: "east", WarehouseNumber: 1, DisplayName: "East", Address: &inventoryv1.Address{City: "Leeds"},
		StockedSkus: 3, Revision: 2,
	}
	bins := func(want ...*inventoryv1.Bin) {
		t.Helper()
		got, next, err := stock.Bins(tenant, 1, 0, "")
		if diff := cmp.Diff(want, got, protocmp.Transform()); err != nil || next != "" || diff != "" {
			t.Errorf("%v, next %q, bins (-want +got):\n%s", err, next, diff)
		}
	}
	bins(east)
	v.reach(l.put("bin/1/west", &inventoryv1.BinCreated{CollectionId: 1, BinName: "west", Number: 2}))
	if b, ok, err := stock.Bin(tenant, 1, "west"); err != nil || !ok || b.GetWarehouseNumber() != 2 {
		t.Errorf("bin %v, %v, %v", b, ok, err)
	}
	if b, ok, err := stock.Bin(tenant, 1, "north"); err != nil || ok {
		t.Errorf("bin %v, %v, %v", b, ok, err)
	}
	bins(east, &inventoryv1.Bin{CollectionId: 1, BinName: "west", WarehouseNumber: 2, Revision: 3})
	l.sendAgain(v)
	v.mustEqualRebuilt()
}

func item(sku string, number int64, options ...*inventoryv1.StoredOption) *inventoryv1.StoredItem {
	return &inventoryv1.StoredItem{
		CollectionId: 1, SkuId: sku, Number: number, Name: sku, TrackStock: true, CurrencyCode: "USD", PriceMinor: 2000,
		Properties: map[string]string{"a": "1", "b": "2"}, Options: options,
	}
}

func TestItemsAreListedUntilTheyAreDeleted(t *testing.T) {
	l, v, stock := newWorld(t).stock()
	small := &inventoryv1.StoredOption{SkuId: "shirt-s", Number: 2, PriceMinor: 1900, Attributes: map[string]string{"size": "s"}}
	l.put("item/1/shirt", &inventoryv1.InventoryItemCreated{Item: item("shirt", 1)})
	l.put("item/1/shirt", &inventoryv1.InventoryItemUpdated{Item: item("shirt", 1, small)})
	l.put("item/1/shirt-s", &inventoryv1.InventoryItemOptionAdded{CollectionId: 1, ItemSkuId: "shirt", Option: small})
	v.reach(l.put("item/1/hat", &inventoryv1.InventoryItemCreated{Item: item("hat", 3)}))

	usd := func(minor int64) *moneyv1.Money { return &moneyv1.Money{CurrencyCode: "USD", MinorUnits: minor} }
	hat := &inventoryv1.InventoryItem{
		CollectionId: 1, SkuId: "hat", ItemNumber: 3, Name: "hat", TrackStock: true, Price: usd(2000),
		Properties: map[string]string{"a": "1", "b": "2"}, Revision: 1,
	}
	shirt := &inventoryv1.InventoryItem{
		CollectionId: 1, SkuId: "shirt", ItemNumber: 1, Name: "shirt", TrackStock: true, Price: usd(2000),
		Properties: map[string]string{"a": "1", "b": "2"}, Revision: 2,
		Options: []*inventoryv1.ItemOption{{SkuId: "shirt-s", ItemNumber: 2, Price: usd(1900), Attributes: map[string]string{"size": "s"}}},
	}
	items := func(prefix string, want ...*inventoryv1.InventoryItem) {
		t.Helper()
		got, next, err := stock.Items(tenant, 1, prefix, 0, "")
		if diff := cmp.Diff(want, got, protocmp.Transform()); err != nil || next != "" || diff != "" {
			t.Errorf("%v, next %q, items %q (-want +got):\n%s", err, next, prefix, diff)
		}
	}
	items("", hat, shirt)
	items("sh", shirt)
	items("shirts")
	for sku, want := range map[string]*inventoryv1.InventoryItem{"hat": hat, "shirt": shirt, "shirt-s": shirt, "shirt-m": nil} {
		got, ok, err := stock.Item(tenant, 1, sku)
		if diff := cmp.Diff(want, got, protocmp.Transform()); err != nil || ok != (want != nil) || diff != "" {
			t.Errorf("%v, item of %s (-want +got):\n%s", err, sku, diff)
		}
	}
	v.reach(l.put("item/1/hat", &inventoryv1.InventoryItemDeleted{Item: item("hat", 3)}))
	items("", shirt)
	if got, ok, err := stock.Item(tenant, 1, "hat"); err != nil || !ok || !got.GetDeleted() || got.GetItemNumber() != 3 {
		t.Errorf("deleted item: %v, %v, %v", got, ok, err)
	}
	for number, want := range map[int64]string{1: "shirt", 2: "shirt-s", 3: "hat", 4: ""} {
		if got, err := stock.SKU(tenant, 1, number); err != nil || got != want {
			t.Errorf("number %d is %q, %v, want %q", number, got, err, want)
		}
	}
	if got, err := stock.SKU("other", 1, 1); err != nil || got != "" {
		t.Errorf("number 1 of another tenant is %q, %v", got, err)
	}
	l.put("item/1/shirt-s", &inventoryv1.InventoryItemOptionDeleted{CollectionId: 1, ItemSkuId: "shirt", Option: small})
	v.reach(l.put("item/1/shirt", &inventoryv1.InventoryItemUpdated{Item: item("shirt", 1)}))
	if _, ok, err := stock.Item(tenant, 1, "shirt-s"); err != nil || ok {
		t.Errorf("a removed option is still one: %v", err)
	}
	l.sendAgain(v)
	v.mustEqualRebuilt()
}

func TestPagesOfItemsAreWholeWhateverWasDeleted(t *testing.T) {
	l, v, stock := newWorld(t).stock()
	var want []string
	for i := range int64(20) {
		sku := fmt.Sprintf("sku%02d", i)
		l.put("item/1/"+sku, &inventoryv1.InventoryItemCreated{Item: item(sku, i+1)})
		if i%3 == 0 {
			l.put("item/1/"+sku, &inventoryv1.InventoryItemDeleted{Item: item(sku, i+1)})
			continue
		}
		want = append(want, sku)
	}
	l.follow(v)
	for _, size := range []int{1, 4, 13} {
		var got []string
		for token, pages := "", 0; ; pages++ {
			page, next, err := stock.Items(tenant, 1, "sku", size, token)
			if err != nil || pages > 20 {
				t.Fatal(err, pages)
			}
			for _, i := range page {
				got = append(got, i.GetSkuId())
			}
			if token = next; token == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
	}
}
