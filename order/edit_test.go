package order_test

import (
	"slices"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
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
