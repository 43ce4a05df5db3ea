package onlineretail_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/onlineretail"
)

// TestUnitsAreTakenBackFromTheLatestEarlierOrder matches rows over several
// orders, and names every row that belongs to none with its reason.
func TestUnitsAreTakenBackFromTheLatestEarlierOrder(t *testing.T) {
	in := head +
		"1,A,x,5,2010-12-01T08:00:00Z,2.55,C1,UK\n" +
		"2,B,x,9,2010-12-02T08:00:00Z,1.00,C1,UK\n" +
		"2,A,x,2,2010-12-02T08:00:00Z,2.55,C1,UK\n" +
		"3,A,x,7,2010-12-09T08:00:00Z,2.55,C1,UK\n" + // later than every cancellation
		"4,A,x,7,2010-12-01T08:00:00Z,2.55,,UK\n" +
		"C5,A,x,-3,2010-12-03T08:00:00Z,2.55,C1,UK\n" +
		"C5,A,x,-9,2010-12-03T08:00:00Z,2.55,C1,UK\n" +
		"C6,A,x,-1,2010-12-03T08:00:00Z,2.50,C1,UK\n" +
		"C6,Z,x,-1,2010-12-03T08:00:00Z,2.55,C1,UK\n" +
		"C8,A,x,-1,2010-12-03T08:00:00Z,2.55,,UK\n" +
		"C6,A,x,1,2010-12-03T08:00:00Z,2.55,C1,UK\n" +
		"C6,A,x,-1,2010-12-03T08:00:00Z,0.001,C1,UK\n" +
		"C7,A,x,-1,2010-11-03T08:00:00Z,2.55,C1,UK\n"
	all, err := onlineretail.Read(strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	r := onlineretail.NewReport()
	var orders []*orderv1.CreateOrderRequest
	var cancellations []onlineretail.Invoice
	for _, inv := range all {
		if inv.Cancellation() {
			cancellations = append(cancellations, inv)
			continue
		}
		orders = append(orders, r.Order(inv))
	}
	taken, unmatched := onlineretail.TakeBack(orders, cancellations)
	if diff := cmp.Diff([]onlineretail.Taken{
		{Invoice: "C5", Row: 1, Order: 1, ItemID: "2", Units: 2, Minor: 510},
		{Invoice: "C5", Row: 1, Order: 0, ItemID: "1", Units: 1, Minor: 255},
		{Invoice: "C5", Row: 2, Order: 0, ItemID: "1", Units: 4, Minor: 1020},
	}, taken); diff != "" {
		t.Errorf("taken back (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]onlineretail.Unmatched{
		{"C5", 2, "C1", "A", 5, "2.55", onlineretail.TooMany},
		{"C6", 1, "C1", "A", 1, "2.50", onlineretail.AnotherPrice},
		{"C6", 2, "C1", "Z", 1, "2.55", onlineretail.NeverBought},
		{"C6", 3, "C1", "A", -1, "2.55", onlineretail.NotNegative},
		{"C6", 4, "C1", "A", 1, "0.001", onlineretail.BelowMinorUnit},
		{"C8", 1, "", "A", 1, "2.55", onlineretail.NoCustomer},
		{"C7", 1, "C1", "A", 1, "2.55", onlineretail.NeverBought},
	}, unmatched); diff != "" {
		t.Errorf("unmatched (-want +got):\n%s", diff)
	}
}
