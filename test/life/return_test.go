package life_test

import (
	"testing"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// TestReturnedUnitsAreRefunded returns units with and without a fee and a
// place on the shelf.
func TestReturnedUnitsAreRefunded(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100, "pot": 100})
	id := s.sell(t, atConfirm, line("tea", 3), line("pot", 1))
	refused(t, connect.CodeInvalidArgument, second(s.Returns().SubmitReturn(t.Context(), &orderv1.SubmitReturnRequest{
		OrderId: id, Lines: []*orderv1.ReturnLine{{ItemId: "1", Quantity: 1}},
	})), "units that have not left")
	s.ship(t, id)
	first := s.sendBack(t, id, units("1", 2))
	s.stands(t, id, returnSubmitted, 4000, 0, 4000)
	for range 2 { // accepted twice, done once
		s.accept(t, &orderv1.AcceptReturnRequest{OrderId: id, ReturnId: first, Restock: true, Fee: cents(150)})
	}
	o := s.stands(t, id, shipped, 2150, 0, 2150)
	if r := o.GetReturns()[0]; r.GetStatus() != "closed" || r.GetRefunded().GetMinorUnits() != 1850 || r.GetFee().GetMinorUnits() != 150 {
		t.Errorf("return %v", r)
	}
	s.has(t, "tea", 99, 0)
	rejected := s.sendBack(t, id, units("1", 1))
	for range 2 {
		must[*orderv1.RejectReturnResponse](t)(s.Returns().RejectReturn(t.Context(), &orderv1.RejectReturnRequest{OrderId: id, ReturnId: rejected, Reason: "used"}))
	}
	refused(t, connect.CodeFailedPrecondition, second(s.Returns().AcceptReturn(t.Context(), &orderv1.AcceptReturnRequest{OrderId: id, ReturnId: rejected})), "a rejected return is accepted")
	s.stands(t, id, shipped, 2150, 0, 2150)
	s.accept(t, &orderv1.AcceptReturnRequest{OrderId: id, ReturnId: s.sendBack(t, id, units("1", 1), units("2", 1))}) // broken: not restocked
	s.stands(t, id, returned, 150, 0, 150)
	s.has(t, "tea", 99, 0)
	s.has(t, "pot", 99, 0)
}

// TestFinalSalesStay refuses to take back a line that was a final sale.
func TestFinalSalesStay(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	tea := line("tea", 1)
	tea.FinalSale = true
	id := s.sell(t, atConfirm, tea)
	s.ship(t, id)
	refused(t, connect.CodeFailedPrecondition, second(s.Returns().SubmitReturn(t.Context(), &orderv1.SubmitReturnRequest{
		OrderId: id, Lines: []*orderv1.ReturnLine{{ItemId: "1", Quantity: 1}},
	})), "a final sale comes back")
}

// TestAnExchangeIsPaidFromWhatCameBack exchanges for something cheaper, equal
// and dearer: the linked order is confirmed, and the difference moved.
func TestAnExchangeIsPaidFromWhatCameBack(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		price               int64
		due, paid           int64 // of the original
		linkedDue, fromCard int64
	}{
		"cheaper": {price: 3, due: 1300, paid: 2000 - 700, linkedDue: 300},
		"equal":   {price: 10, due: 2000, paid: 2000, linkedDue: 1000},
		"dearer":  {price: 15, due: 2000, paid: 2000, linkedDue: 1500, fromCard: 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, map[string]int64{"tea": 100, "pot": 100})
			id := s.sell(t, atConfirm, line("tea", 2))
			s.ship(t, id)
			pot := line("pot", 1)
			pot.UnitPrice = euros(tt.price)
			linked := s.accept(t, &orderv1.AcceptReturnRequest{
				OrderId: id, ReturnId: s.sendBack(t, id, units("1", 1)), Restock: true,
				Exchange: &orderv1.ExchangeOrder{Items: []*orderv1.LineItem{pot}},
			})
			o := s.stands(t, id, shipped, tt.due, 0, tt.paid)
			if len(o.GetLinkedOrderIds()) != 1 || o.GetLinkedOrderIds()[0] != linked {
				t.Errorf("linked orders %v, want %s", o.GetLinkedOrderIds(), linked)
			}
			s.Await(t, linked, submitted)
			l := s.stands(t, linked, submitted, tt.linkedDue, 0, tt.linkedDue)
			if l.GetOrderType() != orderv1.OrderType_ORDER_TYPE_EXCHANGE || l.GetOriginalOrderId() != id || l.GetPaymentStatus() != "Paid" {
				t.Errorf("linked order %v", l)
			}
			var fromCard int64
			for _, p := range l.GetPayments() {
				if p.GetGateway() != "credit" {
					fromCard += p.GetCaptured().GetMinorUnits()
				}
			}
			if fromCard != tt.fromCard {
				t.Errorf("%d was taken from the card, want %d", fromCard, tt.fromCard)
			}
			s.has(t, "tea", 99, 0)
			s.has(t, "pot", 100, 1)

			// The exchange has a life of its own.
			s.ship(t, linked)
			s.accept(t, &orderv1.AcceptReturnRequest{OrderId: linked, ReturnId: s.sendBack(t, linked, units("1", 1)), Restock: true})
			s.stands(t, linked, returned, 0, 0, 0)
			s.stands(t, id, shipped, 1000, 0, 1000) // what the tea was worth went back to its payment
		})
	}
}

// TestReplacedUnitsAreSentForFree sends lost units again.
func TestReplacedUnitsAreSentForFree(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	id := s.sell(t, atConfirm, line("tea", 3))
	s.ship(t, id)
	req := &orderv1.ReplaceItemsRequest{OrderId: id, Lines: lines(units("1", 2)), Reason: "lost", IdempotencyKey: "again"}
	linked := must[*orderv1.ReplaceItemsResponse](t)(s.Returns().ReplaceItems(t.Context(), req)).GetReplaceOrderId()
	if again := must[*orderv1.ReplaceItemsResponse](t)(s.Returns().ReplaceItems(t.Context(), req)).GetReplaceOrderId(); again != linked {
		t.Errorf("the same request made %s and %s", linked, again)
	}
	s.stands(t, id, shipped, 3000, 0, 3000)
	s.Await(t, linked, submitted)
	if l := s.stands(t, linked, submitted, 0, 0, 0); len(l.GetPayments()) != 0 || l.GetOrderType() != orderv1.OrderType_ORDER_TYPE_REPLACE {
		t.Errorf("linked order %v", l)
	}
	s.has(t, "tea", 97, 2)
	s.ship(t, linked)
	s.stands(t, linked, shipped, 0, 0, 0)
	s.has(t, "tea", 95, 0)
}
