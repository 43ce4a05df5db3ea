package testkit

import (
	"fmt"
	"sync/atomic"
	"testing"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Line orders units of a SKU at ten euros each.
func Line(sku string, units int64) *orderv1.LineItem {
	return &orderv1.LineItem{SkuId: sku, Quantity: units, UnitPrice: Euros(10)}
}

// Euros is a whole amount in euros.
func Euros(n int64) *moneyv1.Money { return Cents(100 * n) }

// Cents is an amount in euros.
func Cents(n int64) *moneyv1.Money { return &moneyv1.Money{CurrencyCode: "EUR", MinorUnits: n} }

var placed atomic.Int64

// Order asks for some lines under a name that no other order has; the rest is
// up to the test.
func Order(lines ...*orderv1.LineItem) *orderv1.CreateOrderRequest {
	name := fmt.Sprintf("testkit-%d", placed.Add(1))
	return &orderv1.CreateOrderRequest{
		IdempotencyKey: name, Reference: name, CurrencyCode: "EUR", Customer: &orderv1.Customer{CustomerId: name}, Items: lines,
	}
}

// Card pays what is left with a token.
func Card(token string) []*orderv1.PaymentItem { return []*orderv1.PaymentItem{{Token: token}} }

// Place sends an order and returns its id.
func (p *Process) Place(t *testing.T, req *orderv1.CreateOrderRequest) string {
	t.Helper()
	res, err := p.Orders().CreateOrder(Lasting(t), req)
	if err != nil {
		t.Fatal(err)
	}
	return res.GetOrderId()
}
