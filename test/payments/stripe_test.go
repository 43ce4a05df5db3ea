// Package payments_test holds the tests of payments on the real stack: an oms
// process that talks to a double of Stripe and takes its webhooks.
package payments_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
	"github.com/orderstream/oms/payment/stripe/stripetest"
)

const signing = "whsec_test"

// shop is a running oms whose default gateway is Stripe.
type shop struct {
	*testkit.Process
	stripe *stripetest.Server
	flags  []string
}

func open(t *testing.T) *shop {
	t.Helper()
	s := &shop{stripe: stripetest.Open(t)}
	s.flags = []string{
		"--stripe-key-file", file(t, stripetest.Key), "--stripe-webhook-secret-file", file(t, "# the next one\nwhsec_next\n"+signing),
		"--stripe-url", s.stripe.URL, "--default-gateway", "stripe",
	}
	s.Process = testkit.Start(t, t.TempDir(), s.flags...)
	s.AddStock(t, map[string]int64{"pen": 100})
	return s
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// place orders pens at ten euros each.
func (s *shop) place(t *testing.T, pens int64, token string) string {
	t.Helper()
	res, err := s.Orders().CreateOrder(t.Context(), &orderv1.CreateOrderRequest{
		CurrencyCode: "EUR", Customer: &orderv1.Customer{CustomerId: "c1"},
		Items:    []*orderv1.LineItem{{SkuId: "pen", Quantity: pens, UnitPrice: &moneyv1.Money{CurrencyCode: "EUR", MinorUnits: 1000}}},
		Payments: []*orderv1.PaymentItem{{Token: token}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetOrderId()
}

// deliver sends all that Stripe has to tell, and returns how much it was.
func (s *shop) deliver(t *testing.T, secret string) (codes []int) {
	t.Helper()
	for _, e := range s.stripe.Events() {
		signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: e, Secret: secret})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/webhooks/stripe", bytes.NewReader(e))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Stripe-Signature", signed.Header)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		codes = append(codes, res.StatusCode)
	}
	return codes
}

func TestAnOrderIsPaidWithStripe(t *testing.T) {
	t.Parallel()
	s := open(t)
	id := s.place(t, 3, stripetest.Visa)
	s.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_SUBMITTED)
	before := s.Ledger(t, id)
	for range 2 {
		for _, code := range s.deliver(t, signing) {
			if code != http.StatusOK {
				t.Errorf("a webhook was answered with %d", code)
			}
		}
	}
	after := s.Ledger(t, id)
	if len(after.GetTransactions()) != len(before.GetTransactions()) || after.GetPaid().GetMinorUnits() != 3000 {
		t.Errorf("the ledger is %v after the webhooks, was %v", after, before)
	}
	if open, captured, refunded := s.stripe.Sums(); open != 0 || captured != 3000 || refunded != 0 {
		t.Errorf("Stripe has %d open, %d captured, %d refunded; want 0, 3000, 0", open, captured, refunded)
	}
	if _, err := s.Orders().CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: id, Reason: "changed my mind"}); err != nil {
		t.Fatal(err)
	}
	s.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_CANCELLED)
	if _, _, refunded := s.stripe.Sums(); refunded != 3000 {
		t.Errorf("Stripe gave back %d, want 3000", refunded)
	}
	if strings.Contains(s.Log(), stripetest.Key) {
		t.Error("the key is in the log")
	}
}

func TestADeclinedCardHoldsTheOrderUntilAnotherPays(t *testing.T) {
	t.Parallel()
	s := open(t)
	id := s.place(t, 2, stripetest.Declining)
	s.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_ON_HOLD)
	s.deliver(t, signing)
	if _, err := s.Orders().RetryPayment(t.Context(), &orderv1.RetryPaymentRequest{OrderId: id, Payments: []*orderv1.PaymentItem{{Token: stripetest.Visa}}}); err != nil {
		t.Fatal(err)
	}
	s.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_SUBMITTED)
}

// Stripe does the work and loses its answers; webhooks come meanwhile, and the
// process is killed on top.
func TestLostAnswersAndACrashChargeOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	lost := make(chan struct{}, 100)
	s.stripe.Fail(func(r *http.Request) stripetest.Fault {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/capture") {
			lost <- struct{}{}
			return stripetest.After
		}
		return stripetest.None
	})
	id := s.place(t, 1, stripetest.Visa)
	select {
	case <-lost:
	case <-time.After(testkit.Patience):
		t.Fatal("nothing was captured")
	}
	s.Kill()
	s.stripe.Fail(nil)
	s.Process = testkit.Start(t, s.Dir, s.flags...)
	s.deliver(t, signing)
	s.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_SUBMITTED)
	if _, captured, _ := s.stripe.Sums(); captured != 1000 {
		t.Errorf("Stripe took %d, want 1000", captured)
	}
	if paid := s.Ledger(t, id).GetPaid().GetMinorUnits(); paid != 1000 {
		t.Errorf("the ledger has %d, want 1000", paid)
	}
}

func TestAForgedWebhookIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	id := s.place(t, 1, stripetest.Visa)
	s.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_SUBMITTED)
	codes := s.deliver(t, "whsec_guess")
	for _, code := range codes {
		if code != http.StatusBadRequest {
			t.Errorf("answered with %d, want 400", code)
		}
	}
	if n := s.Metrics(t)[`oms_webhooks_total{became="forged",from="stripe",kind=""}`]; len(codes) == 0 || n != float64(len(codes)) {
		t.Errorf("%v forged events were counted, want %d", n, len(codes))
	}
}
