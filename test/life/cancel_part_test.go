package life_test

import (
	"testing"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// TestPackedUnitsCanBeCancelled takes units out of packages that have not left:
// one shrinks, one is voided, and what is left ships.
func TestPackedUnitsCanBeCancelled(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})
	id := s.sell(t, atShip, line("tea", 3), line("pot", 1))
	pack := func(us ...*orderv1.ItemQuantity) string {
		return must[*orderv1.CreatePackageResponse](t)(s.Fulfilment().CreatePackage(t.Context(), &orderv1.CreatePackageRequest{OrderId: id, Lines: us, Submit: true})).GetPackageId()
	}
	teas, pot := pack(units("1", 3)), pack(units("2", 1))
	s.cancelItems(t, id, units("1", 2), units("2", 1))
	o := s.stands(t, id, submitted, 1000, 1000, 0)
	if p := o.GetPackages(); p[0].GetLines()[0].GetQuantity() != 1 || p[0].GetStatus() != "submitted" || p[1].GetStatus() != "voided" {
		t.Errorf("packages %v", p)
	}
	s.has(t, "tea", 100, 1)
	s.has(t, "pot", 100, 0)
	refused(t, connect.CodeFailedPrecondition, s.tell(t, id, pot, packageShipped), "a voided package ships")
	if err := s.tell(t, id, teas, packageShipped); err != nil {
		t.Fatal(err)
	}
	s.stands(t, id, shipped, 1000, 0, 1000)
	refused(t, connect.CodeInvalidArgument, second(s.Changes().CancelItems(t.Context(), &orderv1.CancelItemsRequest{OrderId: id, Lines: lines(units("1", 1))})), "units that have left")
}

// TestUnitsOfAHeldOrderCanBeCancelled pays only for the rest, with another card,
// and cancels a whole order unit by unit.
func TestUnitsOfAHeldOrderCanBeCancelled(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})
	held := func() string {
		req := order(line("tea", 3), line("pot", 1))
		req.Payments, req.OnPaymentDecline = card("tok_decline"), orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_HOLD
		id := s.Place(t, req)
		s.Await(t, id, onHold)
		return id
	}
	id := held()
	s.cancelItems(t, id, units("1", 2))
	o := s.AwaitSettled(t, id)
	if o.GetStatus() != onHold || o.GetDue().GetMinorUnits() != 2000 || o.GetPaymentStatus() != "Pending Payment" {
		t.Errorf("%s, %v due, %q", o.GetStatus(), o.GetDue(), o.GetPaymentStatus())
	}
	s.has(t, "tea", 100, 1)
	if err := s.pay(t, id, "tok_good"); err != nil {
		t.Fatal(err)
	}
	s.Await(t, id, submitted)
	s.stands(t, id, submitted, 2000, 0, 2000)
	s.ship(t, id)
	s.stands(t, id, shipped, 2000, 0, 2000)

	other := held()
	s.cancelItems(t, other, units("1", 3))
	s.cancelItems(t, other, units("2", 1))
	s.Await(t, other, cancelled)
	s.has(t, "tea", 99, 0)
	s.has(t, "pot", 99, 0)
}
