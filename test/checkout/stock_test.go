package checkout_test

import (
	"fmt"
	"strings"
	"testing"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

// lines is an InventoryBulkTransaction whose lines have a type; each is "sku
// units".
func lines(kind int, allOrNone bool, all ...string) string {
	return strings.ReplaceAll(bulk(allOrNone, all...), `"type":2`, fmt.Sprintf(`"type":%d`, kind))
}

// TestReservedUnitsAreReleasedShippedAndRestocked goes through what becomes of
// a reservation, with a crash in the middle: what was asked before it is
// answered alike behind it, and moves nothing.
func TestReservedUnitsAreReleasedShippedAndRestocked(t *testing.T) {
	t.Parallel()
	const none, in, out = 0, 1, 2
	s := open(t, map[string]int64{"pen": 10, "ink": 2})
	c := s.caller(t)
	rows := []struct {
		asking
		pens string // on hand, reserved
	}{
		{asking{"r1", lines(out, true, "pen 6", "ink 2"), []string{"Stock-Action", "reserve"}, "200 [200] [200]"}, "10 6"},
		{asking{"g1", lines(in, true, "pen 1"), []string{"Stock-Action", "release", "Reservation", "r1"}, "200 [200]"}, "10 5"},
		{asking{"s1", lines(none, true, "pen 3", "ink 1"), []string{"Stock-Action", "ship", "Reservation", "r1"}, "200 [200] [200]"}, "7 2"},
		{asking{"s2", lines(none, true, "pen 3", "ink 1"), []string{"Stock-Action", "ship", "Reservation", "r1"}, "409 exceeds_reserved [409 exceeds_reserved] [409 not_applied]"}, "7 2"},
		{asking{"s3", lines(none, false, "pen 3", "ink 1"), []string{"Stock-Action", "ship", "Reservation", "r1"}, "409 exceeds_reserved [409 exceeds_reserved] [200]"}, "7 2"},
		{asking{"i1", lines(in, true, "pen 1"), []string{"Stock-Action", "restock"}, "200 [200]"}, "8 2"},
		{asking{"u1", lines(in, true, "pen 6", "ink 2"), []string{"Undo-Of", "r1"}, "200 [200] [200]"}, "8 0"},
		{asking{"g2", lines(in, true, "pen 1"), []string{"Stock-Action", "release", "Reservation", "r1"}, "409 reservation_undone [409 reservation_undone]"}, "8 0"},
	}
	pens := func() string {
		p := s.Stock(t)["pen"]
		return fmt.Sprint(p.OnHand, " ", p.Reserved)
	}
	for _, row := range rows {
		if got := c.ask(t, inventoryQueue, row.id, row.body, row.headers...); got != row.want {
			t.Errorf("%s was answered %q, want %q", row.id, got, row.want)
		}
		if got := pens(); got != row.pens {
			t.Errorf("after %s: %s pens on hand and reserved, want %s", row.id, got, row.pens)
		}
	}
	s.kill(t)
	c = s.caller(t)
	for _, row := range rows {
		if got := c.ask(t, inventoryQueue, row.id, row.body, row.headers...); got != row.want {
			t.Errorf("%s was answered %q after the crash, want %q", row.id, got, row.want)
		}
	}
	if pens() != "8 0" {
		t.Errorf("%s pens on hand and reserved after the repeats, want 8 and 0", pens())
	}
	res, err := s.Inventory().ListStock(t.Context(), &inventoryv1.ListStockRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range res.GetStock() {
		if sold := i.GetAvailable() == 0; sold != (i.GetStatus() == inventoryv1.StockStatus_STOCK_STATUS_OUT_OF_STOCK) {
			t.Errorf("%d %s are available, but the status is %s", i.GetAvailable(), i.GetSkuId(), i.GetStatus())
		}
	}
	s.stock["pen"], s.stock["ink"] = 8, 0 // what the balance finds
}
