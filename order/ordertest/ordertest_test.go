package ordertest_test

import (
	"strings"
	"testing"

	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/order/ordertest"
)

// TestWhatASettledOrderMayHoldIsExact shows of each thing that may differ from
// what is due how much it may.
func TestWhatASettledOrderMayHoldIsExact(t *testing.T) {
	card := func(authorized, captured int64) order.Payment {
		return order.Payment{ItemID: "p1", AmountMinor: authorized, Ledger: order.Ledger{Authorized: authorized, Captured: captured}}
	}
	cash := func(paid, back int64) order.Payment {
		return order.Payment{ItemID: "cash", Gateway: order.ExternalGateway, Ledger: order.Ledger{Authorized: paid, Captured: paid, Refunded: back}}
	}
	sale := func(due, owed int64, ps ...order.Payment) order.Order {
		return order.Order{Status: order.Shipped, DueMinor: due, OwedMinor: owed, Payments: ps}
	}
	credit := order.Payment{ItemID: "credit", Gateway: order.CreditGateway, AmountMinor: 9, Ledger: order.Ledger{Authorized: 9, Captured: 9, Refunded: 4}}
	exchange := func(freed int64) order.Order {
		return order.Order{Status: order.Shipped, DueMinor: 5, OriginalOrderID: "o", CreditFreed: freed, Payments: []order.Payment{credit}}
	}
	for name, tt := range map[string]struct {
		o     order.Order
		wrong string
	}{
		"taken":                           {sale(10, 0, card(10, 10)), ""},
		"authorized":                      {sale(10, 10, card(10, 0)), ""},
		"too little":                      {sale(10, 0, card(9, 9)), "9 is authorized or paid of 10 due"},
		"too much":                        {sale(10, 0, card(11, 11)), "11 is authorized or paid of 10 due"},
		"more cash than due":              {sale(10, 0, card(10, 10), cash(3, 0)), ""},
		"more cash, and authorized":       {sale(10, 0, card(10, 9), cash(3, 0)), "13 is authorized or paid of 10 due"},
		"more than the cash":              {sale(10, 0, card(11, 11), cash(3, 0)), "14 is authorized or paid of 10 due"},
		"cash that was given back":        {sale(10, 0, card(7, 7), cash(3, 3)), ""},
		"not taken, and not there":        {sale(10, 4, card(10, 7)), "4 could not be taken and only 3 is authorized"},
		"credit that is on its way back":  {exchange(4), ""},
		"credit that is not used":         {exchange(3), "1 of its credit is not used"},
		"credit that went back and stays": {exchange(5), "-1 of its credit is not used"},
	} {
		if got := ordertest.Unsecured(tt.o); got != tt.wrong {
			t.Errorf("%s: %q, want %q", name, got, tt.wrong)
		}
	}
	if got := ordertest.Wrong(sale(0, -1)); !strings.Contains(got, "could not be taken") {
		t.Errorf("%q", got)
	}
}
