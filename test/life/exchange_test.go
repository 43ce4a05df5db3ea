package life_test

import (
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// exchange gives one tea of an order of two back for a pot at 15.00.
func (s *shop) exchange(t *testing.T, id string, payments ...*orderv1.PaymentItem) string {
	t.Helper()
	pot := line("pot", 1)
	pot.UnitPrice = euros(15)
	linked := s.accept(t, &orderv1.AcceptReturnRequest{
		OrderId: id, ReturnId: s.sendBack(t, id, units("1", 1)), Restock: true,
		Exchange: &orderv1.ExchangeOrder{Items: []*orderv1.LineItem{pot}, Payments: payments},
	})
	s.AwaitSettled(t, id) // then it is there
	return linked
}

// TestAnExchangeThatIsCancelledGivesEverythingBack returns the price difference
// to the card, and the worth of the tea to the payment of the first order.
func TestAnExchangeThatIsCancelledGivesEverythingBack(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})
	id := s.sell(t, atShip, line("tea", 2))
	s.ship(t, id)
	linked := s.exchange(t, id)
	s.Await(t, linked, submitted)
	s.stands(t, id, shipped, 2000, 0, 2000)
	must[*orderv1.CancelOrderResponse](t)(s.Orders().CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: linked}))
	s.Await(t, linked, cancelled)
	s.stands(t, linked, cancelled, 0, 0, 0)
	if o := s.stands(t, id, shipped, 1000, 0, 1000); o.GetStoreCredit() != nil {
		t.Errorf("store credit %v", o.GetStoreCredit())
	}
}

// TestCreditComesBackToAnOrderThatWasDeletedMeanwhile refunds it all the same.
func TestCreditComesBackToAnOrderThatWasDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})
	id := s.sell(t, atConfirm, line("tea", 1))
	s.ship(t, id)
	linked := s.exchange(t, id)
	s.Await(t, linked, submitted)
	s.stands(t, id, returned, 1000, 0, 1000)
	must[*orderv1.DeleteOrderResponse](t)(s.Changes().DeleteOrder(t.Context(), &orderv1.DeleteOrderRequest{OrderId: id}))
	must[*orderv1.CancelOrderResponse](t)(s.Orders().CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: linked}))
	s.stands(t, linked, cancelled, 0, 0, 0)
	testkit.Until(t, testkit.Patience, func() string {
		if paid := s.Ledger(t, id).GetPaid().GetMinorUnits(); paid != 0 {
			return "the deleted order keeps money"
		}
		return ""
	})
}

// TestAnExchangeWhoseCardIsDeclinedWaitsWithItsCredit pays the rest with
// another card, of one order, and lets go of another.
func TestAnExchangeWhoseCardIsDeclinedWaitsWithItsCredit(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})
	for _, pays := range []bool{true, false} {
		id := s.sell(t, atConfirm, line("tea", 2))
		s.ship(t, id)
		linked := s.exchange(t, id, card("tok_decline")...)
		s.Await(t, linked, onHold)
		s.stands(t, id, shipped, 2000, 0, 2000)
		if pays {
			if err := s.pay(t, linked, "tok_good"); err != nil {
				t.Fatal(err)
			}
			s.Await(t, linked, submitted)
			s.stands(t, linked, submitted, 1500, 0, 1500)
			s.stands(t, id, shipped, 2000, 0, 2000)
			continue
		}
		must[*orderv1.CancelOrderResponse](t)(s.Orders().CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: linked}))
		s.Await(t, linked, cancelled)
		s.stands(t, linked, cancelled, 0, 0, 0)
		s.stands(t, id, shipped, 1000, 0, 1000)
	}
}

// TestCreditOfAnOrderThatWasPaidInCashStaysCredit cannot be refunded by anybody
// here.
func TestCreditOfAnOrderThatWasPaidInCashStaysCredit(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})
	req := order(line("tea", 2))
	req.Payments, req.OnPaymentDecline = card("tok_decline"), orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_HOLD
	id := s.Place(t, req)
	s.Await(t, id, onHold)
	must[*paymentv1.RecordPaymentResponse](t)(s.Payments().RecordPayment(t.Context(), &paymentv1.RecordPaymentRequest{
		OrderId: id, Amount: euros(20), Method: "cash", IdempotencyKey: "till",
	}))
	s.Await(t, id, submitted)
	s.ship(t, id)
	linked := s.exchange(t, id)
	s.Await(t, linked, submitted)
	s.ship(t, linked)
	s.accept(t, &orderv1.AcceptReturnRequest{OrderId: linked, ReturnId: s.sendBack(t, linked, units("1", 1)), Restock: true})
	s.stands(t, linked, returned, 0, 0, 0)
	if o := s.stands(t, id, shipped, 2000, 0, 2000); o.GetStoreCredit().GetMinorUnits() != 1000 {
		t.Errorf("store credit %v, want 10.00", o.GetStoreCredit())
	}
}
