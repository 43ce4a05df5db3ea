package payments_test

import (
	"testing"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/testkit"
)

const (
	onHold    = orderv1.OrderStatus_ORDER_STATUS_ON_HOLD
	submitted = orderv1.OrderStatus_ORDER_STATUS_SUBMITTED
	credit    = paymentv1.PaymentType_PAYMENT_TYPE_CREDIT
)

// record writes down a payment of an order, under a key of its own.
func record(t *testing.T, p *testkit.Process, id, key string, minor int64, kind paymentv1.PaymentType) error {
	t.Helper()
	_, err := p.Payments().RecordPayment(t.Context(), &paymentv1.RecordPaymentRequest{
		OrderId: id, Amount: dollars(minor), Method: "cash", IdempotencyKey: key, Type: kind,
	})
	return err
}

// balance proves that ledgers, gateway, orders and their views agree.
func balance(t *testing.T, p *testkit.Process) {
	t.Helper()
	orders := p.AllOrders(t)
	p.CheckLedgers(t, orders)
	p.Audit(t)
	p.CheckView(t, "orders")
	p.CheckView(t, "payments")
	p.Stop(t)
	testkit.CheckCharges(t, p.Dir, orders)
}

// TestAHeldOrderGoesOnWhenItIsPaidElsewhere pays a declined order in cash, in
// two parts, one of them given back in between.
func TestAHeldOrderGoesOnWhenItIsPaidElsewhere(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, t.TempDir())
	p.AddStock(t, map[string]int64{"pen": 10})
	id := worked(t, p, "tok_decline")
	p.Await(t, id, onHold)
	for _, step := range []struct {
		key   string
		minor int64
		kind  paymentv1.PaymentType
		says  string
	}{
		{"a", 3000, paymentv1.PaymentType_PAYMENT_TYPE_CHARGE, "Partial Paid"},
		{"a", 3000, paymentv1.PaymentType_PAYMENT_TYPE_CHARGE, "Partial Paid"}, // told twice
		{"b", 3000, credit, "Pending Payment"},
		{"c", 3200, paymentv1.PaymentType_PAYMENT_TYPE_UNSPECIFIED, "Paid"},
	} {
		if err := record(t, p, id, step.key, step.minor, step.kind); err != nil {
			t.Fatal(err)
		}
		is(t, p, id, step.says)
	}
	p.Await(t, id, submitted)
	if err := record(t, p, id, "d", 3201, credit); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("more is given back than was paid: %v", err)
	}
	if paid := p.Ledger(t, id).GetPaid().GetMinorUnits(); paid != 3200 {
		t.Errorf("paid %d, want 3200", paid)
	}
	balance(t, p)
}

// TestWhatIsPaidElsewhereIsNotTakenFromTheCard records a payment of an order
// that is captured as it ships, and then ships it.
func TestWhatIsPaidElsewhereIsNotTakenFromTheCard(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, t.TempDir(), "--capture-at", "ship")
	p.AddStock(t, map[string]int64{"pen": 10})
	id := worked(t, p, "tok_good")
	p.Await(t, id, submitted)
	if err := record(t, p, id, "a", 2000, 0); err != nil {
		t.Fatal(err)
	}
	is(t, p, id, "Partial Paid")
	p.AwaitSettled(t, id)
	for _, line := range []string{"given-back", "kept"} {
		if _, err := p.Fulfilment().ShipOrder(t.Context(), &orderv1.ShipOrderRequest{OrderId: id, Lines: []*orderv1.ItemQuantity{{ItemId: line, Quantity: 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	is(t, p, id, "Paid")
	o := p.AwaitSettled(t, id)
	for _, pay := range o.GetPayments() {
		want := map[string]int64{"p1": 1200, "external": 2000}[pay.GetPaymentItemId()]
		if pay.GetCaptured().GetMinorUnits() != want || pay.GetAuthorized().GetMinorUnits() != 0 {
			t.Errorf("payment %v, want %d captured", pay, want)
		}
	}
	balance(t, p)
}

// TestAPaymentThatIsDueMayBePaidElsewhere pays in cash what could not be
// captured.
func TestAPaymentThatIsDueMayBePaidElsewhere(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, t.TempDir(), "--capture-at", "ship")
	p.AddStock(t, map[string]int64{"pen": 10})
	id := worked(t, p, "tok_capture_decline")
	p.Await(t, id, submitted)
	if _, err := p.Fulfilment().ShipOrder(t.Context(), &orderv1.ShipOrderRequest{OrderId: id}); err != nil {
		t.Fatal(err)
	}
	if o := p.AwaitSettled(t, id); o.GetPaymentDue().GetMinorUnits() != 3200 {
		t.Fatalf("payment due %v", o.GetPaymentDue())
	}
	if err := record(t, p, id, "a", 3200, 0); err != nil {
		t.Fatal(err)
	}
	is(t, p, id, "Paid")
	if o := p.AwaitSettled(t, id); o.GetPaymentDue() != nil || o.GetPayments()[0].GetAuthorized().GetMinorUnits() != 0 {
		t.Errorf("payment due %v, payments %v", o.GetPaymentDue(), o.GetPayments())
	}
	balance(t, p)
}

// TestTheOrderIsToldOnceWhateverDies kills the process right after each
// payment was recorded.
func TestTheOrderIsToldOnceWhateverDies(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, t.TempDir())
	p.AddStock(t, map[string]int64{"pen": 10})
	id := worked(t, p, "tok_decline")
	p.Await(t, id, onHold)
	for n, key := range []string{"a", "b", "c", "d"} {
		if err := record(t, p, id, key, 800, 0); err != nil {
			t.Fatal(err)
		}
		p.Kill()
		p = testkit.Start(t, p.Dir)
		if n == 1 {
			if err := record(t, p, id, key, 800, 0); err != nil { // the caller did not hear of it
				t.Fatal(err)
			}
		}
	}
	p.Await(t, id, submitted)
	told := 0
	for _, e := range p.OrderEvents(t, id) {
		if testkit.EventName(e) == "OrderPaymentRecorded" {
			told++
		}
	}
	if told != 4 {
		t.Errorf("told %d times of 4 payments", told)
	}
	balance(t, p)
}
