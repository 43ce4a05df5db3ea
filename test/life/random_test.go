package life_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/testkit"
)

var (
	seed  = flag.Uint64("seed", 0, "of the random customers; 0 draws one")
	kills = flag.Int("kills", 3, "how often the process is killed under the random customers")
)

const (
	customers = 12
	orders    = 4  // of each customer
	changes   = 14 // of each order
	usages    = 12 // of the promo code
)

// town is a shop whose process is killed now and then under its customers.
type town struct {
	*shop
	mu   sync.Mutex
	did  map[string]int
	tell chan int // how many changes were asked
}

// TestTheBooksBalanceWhateverHappensToOrders lets many customers at once change
// many orders at random, with bad cards, scarce stock and requests that are sent
// twice, and kills the process in the middle.
func TestTheBooksBalanceWhateverHappensToOrders(t *testing.T) {
	t.Parallel()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d", *seed)
	stock := map[string]int64{"plenty": 10_000, "enough": 10_000, "scarce": 60}
	s := &town{shop: open(t, stock), did: map[string]int{}, tell: make(chan int, customers*orders*changes)}
	must[*promotionv1.CreatePromoCodeResponse](t)(s.Promotions().CreatePromoCode(t.Context(), &promotionv1.CreatePromoCodeRequest{PromoCode: "LIFE", UsageLimit: usages}))
	var wg sync.WaitGroup
	for n := range customers {
		wg.Go(func() { s.customer(t, n) })
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	s.killUnder(t, done)
	<-done
	s.finish(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(s.did)) {
		t.Logf("%4d %s", s.did[what], what)
	}
}

// killUnder kills the process after some changes and starts another one.
func (s *town) killUnder(t *testing.T, done <-chan struct{}) {
	t.Helper()
	for range *kills {
		for range customers * orders * changes / (*kills + 1) {
			select {
			case <-s.tell:
			case <-done:
				return
			}
		}
		s.mu.Lock()
		s.Kill()
		s.start(t)
		s.mu.Unlock()
	}
}

// finish lets everything settle, and looks at what only this test knows: the
// promo code.
func (s *town) finish(t *testing.T) {
	t.Helper()
	s.WaitForSagas(t, time.Minute)
	var uses int64
	for _, o := range s.AllOrders(t) {
		if len(o.GetPromoCodes()) > 0 && o.GetStatus() != cancelled {
			uses++
		}
	}
	use := must[*promotionv1.GetPromoCodeResponse](t)(s.Promotions().GetPromoCode(t.Context(), &promotionv1.GetPromoCodeRequest{PromoCode: "LIFE"})).GetPromoCode()
	if got := use.GetAssigned() + use.GetBlocked(); got != uses || got > usages {
		t.Errorf("%d uses of the promo code, of %d; %d orders have it", got, usages, uses)
	}
}

// customer places orders one after the other and changes each of them.
func (s *town) customer(t *testing.T, n int) {
	t.Helper()
	r := rand.New(rand.NewPCG(*seed, uint64(n)))
	for k := range orders {
		req := anyOrder(r, fmt.Sprintf("c%d-%d", n, k))
		var id string
		looks := 0
		s.ask(t, "place", func(ctx context.Context, p *testkit.Process) error {
			res, err := p.Orders().CreateOrder(ctx, req)
			id = res.GetOrderId()
			return err
		})
		for c := 0; c < changes; {
			var o *orderv1.Order
			s.ask(t, "get", func(ctx context.Context, p *testkit.Process) error {
				res, err := p.Orders().GetOrder(ctx, &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: id}})
				o = res.GetOrder()
				return err
			})
			if looks++; o == nil || o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_CREATED && looks < 20 && r.IntN(20) > 0 {
				time.Sleep(time.Duration(r.IntN(30)) * time.Millisecond)
				continue
			}
			c++
			if o.GetStatus() == cancelled && r.IntN(4) > 0 {
				continue
			}
			change := testkit.AnyChange(r, o, fmt.Sprintf("%s/%d", req.GetIdempotencyKey(), c))
			if r.IntN(4) == 0 { // sent twice
				var twice sync.WaitGroup
				twice.Go(func() { s.ask(t, change.Name+", again", change.Send) })
				s.ask(t, change.Name, change.Send)
				twice.Wait()
			} else {
				s.ask(t, change.Name, change.Send)
			}
			s.tell <- 1
		}
	}
}

// ask sends a request until the process that runs then has an answer to it.
func (s *town) ask(t *testing.T, what string, send func(context.Context, *testkit.Process) error) {
	t.Helper()
	for deadline := time.Now().Add(testkit.Patience); ; {
		s.mu.Lock()
		p := s.Process
		s.mu.Unlock()
		ctx, cancel := context.WithTimeout(testkit.Lasting(t), 10*time.Second)
		err := send(ctx, p)
		cancel()
		outcome := "done"
		if err != nil {
			outcome = connect.CodeOf(err).String()
		}
		switch code := connect.CodeOf(err); {
		case err == nil, code == connect.CodeInvalidArgument, code == connect.CodeFailedPrecondition, code == connect.CodeNotFound,
			code == connect.CodeAborted, code == connect.CodeAlreadyExists:
			s.mu.Lock()
			s.did[what+": "+outcome]++
			s.mu.Unlock()
			return
		case code == connect.CodeInternal && connect.IsWireError(err), time.Now().After(deadline):
			t.Errorf("%s: %v", what, err)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// anyOrder is one to three lines, some of them scarce, paid well or badly.
func anyOrder(r *rand.Rand, name string) *orderv1.CreateOrderRequest {
	req := &orderv1.CreateOrderRequest{
		IdempotencyKey: name, Reference: name, CurrencyCode: "EUR", Customer: &orderv1.Customer{CustomerId: name},
		CaptureAt: []orderv1.CaptureAt{atConfirm, atShip}[r.IntN(2)], OnPaymentDecline: orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNDO,
	}
	skus := []string{"plenty", "enough", "scarce"}
	for n := range 1 + r.IntN(3) {
		l := line(skus[n], 1+r.Int64N(4))
		l.UnitPrice = cents(r.Int64N(2000))
		req.Items = append(req.Items, l)
	}
	req.Items[0].UnitPrice = cents(1000 + r.Int64N(2000))
	if r.IntN(3) == 0 {
		req.Adjustments = []*orderv1.Adjustment{{Amount: cents(-r.Int64N(900) - 1)}}
	}
	if r.IntN(2) == 0 {
		req.Shipping = &orderv1.Shipping{Price: cents(1 + r.Int64N(700))}
	}
	if r.IntN(3) == 0 {
		req.PromoCodes = []*orderv1.PromoCode{{PromoCode: "LIFE"}}
	}
	tokens := []string{"", "", "", "tok_twice", "tok_unavailable_once", "tok_decline", "tok_timeout"}
	req.Payments = card(tokens[r.IntN(len(tokens))])
	if r.IntN(3) == 0 {
		req.Payments = append([]*orderv1.PaymentItem{{Token: tokens[r.IntN(4)], Amount: cents(100)}}, req.Payments...)
	}
	return req
}
