package life_test

import (
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// TestWatchingGoesOnUntilADeletionThatWasAskedFor shows the cancellation and
// then the deletion.
func TestWatchingGoesOnUntilADeletionThatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	req := order(line("tea", 1))
	req.Payments, req.OnPaymentDecline = card("tok_decline"), orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_HOLD
	id := s.Place(t, req)
	s.Await(t, id, onHold)
	stream, err := s.Orders().WatchOrder(t.Context(), &orderv1.WatchOrderRequest{OrderId: id})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	must[*orderv1.DeleteOrderResponse](t)(s.Changes().DeleteOrder(t.Context(), &orderv1.DeleteOrderRequest{OrderId: id}))
	var last *orderv1.Order
	for stream.Receive() {
		last = stream.Msg().GetOrder()
	}
	if stream.Err() != nil || last.GetStatus() != deleted {
		t.Errorf("the last that was seen is %s, %v", last.GetStatus(), stream.Err())
	}
}

// TestARepeatIsAnsweredWithTheStatusOfThen repeats requests when the order has
// long gone on.
func TestARepeatIsAnsweredWithTheStatusOfThen(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	id := s.sell(t, atConfirm, line("tea", 2))
	hold := &orderv1.HoldOrderRequest{OrderId: id, IdempotencyKey: "hold"}
	first := must[*orderv1.HoldOrderResponse](t)(s.Changes().HoldOrder(t.Context(), hold))
	must[*orderv1.ReleaseOrderResponse](t)(s.Changes().ReleaseOrder(t.Context(), &orderv1.ReleaseOrderRequest{OrderId: id}))
	s.ship(t, id)
	s.stands(t, id, shipped, 2000, 0, 2000)
	again := must[*orderv1.HoldOrderResponse](t)(s.Changes().HoldOrder(t.Context(), hold))
	if again.GetReceipt().GetStatus() != onHold {
		t.Errorf("then %s, now %s", first.GetReceipt().GetStatus(), again.GetReceipt().GetStatus())
	}
	same(t, first, again, (*orderv1.HoldOrderResponse).GetReceipt)

	other := s.sell(t, atConfirm, line("tea", 1))
	cancel := &orderv1.CancelOrderRequest{OrderId: other, IdempotencyKey: "cancel"}
	before := must[*orderv1.CancelOrderResponse](t)(s.Orders().CancelOrder(t.Context(), cancel))
	s.Await(t, other, cancelled)
	if after := must[*orderv1.CancelOrderResponse](t)(s.Orders().CancelOrder(t.Context(), cancel)); after.GetStatus() != before.GetStatus() || after.GetRevision() != before.GetRevision() {
		t.Errorf("then %v, now %v", before, after)
	}
}

// TestTheLatestOfAnOrderIsWhatIsStored reads after each change without knowing
// its position.
func TestTheLatestOfAnOrderIsWhatIsStored(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	id := s.sell(t, atConfirm, line("tea", 1))
	for range 20 {
		wrote := must[*orderv1.AddNoteResponse](t)(s.Changes().AddNote(t.Context(), &orderv1.AddNoteRequest{OrderId: id, Text: "x"}))
		read := must[*orderv1.GetOrderResponse](t)(s.Orders().GetOrder(t.Context(), &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: id}, Latest: true}))
		if read.GetOrder().GetRevision() < wrote.GetReceipt().GetRevision() {
			t.Fatalf("read revision %d after %d was written", read.GetOrder().GetRevision(), wrote.GetReceipt().GetRevision())
		}
	}
}
