package life_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/skava"
)

// queued counts what was ever sent to the participants.
func (s *shop) queued(t *testing.T) (n uint64) {
	t.Helper()
	js := s.JetStream(t)
	for _, stream := range []string{skava.StreamInventory, skava.StreamPromotion, skava.StreamPayment} {
		st, err := js.Stream(context.WithoutCancel(t.Context()), stream)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		n += st.CachedInfo().State.LastSeq
	}
	return n
}

// TestImportedOrdersAskNobody takes over orders that were sold elsewhere: they
// are finalized once, and neither stock nor money of theirs is touched, then or
// later.
func TestImportedOrdersAskNobody(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 10})
	before := s.queued(t)
	paid := &orderv1.ImportOrderRequest{Order: order(line("tea", 50)), Settled: map[string]*moneyv1.Money{"p1": euros(500)}}
	first := must[*orderv1.ImportOrderResponse](t)(s.Orders().ImportOrder(t.Context(), paid))
	again := must[*orderv1.ImportOrderResponse](t)(s.Orders().ImportOrder(t.Context(), paid))
	if again.GetOrderId() != first.GetOrderId() || !again.GetRepeated() || first.GetRepeated() {
		t.Errorf("imported %v and %v", first, again)
	}
	stream, err := s.Orders().ImportOrders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bad := &orderv1.ImportOrderRequest{Order: order(line("tea", 1)), Settled: map[string]*moneyv1.Money{"p9": euros(1)}}
	unpaid := &orderv1.ImportOrderRequest{Order: order(line("tea", 1))}
	for _, req := range []*orderv1.ImportOrderRequest{paid, bad, unpaid} {
		if err := stream.Send(&orderv1.ImportOrdersRequest{Order: req}); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	sum := must[*orderv1.ImportOrdersResponse](t)(stream.CloseAndReceive())
	if sum.GetImported() != 1 || sum.GetRepeated() != 1 || sum.GetRefused() != 1 || sum.GetRefusals()[0].GetIndex() != 1 {
		t.Errorf("summed up %v", sum)
	}
	o := s.AwaitSettled(t, first.GetOrderId())
	if n := s.events(t, o.GetOrderId()); n["OrderFinalized"] != 1 || n["OrderConfirmed"] != 1 || n["StepRequested"] != 0 {
		t.Errorf("events %v", n)
	}
	if o.GetStatus() != submitted || !o.GetImported() || o.GetPaymentStatus() != "Paid" {
		t.Errorf("order is %s, payment %q", o.GetStatus(), o.GetPaymentStatus())
	}
	added := ""
	for _, other := range s.AllOrders(t) {
		if other.GetOrderId() != o.GetOrderId() {
			added = other.GetOrderId()
		}
		if other.GetOrderId() != o.GetOrderId() && other.GetPaymentStatus() != "Pending Payment" {
			t.Errorf("the unpaid order is %q", other.GetPaymentStatus())
		}
	}

	// It lives on without stock and money: both are with who sold it.
	s.cancelItems(t, o.GetOrderId(), units("1", 5))
	s.ship(t, o.GetOrderId(), units("1", 20))
	s.accept(t, &orderv1.AcceptReturnRequest{OrderId: o.GetOrderId(), ReturnId: s.sendBack(t, o.GetOrderId(), units("1", 5)), Restock: true})
	if o = s.AwaitSettled(t, o.GetOrderId()); o.GetDue().GetMinorUnits() != 40_000 || o.GetStatus() != partiallyShipped {
		t.Errorf("order is %s, %v is due", o.GetStatus(), o.GetDue())
	}
	s.edit(t, &orderv1.EditItemsRequest{OrderId: added, Set: []*orderv1.LineItem{line("tea", 4)}})
	s.stands(t, added, submitted, 5000, 0, 0)
	if n := s.queued(t); n != before {
		t.Errorf("%d requests were sent", n-before)
	}
	s.has(t, "tea", 10, 0)
}
