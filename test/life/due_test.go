package life_test

import (
	"testing"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
)

// owing is an order of two teas and a pot, paid as it ships, of which the teas
// have left and could not be paid.
func (s *shop) owing(t *testing.T) string {
	t.Helper()
	req := order(line("tea", 2), line("pot", 1))
	req.CaptureAt, req.Payments = atShip, card("tok_capture_decline")
	id := s.confirm(t, req)
	s.ship(t, id, units("1", 2))
	s.due(t, id, 2000)
	return id
}

// due proves what of an order is due, once nothing is left to do.
func (s *shop) due(t *testing.T, id string, want int64) {
	t.Helper()
	o := s.AwaitSettled(t, id)
	if got := o.GetPaymentDue().GetMinorUnits(); got != want || (o.GetPaymentDueMessage() == "") != (want == 0) {
		t.Errorf("order %s: %d is due (%q), want %d", id, got, o.GetPaymentDueMessage(), want)
	}
	if parked := s.Saga(t, id).GetParked(); parked {
		t.Errorf("the saga of order %s is parked", id)
	}
}

// pay asks for what is due of an order from a card; none tries the old one.
func (s *shop) pay(t *testing.T, id, token string) error {
	t.Helper()
	req := &orderv1.RetryPaymentRequest{OrderId: id}
	if token != "" {
		req.Payments = card(token)
	}
	return second(s.Orders().RetryPayment(t.Context(), req))
}

// TestACaptureThatIsDeclinedAtShippingIsPaidInAnotherWay goes on with
// everything else, is declined again, and then paid with another card.
func TestACaptureThatIsDeclinedAtShippingIsPaidInAnotherWay(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})
	id := s.owing(t)
	s.stands(t, id, partiallyShipped, 3000, 3000, 0)
	s.has(t, "tea", 98, 0)

	must[*orderv1.HoldOrderResponse](t)(s.Changes().HoldOrder(t.Context(), &orderv1.HoldOrderRequest{OrderId: id}))
	must[*orderv1.ReleaseOrderResponse](t)(s.Changes().ReleaseOrder(t.Context(), &orderv1.ReleaseOrderRequest{OrderId: id}))
	s.cancelItems(t, id, units("2", 1))
	s.stands(t, id, shipped, 2000, 2000, 0)
	s.due(t, id, 2000)

	for _, token := range []string{"tok_decline", "tok_capture_decline", ""} {
		if err := s.pay(t, id, token); err != nil {
			t.Fatal(err)
		}
		s.due(t, id, 2000)
		if o := s.stands(t, id, shipped, 2000, 2000, 0); len(o.GetPayments()) != 1 {
			t.Errorf("after %q the payments are %v", token, o.GetPayments())
		}
	}
	if err := s.pay(t, id, "tok_good"); err != nil {
		t.Fatal(err)
	}
	s.due(t, id, 0)
	s.stands(t, id, shipped, 2000, 0, 2000)
	refused(t, connect.CodeFailedPrecondition, s.pay(t, id, "tok_good"), "paying what was paid")
	s.accept(t, &orderv1.AcceptReturnRequest{OrderId: id, ReturnId: s.sendBack(t, id, units("1", 2)), Restock: true})
	s.stands(t, id, returned, 0, 0, 0)
}

// TestACaptureThatIsDeclinedOnceIsTakenLaterFromTheSameCard lets the bank say
// no three times, and then yes.
func TestACaptureThatIsDeclinedOnceIsTakenLaterFromTheSameCard(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	no, yes := paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_DECLINE, paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_APPROVE
	if _, err := s.Payments().ScriptGateway(t.Context(), &paymentv1.ScriptGatewayRequest{Token: "moody", Outcomes: []paymentv1.ScriptedOutcome{yes, no, no, no, yes}}); err != nil {
		t.Fatal(err)
	}
	req := order(line("tea", 2))
	req.CaptureAt, req.Payments = atShip, card("moody")
	id := s.confirm(t, req)
	s.ship(t, id)
	s.due(t, id, 2000)
	if err := s.pay(t, id, ""); err != nil {
		t.Fatal(err)
	}
	s.due(t, id, 0)
	s.stands(t, id, shipped, 2000, 0, 2000)
}

// TestUnitsThatComeBackUnpaidAreNotRefunded lowers what is due instead.
func TestUnitsThatComeBackUnpaidAreNotRefunded(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})
	id := s.owing(t)
	s.accept(t, &orderv1.AcceptReturnRequest{OrderId: id, ReturnId: s.sendBack(t, id, units("1", 1)), Restock: true})
	s.due(t, id, 1000)
	if r := s.stands(t, id, partiallyShipped, 2000, 2000, 0).GetReturns()[0]; r.GetRefunded().GetMinorUnits() != 0 || r.GetStatus() != "closed" {
		t.Errorf("return %v", r)
	}
	if err := s.pay(t, id, "tok_good"); err != nil {
		t.Fatal(err)
	}
	s.due(t, id, 0)
	s.stands(t, id, partiallyShipped, 2000, 1000, 1000)
}
