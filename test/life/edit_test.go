package life_test

import (
	"testing"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// edit changes lines of an order.
func (s *shop) edit(t *testing.T, req *orderv1.EditItemsRequest) *orderv1.EditItemsResponse {
	t.Helper()
	return must[*orderv1.EditItemsResponse](t)(s.Changes().EditItems(t.Context(), req))
}

func named(item string, l *orderv1.LineItem) *orderv1.LineItem {
	l.ItemId = item
	return l
}

// TestAnEditSettlesTheDifference buys more, less and something else, of orders
// that were paid and of those that are paid as they ship.
func TestAnEditSettlesTheDifference(t *testing.T) {
	t.Parallel()
	for _, at := range []orderv1.CaptureAt{atConfirm, atShip} {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			s := open(t, map[string]int64{"tea": 100, "pot": 100, "cup": 100})
			owes := func(due int64) (int64, int64, int64) {
				if at == atShip {
					return due, due, 0
				}
				return due, 0, due
			}
			stands := func(id string, due int64) {
				d, a, p := owes(due)
				s.stands(t, id, submitted, d, a, p)
			}
			id := s.sell(t, at, line("tea", 2), line("pot", 1))
			preview := s.edit(t, &orderv1.EditItemsRequest{OrderId: id, Preview: true, Set: []*orderv1.LineItem{named("1", line("tea", 5)), line("cup", 1)}, Remove: []string{"2"}})
			if preview.GetReceipt() != nil || preview.GetAfter().GetTotal().GetMinorUnits() != 6000 || len(preview.GetReserve()) != 2 || len(preview.GetRelease()) != 1 {
				t.Errorf("preview %v", preview)
			}
			stands(id, 3000)
			s.edit(t, &orderv1.EditItemsRequest{OrderId: id, Set: []*orderv1.LineItem{named("1", line("tea", 5))}})
			stands(id, 6000)
			s.has(t, "tea", 100, 5)
			s.edit(t, &orderv1.EditItemsRequest{OrderId: id, Set: []*orderv1.LineItem{named("1", line("tea", 1))}})
			stands(id, 2000)
			s.has(t, "tea", 100, 1)
			s.edit(t, &orderv1.EditItemsRequest{OrderId: id, Set: []*orderv1.LineItem{line("cup", 3)}, Remove: []string{"2"}, Payments: card("tok_other")})
			stands(id, 4000)
			s.has(t, "pot", 100, 0)
			s.has(t, "cup", 100, 3)
			s.cancelItems(t, id, units("1", 1))
			s.ship(t, id)
			s.stands(t, id, shipped, 3000, 0, 3000)
			s.has(t, "cup", 97, 0)
		})
	}
}

// TestARefusedEditLeavesEverythingAsBefore asks for more than there is, and for
// what a card does not pay.
func TestARefusedEditLeavesEverythingAsBefore(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 10, "pot": 10})
	for name, req := range map[string]*orderv1.EditItemsRequest{
		"out of stock":     {Set: []*orderv1.LineItem{named("1", line("tea", 50))}},
		"one line of two":  {Set: []*orderv1.LineItem{named("1", line("tea", 3)), line("pot", 50)}},
		"declined":         {Set: []*orderv1.LineItem{named("1", line("tea", 3))}, Payments: card("tok_decline")},
		"capture declined": {Set: []*orderv1.LineItem{named("1", line("tea", 3))}, Payments: card("tok_capture_decline")},
	} {
		t.Run(name, func(t *testing.T) {
			id := s.sell(t, atConfirm, line("tea", 2))
			before := s.AwaitSettled(t, id)
			req.OrderId = id
			s.edit(t, req)
			after := s.AwaitSettled(t, id)
			same := protocmp.IgnoreFields(&orderv1.Order{}, "revision", "position", "updated_at", "steps")
			if diff := cmp.Diff(before, after, protocmp.Transform(), same); diff != "" {
				t.Errorf("the order is not as before (-before +after):\n%s", diff)
			}
			if n := s.events(t, id); n["OrderEditRejected"] != 1 || n["OrderEdited"] != 0 {
				t.Errorf("events %v", n)
			}
			s.stands(t, id, submitted, 2000, 0, 2000)
			must[*orderv1.CancelOrderResponse](t)(s.Orders().CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: id}))
			s.Await(t, id, cancelled)
			s.has(t, "tea", 10, 0)
			s.has(t, "pot", 10, 0)
		})
	}
}

// TestFrozenOrdersAreNotEdited moves an order past the freeze.
func TestFrozenOrdersAreNotEdited(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 10})
	id := s.sell(t, atConfirm, line("tea", 2))
	must[*orderv1.PatchOrderResponse](t)(s.Changes().PatchOrder(t.Context(), &orderv1.PatchOrderRequest{OrderId: id, Status: orderv1.OrderStatus_ORDER_STATUS_FREEZE_EDIT}))
	refused(t, connect.CodeFailedPrecondition, second(s.Changes().EditItems(t.Context(), &orderv1.EditItemsRequest{
		OrderId: id, Set: []*orderv1.LineItem{named("1", line("tea", 3))},
	})), "an edit after the freeze")
	refused(t, connect.CodeFailedPrecondition, second(s.Changes().PatchOrder(t.Context(), &orderv1.PatchOrderRequest{OrderId: id, Status: submitted})), "a move back")
}
