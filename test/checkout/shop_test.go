package checkout_test

import (
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/testkit"
)

const (
	created   = orderv1.OrderStatus_ORDER_STATUS_CREATED
	onHold    = orderv1.OrderStatus_ORDER_STATUS_ON_HOLD
	submitted = orderv1.OrderStatus_ORDER_STATUS_SUBMITTED
	cancelled = orderv1.OrderStatus_ORDER_STATUS_CANCELLED

	hold = orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_HOLD
	undo = orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNDO
)

// everything is the value of --roles without some of the roles.
func everythingBut(missing ...string) []string {
	roles := "api,saga,inventory,promotion,payment,fraud,publisher,projections"
	for _, m := range missing {
		roles = strings.Replace(","+roles+",", ","+m+",", ",", 1)
	}
	return []string{"--roles", strings.Trim(roles, ",")}
}

// lastSKU is what the last order of a test is for, see awaitPublished.
const lastSKU = "the-last-one"

// shop is a running oms with what the test knows of it.
type shop struct {
	*testkit.Process
	dir   string
	stock map[string]int64

	// outside is the connection of another service, good until the end of the
	// process.
	outside jetstream.JetStream
	closing sync.Once

	mu    sync.Mutex
	codes map[string]bool
	// drops says that the test sends what cannot be read, so that the process
	// has reason to log an error.
	drops bool
}

// open starts oms with some stock. At the end of the test the books must
// balance.
func open(t *testing.T, stock map[string]int64, args ...string) *shop {
	t.Helper()
	s := &shop{dir: t.TempDir(), codes: map[string]bool{}, stock: map[string]int64{lastSKU: 1000}}
	maps.Copy(s.stock, stock)
	s.start(t, args...)
	s.AddStock(t, s.stock)
	return s
}

// start runs a process. The one that runs last is there when the books are
// balanced.
func (s *shop) start(t *testing.T, args ...string) {
	t.Helper()
	s.Process = testkit.Start(t, s.dir, args...)
	s.outside = s.JetStream(t)
	t.Cleanup(func() { s.closing.Do(func() { s.balance(t) }) })
}

// kill ends the process with signal 9 and starts another one on what is left.
func (s *shop) kill(t *testing.T, args ...string) {
	t.Helper()
	s.Kill()
	s.checkLog(t)
	s.start(t, args...)
}

// balance lets everything come to its end and looks at the books.
func (s *shop) balance(t *testing.T) {
	t.Helper()
	if t.Failed() {
		return // the books would only repeat it
	}
	s.WaitForSagas(t, time.Minute)
	s.awaitPublished(t)
	orders := s.AllOrders(t)
	s.CheckStock(t, s.stock, orders)
	s.Audit(t)
	s.checkCodes(t, orders)
	s.CheckLedgers(t, orders)
	s.checkPublished(t, orders)
	s.CheckView(t, "orders")
	s.CheckView(t, "stock")
	s.Stop(t)
	testkit.CheckCharges(t, s.dir, orders)
	s.checkLog(t)
}

// checkLog proves that nothing was dropped for being unreadable.
func (s *shop) checkLog(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(s.Log()) {
		if strings.Contains(line, "level=ERROR") && !s.drops || strings.Contains(line, "panic") {
			t.Errorf("logged: %s", line)
		}
	}
}

// checkCodes proves that the uses of each promo code are those of the orders
// that have not ended in vain.
func (s *shop) checkCodes(t *testing.T, orders map[string]*orderv1.Order) {
	t.Helper()
	for code := range s.codes {
		var sold, held int64
		for _, o := range orders {
			for _, c := range o.GetPromoCodes() {
				switch {
				case c.GetPromoCode() != code:
				case o.GetStatus() == submitted:
					sold++
				case o.GetStatus() != cancelled:
					held++
				}
			}
		}
		use := s.usage(t, code)
		if use.GetAssigned() < sold || use.GetAssigned()+use.GetBlocked() != sold+held {
			t.Errorf("%s: %d blocked and %d assigned, for %d confirmed orders and %d on hold", code, use.GetBlocked(), use.GetAssigned(), sold, held)
		}
		if limit := use.GetUsageLimit(); limit > 0 && use.GetAssigned()+use.GetBlocked() > limit {
			t.Errorf("%s: %d blocked and %d assigned of %d", code, use.GetBlocked(), use.GetAssigned(), limit)
		}
	}
}

// checkPublished proves that each thing was said once, and only what happened.
func (s *shop) checkPublished(t *testing.T, orders map[string]*orderv1.Order) {
	t.Helper()
	said := s.Published(t, skava.StreamNotifications)
	maps.Copy(said, s.Published(t, skava.StreamProcess))
	for id, o := range orders {
		want := map[string]int{skava.SubjectCreated: 1, skava.SubjectCancelled: 0, skava.SubjectUndoPreProcessInventory: 0}
		if o.GetStatus() == cancelled {
			want[skava.SubjectCancelled] = 1
			if step(o, orderv1.Step_STEP_RELEASE_INVENTORY) != nil {
				want[skava.SubjectUndoPreProcessInventory] = 1
			}
		}
		for subject, n := range want {
			if got := said[subject+" "+id]; got != n && (n == 0 || got == 0 || subject != skava.SubjectUndoPreProcessInventory) {
				t.Errorf("%s of order %s (%s) was published %d times", subject, id, o.GetStatus(), got)
			}
		}
	}
}

// awaitPublished waits until everything that has happened was published: an
// order that is placed now is published after it.
func (s *shop) awaitPublished(t *testing.T) {
	t.Helper()
	id := s.place(t, order(line(lastSKU, 1)))
	s.AwaitPublished(t, skava.StreamNotifications, skava.SubjectCreated, id)
	s.AwaitPublished(t, skava.StreamProcess, skava.SubjectPreProcessInventory, id)
	s.Await(t, id, submitted)
}

// line, euros, order and card are testkit's, under the names of these tests.
var (
	line  = testkit.Line
	euros = testkit.Euros
	order = testkit.Order
	card  = testkit.Card
)

func promo(codes ...string) (all []*orderv1.PromoCode) {
	for _, c := range codes {
		all = append(all, &orderv1.PromoCode{PromoCode: c})
	}
	return all
}

// place sends an order and returns its id.
func (s *shop) place(t *testing.T, req *orderv1.CreateOrderRequest) string {
	t.Helper()
	return s.Place(t, req)
}

// cancel asks for an order to be cancelled.
func (s *shop) cancel(t *testing.T, id string) {
	t.Helper()
	if _, err := s.Orders().CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: id, Reason: "changed my mind"}); err != nil {
		t.Error(err)
	}
}

// code makes a promo code usable.
func (s *shop) code(t *testing.T, req *promotionv1.CreatePromoCodeRequest) {
	t.Helper()
	if _, err := s.Promotions().CreatePromoCode(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[req.GetPromoCode()] = true
}

func (s *shop) usage(t *testing.T, code string) *promotionv1.PromoCodeUsage {
	t.Helper()
	res, err := s.Promotions().GetPromoCode(testkit.Lasting(t), &promotionv1.GetPromoCodeRequest{PromoCode: code})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetPromoCode()
}

// step is a step of an order's checkout; nil when it was never asked.
func step(o *orderv1.Order, s orderv1.Step) *orderv1.CheckoutStep {
	for _, have := range o.GetSteps() {
		if have.GetStep() == s {
			return have
		}
	}
	return nil
}
