package order_test

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// Histories of a sale that stands: two units of tea at 10.00 each.
var (
	one    = []order.Units{{ItemID: "1", Quantity: 1}}
	both   = []order.Units{{ItemID: "1", Quantity: 2}}
	dearer = order.EditItems{Set: []order.Line{{ItemID: "1", SKU: "tea", Quantity: 3, UnitPrice: gbp(1000)}}}

	sold       = events(created, reserving, reserved, confirmed)
	packed     = onward(order.Pack{PackageID: "k1", Lines: both, Submit: true})
	shipped    = then(packed, order.UpdatePackage{PackageID: "k1", Status: order.PackageShipped})
	unpaid     = &orderv1.PaymentDue{WorkId: "w2", AmountMinor: 2000, Reason: order.ReasonPaymentDeclined}
	owing      = after(shipped, unpaid, &orderv1.ShipmentSettled{PackageId: "k1", WorkId: "w2"})
	comingBack = then(shipped, order.SubmitReturn{ReturnID: "r3", Lines: one})
	cameBack   = then(comingBack, order.AcceptReturn{ReturnID: "r3"})
	returned   = then(shipped, order.SubmitReturn{ReturnID: "r3", Lines: both}, order.AcceptReturn{ReturnID: "r3"})
)

// onward is the history of the sale, and then of these commands.
func onward(cs ...command) []proto.Message { return then(sold, cs...) }

// then adds what commands decide to a history. A command that is refused is a
// mistake of the test.
func then(given []proto.Message, cs ...command) []proto.Message {
	all := append([]proto.Message(nil), given...)
	for _, c := range cs {
		es, err := c.Decide(fold(all...))
		if err != nil || len(es) == 0 {
			panic(fmt.Sprintf("%T: %v, %v", c, es, err))
		}
		all = append(all, es...)
	}
	return all
}

// told is the first event that a command decides after a history, or after the
// sale.
func told(c command, given ...proto.Message) proto.Message {
	if len(given) == 0 {
		given = sold
	}
	return then(given, c)[len(given)]
}

// uncounted is what does not add up in an order, or nothing.
func uncounted(o order.Order) string {
	var worth int64
	packed := map[string]int64{}
	for _, p := range o.Packages {
		if p.Status == order.PackageCreated || p.Status == order.PackageSubmitted || p.Status == order.PackagePrinted {
			for _, u := range p.Lines {
				packed[u.ItemID] += u.Quantity
			}
		}
	}
	for _, i := range o.Items {
		stayed := i.Shipped - i.Returned
		switch {
		case i.Cancelled < 0 || i.Shipped < 0 || i.Open() < 0 || i.Packed < 0 || i.Free() < 0:
			return fmt.Sprintf("line %s: %d ordered, %d cancelled, %d shipped, %d packed", i.ItemID, i.Quantity, i.Cancelled, i.Shipped, i.Packed)
		case i.ReturnPending < 0 || i.Returned < 0 || i.ReturnPending+i.Returned > i.Shipped:
			return fmt.Sprintf("line %s: of %d shipped %d came back and %d are to", i.ItemID, i.Shipped, i.Returned, i.ReturnPending)
		case i.Delivered < 0 || i.Undelivered < 0 || i.Delivered > stayed || i.Undelivered > stayed:
			return fmt.Sprintf("line %s: of %d that stayed %d arrived and %d could not", i.ItemID, stayed, i.Delivered, i.Undelivered)
		case i.Cancelled == i.Quantity && i.CancelledMinor != i.ValueMinor():
			return fmt.Sprintf("line %s: worth %d, but %d when cancelled", i.ItemID, i.ValueMinor(), i.CancelledMinor)
		case i.Returned == i.Shipped && i.ReturnedMinor != i.ShippedMinor:
			return fmt.Sprintf("line %s: %d left, %d came back", i.ItemID, i.ShippedMinor, i.ReturnedMinor)
		case i.Packed != packed[i.ItemID] && o.Status.Confirmed():
			return fmt.Sprintf("line %s: %d packed, in packages %d", i.ItemID, i.Packed, packed[i.ItemID])
		}
		worth += i.ValueMinor()
	}
	if o.Status.Confirmed() && worth+o.ShippingMinor != o.TotalMinor {
		return fmt.Sprintf("lines are worth %d and shipping %d, the order %d", worth, o.ShippingMinor, o.TotalMinor)
	}
	if o.DueMinor < 0 {
		return fmt.Sprintf("%d is due", o.DueMinor)
	}
	return ""
}
