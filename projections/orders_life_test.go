package projections_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"pgregory.net/rapid"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/order/ordertest"
)

// TestTheViewCountsAsTheOrderDoes plays commands on a sale that stands: the
// view has every unit, package, return and amount where the order has it.
func TestTheViewCountsAsTheOrderDoes(t *testing.T) {
	w := newWorld(t)
	l, v, orders := w.orders()
	number := uint64(0)
	rapid.Check(t, func(rt *rapid.T) {
		number++
		id := fmt.Sprintf("order-%09d", number)
		want := order.New(id, number)
		var events []proto.Message
		tell := func(es ...proto.Message) {
			for _, e := range es {
				next := order.Evolve(want, e)
				if wrong := ordertest.WrongMove(want, next); wrong != "" {
					rt.Fatalf("%T %s", e, wrong)
				}
				want = next
			}
			if events = append(events, es...); len(es) > 0 {
				l.put(id, es...)
			}
		}
		tell(placed(id, number), &orderv1.OrderConfirmed{})
		for range rapid.IntRange(1, 25).Draw(rt, "commands") {
			es, err := anyChange(rt, want).Decide(want)
			if err != nil {
				continue
			}
			tell(es...)
			if len(want.Work) > 0 && want.Work[0].Kind == order.ShipWork && rapid.Bool().Draw(rt, "declined") {
				tell(&orderv1.PaymentDue{WorkId: want.Work[0].ID, AmountMinor: 100, Message: "declined"})
			}
			if len(want.Work) > 0 && rapid.Bool().Draw(rt, "done") {
				tell(done(want.Work[0]))
			}
		}
		v.reach(l.put("nothing", wrapperspb.Bool(true)))
		got, err := orders.Get(tenant, id)
		if err != nil {
			rt.Fatal(err)
		}
		if wrong := differs(got, want); wrong != "" {
			rt.Fatalf("%s\nview %v\norder %+v", wrong, got, want)
		}
	})
	v.mustEqualRebuilt()
}

// done is the event that ends a piece of work.
func done(w order.Work) proto.Message {
	switch w.Kind {
	case order.CancelWork:
		return &orderv1.OrderItemsCancelled{CancellationId: w.Subject, WorkId: w.ID}
	case order.EditWork:
		return &orderv1.OrderEdited{EditId: w.Subject, WorkId: w.ID}
	case order.ShipWork:
		return &orderv1.ShipmentSettled{PackageId: w.Subject, WorkId: w.ID}
	case order.ReturnWork:
		return &orderv1.ReturnClosed{ReturnId: w.Subject, WorkId: w.ID}
	case order.PayWork:
		return &orderv1.PaymentRetried{RetryId: w.Subject, WorkId: w.ID, Reason: order.ReasonPaymentDeclined}
	case order.SurplusWork, order.RefundWork, order.CreditWork:
		return &orderv1.WorkDone{WorkId: w.ID}
	case order.ReplaceWork:
	}
	return &orderv1.ReplaceOrderCreated{OrderId: w.LinkedID, WorkId: w.ID}
}

func anyChange(t *rapid.T, o order.Order) interface {
	Decide(order.Order) ([]proto.Message, error)
} {
	var lines []order.Units
	for _, i := range o.Items {
		if n := rapid.Int64Range(0, 2).Draw(t, "units"); n > 0 {
			lines = append(lines, order.Units{ItemID: i.ItemID, Quantity: n})
		}
	}
	aPackage, aReturn := fmt.Sprint("k", rapid.IntRange(1, 6).Draw(t, "package")), fmt.Sprint("r", rapid.IntRange(1, 9).Draw(t, "return"))
	first := o.Items[0]
	price := money.Amount{Currency: o.Currency, Minor: rapid.Int64Range(1, 900).Draw(t, "price")}
	switch rapid.IntRange(0, 12).Draw(t, "command") {
	case 0:
		return order.CancelItems{Lines: lines, Operator: true}
	case 1:
		return order.Ship{Lines: lines}
	case 2:
		return order.Pack{Lines: lines, Submit: true}
	case 3:
		return order.UpdatePackage{PackageID: aPackage, Status: orderv1.PackageStatus(rapid.IntRange(2, 8).Draw(t, "status"))}
	case 4:
		return order.SubmitReturn{Lines: lines}
	case 5:
		return order.AcceptReturn{ReturnID: aReturn}
	case 6:
		return order.RejectReturn{ReturnID: aReturn}
	case 7:
		status := order.Status(rapid.IntRange(3, 16).Draw(t, "status"))
		if rapid.Bool().Draw(t, "one line") {
			return order.Patch{Items: []order.PatchItem{{ItemID: first.ItemID, Status: status}}, Operator: true}
		}
		return order.Patch{Status: status, Operator: true}
	case 8:
		line := order.Line{ItemID: first.ItemID, SKU: first.SKU, Bin: first.Bin, Quantity: rapid.Int64Range(1, 5).Draw(t, "quantity"), UnitPrice: price}
		if rapid.Bool().Draw(t, "one more line") {
			line.ItemID = ""
		}
		if last := o.Items[len(o.Items)-1]; rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
			return order.EditItems{Remove: []string{last.ItemID}}
		} else if last.Quantity == 0 {
			line.ItemID = last.ItemID // it comes back
		}
		return order.EditItems{Set: []order.Line{line}}
	case 9:
		return order.Hold{}
	case 10:
		return order.Release{}
	case 11:
		return order.SplitPackage{PackageID: aPackage, Into: [][]order.Units{lines, lines}}
	}
	return rapid.SampledFrom([]interface {
		Decide(order.Order) ([]proto.Message, error)
	}{
		order.AddNote{Text: "x"},
		order.Cancel{Operator: true},
		order.EditMetadata{},
		order.Update{},
		order.RetryPayment{Payments: []order.PaymentItem{{}}},
		order.GiveBackCredit{RequestID: fmt.Sprint("back ", price), Minor: price.Minor},
		order.NotePayment{RecordID: fmt.Sprint("cash ", price), Minor: price.Minor},
	}).Draw(t, "other")
}

// differs says in what a view differs from an order; nothing when in nothing.
func differs(got *orderv1.Order, want order.Order) string {
	if got.GetStatus() != orderv1.OrderStatus(want.Status) || got.GetDue().GetMinorUnits() != want.DueMinor || got.GetTotals().GetTotal().GetMinorUnits() != want.TotalMinor {
		return fmt.Sprintf("%s, %v due; want %s, %d", got.GetStatus(), got.GetDue(), want.Status, want.DueMinor)
	}
	if got.GetPaymentDue().GetMinorUnits() != want.OwedMinor || len(got.GetPayments()) != len(want.Payments) {
		return fmt.Sprintf("%v of a payment due and %d payments, want %d and %d", got.GetPaymentDue(), len(got.GetPayments()), want.OwedMinor, len(want.Payments))
	}
	if int(got.GetOpenWork()) != len(want.Work) || len(got.GetPackages()) != len(want.Packages) || len(got.GetReturns()) != len(want.Returns) || len(got.GetItems()) != len(want.Items) {
		return "other numbers of things"
	}
	for n, i := range want.Items {
		g := got.GetItems()[n]
		have := [...]int64{g.GetQuantity(), g.GetCancelled(), g.GetPacked(), g.GetShipped(), g.GetDelivered(), g.GetUndelivered(), g.GetReturnPending(), g.GetReturned()}
		if have != [...]int64{i.Quantity, i.Cancelled, i.Packed, i.Shipped, i.Delivered, i.Undelivered, i.ReturnPending, i.Returned} {
			return fmt.Sprintf("line %s: %v, want %+v", i.ItemID, have, i)
		}
		if want.Confirmed() && g.GetStatus() != orderv1.OrderStatus(i.Status()) {
			return fmt.Sprintf("line %s is %s, want %s", i.ItemID, g.GetStatus(), i.Status())
		}
	}
	for n, p := range want.Packages {
		if g := got.GetPackages()[n]; g.GetPackageId() != p.ID || orderv1.PackageStatus_value["PACKAGE_STATUS_"+strings.ToUpper(g.GetStatus())] != int32(p.Status) {
			return fmt.Sprintf("package %v, want %+v", g, p)
		}
	}
	for n, r := range want.Returns {
		if g := got.GetReturns()[n]; g.GetReturnId() != r.ID || g.GetStatus() != r.Status.String() {
			return fmt.Sprintf("return %v, want %+v", g, r)
		}
	}
	return ""
}
