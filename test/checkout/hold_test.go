package checkout_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// held places an order that is held for a declined card.
func (s *shop) held(t *testing.T, sku, token string) string {
	t.Helper()
	req := order(line(sku, 2))
	req.Payments, req.OnPaymentDecline = card(token), hold
	id := s.place(t, req)
	s.Await(t, id, onHold)
	return id
}

// retry tries to pay a held order, with a card or with what it has.
func (s *shop) retry(t *testing.T, id string, payments []*orderv1.PaymentItem) error {
	t.Helper()
	_, err := s.Orders().RetryPayment(t.Context(), &orderv1.RetryPaymentRequest{OrderId: id, Payments: payments})
	return err
}

// captures counts what was taken for an order, refused attempts left out.
func (s *shop) captures(t *testing.T, id string) (n int) {
	t.Helper()
	for _, x := range s.Ledger(t, id).GetTransactions() {
		if x.GetOperation() == paymentv1.Operation_OPERATION_CAPTURE && x.GetSucceeded() {
			n++
		}
	}
	return n
}

func TestAHeldOrderIsPaidWithAnotherCardOnce(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"wanted": 100})
	id := s.held(t, "wanted", "tok_decline")
	if err := s.retry(t, id, card("tok_decline")); err != nil {
		t.Fatal(err)
	}
	s.awaitEvents(t, id, "OrderHeld", 2)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 8 { // an impatient customer
		wg.Go(func() {
			err := s.retry(t, id, card("tok_good"))
			switch {
			case err == nil:
				taken.Add(1)
			case connect.CodeOf(err) != connect.CodeFailedPrecondition:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s.Await(t, id, submitted)
	if taken.Load() != 1 {
		t.Errorf("%d retries were taken at once", taken.Load())
	}
	s.awaitPublished(t)
	golden(t, "retry", s.record(t, id, s.said(t)))
}

// TestACaptureThatWasDeclinedIsTriedAgain keeps the authorization, and refuses
// another card as long as it stands: both would be charged.
func TestACaptureThatWasDeclinedIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"wanted": 100})
	s.script(t, "tok_shy", approve, decline, approve)
	id := s.held(t, "wanted", "tok_shy")
	if err := s.retry(t, id, card("tok_other")); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("another card is taken beside the authorized one: %v", err)
	}
	if err := s.retry(t, id, nil); err != nil {
		t.Fatal(err)
	}
	s.Await(t, id, submitted)
	if n := s.captures(t, id); n != 1 {
		t.Errorf("the card was charged %d times", n)
	}
}

func TestAHoldThatExpiresGivesEverythingBack(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"wanted": 100}, "--hold-ttl", "1s")
	declined, shy := s.held(t, "wanted", "tok_decline"), s.held(t, "wanted", "tok_capture_decline")
	for _, id := range []string{declined, shy} {
		if o := s.Await(t, id, cancelled); o.GetStatusReason() != "hold_expired" {
			t.Errorf("order %s is cancelled for %s", id, o.GetStatusReason())
		}
	}
	if n := s.Stock(t)["wanted"].Reserved; n != 0 {
		t.Errorf("%d units are still reserved", n)
	}
}

// TestARetryAtTheLastMomentPaysOrFails lets customers pay while their holds are
// expiring, each a little later than the one before: every order is paid and
// confirmed, or not charged and cancelled.
func TestARetryAtTheLastMomentPaysOrFails(t *testing.T) {
	t.Parallel()
	const orders = 30
	s := open(t, map[string]int64{"wanted": 100}, "--hold-ttl", "1s")
	var paid atomic.Int64
	var wg sync.WaitGroup
	for n := range orders {
		id := s.held(t, "wanted", "tok_decline")
		wg.Go(func() {
			<-time.After(time.Until(s.Saga(t, id).GetWakesAt().AsTime()) + time.Duration(n)*40*time.Millisecond)
			want := cancelled
			if s.retry(t, id, card("tok_good")) == nil {
				want = submitted
				paid.Add(1)
			}
			s.Await(t, id, want)
		})
	}
	wg.Wait()
	t.Logf("%d of %d were in time", paid.Load(), orders)
}

func TestASuspiciousOrderWaitsForAPerson(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"precious": 100}, "--hold-ttl", "1s") // a review has no such end
	review := func(id string, accept bool) error {
		_, err := s.Orders().ReviewOrder(t.Context(), &orderv1.ReviewOrderRequest{OrderId: id, Accept: accept, Reason: "looked at it"})
		return err
	}
	var ids []string
	for range 2 {
		req := order(line("precious", 2))
		req.Items[0].UnitPrice = euros(60_001)
		ids = append(ids, s.place(t, req))
	}
	for n, id := range ids {
		if o := s.Await(t, id, onHold); o.GetStatusReason() != "fraud_review" || o.GetHoldUntil() != nil {
			t.Errorf("order is held for %s until %v", o.GetStatusReason(), o.GetHoldUntil())
		}
		accept, want := n == 0, submitted
		if !accept {
			want = cancelled
		}
		for range 2 { // decided twice, done once
			if err := review(id, accept); err != nil {
				t.Fatal(err)
			}
		}
		o := s.Await(t, id, want)
		if !accept && o.GetStatusReason() != "fraud_rejected" {
			t.Errorf("order is cancelled for %s", o.GetStatusReason())
		}
		if err := review(id, !accept); connect.CodeOf(err) != connect.CodeFailedPrecondition {
			t.Errorf("the other decision afterwards: %v", err)
		}
	}
}

// awaitEvents waits until an order has so many events of a type.
func (s *shop) awaitEvents(t *testing.T, id, kind string, n int) {
	t.Helper()
	testkit.Until(t, testkit.Patience, func() string {
		if count(s.events(t, id), kind) < n {
			return "order " + id + " has too few events " + kind
		}
		return ""
	})
}
