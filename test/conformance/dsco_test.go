package conformance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
)

const dscoWords = deliveryv1.Vocabulary_VOCABULARY_DSCO

// partners of the tenant, as an operator writes them down.
const partners = `{"default":{"accountId":12311,"type":"Retailer","name":"We","partners":[
	{"accountId":92171,"type":"Supplier","name":"They","tradingPartnerId":"they-1"},{"accountId":5,"type":"Supplier","name":"Others"}]}}`

// watching is a webhook of Dsco, set up as one asks for.
func watching(r *receiver, path, event string, watched int64, set ...func(*deliveryv1.DscoFilter)) *deliveryv1.Endpoint {
	e := webhook(path, r.url+"/"+path, dscoWords, event)
	e.Dsco = &deliveryv1.DscoFilter{OwningAccountId: 12311, WebhookAccountId: watched}
	for _, f := range set {
		f(e.Dsco)
	}
	return e
}

// TestDsco hears every callback of Dsco at a web server.
func TestDsco(t *testing.T) {
	t.Parallel()
	c := load(t)
	r := receive(t)
	dir := t.TempDir()
	accounts := filepath.Join(t.TempDir(), "accounts.json")
	must(t, os.WriteFile(accounts, []byte(partners), 0o600))
	var hooks []*deliveryv1.Endpoint
	for _, kind := range []string{"ORDER_CREATED", "ORDER_UPDATED", "INVENTORY_UPDATED", "INVOICE_CREATED", "INVOICE_UPDATED", "ORDER_LINE_ITEM_STATUS_UPDATED"} {
		hooks = append(hooks, watching(r, kind, kind, 92171))
	}
	off := watching(r, "off", "INVENTORY_UPDATED", 92171)
	off.Status = deliveryv1.EndpointStatus_ENDPOINT_STATUS_DISABLED
	hear(t, dir, append(hooks, off,
		watching(r, "others", "INVENTORY_UPDATED", 5),
		watching(r, "state", "INVENTORY_UPDATED", 92171, func(d *deliveryv1.DscoFilter) { d.QuantityStateChangeOnly = true }),
		watching(r, "quantity", "INVENTORY_UPDATED", 92171, func(d *deliveryv1.DscoFilter) { d.QuantityChangeOnly = true }),
		watching(r, "summer", "INVENTORY_UPDATED", 92171, func(d *deliveryv1.DscoFilter) { d.CatalogIds = []string{"summer"} }),
		watching(r, "winter", "INVENTORY_UPDATED", 92171, func(d *deliveryv1.DscoFilter) { d.AssortmentIds = []string{"winter"} }),
		watching(r, "ignores", "ORDER_CREATED", 92171, func(d *deliveryv1.DscoFilter) { d.QuantityChangeOnly, d.CatalogIds = true, []string{"x"} }),
	)...)
	s := &shop{T: t, p: testkit.Start(t, dir, "--delivery-allow", "127.0.0.1", "--dsco-accounts", accounts)}
	s.dsco()
	for _, path := range []string{"INVENTORY_UPDATED", "quantity", "state"} {
		r.await(t, path0(path), func(t told) bool { return payload(t)["sku"] == "last" })
	}
	r.await(t, "/ORDER_UPDATED", func(t told) bool { return payload(t)["shipInstructions"] == "the end" })
	r.await(t, "/ORDER_LINE_ITEM_STATUS_UPDATED", func(t told) bool { return payload(t)["status"] == "SHIPPED" })
	r.await(t, "/INVOICE_UPDATED")
	rep := report{covered: map[string]bool{}}
	rep.dsco(t, c, r)
	rep.dscoRules(r)
	rep.webhooks(t, c)
	rep.source(t, c, "DC", nuancesOf("DC"))
}

func path0(path string) string { return "/" + path }

func payload(t told) map[string]any { p, _ := t.body["payload"].(map[string]any); return p }

// dsco lets everything happen that callbacks tell of.
func (s *shop) dsco() {
	ctx, inv, t := testkit.Lasting(s.T), s.p.Inventory(), s.T
	props := map[string]string{
		"dscoSupplierId": "92171", "catalogIds": "summer, spring", "assortmentIds": "winter", "estimatedAvailabilityDate": "2026-12-01",
	}
	_, err := inv.CreateBin(ctx, &inventoryv1.CreateBinRequest{BinName: "main", DisplayName: "Main street"})
	must(t, err)
	for _, sku := range []string{"shoe", "plain", "last"} {
		item := &inventoryv1.CreateItemRequest{SkuId: sku, Properties: map[string]string{"dscoSupplierId": "92171"}}
		if sku == "shoe" {
			item = &inventoryv1.CreateItemRequest{
				SkuId: sku, Name: "Shoe", Status: inventoryv1.ItemStatus_ITEM_STATUS_ACTIVE, Cost: usd(400), PartnerSku: "P-1", Properties: props,
				Identifiers: map[string]string{"upc": "u", "ean": "e", "mpn": "m", "isbn": "i", "gtin": "g"},
			}
		}
		if sku != "last" {
			_, err := inv.CreateItem(ctx, item)
			must(t, err)
		}
	}
	for _, n := range []int64{10, 5, -5, -10, 20} { // to plain: in, more, fewer, out, in
		move := inventoryv1.StockMovement_STOCK_MOVEMENT_ADD
		if n < 0 {
			n, move = -n, inventoryv1.StockMovement_STOCK_MOVEMENT_REMOVE
		}
		_, err := inv.AdjustStock(ctx, &inventoryv1.AdjustStockRequest{Lines: []*inventoryv1.StockLine{{Movement: move, SkuId: "plain", Quantity: n}}})
		must(t, err)
	}
	_, err = inv.UpdateItem(ctx, &inventoryv1.UpdateItemRequest{SkuId: "plain", Name: proto.String("Plain")})
	must(t, err)
	_, err = inv.AdjustStock(ctx, &inventoryv1.AdjustStockRequest{Lines: []*inventoryv1.StockLine{{Movement: inventoryv1.StockMovement_STOCK_MOVEMENT_ADD, SkuId: "shoe", Quantity: 100}}})
	must(t, err)
	_, err = inv.DeleteItem(ctx, &inventoryv1.DeleteItemRequest{SkuId: "plain"})
	must(t, err)
	s.dscoOrder()
	_, err = inv.CreateItem(ctx, &inventoryv1.CreateItemRequest{SkuId: "last", Properties: map[string]string{"dscoSupplierId": "92171"}})
	must(t, err)
}

// dscoItem makes an item of the partner.
func (s *shop) dscoItem(sku string) {
	_, err := s.p.Inventory().CreateItem(testkit.Lasting(s.T), &inventoryv1.CreateItemRequest{SkuId: sku, Properties: map[string]string{"dscoSupplierId": "92171"}})
	must(s.T, err)
}

func (s *shop) dscoOrder() {
	ctx, t := testkit.Lasting(s.T), s.T
	properties := map[string]string{
		"dscoSupplierId": "92171", "signatureRequiredFlag": "true", "shipInstructions": "ring", "giftWrapFlag": "false", "giftWrapMessage": "hello",
		"supplierOrderNumber": "so1", "consumerOrderNumber": "co1", "testFlag": "true", "expectedDeliveryDate": "2026-12-01T00:00:00Z", "requiredDeliveryDate": "2026-12-02",
		"retailerShipCarrier": "UPS", "retailerShipMethod": "Ground", "retailerShippingServiceLevelCode": "UPSG", "dscoShipCarrier": "UPS", "dscoShipMethod": "Ground",
		"dscoShippingServiceLevelCode": "UPSG", "shippingServiceLevelCode": "UPSG", "attention": "Ann",
	}
	id := s.place(3, 1000, "tok_good", submitted, func(r *orderv1.CreateOrderRequest) {
		r.Reference, r.Channel, r.StoreId, r.Properties = "PO-1", "web", "17", properties
		r.Shipping = &orderv1.Shipping{Method: "Ground", Price: usd(500), Tax: usd(50)}
		r.ShippingAddress = &orderv1.Address{
			FirstName: "A", LastName: "B", Company: "C", Line1: "1", Line2: "2", City: "D", Region: "NY", PostalCode: "10001", CountryCode: "US", Phone: "1", Email: "a@example.com",
		}
		r.Items[0].BinName, r.Items[0].Name, r.Items[0].Tax = "main", "Shoe", usd(30)
		r.Items[0].Properties = map[string]string{"personalization": "AB", "basisOfUnitPrice": "PE"}
		r.Items[0].Adjustments = []*orderv1.Adjustment{{Kind: orderv1.AdjustmentKind_ADJUSTMENT_KIND_DISCOUNT, Code: "SPRING", Amount: usd(-30)}}
	})
	_, err := s.p.Changes().CancelItems(ctx, &orderv1.CancelItemsRequest{OrderId: id, Lines: units(1)})
	must(t, err)
	s.p.AwaitSettled(t, id)
	shipped, err := s.p.Fulfilment().ShipOrder(ctx, &orderv1.ShipOrderRequest{OrderId: id, Lines: units(2), Transport: &orderv1.Transport{Carrier: "UPS", TrackingNumber: "1Z"}})
	must(t, err)
	s.p.AwaitSettled(t, id)
	invoice := &orderv1.OrderInvoice{
		InvoiceId: "i1", InvoiceNumber: "INV-1", Lines: units(2), Items: usd(2000), Shipping: usd(500), Tax: usd(70), PackageId: shipped.GetPackageId(), InvoiceDate: "2026-11-22",
		Properties: map[string]string{"handlingAmount": "1.50", "sellerId": "they-1", "externalBatchId": "b1"},
	}
	_, err = s.p.Changes().CreateInvoice(ctx, &orderv1.CreateInvoiceRequest{OrderId: id, Invoice: invoice})
	must(t, err)
	invoice.Tax = usd(80)
	_, err = s.p.Changes().UpdateInvoice(ctx, &orderv1.UpdateInvoiceRequest{OrderId: id, Invoice: invoice})
	must(t, err)
	s.place(1, 1000, "tok_decline", held) // nobody hears of it
	properties["shipInstructions"] = "the end"
	_, err = s.p.Changes().UpdateOrder(ctx, &orderv1.UpdateOrderRequest{OrderId: id, Properties: properties})
	must(t, err)
}

// dsco holds every callback and field against the contract.
func (r *report) dsco(t *testing.T, c contract, heard *receiver) {
	t.Helper()
	bodies := map[string][]any{} // by model
	add := func(model string, all ...any) { bodies[model] = append(bodies[model], all...) }
	for _, e := range c.events {
		if e.Source != "DC" {
			continue
		}
		all := heard.at("/" + e.Name)
		if len(all) == 0 {
			r.miss(e.ID, "no callback came")
			continue
		}
		r.covered[e.ID] = true
		for _, one := range all {
			p := any(payload(one))
			add("WebhookEvent", one.body)
			switch e.Name {
			case "ORDER_CREATED", "ORDER_UPDATED":
				add("Order", p)
				add("OrderLineItem", values(p, "lineItems[]")...)
				add("Shipping", values(p, "shipping")...)
			case "INVENTORY_UPDATED":
				add("ItemInventory", p)
				add("ItemWarehouse", values(p, "warehouses[]")...)
				add("PartnerSkuMap", values(p, "partnerSkuMap[]")...)
			case "ORDER_LINE_ITEM_STATUS_UPDATED":
				add("OrderLineItemStatusChanged", p)
			default:
				add("Invoice", p)
				add("InvoiceLineItem", values(p, "lineItems[]")...)
			}
		}
	}
	for _, m := range c.models {
		if m.Source != "DC" {
			continue
		}
		var messages []*nats.Msg
		for _, b := range bodies[m.Model] {
			data, err := json.Marshal(b)
			must(t, err)
			messages = append(messages, &nats.Msg{Data: data})
		}
		r.payload(m, messages)
	}
}

// dscoRules holds what came against the filters of webhooks.
func (r *report) dscoRules(heard *receiver) {
	check := r.check
	quantities := func(path string) (all []float64) {
		for _, t := range heard.at("/"+path, func(t told) bool { return payload(t)["sku"] == "plain" }) {
			n, _ := payload(t)["quantityAvailable"].(float64)
			all = append(all, n)
		}
		return all
	}
	check(slices.Equal(quantities("state"), []float64{0, 10, 0, 20}), "DC-QT-01", "DC-QT-04")
	check(slices.Equal(quantities("quantity"), []float64{0, 10, 15, 10, 0, 20}), "DC-QT-02")
	check(slices.Equal(quantities("INVENTORY_UPDATED"), []float64{0, 10, 15, 10, 0, 20, 20, 20}), "DC-QT-03")
	gone := heard.at("/INVENTORY_UPDATED", func(t told) bool { return payload(t)["sku"] == "plain" })
	if last := gone[len(gone)-1]; payload(last)["status"] != "discontinued" {
		r.miss("DC-EV-03", "a deleted item is %v", payload(last)["status"])
	}
	check(len(heard.at("/off")) == 0, "DC-CN-09")
	check(len(heard.at("/others")) == 0, "DC-CN-11")
	only := func(path string) bool {
		all := heard.at("/" + path)
		return len(all) > 0 && !slices.ContainsFunc(all, func(t told) bool { return payload(t)["sku"] != "shoe" })
	}
	check(only("summer") && only("winter") && len(heard.at("/ignores")) == 1 && len(heard.at("/ORDER_CREATED")) == 1, "DC-CN-07", "DC-CN-08")
}
