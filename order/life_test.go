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

// done is the event that ends a piece of work.
func done(w order.Work) proto.Message {
	if w.Kind == order.EditWork {
		return &orderv1.OrderEdited{WorkId: w.ID}
	}
	return &orderv1.WorkDone{WorkId: w.ID}
}
