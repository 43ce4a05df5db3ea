package life_test

import (
	"testing"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// TestAnOrderLeavesInSeveralPackages packs, announces, splits, ships, loses and
// delivers the units of one order.
func TestAnOrderLeavesInSeveralPackages(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})
	req := order(line("tea", 5), line("pot", 1))
	req.CaptureAt, req.Shipping = atShip, &orderv1.Shipping{Price: euros(5)}
	id := s.confirm(t, req)
	f := s.Fulfilment()
	pack := must[*orderv1.CreatePackageResponse](t)(f.CreatePackage(t.Context(), &orderv1.CreatePackageRequest{OrderId: id, Lines: lines(units("1", 3))}))
	refused(t, connect.CodeFailedPrecondition, s.tell(t, id, pack.GetPackageId(), packageShipped), "an unannounced package ships")
	for range 2 {
		must[*orderv1.SubmitPackageResponse](t)(f.SubmitPackage(t.Context(), &orderv1.SubmitPackageRequest{OrderId: id, PackageId: pack.GetPackageId()}))
	}
	refused(t, connect.CodeInvalidArgument, second(f.SplitPackage(t.Context(), &orderv1.SplitPackageRequest{
		OrderId: id, PackageId: pack.GetPackageId(), Into: parts(lines(units("1", 1)), lines(units("1", 1))),
	})), "a split that loses a unit")
	halves := must[*orderv1.SplitPackageResponse](t)(f.SplitPackage(t.Context(), &orderv1.SplitPackageRequest{
		OrderId: id, PackageId: pack.GetPackageId(), Into: parts(lines(units("1", 2)), lines(units("1", 1))),
	})).GetPackageIds()
	for range 2 { // told twice, done once
		if err := s.tell(t, id, halves[0], packageShipped); err != nil {
			t.Fatal(err)
		}
	}
	s.stands(t, id, partiallyShipped, 6500, 4000, 2500) // two teas, and the shipping
	s.has(t, "tea", 98, 3)
	if err := s.tell(t, id, halves[0], packageUndeliverable); err != nil {
		t.Fatal(err)
	}
	s.stands(t, id, partiallyShipped, 6500, 4000, 2500)
	rest := s.ship(t, id) // what is in no package
	if err := s.tell(t, id, halves[1], packageShipped); err != nil {
		t.Fatal(err)
	}
	s.stands(t, id, unableToDeliver, 6500, 0, 6500)
	res := must[*orderv1.UpdatePackagesResponse](t)(f.UpdatePackages(t.Context(), &orderv1.UpdatePackagesRequest{Updates: []*orderv1.UpdatePackageRequest{
		{OrderId: id, PackageId: halves[0], Status: packageShipped, Transport: &orderv1.Transport{Carrier: "DHL"}},
		{OrderId: id, PackageId: "nope", Status: packageShipped},
		{OrderId: id, PackageId: halves[1], Status: packageDelivered},
		{OrderId: id, PackageId: rest, Status: packageDelivered},
	}})).GetResults()
	if len(res) != 4 || res[1].GetReason() != "package_not_found" || res[0].GetReason()+res[2].GetReason()+res[3].GetReason() != "" {
		t.Errorf("results %v", res)
	}
	s.stands(t, id, shipped, 6500, 0, 6500)
	if err := s.tell(t, id, halves[0], packageDelivered); err != nil {
		t.Fatal(err)
	}
	o := s.stands(t, id, delivered, 6500, 0, 6500)
	if o.GetPaymentStatus() != "Paid" || o.GetPackages()[1].GetCarrier() != "DHL" {
		t.Errorf("payment status %q, package %v", o.GetPaymentStatus(), o.GetPackages()[1])
	}
	s.has(t, "tea", 95, 0)
	s.has(t, "pot", 99, 0)
}

// tell says what became of a package.
func (s *shop) tell(t *testing.T, id, packageID string, to orderv1.PackageStatus) error {
	t.Helper()
	return second(s.Fulfilment().UpdatePackage(t.Context(), &orderv1.UpdatePackageRequest{OrderId: id, PackageId: packageID, Status: to}))
}

func parts(into ...[]*orderv1.ItemQuantity) (all []*orderv1.PackageLines) {
	for _, ls := range into {
		all = append(all, &orderv1.PackageLines{Lines: ls})
	}
	return all
}

// TestAPatchThatStandsForAnActIsThatAct ships, delivers, returns and cancels by
// patching statuses.
func TestAPatchThatStandsForAnActIsThatAct(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})
	id := s.sell(t, atConfirm, line("tea", 3), line("pot", 1))
	patch := func(req *orderv1.PatchOrderRequest) {
		t.Helper()
		req.OrderId = id
		must[*orderv1.PatchOrderResponse](t)(s.Changes().PatchOrder(t.Context(), req))
	}
	patch(&orderv1.PatchOrderRequest{Items: []*orderv1.PatchItem{{ItemId: "1", Status: cancelled, Quantity: 1, ReasonCode: "broken"}}})
	s.stands(t, id, submitted, 3000, 0, 3000)
	patch(&orderv1.PatchOrderRequest{Items: []*orderv1.PatchItem{{ItemId: "2", Status: readyToShip}}, Properties: map[string]string{"shelf": "7"}})
	patch(&orderv1.PatchOrderRequest{Items: []*orderv1.PatchItem{{ItemId: "2", Status: shipped}}, Transport: &orderv1.Transport{Carrier: "UPS"}})
	s.stands(t, id, partiallyShipped, 3000, 0, 3000)
	patch(&orderv1.PatchOrderRequest{Status: shipped})
	patch(&orderv1.PatchOrderRequest{Status: delivered})
	s.stands(t, id, delivered, 3000, 0, 3000)
	patch(&orderv1.PatchOrderRequest{Status: returnSubmitted})
	if o := s.stands(t, id, returnSubmitted, 3000, 0, 3000); len(o.GetReturns()) != 1 || o.GetProperties()["shelf"] != "7" || o.GetItems()[0].GetReturnPending() != 2 {
		t.Errorf("returns %v, properties %v", o.GetReturns(), o.GetProperties())
	}
	refused(t, connect.CodeInvalidArgument, second(s.Changes().PatchOrder(t.Context(), &orderv1.PatchOrderRequest{OrderId: id, Status: returned})), "a return cannot be patched")
}
