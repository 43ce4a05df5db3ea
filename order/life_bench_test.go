package order_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// BenchmarkLife is the cost of one command on a sale, from its decision to the
// encoded state: by lines of an order whose history is short, and by commits of
// an order of ten lines. Of the commits every tenth is a shipment of one unit.
func BenchmarkLife(b *testing.B) {
	for _, size := range []struct {
		what           string
		lines, commits int
	}{
		{"lines=10", 10, 10},
		{"lines=100", 100, 10},
		{"lines=1000", 1000, 10},
		{"commits=10", 10, 10},
		{"commits=100", 10, 100},
		{"commits=1000", 10, 1000},
	} {
		sale := aged(b, size.lines, size.commits)
		one := []order.Units{{ItemID: "1", Quantity: 1}}
		shipped := afterOne(b, sale, order.Ship{PackageID: "last", Lines: one})
		coming := afterOne(b, shipped, order.SubmitReturn{ReturnID: "back", Lines: one})
		for _, run := range []struct {
			name  string
			given order.Order
			does  command
		}{
			{"cancel", sale, order.CancelItems{Lines: one}},
			{"ship", sale, order.Ship{PackageID: "last", Lines: one}},
			{"return", coming, order.AcceptReturn{ReturnID: "back", Restock: true}},
		} {
			b.Run(run.name+"/"+size.what, func(b *testing.B) {
				b.ReportAllocs()
				bytes := 0
				for b.Loop() {
					bytes = len(encode(b, afterOne(b, run.given, run.does)))
				}
				b.ReportMetric(float64(bytes), "state-bytes")
			})
		}
	}
}

// aged is a sale of some lines to which so many commands happened.
func aged(b *testing.B, lines, commits int) order.Order {
	b.Helper()
	c := order.Create{Currency: "GBP", Customer: order.Customer{CustomerID: "c"}}
	for n := range lines {
		c.Items = append(c.Items, order.Line{SKU: fmt.Sprint("sku-", n), Quantity: 1000, UnitPrice: gbp(100)})
	}
	o := afterOne(b, order.New(orderID, 7), c)
	o = order.Evolve(o, &orderv1.OrderConfirmed{})
	for n := range commits {
		if n%10 == 0 {
			o = afterOne(b, o, order.Ship{PackageID: fmt.Sprint("p", n), Lines: []order.Units{{ItemID: "2", Quantity: 1}}})
			o = order.Evolve(o, &orderv1.ShipmentSettled{WorkId: o.Work[0].ID})
			continue
		}
		o = afterOne(b, o, order.AddNote{Text: "one more"})
	}
	return o
}

// afterOne is an order after one command.
func afterOne(b *testing.B, o order.Order, c interface {
	Decide(order.Order) ([]proto.Message, error)
},
) order.Order {
	b.Helper()
	events, err := c.Decide(o)
	if err != nil || len(events) == 0 {
		b.Fatalf("%T: %v, %v", c, events, err)
	}
	for _, e := range events {
		o = order.Evolve(o, e)
	}
	return o
}
