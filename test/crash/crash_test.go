package crash_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/testkit"
)

var cycles = flag.Int("cycles", 20, "how often the process is killed")

// stock is scarce for one SKU, so that some orders are refused and undone.
var stock = map[string]int64{"plenty": 1_000_000, "enough": 1_000_000, "scarce": 400}

const callers = 16

func TestCrash(t *testing.T) {
	dir := t.TempDir()
	shop := &shop{acked: map[string]string{}, stored: map[string]uint64{}, did: map[string]int{}}
	p := testkit.Start(t, dir)
	p.AddStock(t, stock)
	createCode(t, p)
	for cycle := range *cycles {
		shop.placeUntilKilled(t, p, 20+rand.IntN(300))
		started := time.Now()
		p = testkit.Start(t, dir)
		if cycle%10 == 9 || *cycles <= 20 {
			t.Logf("cycle %d: %d orders acknowledged, up again after %v", cycle+1, len(shop.acked), time.Since(started).Round(time.Millisecond))
		}
	}
	shop.retryCut(t, p)
	p.EndSagas(t, 3*time.Minute)
	orders := p.AllOrders(t)
	shop.checkAcked(t, orders)
	testkit.CheckUnits(t, orders)
	p.Audit(t)
	p.CheckLedgers(t, orders)
	p.CheckStock(t, stock, orders)
	checkNotifications(t, p, orders)
	p.CheckView(t, "orders")
	p.CheckView(t, "stock")
	p.Stop(t)
	testkit.CheckCharges(t, dir, orders)
	t.Logf("%d kills, %d orders, %d changes of them: %v: %s", *cycles, len(orders), shop.changed, shop.did, statuses(orders))
}

// shop remembers what it was told.
type shop struct {
	mu    sync.Mutex
	next  int
	acked map[string]string // idempotency key to order id
	cut   []int             // calls without an answer

	sold    []string          // acknowledged orders, some of which are changed later
	changes int               // that were asked
	changed int               // that were done
	unheard []cutChange       // without an answer
	stored  map[string]uint64 // the last acknowledged revision of each order
	did     map[string]int    // changes that were done, by name
}

// cutChange is a change of an order that was not answered.
type cutChange struct {
	id string
	testkit.Change
}

// placeUntilKilled places orders from many callers and kills the process after
// so many answers, in the middle of whatever it does then.
func (s *shop) placeUntilKilled(t *testing.T, p *testkit.Process, answers int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var left atomic.Int64
	left.Store(int64(answers))
	enough := make(chan struct{})
	var wg sync.WaitGroup
	var calling atomic.Int64
	for range callers {
		calling.Add(1)
		wg.Go(func() {
			defer calling.Add(-1)
			for ctx.Err() == nil {
				n := s.take()
				if !s.place(ctx, t, p, n) {
					return
				}
				if n%3 == 0 && !s.change(ctx, t, p) {
					return
				}
				if left.Add(-1) == 0 {
					close(enough)
				}
			}
		})
	}
	for waited, open := 0, true; open; waited++ { // in seconds that the test itself runs
		select {
		case <-enough:
			open = false
		case <-time.After(time.Second):
		}
		if open && waited == 60 {
			t.Errorf("the shop came to a stop: %d of %d callers still wait", calling.Load(), callers)
			p.Abort(t)
			break
		}
	}
	p.Kill()
	cancel()
	wg.Wait()
}

func (s *shop) take() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.cut); n > 0 && rand.IntN(2) == 0 {
		last := s.cut[n-1]
		s.cut = s.cut[:n-1]
		return last
	}
	s.next++
	return s.next
}

// place sends order n and reports whether the process still answers.
func (s *shop) place(ctx context.Context, t *testing.T, p *testkit.Process, n int) bool {
	t.Helper()
	req := request(n)
	res, err := p.Orders().CreateOrder(ctx, req)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.cut = append(s.cut, n)
		if connect.IsWireError(err) {
			t.Logf("order %d: %v", n, err)
		}
		if code := connect.CodeOf(err); code == connect.CodeInvalidArgument || code == connect.CodeInternal {
			t.Errorf("order %d: %v", n, err)
		}
		return false
	}
	if before, ok := s.acked[req.GetIdempotencyKey()]; ok && before != res.GetOrderId() {
		t.Errorf("order %d is %s and %s", n, before, res.GetOrderId())
	}
	s.acked[req.GetIdempotencyKey()] = res.GetOrderId()
	s.sold = append(s.sold, res.GetOrderId())
	return true
}

// change asks for something of one of the last orders, or of one that takes the
// place of its units, in a burst, and reports whether the process still answers:
// whatever may be asked of an order is asked while it is killed. Now and then it
// asks again for what was not answered.
func (s *shop) change(ctx context.Context, t *testing.T, p *testkit.Process) bool {
	t.Helper()
	s.mu.Lock()
	id := s.sold[max(0, len(s.sold)-1-rand.IntN(200))]
	if rand.IntN(2) == 0 {
		id = s.sold[rand.IntN(min(len(s.sold), 50))] // they grow old
	}
	var again []cutChange
	if n := len(s.unheard); n > 0 && rand.IntN(2) == 0 {
		again, s.unheard = s.unheard[n-1:], s.unheard[:n-1]
	}
	s.mu.Unlock()
	for _, c := range again {
		if !s.send(ctx, t, p, c) {
			return false
		}
	}
	for range 6 {
		res, err := p.Orders().GetOrder(ctx, &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: id}})
		if connect.CodeOf(err) == connect.CodeNotFound {
			return true // a linked order that is not there yet
		}
		if err != nil {
			if connect.IsWireError(err) {
				t.Logf("look at order %s: %v", id, err)
			}
			return false
		}
		s.mu.Lock()
		s.changes++
		r := rand.New(rand.NewPCG(2, uint64(s.changes)))
		key := fmt.Sprint("change/", s.changes)
		s.mu.Unlock()
		if !s.send(ctx, t, p, cutChange{id, testkit.AnyChange(r, res.GetOrder(), key)}) {
			return false
		}
		if linked := res.GetOrder().GetLinkedOrderIds(); len(linked) > 0 && r.IntN(2) == 0 {
			id = linked[r.IntN(len(linked))]
		}
	}
	return true
}

// send asks for a change and reports whether the process answered.
func (s *shop) send(ctx context.Context, t *testing.T, p *testkit.Process, c cutChange) bool {
	t.Helper()
	stored, err := c.Send(ctx, p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.changed++
		s.did[c.Name]++
		s.stored[c.id] = max(s.stored[c.id], stored.Revision)
		return true
	}
	switch connect.CodeOf(err) {
	case connect.CodeInvalidArgument, connect.CodeFailedPrecondition, connect.CodeNotFound, connect.CodeAborted:
		return true
	case connect.CodeInternal:
		t.Errorf("%s of order %s: internal", c.Name, c.id)
	default:
		s.unheard = append(s.unheard, c)
	}
	if connect.IsWireError(err) {
		t.Logf("%s of order %s: %v", c.Name, c.id, err) // it answered, though it could not
	}
	return connect.IsWireError(err)
}

// retryCut sends again what was not answered, as a client would.
func (s *shop) retryCut(t *testing.T, p *testkit.Process) {
	t.Helper()
	for _, n := range s.cut {
		if !s.place(t.Context(), t, p, n) {
			t.Errorf("order %d was not taken by a healthy process", n)
		}
	}
	for _, c := range s.unheard {
		if !s.send(t.Context(), t, p, c) {
			t.Errorf("%s of order %s was not answered by a healthy process", c.Name, c.id)
		}
	}
}

// request is the n-th order: of one to three lines, some with a promo code,
// some that will be declined.
func request(n int) *orderv1.CreateOrderRequest {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	req := &orderv1.CreateOrderRequest{
		IdempotencyKey: fmt.Sprint("crash/", n), CurrencyCode: "EUR", Reference: fmt.Sprint(n),
		Customer: &orderv1.Customer{CustomerId: fmt.Sprint("customer-", n)},
	}
	skus := []string{"plenty", "enough", "scarce"}
	for i := range 1 + r.IntN(3) {
		req.Items = append(req.Items, &orderv1.LineItem{
			SkuId: skus[i], Quantity: 1 + r.Int64N(3), UnitPrice: &moneyv1.Money{CurrencyCode: "EUR", MinorUnits: 1 + r.Int64N(5000)},
		})
	}
	if r.IntN(5) == 0 {
		req.PromoCodes = []*orderv1.PromoCode{{PromoCode: "CRASH"}}
	}
	if r.IntN(3) == 0 {
		req.CaptureAt = orderv1.CaptureAt_CAPTURE_AT_SHIP
	}
	if r.IntN(10) == 0 {
		req.Payments = []*orderv1.PaymentItem{{Token: "tok_decline"}}
		req.OnPaymentDecline = orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNDO
	}
	return req
}

func createCode(t *testing.T, p *testkit.Process) {
	t.Helper()
	_, err := p.Promotions().CreatePromoCode(t.Context(), &promotionv1.CreatePromoCodeRequest{PromoCode: "CRASH", UsageLimit: 100})
	if err != nil {
		t.Fatal(err)
	}
}
