package conformance_test

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// TestShipmentUpdatesComeAsMessages, too: an OrderDelegate ships lines, and
// another one tells of their package. The same message again changes nothing,
// and one that cannot be read blocks nobody.
func TestShipmentUpdatesComeAsMessages(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, t.TempDir())
	p.AddStock(t, map[string]int64{"shoe": 10})
	ctx := testkit.Lasting(t)
	res, err := p.Orders().CreateOrder(ctx, &orderv1.CreateOrderRequest{
		CurrencyCode: "USD", Items: []*orderv1.LineItem{{SkuId: "shoe", Quantity: 3, UnitPrice: usd(1000)}},
	})
	must(t, err)
	id := res.GetOrderId()
	p.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_SUBMITTED)
	js := p.JetStream(t)
	send := func(key, body string) {
		m := nats.NewMsg("cmd.order.updateshipment")
		m.Header.Set("Request-Id", key)
		m.Data = []byte(body)
		_, err := js.PublishMsg(ctx, m)
		must(t, err)
	}
	ship := fmt.Sprintf(`{"orderId":%q,"orderPatchDTO":{"orderItemPatchDTO":[{"id":"1","status":"Shipped","quantity":2}],
		"otherproperties":[{"name":"carrier","value":"UPS"},{"name":"trackingnumber","value":"1Z"}],"UserPatchDTO":{"userid":"warehouse"}}}`, id)
	send("nonsense", `{"orderId":"*","orderPatchDTO":{"status":"Sold"}}`)
	send("ship-1", ship)
	send("ship-1", ship)
	o := p.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_PARTIALLY_SHIPPED)
	if len(o.GetPackages()) != 1 || o.GetPackages()[0].GetTrackingNumber() != "1Z" || o.GetItems()[0].GetShipped() != 2 {
		t.Fatalf("packages %v, lines %v", o.GetPackages(), o.GetItems())
	}
	send("ship-2", fmt.Sprintf(`{"orderId":%q,"orderPatchDTO":{"status":"Shipped"}}`, id))
	p.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_SHIPPED)
	for n, pkg := range o.GetPackages() {
		send(fmt.Sprint("arrived-", n), fmt.Sprintf(`{"orderId":%q,"orderPatchDTO":{"otherproperties":[{"name":"shipmentid","value":%q},{"name":"shipmentstatus","value":"Delivered"}]}}`, id, pkg.GetPackageId()))
	}
	send("rest", fmt.Sprintf(`{"orderId":%q,"orderPatchDTO":{"status":"Delivered"}}`, id))
	o = p.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_DELIVERED)
	if got := o.GetItems()[0]; got.GetShipped() != 3 || got.GetDelivered() != 3 {
		t.Errorf("line %v", got)
	}
}
