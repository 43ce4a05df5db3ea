package checkout_test

import (
	"fmt"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// TestAnOrderOfElevenHundredLines is a wholesaler's: it is confirmed with every
// line, gives every line back, and is refused as a whole for its last one.
func TestAnOrderOfElevenHundredLines(t *testing.T) {
	t.Parallel()
	const lines = 1100
	stock := map[string]int64{}
	var items []*orderv1.LineItem
	for n := range lines {
		sku := fmt.Sprintf("sku-%04d", n)
		stock[sku] = 3
		items = append(items, line(sku, int64(1+n%3)))
	}
	s := open(t, stock)
	reserved := func() (units int64) {
		for _, u := range s.Stock(t) {
			units += u.Reserved
		}
		return units
	}
	id := s.place(t, order(items...))
	o := s.Await(t, id, submitted)
	const units = 366*6 + 1 + 2 // of 1,100 lines, one, two and three in turn
	if got := reserved(); got != units || len(o.GetItems()) != lines {
		t.Errorf("%d units on %d lines are reserved, want %d on %d", got, len(o.GetItems()), units, lines)
	}
	if total := o.GetTotals().GetTotal().GetMinorUnits(); total != 1000*units {
		t.Errorf("the total is %d", total)
	}

	refused := s.Await(t, s.place(t, order(append(items[:0:0], append(items, line("sku-1100", 1))...)...)), cancelled)
	if got := reserved(); got != units || refused.GetStatusReason() != "out_of_stock" && refused.GetStatusReason() != "unknown_sku" {
		t.Errorf("after the order that was refused for %s %d units are reserved, want %d", refused.GetStatusReason(), got, units)
	}
	s.cancel(t, id)
	s.Await(t, id, cancelled)
	if got := reserved(); got != 0 {
		t.Errorf("%d units are still reserved", got)
	}
}
