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
	seed     = flag.Uint64("seed", 0, "of the random customers; 0 draws one")
	restarts = flag.Int("restarts", 6, "how often the process ends under the random customers, every other time by signal 9")
	orders   = flag.Int("orders", 8, "of each random customer")
)

const (
	customers = 12
	changes   = 24 // of each order and those that take the place of its units
	usages    = 12 // of the promo code
)

// town is a shop whose process ends now and then under its customers.
type town struct {
	*shop
	mu   sync.Mutex
	did  map[string]int
	tell chan int // a change was asked
}

// TestTheBooksBalanceWhateverHappensToOrders lets many customers at once ask
// anything of many orders, thousands of times, with bad cards, scarce stock,
// requests that are sent twice at once and again after a crash, and revisions
// that are out of date. Each looks after every answer whether its order is what
// the answers so far make of it, and at the end the logs are looked at commit by
// commit, see testkit.Audit.
func TestTheBooksBalanceWhateverHappensToOrders(t *testing.T) {
	t.Parallel()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d", *seed)
	stock := map[string]int64{"plenty": 100_000, "enough": 100_000, "scarce": int64(15 * *orders)}
	s := &town{shop: open(t, stock), did: map[string]int{}, tell: make(chan int, customers**orders*changes)}
	must[*promotionv1.CreatePromoCodeResponse](t)(s.Promotions().CreatePromoCode(t.Context(), &promotionv1.CreatePromoCodeRequest{PromoCode: "LIFE", UsageLimit: usages}))
	var wg sync.WaitGroup
	for n := range customers {
		wg.Go(func() {
			(&customer{town: s, Rand: rand.New(rand.NewPCG(*seed, uint64(n))), name: fmt.Sprint("c", n)}).live(t)
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	s.restartUnder(t, done)
	<-done
	s.finish(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(s.did)) {
		t.Logf("%4d %s", s.did[what], what)
	}
}

// restartUnder ends the process after some changes and starts another one on
// the same folder. Nothing is stuck meanwhile.
func (s *town) restartUnder(t *testing.T, done <-chan struct{}) {
	t.Helper()
	for n := range *restarts {
		for range customers * *orders * changes / (*restarts + 1) {
			select {
			case <-s.tell:
			case <-done:
				return
			}
		}
		s.NoneStuck(t)
		s.mu.Lock()
		if n%2 == 0 {
			s.Kill()
		} else {
			s.Stop(t)
		}
		s.start(t)
		s.mu.Unlock()
	}
}

// finish lets everything settle, and looks at what only this test knows: the
// promo code.
func (s *town) finish(t *testing.T) {
	t.Helper()
	s.EndSagas(t, 2*time.Minute)
	all := s.AllOrders(t)
	var least, most int64
	for id, o := range all {
		if len(o.GetPromoCodes()) > 0 && !o.GetImported() {
			sure, maybe := s.usesCode(t, id)
			least, most = least+sure, most+sure+maybe
		}
	}
	use := must[*promotionv1.GetPromoCodeResponse](t)(s.Promotions().GetPromoCode(testkit.Lasting(t), &promotionv1.GetPromoCodeRequest{PromoCode: "LIFE"})).GetPromoCode()
	if got := use.GetAssigned() + use.GetBlocked(); got < least || got > min(most, usages) {
		t.Errorf("%d uses of the promo code, of %d; %d to %d orders have it", got, usages, least, most)
	}
	t.Logf("%d orders, exchanges and replacements among them", len(all))
}

// usesCode counts the uses of its promo code that an order keeps: one, unless it
// was refused or cancelled; and of one that was cancelled with the wish to keep
// it nobody may know whether it had one.
func (s *town) usesCode(t *testing.T, id string) (sure, maybe int64) {
	t.Helper()
	for _, e := range s.OrderEvents(t, id) {
		f := e.GetData().GetFields()
		switch testkit.EventName(e) {
		case "StepAnswered":
			if f["step"].GetStringValue() == "STEP_BLOCK_PROMOTION" && f["succeeded"].GetBoolValue() {
				sure = 1
			}
		case "OrderCancelRequested":
			if f["keepPromotion"].GetBoolValue() {
				maybe = 1
			}
		case "OrderCancelled":
			return 0, maybe
		}
	}
	return sure, 0
}

// ask sends a request until the process that runs then has an answer to it, and
// reports whether it was done.
func (s *town) ask(t *testing.T, what string, send func(context.Context, *testkit.Process) error) bool {
	t.Helper()
	deadline := time.Now().Add(testkit.Patience)
	for tries := 1; ; tries++ {
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
			return err == nil
		case code == connect.CodeInternal && connect.IsWireError(err), tries > 5 && time.Now().After(deadline):
			t.Errorf("%s: %v", what, err)
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// anyOrder is one to three lines, some of them scarce, paid well or badly.
func anyOrder(r *rand.Rand, name string) *orderv1.CreateOrderRequest {
	req := &orderv1.CreateOrderRequest{
		IdempotencyKey: name, Reference: name, CurrencyCode: "EUR", Customer: &orderv1.Customer{CustomerId: name},
		CaptureAt: []orderv1.CaptureAt{atConfirm, atShip}[r.IntN(2)], OnPaymentDecline: []orderv1.PaymentDeclinePolicy{undo, undo, hold}[r.IntN(3)],
	}
	skus := []string{"plenty", "enough", "scarce"}
	for n := range 1 + r.IntN(3) {
		l := line(skus[n], 1+r.Int64N(4))
		l.UnitPrice = cents(r.Int64N(2000))
		req.Items = append(req.Items, l)
	}
	req.Items[0].UnitPrice = cents(1000 + r.Int64N(2000))
	if r.IntN(20) == 0 {
		req.Items[0].UnitPrice = euros(60_001) // somebody looks at it
	}
	if r.IntN(3) == 0 {
		req.Adjustments = []*orderv1.Adjustment{{Amount: cents(-r.Int64N(900) - 1)}}
	}
	if r.IntN(2) == 0 {
		req.Shipping = &orderv1.Shipping{Price: cents(1 + r.Int64N(700))}
	}
	if r.IntN(3) == 0 {
		req.PromoCodes = []*orderv1.PromoCode{{PromoCode: "LIFE"}}
	}
	tokens := []string{"", "", "", "tok_twice", "tok_unavailable_once", "tok_decline", "tok_timeout", "tok_capture_decline"}
	req.Payments = card(tokens[r.IntN(len(tokens))])
	if r.IntN(3) == 0 {
		req.Payments = append([]*orderv1.PaymentItem{{Token: tokens[r.IntN(4)], Amount: cents(100)}}, req.Payments...)
	}
	return req
}
