package life_test

import (
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

// TestTheStoryOfAnOrder lists what belongs to an order and tells who did what,
// with and without the talk between saga and participants.
func TestTheStoryOfAnOrder(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	queries := orderv1connect.NewOrderQueryServiceClient(http.DefaultClient, s.URL)
	id := s.sell(t, atConfirm, line("tea", 3))
	parcel := s.ship(t, id, units("1", 1))
	must[*orderv1.CreatePackageResponse](t)(s.Fulfilment().CreatePackage(t.Context(), &orderv1.CreatePackageRequest{OrderId: id, Lines: lines(units("1", 2))}))
	back := s.sendBack(t, id, units("1", 1))
	invoice := &orderv1.OrderInvoice{InvoiceId: "i-1", InvoiceNumber: "2026/1", Lines: lines(units("1", 1)), Items: cents(1000), PackageId: parcel}
	must[*orderv1.CreateInvoiceResponse](t)(s.Changes().CreateInvoice(t.Context(), &orderv1.CreateInvoiceRequest{OrderId: id, Invoice: invoice}))
	invoice.Tax = cents(190)
	wrote := must[*orderv1.UpdateInvoiceResponse](t)(s.Changes().UpdateInvoice(t.Context(), &orderv1.UpdateInvoiceRequest{OrderId: id, Invoice: invoice}))
	s.AwaitSettled(t, id)

	packages := must[*orderv1.ListPackagesResponse](t)(queries.ListPackages(t.Context(), &orderv1.ListPackagesRequest{OrderId: id})).GetPackages()
	shippedOnes := must[*orderv1.ListPackagesResponse](t)(queries.ListPackages(t.Context(), &orderv1.ListPackagesRequest{OrderId: id, Status: "shipped"})).GetPackages()
	if len(packages) != 2 || len(shippedOnes) != 1 || shippedOnes[0].GetPackageId() != parcel {
		t.Errorf("packages %v, shipped %v", packages, shippedOnes)
	}
	returns := must[*orderv1.ListReturnsResponse](t)(queries.ListReturns(t.Context(), &orderv1.ListReturnsRequest{OrderId: id, Status: "submitted"})).GetReturns()
	if len(returns) != 1 || returns[0].GetReturnId() != back {
		t.Errorf("returns %v", returns)
	}
	invoices := must[*orderv1.ListInvoicesResponse](t)(queries.ListInvoices(t.Context(), &orderv1.ListInvoicesRequest{OrderId: id, MinPosition: wrote.GetReceipt().GetPosition()})).GetInvoices()
	if len(invoices) != 1 || invoices[0].GetTotal().GetMinorUnits() != 1190 || invoices[0].GetPackageId() != parcel || invoices[0].GetUpdatedAt() == nil {
		t.Errorf("invoices %v", invoices)
	}

	tell := func(people bool) (told []string) {
		for _, e := range must[*orderv1.GetTimelineResponse](t)(queries.GetTimeline(t.Context(), &orderv1.GetTimelineRequest{OrderId: id, PeopleOnly: people})).GetEntries() {
			for _, event := range e.GetEvents() {
				told = append(told, e.GetActor()+": "+event.GetText())
			}
			if e.GetAt() == nil || e.GetRevision() == 0 || e.GetPosition() == 0 || e.GetCommand() == "" {
				t.Errorf("entry %v", e)
			}
		}
		return told
	}
	want := []string{
		"anonymous: placed as number 1 for 30.00 EUR", "payment: order confirmed",
		"anonymous: 1 of line 1 packed as " + parcel, "anonymous: package " + parcel + " announced", "anonymous: package " + parcel + " shipped",
		"anonymous: 1 of line 1 shipped in package " + parcel, "anonymous: 2 of line 1 packed as k3", "anonymous: return " + back + " asked for: 1 of line 1",
		"anonymous: invoice 2026/1 for 10.00 EUR", "anonymous: invoice 2026/1 is now for 11.90 EUR",
	}
	if got := tell(true); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if all := strings.Join(tell(false), "\n"); !strings.Contains(all, "inventory: reserve inventory: done") || !strings.Contains(all, "asks to capture payment") {
		t.Errorf("all of it is\n%s", all)
	}
	refused(t, connect.CodeNotFound, second(queries.GetTimeline(t.Context(), &orderv1.GetTimelineRequest{OrderId: "nobody-s-order-1"})), "the story of nothing")
}
