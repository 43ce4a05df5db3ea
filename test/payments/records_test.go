package payments_test

import (
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// row is what a payment record says.
type row struct {
	Type, Status string
	Amount       int64
	Full         bool
}

// records are those of an order, oldest first, and their numbers.
func records(t *testing.T, p *testkit.Process, id string, position uint64) (all []row, numbers []int64, refunds int64) {
	t.Helper()
	res, err := p.Payments().ListPaymentRecords(t.Context(), &paymentv1.ListPaymentRecordsRequest{OrderId: id, MinPosition: position})
	if err != nil {
		t.Fatal(err)
	}
	for n := len(res.GetRecords()) - 1; n >= 0; n-- {
		r := res.GetRecords()[n]
		all = append(all, row{r.GetType().String(), r.GetStatus().String(), r.GetAmount().GetMinorUnits(), r.GetFullRefund()})
		numbers = append(numbers, r.GetPaymentNumber())
		refunds = r.GetRefundedPaymentNumber()
	}
	return all, numbers, refunds
}

func dollars(minor int64) *moneyv1.Money {
	return &moneyv1.Money{CurrencyCode: "USD", MinorUnits: minor}
}

// worked places the order of the worked example: 32.00, in two lines.
func worked(t *testing.T, p *testkit.Process, token string) string {
	t.Helper()
	res, err := p.Orders().CreateOrder(t.Context(), &orderv1.CreateOrderRequest{
		CurrencyCode: "USD", Customer: &orderv1.Customer{CustomerId: "c1"}, Payments: []*orderv1.PaymentItem{{Token: token}},
		Items: []*orderv1.LineItem{
			{ItemId: "given-back", SkuId: "pen", Quantity: 1, UnitPrice: dollars(1800)},
			{ItemId: "kept", SkuId: "pen", Quantity: 1, UnitPrice: dollars(1400)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetOrderId()
}

// is waits for the payment status of an order.
func is(t *testing.T, p *testkit.Process, id, want string) {
	t.Helper()
	testkit.Until(t, testkit.Patience, func() string {
		res, err := p.Orders().GetOrder(t.Context(), &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: id}})
		if err != nil {
			return err.Error()
		}
		if got := res.GetOrder().GetPaymentStatus(); got != want {
			return "the payment status is " + got + ", want " + want
		}
		return ""
	})
}

// The worked example of the payment events, on the real stack: an order is paid
// by a charge of 32.00, a credit of 18.00 gives back a part, the charge stays
// paid, and the order is paid in part.
func TestTheWorkedExampleOfPayments(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, t.TempDir())
	p.AddStock(t, map[string]int64{"pen": 10})
	id := worked(t, p, "tok_good")
	p.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_SUBMITTED)
	is(t, p, id, "Paid")

	_, err := orderv1connect.NewChangeServiceClient(http.DefaultClient, p.URL).CancelItems(t.Context(),
		&orderv1.CancelItemsRequest{OrderId: id, Lines: []*orderv1.ItemQuantity{{ItemId: "given-back", Quantity: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	is(t, p, id, "Partial Paid")
	p.AwaitViews(t)
	got, numbers, refunds := records(t, p, id, 0)
	want := []row{{"PAYMENT_TYPE_CHARGE", "PAYMENT_STATUS_PAID", 3200, false}, {"PAYMENT_TYPE_CREDIT", "PAYMENT_STATUS_PAID", -1800, false}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if refunds != numbers[0] || numbers[0] == numbers[1] {
		t.Errorf("the credit gives back from %d, the charge is %d", refunds, numbers[0])
	}
	ledger := p.Ledger(t, id)
	if len(ledger.GetRecords()) != 2 || ledger.GetRecords()[0].GetPaymentNumber() != numbers[0] || ledger.GetPaid().GetMinorUnits() != 1400 {
		t.Errorf("the ledger says %v", ledger)
	}

	if _, err := p.Orders().CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: id}); err != nil {
		t.Fatal(err)
	}
	is(t, p, id, "Voided")
	p.AwaitViews(t)
	if got, _, _ = records(t, p, id, 0); len(got) != 3 || got[2] != (row{"PAYMENT_TYPE_CREDIT", "PAYMENT_STATUS_PAID", -1400, true}) {
		t.Errorf("after the cancellation: %v", got)
	}
	p.CheckView(t, "payments")
}

func TestADeclinedPaymentIsARejectedRecord(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, t.TempDir())
	p.AddStock(t, map[string]int64{"pen": 10})
	id := worked(t, p, "tok_decline")
	p.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_ON_HOLD)
	is(t, p, id, "Pending Payment")
	p.AwaitViews(t)
	got, _, _ := records(t, p, id, 0)
	if diff := cmp.Diff([]row{{"PAYMENT_TYPE_CHARGE", "PAYMENT_STATUS_REJECTED", 3200, false}}, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// Numbers stay what they are after the state was lost and folded anew.
func TestAPaymentMadeElsewhereIsRecordedOnce(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, t.TempDir())
	p.AddStock(t, map[string]int64{"pen": 10})
	id := worked(t, p, "tok_decline")
	p.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_ON_HOLD)
	req := &paymentv1.RecordPaymentRequest{OrderId: id, Amount: dollars(1500), Method: "bank_transfer", Reference: "slip 7", IdempotencyKey: "k1"}
	var first *paymentv1.RecordPaymentResponse
	for n := range 2 {
		res, err := p.Payments().RecordPayment(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			first = res
		}
		if res.GetRecord().GetPaymentNumber() != first.GetRecord().GetPaymentNumber() || res.GetRepeated() != (n > 0) || res.GetRecord().GetPaymentNumber() == 0 {
			t.Errorf("answer %d: %v, the first was %v", n, res, first)
		}
	}
	want := []row{{"PAYMENT_TYPE_CHARGE", "PAYMENT_STATUS_REJECTED", 3200, false}, {"PAYMENT_TYPE_CHARGE", "PAYMENT_STATUS_PAID", 1500, false}}
	got, numbers, _ := records(t, p, id, first.GetPosition())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	p.Kill()
	p = testkit.Start(t, p.Dir)
	if again := p.Ledger(t, id).GetRecords(); len(again) != 2 || again[1].GetPaymentNumber() != numbers[1] {
		t.Errorf("after a crash: %v, want numbers %v", again, numbers)
	}
	for name, row := range map[string]struct {
		req  *paymentv1.RecordPaymentRequest
		code connect.Code
	}{
		"another order":    {&paymentv1.RecordPaymentRequest{OrderId: "nobody", Amount: dollars(1), Method: "cash"}, connect.CodeNotFound},
		"another currency": {&paymentv1.RecordPaymentRequest{OrderId: id, Amount: &moneyv1.Money{CurrencyCode: "EUR", MinorUnits: 1}, Method: "cash"}, connect.CodeInvalidArgument},
		"a used key":       {&paymentv1.RecordPaymentRequest{OrderId: id, Amount: dollars(1), Method: "cash", IdempotencyKey: "k1"}, connect.CodeAlreadyExists},
	} {
		if _, err := p.Payments().RecordPayment(t.Context(), row.req); connect.CodeOf(err) != row.code {
			t.Errorf("%s: %v, want %v", name, err, row.code)
		}
	}
}
