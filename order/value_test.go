package order_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/order/ordertest"
)

// TestAFreeShipmentIsNotTakenOffTheLines has a discount that is more than the
// lines cost: they are worth nothing, and shipping the rest.
func TestAFreeShipmentIsNotTakenOffTheLines(t *testing.T) {
	c := order.Create{
		Currency: "GBP", Customer: order.Customer{CustomerID: "c1"}, Shipping: order.Shipping{Price: gbp(500)},
		Items:       []order.Line{{ItemID: "1", SKU: "tea", Quantity: 3, UnitPrice: gbp(100)}},
		Adjustments: []order.Adjustment{{Amount: gbp(-450)}},
	}
	o := fold(then(nil, c)...)
	if i := o.Items[0]; i.ValueMinor() != 0 || o.ShippingMinor != 350 || o.DueMinor != 350 {
		t.Errorf("the line is worth %d, shipping %d, and %d is due", i.ValueMinor(), o.ShippingMinor, o.DueMinor)
	}
}

// TestWhateverIsEditedAndCancelledNothingIsWorthLessThanNothing edits and
// cancels lines of orders with large discounts.
func TestWhateverIsEditedAndCancelledNothingIsWorthLessThanNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := func(what string) money.Amount { return gbp(rapid.Int64Range(0, 300).Draw(t, what)) }
		c := order.Create{
			Currency: "GBP", Customer: order.Customer{CustomerID: "c1"}, Shipping: order.Shipping{Price: price("shipping")},
			Adjustments: []order.Adjustment{{Amount: gbp(-rapid.Int64Range(0, 900).Draw(t, "discount"))}},
		}
		for range rapid.IntRange(1, 3).Draw(t, "lines") {
			c.Items = append(c.Items, order.Line{SKU: "tea", Quantity: rapid.Int64Range(1, 3).Draw(t, "quantity"), UnitPrice: price("price")})
		}
		es, err := c.Decide(order.New(orderID, 7))
		if err != nil {
			t.Skip("it would take more than the order costs")
		}
		o := order.Evolve(fold(es...), confirmed)
		for range rapid.IntRange(1, 8).Draw(t, "commands") {
			id := rapid.SampledFrom(o.Items).Draw(t, "line").ItemID
			c := rapid.SampledFrom([]command{
				order.CancelItems{Lines: []order.Units{{ItemID: id, Quantity: 1}}},
				order.EditItems{Set: []order.Line{{ItemID: id, Quantity: rapid.Int64Range(1, 3).Draw(t, "new quantity"), UnitPrice: price("new price")}}},
				order.EditItems{Set: []order.Line{{SKU: "pot", Quantity: 1, UnitPrice: price("price of another")}}},
				order.EditItems{Remove: []string{id}},
				order.Ship{Lines: []order.Units{{ItemID: id, Quantity: 1}}},
			}).Draw(t, "command")
			es, err := c.Decide(o)
			if err != nil {
				continue
			}
			for _, e := range es {
				o = order.Evolve(o, e)
			}
			for len(o.Work) > 0 {
				o = order.Evolve(o, done(o.Work[0]))
			}
			if wrong := ordertest.Wrong(o); wrong != "" {
				t.Fatalf("after %T: %s: %+v", c, wrong, o)
			}
		}
	})
}
