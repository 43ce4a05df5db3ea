package life_test

import (
	"testing"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// TestCancelledUnitsGiveBackTheirStockAndMoney cancels units of orders that
// were paid, and of orders that are paid as they ship.
func TestCancelledUnitsGiveBackTheirStockAndMoney(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})

	req := order(line("tea", 3), line("pot", 1))
	req.Adjustments = []*orderv1.Adjustment{{Amount: cents(-101)}}
	req.Shipping = &orderv1.Shipping{Price: euros(5)}
	id := s.confirm(t, req) // 44.00 less 1.01 and 5.00 for shipping: 43.99
	s.stands(t, id, submitted, 4399, 0, 4399)
	s.cancelItems(t, id, units("1", 2))
	s.stands(t, id, submitted, 2450, 0, 2450) // two thirds of 30.00 less a share of 0.76
	s.has(t, "tea", 100, 1)
	refused(t, connect.CodeInvalidArgument, second(s.Changes().CancelItems(t.Context(), &orderv1.CancelItemsRequest{OrderId: id, Lines: lines(units("1", 2))})), "more than there are")
	s.cancelItems(t, id, units("1", 1), units("2", 1))
	s.stands(t, id, cancelled, 0, 0, 0) // nothing is left: the whole order

	id = s.sell(t, atShip, line("tea", 3), line("pot", 1))
	s.stands(t, id, submitted, 4000, 4000, 0)
	s.cancelItems(t, id, units("1", 1))
	s.stands(t, id, submitted, 3000, 3000, 0)
	s.ship(t, id, units("1", 1))
	s.stands(t, id, partiallyShipped, 3000, 2000, 1000)
	s.has(t, "tea", 99, 1)
	s.cancelItems(t, id, units("1", 1), units("2", 1))
	s.stands(t, id, shipped, 1000, 0, 1000)
	s.has(t, "tea", 99, 0)
	if n := s.events(t, id); n["OrderItemsCancelled"] != 2 || n["OrderCancelled"] != 0 {
		t.Errorf("events %v", n)
	}
}

// TestAWholeOrderIsCancelledWithItsPackages cancels an order of which units are
// in a package that has not left, and one of which some have.
func TestAWholeOrderIsCancelledWithItsPackages(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	id := s.sell(t, atConfirm, line("tea", 3))
	must[*orderv1.CreatePackageResponse](t)(s.Fulfilment().CreatePackage(t.Context(), &orderv1.CreatePackageRequest{OrderId: id, Lines: lines(units("1", 2)), Submit: true}))
	must[*orderv1.CancelOrderResponse](t)(s.Orders().CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: id}))
	if o := s.stands(t, id, cancelled, 0, 0, 0); o.GetPackages()[0].GetStatus() != "voided" {
		t.Errorf("package %v", o.GetPackages()[0])
	}
	s.has(t, "tea", 100, 0)

	id = s.sell(t, atConfirm, line("tea", 3))
	s.ship(t, id, units("1", 1))
	refused(t, connect.CodeFailedPrecondition, second(s.Orders().CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: id})), "units have left")
	s.cancelItems(t, id, units("1", 2))
	s.stands(t, id, shipped, 1000, 0, 1000)
}

// TestHeldOrdersWait holds a sale: nothing ships until it is released, and it
// goes on where it was.
func TestHeldOrdersWait(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	id := s.sell(t, atConfirm, line("tea", 2))
	must[*orderv1.PatchOrderResponse](t)(s.Changes().PatchOrder(t.Context(), &orderv1.PatchOrderRequest{OrderId: id, Status: readyToShip, ReasonCode: "picked"}))
	for range 2 { // asked twice, done once
		must[*orderv1.HoldOrderResponse](t)(s.Changes().HoldOrder(t.Context(), &orderv1.HoldOrderRequest{OrderId: id, Reason: "address?"}))
	}
	if o := s.stands(t, id, onHold, 2000, 0, 2000); o.GetStatusMessage() != "address?" {
		t.Errorf("held for %q", o.GetStatusMessage())
	}
	refused(t, connect.CodeFailedPrecondition, second(s.Fulfilment().ShipOrder(t.Context(), &orderv1.ShipOrderRequest{OrderId: id})), "a held order ships")
	for range 2 {
		must[*orderv1.ReleaseOrderResponse](t)(s.Changes().ReleaseOrder(t.Context(), &orderv1.ReleaseOrderRequest{OrderId: id}))
	}
	s.stands(t, id, readyToShip, 2000, 0, 2000)
	if n := s.events(t, id); n["OrderHeld"] != 1 || n["OrderHoldReleased"] != 1 {
		t.Errorf("events %v", n)
	}
	s.ship(t, id)
	s.stands(t, id, shipped, 2000, 0, 2000)

	// Units of a held order can be cancelled.
	id = s.sell(t, atConfirm, line("tea", 3))
	must[*orderv1.HoldOrderResponse](t)(s.Changes().HoldOrder(t.Context(), &orderv1.HoldOrderRequest{OrderId: id}))
	s.cancelItems(t, id, units("1", 1))
	s.stands(t, id, onHold, 2000, 0, 2000)
}

// TestDeletedOrdersAreGone deletes an order that waits for its payment, one
// that was cancelled and one that was returned. A sale that stands stays.
func TestDeletedOrdersAreGone(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	remove := func(id string) error {
		return second(s.Changes().DeleteOrder(t.Context(), &orderv1.DeleteOrderRequest{OrderId: id, Reason: "a test"}))
	}
	req := order(line("tea", 2))
	req.Payments, req.OnPaymentDecline = card("tok_decline"), orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_HOLD
	waiting := s.Place(t, req)
	s.Await(t, waiting, onHold)
	gone := s.sell(t, atConfirm, line("tea", 2))
	must[*orderv1.CancelOrderResponse](t)(s.Orders().CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: gone}))
	s.Await(t, gone, cancelled)
	back := s.sell(t, atConfirm, line("tea", 2))
	refused(t, connect.CodeFailedPrecondition, remove(back), "a sale that stands")
	s.ship(t, back)
	s.accept(t, &orderv1.AcceptReturnRequest{OrderId: back, ReturnId: s.sendBack(t, back, units("1", 2)), Restock: true})
	s.stands(t, back, returned, 0, 0, 0)
	for _, id := range []string{waiting, gone, back} {
		if err := remove(id); err != nil {
			t.Error(err)
		}
		testkit.Until(t, testkit.Patience, func() string {
			if o := s.AwaitSettled(t, id); o.GetStatus() != deleted {
				return "order " + id + " is " + o.GetStatus().String()
			}
			return ""
		})
		refused(t, connect.CodeNotFound, second(s.Changes().AddNote(t.Context(), &orderv1.AddNoteRequest{OrderId: id, Text: "?"})), "a note on a deleted order")
	}
	s.has(t, "tea", 100, 0)
	if n := s.events(t, waiting); n["OrderConfirmed"] != 0 || n["OrderCancelled"] != 1 || n["OrderDeleted"] != 1 {
		t.Errorf("events %v", n)
	}
}

func second[R any](_ R, err error) error { return err }
