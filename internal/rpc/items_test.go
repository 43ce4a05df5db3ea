package rpc_test

import (
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/gen/oms/inventory/v1/inventoryv1connect"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
)

func TestBinsAreManaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, inventoryv1connect.NewInventoryServiceClient)
	create := &inventoryv1.CreateBinRequest{
		BinName: "leeds", DisplayName: "Leeds", Address: &inventoryv1.Address{City: "Leeds", CountryCode: "GB"}, IdempotencyKey: "k",
	}
	want := &inventoryv1.Bin{
		CollectionId: 1, BinName: "leeds", WarehouseNumber: 1, DisplayName: "Leeds", Address: create.GetAddress(), Revision: 1,
	}
	for range 2 { // a repeat is answered alike
		got, err := client.CreateBin(t.Context(), create)
		must(t, err)
		if diff := cmp.Diff(want, got.GetBin(), protocmp.Transform()); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
	}
	_, err := client.AdjustStock(t.Context(), &inventoryv1.AdjustStockRequest{Lines: []*inventoryv1.StockLine{add("A", "", 1), add("A", "leeds", 1)}})
	must(t, err)
	changed, err := client.UpdateBin(t.Context(), &inventoryv1.UpdateBinRequest{BinName: "leeds", DisplayName: proto.String("Leeds 2"), ExpectedRevision: 1})
	if err != nil || changed.GetBin().GetDisplayName() != "Leeds 2" || changed.GetBin().GetRevision() != 2 || changed.GetBin().GetAddress().GetCity() != "Leeds" {
		t.Errorf("changed %v, %v", changed, err)
	}
	page, err := client.ListBins(t.Context(), &inventoryv1.ListBinsRequest{MinPosition: changed.GetPosition(), PageSize: 1})
	must(t, err)
	if diff := cmp.Diff([]*inventoryv1.Bin{changed.GetBin()}, page.GetBins(), protocmp.Transform()); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	page, err = client.ListBins(t.Context(), &inventoryv1.ListBinsRequest{PageToken: page.GetNextPageToken()})
	if err != nil || len(page.GetBins()) != 1 || !page.GetBins()[0].GetAutomatic() || page.GetBins()[0].GetWarehouseNumber() != 2 {
		t.Errorf("second page %v, %v", page, err)
	}
	_, err = client.DeleteBin(t.Context(), &inventoryv1.DeleteBinRequest{BinName: "leeds"})
	if code, reason := reasonOf(t, err); code != connect.CodeFailedPrecondition || reason != "bin_not_empty" {
		t.Errorf("deleting a full one: %v, %s", code, reason)
	}
	_, err = client.CreateBin(t.Context(), &inventoryv1.CreateBinRequest{BinName: "leeds"})
	if code, reason := reasonOf(t, err); code != connect.CodeAlreadyExists || reason != "bin_exists" {
		t.Errorf("creating another one: %v, %s", code, reason)
	}
	_, err = client.AdjustStock(t.Context(), &inventoryv1.AdjustStockRequest{Lines: []*inventoryv1.StockLine{
		{Movement: inventoryv1.StockMovement_STOCK_MOVEMENT_TRANSFER, SkuId: "A", BinName: "leeds", ToBinName: "main", Quantity: 1},
	}})
	must(t, err)
	gone, err := client.DeleteBin(t.Context(), &inventoryv1.DeleteBinRequest{BinName: "leeds", ExpectedRevision: 2})
	if err != nil || !gone.GetBin().GetDeleted() || gone.GetBin().GetWarehouseNumber() != 1 {
		t.Errorf("deleted %v, %v", gone, err)
	}
	page, err = client.ListBins(t.Context(), &inventoryv1.ListBinsRequest{MinPosition: gone.GetPosition()})
	if err != nil || len(page.GetBins()) != 1 {
		t.Errorf("left %v, %v", page, err)
	}
}

func dollars(cents int64) *moneyv1.Money {
	return &moneyv1.Money{CurrencyCode: "USD", MinorUnits: cents}
}

func aShirt() *inventoryv1.CreateItemRequest {
	return &inventoryv1.CreateItemRequest{
		SkuId: "shirt", Name: "A shirt", Price: dollars(2000), Cost: dollars(900), Identifiers: map[string]string{"upc": "036000291452"},
		Properties: map[string]string{"cut": "slim"}, IdempotencyKey: "k",
		Options: []*inventoryv1.ItemOption{{SkuId: "shirt-s"}, {SkuId: "shirt-l", Name: "L", Price: dollars(2200), Attributes: map[string]string{"size": "L"}}},
	}
}

func TestItemsAreManaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, inventoryv1connect.NewInventoryServiceClient)
	want := &inventoryv1.InventoryItem{
		CollectionId: 1, SkuId: "shirt", ItemNumber: 1, Name: "A shirt", Status: inventoryv1.ItemStatus_ITEM_STATUS_ACTIVE, TrackStock: true,
		Price: dollars(2000), Cost: dollars(900), Identifiers: map[string]string{"upc": "036000291452"}, Properties: map[string]string{"cut": "slim"},
		Options: []*inventoryv1.ItemOption{
			{SkuId: "shirt-s", ItemNumber: 2}, {SkuId: "shirt-l", ItemNumber: 3, Name: "L", Price: dollars(2200), Attributes: map[string]string{"size": "L"}},
		},
		Revision: 1,
	}
	check := func(what string, got *inventoryv1.InventoryItem, err error) {
		t.Helper()
		must(t, err)
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	for range 2 { // a repeat is answered alike
		created, err := client.CreateItem(t.Context(), aShirt())
		check("created", created.GetItem(), err)
	}
	for _, req := range []*inventoryv1.GetItemRequest{{SkuId: "shirt"}, {SkuId: "shirt-l"}, {ItemNumber: 1, MinPosition: 1}, {ItemNumber: 2}} {
		got, err := client.GetItem(t.Context(), req)
		check("read", got.GetItem(), err)
	}
	changed, err := client.UpdateItem(t.Context(), &inventoryv1.UpdateItemRequest{
		SkuId: "shirt", ExpectedRevision: 1, Price: dollars(1800), TrackStock: proto.Bool(false), PartnerSku: proto.String("P-1"),
		Status: inventoryv1.ItemStatus_ITEM_STATUS_DISCONTINUED_SELL_THROUGH, Properties: map[string]string{"cut": ""},
	})
	want.Price, want.TrackStock, want.PartnerSku, want.Properties, want.Revision = dollars(1800), false, "P-1", nil, 2
	want.Status = inventoryv1.ItemStatus_ITEM_STATUS_DISCONTINUED_SELL_THROUGH
	check("changed", changed.GetItem(), err)
	options, err := client.SetItemOptions(t.Context(), &inventoryv1.SetItemOptionsRequest{SkuId: "shirt", Options: want.GetOptions()[1:]})
	want.Options, want.Revision = want.GetOptions()[1:], 3
	check("without an option", options.GetItem(), err)
	page, err := client.ListItems(t.Context(), &inventoryv1.ListItemsRequest{MinPosition: options.GetPosition(), SkuPrefix: "sh"})
	if err != nil || len(page.GetItems()) != 1 {
		t.Fatalf("listed %v, %v", page, err)
	}
	check("listed", page.GetItems()[0], nil)

	_, err = client.CreateItem(t.Context(), &inventoryv1.CreateItemRequest{SkuId: "shirt-l"})
	if code, reason := reasonOf(t, err); code != connect.CodeAlreadyExists || reason != "sku_taken" {
		t.Errorf("an option as an item: %v, %s", code, reason)
	}
	_, err = client.UpdateItem(t.Context(), &inventoryv1.UpdateItemRequest{SkuId: "shirt", ExpectedRevision: 1})
	if code, reason := reasonOf(t, err); code != connect.CodeAborted || reason != "revision_mismatch" {
		t.Errorf("another revision: %v, %s", code, reason)
	}
	gone, err := client.DeleteItem(t.Context(), &inventoryv1.DeleteItemRequest{SkuId: "shirt"})
	want = &inventoryv1.InventoryItem{CollectionId: 1, SkuId: "shirt", ItemNumber: 1, Revision: 4, Deleted: true}
	check("deleted", gone.GetItem(), err)
	for _, req := range []*inventoryv1.GetItemRequest{{SkuId: "shirt"}, {SkuId: "shirt-l"}, {ItemNumber: 1}, {ItemNumber: 99}} {
		_, err = client.GetItem(t.Context(), req)
		if code, reason := reasonOf(t, err); code != connect.CodeNotFound || reason != "unknown_item" {
			t.Errorf("reading %v: %v, %s", req, code, reason)
		}
	}
}

func TestItemsThatMakeNoSenseAreRefusedByField(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	const service = "/" + inventoryv1connect.InventoryServiceName + "/"
	for _, tt := range []struct{ call, body, fields string }{
		{"CreateItem", `{}`, "sku_id"},
		{"CreateItem", `{"skuId":"A","price":{"currencyCode":"usd"}}`, "price.currency_code"},
		{"CreateItem", `{"skuId":"A","price":{"currencyCode":"USD","minorUnits":"-1"}}`, "price"},
		{"CreateItem", `{"skuId":"A","identifiers":{"asin":"1"}}`, `identifiers["asin"]`},
		{"CreateItem", `{"skuId":"A","options":[{"name":"B"}]}`, "options[0].sku_id"},
		{"CreateItem", `{"skuId":"A","options":[{"skuId":"B"},{"skuId":"B"}]}`, "options[1].sku_id"},
		{"CreateItem", `{"skuId":"A","cost":{"currencyCode":"USD","minorUnits":"1"},"price":{"currencyCode":"EUR","minorUnits":"1"}}`, "cost"},
		{"UpdateItem", `{"status":99}`, "sku_id status"},
		{"SetItemOptions", `{"options":[{"skuId":""}]}`, "options[0].sku_id sku_id"},
		{"DeleteItem", `{}`, "sku_id"},
		{"GetItem", `{"skuId":"A","itemNumber":"1"}`, ""},
		{"GetItem", `{}`, ""},
		{"CreateBin", `{"address":{"countryCode":"England"}}`, "address.country_code bin_name"},
		{"UpdateBin", `{}`, "bin_name"},
		{"DeleteBin", `{}`, "bin_name"},
		{"ListBins", `{"pageSize":1001,"pageToken":"%"}`, "page_size"},
		{"ListItems", `{"pageToken":"%"}`, "page_token"},
	} {
		got := w.post(service+tt.call, tt.body)
		if got.code != "invalid_argument" || got.reason != "invalid_fields" {
			t.Errorf("%s %s: %s", tt.call, tt.body, got.body)
		}
		for field := range strings.FieldsSeq(tt.fields) {
			if got.fields[field] == "" {
				t.Errorf("%s %s names %v, not %s", tt.call, tt.body, got.fields, field)
			}
		}
	}
}
