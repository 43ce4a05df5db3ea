package checkout_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/testkit"
)

// TestAnOrderCanBeCancelledAtEveryMoment cancels orders in the middle of their
// checkout: the first ones while they are being created, the later ones after
// more and more looks at them. Each ends cancelled with everything given back.
func TestAnOrderCanBeCancelledAtEveryMoment(t *testing.T) {
	t.Parallel()
	const orders = 120
	s := open(t, map[string]int64{"wanted": orders, "wanted-too": orders})
	s.code(t, &promotionv1.CreatePromoCodeRequest{PromoCode: "CHANGED", UsageLimit: orders})
	var wg sync.WaitGroup
	ids := make([]string, orders)
	met := make([]string, orders) // where the cancellation met the checkout
	busy := make(chan struct{}, 8)
	for n := range orders {
		ids[n] = fmt.Sprintf("cancelled-at-%03d", n)
		req := order(line("wanted", 1), line("wanted-too", 1))
		req.OrderId, req.PromoCodes, req.Payments = ids[n], promo("CHANGED"), card([]string{"tok_twice", "tok_timeout", ""}[n%3])
		busy <- struct{}{}
		wg.Go(func() {
			if _, err := s.Orders().CreateOrder(t.Context(), req); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			defer func() { <-busy }()
			met[n] = s.cancelAfter(t, ids[n], n%24)
		})
	}
	wg.Wait()
	for _, id := range ids {
		o := s.Await(t, id, cancelled)
		if o.GetStatusReason() != "cancelled" || o.GetStatusMessage() != "changed my mind" {
			t.Errorf("order %s is cancelled for %q, %q", id, o.GetStatusReason(), o.GetStatusMessage())
		}
		if events := s.events(t, id); count(events, "OrderCancelRequested") != 1 || count(events, "OrderCancelled") != 1 {
			t.Errorf("order %s was cancelled more than once: %v", id, kinds(events))
		}
	}
	slices.Sort(met)
	t.Logf("cancelled while it waited for %v", tally(met))
	stock := s.Stock(t)
	for _, sku := range []string{"wanted", "wanted-too"} {
		if n := stock[sku].Reserved; n != 0 {
			t.Errorf("%d of %s are still reserved", n, sku)
		}
	}
}

// cancelAfter cancels an order as soon as it exists and was looked at so often,
// and says which step it waited for then.
func (s *shop) cancelAfter(t *testing.T, id string, looks int) (met string) {
	t.Helper()
	met = "nothing"
	for deadline := time.Now().Add(testkit.Patience); time.Now().Before(deadline); {
		if looks > 0 {
			res, err := s.Sagas().GetSaga(t.Context(), &sagav1.GetSagaRequest{OrderId: id})
			switch {
			case err == nil:
				looks--
				met = testkit.PendingStep(res.GetSaga()).String()
			case connect.CodeOf(err) != connect.CodeNotFound:
				t.Error(err)
				return met
			}
			continue
		}
		_, err := s.Orders().CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: id, Reason: "changed my mind"})
		switch {
		case err == nil:
			return met
		case connect.CodeOf(err) != connect.CodeNotFound:
			t.Error(err)
			return met
		}
	}
	t.Errorf("order %s was not there to be cancelled", id)
	return met
}

// TestCancellingGivesBackWhatWasDone cancels orders that stand still: on hold
// before and after the card was charged, and confirmed.
func TestCancellingGivesBackWhatWasDone(t *testing.T) {
	t.Parallel()
	stock := map[string]int64{"declined": 5, "capture-declined": 5, "suspicious": 5, "confirmed": 5}
	s := open(t, stock)
	for _, row := range []struct {
		sku   string
		token string
		price int64
		at    orderv1.OrderStatus
	}{
		{"declined", "tok_decline", 10, onHold},
		{"capture-declined", "tok_capture_decline", 10, onHold},
		{"suspicious", "", 60_000, onHold},
		{"confirmed", "", 10, submitted},
	} {
		t.Run(row.sku, func(t *testing.T) {
			s.code(t, &promotionv1.CreatePromoCodeRequest{PromoCode: row.sku, UsageLimit: 1})
			req := order(line(row.sku, 3))
			req.Items[0].UnitPrice, req.PromoCodes, req.Payments = euros(row.price), promo(row.sku), card(row.token)
			id := s.place(t, req)
			s.Await(t, id, row.at)
			s.cancel(t, id)
			s.Await(t, id, cancelled)
			s.AwaitPublished(t, skava.StreamNotifications, skava.SubjectCancelled, id)
			s.awaitPublished(t)
			golden(t, "cancel-"+row.sku, s.record(t, id, s.said(t)))
			if u := s.Stock(t)[row.sku]; u.OnHand != 5 || u.Reserved != 0 {
				t.Errorf("%d on hand, %d reserved", u.OnHand, u.Reserved)
			}
			if use := s.usage(t, row.sku); use.GetBlocked() != 0 || use.GetAssigned() != 0 {
				t.Errorf("promo code: %d blocked, %d assigned", use.GetBlocked(), use.GetAssigned())
			}
		})
	}
}

// TestManyCancelsAtOnceAreOne has everybody cancel the same confirmed orders.
func TestManyCancelsAtOnceAreOne(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"unloved": 100})
	for range 10 {
		id := s.place(t, order(line("unloved", 2)))
		s.Await(t, id, submitted)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() { s.cancel(t, id) })
		}
		wg.Wait()
		s.Await(t, id, cancelled)
		s.cancel(t, id)
		events := s.events(t, id)
		for _, once := range []string{"OrderCancelRequested", "CompensationStarted", "OrderCancelled"} {
			if n := count(events, once); n != 1 {
				t.Errorf("order %s: %d times %s", id, n, once)
			}
		}
		refunds := 0
		for _, x := range s.Ledger(t, id).GetTransactions() {
			if x.GetOperation() == paymentv1.Operation_OPERATION_REFUND {
				refunds++
			}
		}
		if refunds != 1 {
			t.Errorf("order %s was refunded %d times", id, refunds)
		}
	}
}

func tally(words []string) map[string]int {
	n := map[string]int{}
	for _, w := range words {
		n[w]++
	}
	return n
}
