package order_test

import (
	"slices"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

// TestAddedLinesGetTheNextFreeNumbers adds lines without an id next to one that
// changes and one that has taken a number.
func TestAddedLinesGetTheNextFreeNumbers(t *testing.T) {
	pot := order.Line{SKU: "pot", Quantity: 1, UnitPrice: gbp(100)}
	three := pot
	three.ItemID = "3"
	tea := order.Line{ItemID: "1", Quantity: 3, UnitPrice: gbp(1000)}
	var ids []string
	for _, c := range told(order.EditItems{Set: []order.Line{tea, pot, three, pot}}).(*orderv1.OrderEditRequested).GetChanges() {
		ids = append(ids, c.GetItem().GetItemId())
	}
	if want := []string{"1", "2", "3", "4"}; !slices.Equal(ids, want) {
		t.Errorf("lines %v, want %v", ids, want)
	}
}

// TestAnOrderThatWasSoldElsewhereIsPaidThere edits an imported order: nothing is
// to be taken for it here, and no card is.
func TestAnOrderThatWasSoldElsewhereIsPaidThere(t *testing.T) {
	imported, err := order.Import{Create: validCreate()}.Decide(order.New(orderID, 7))
	if err != nil {
		t.Fatal(err)
	}
	pot := order.EditItems{Set: []order.Line{{SKU: "pot", Quantity: 1, UnitPrice: gbp(100)}}}
	paid := pot
	paid.Payments = []order.PaymentItem{{Token: "tok-2"}}
	check(t, map[string]row{
		"with a card": {given: imported, when: paid, kind: fault.Invalid, reason: fault.ReasonInvalid, fields: []string{"payments"}},
	})
	if e := told(pot, imported...).(*orderv1.OrderEditRequested); len(e.GetPayments()) != 0 {
		t.Errorf("payments %v", e.GetPayments())
	}
}
