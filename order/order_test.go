package order_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
)

var update = flag.Bool("update", false, "rewrite golden files")

const orderID = "order-0123456789"

var (
	noon  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later = noon.Add(15 * time.Minute)
)

// command is what every command of the package is.
type command interface {
	Decide(order.Order) ([]proto.Message, error)
}

// History in the order in which it happens.
var (
	created = &orderv1.OrderCreated{
		OrderId: orderID, OrderNumber: 7, CollectionId: 1, CurrencyCode: "GBP",
		Items:            []*orderv1.OrderedItem{{ItemId: "1", SkuId: "tea", BinName: "main", Quantity: 2, UnitPriceMinor: 1000, Returnable: true}},
		Payments:         []*orderv1.PlannedPayment{{PaymentItemId: "p1", Gateway: "simulated", AmountMinor: 1500}, {PaymentItemId: "p2", Gateway: "simulated", AmountMinor: 500}},
		PromoCodes:       []*orderv1.PromoCode{{PromoCode: "SPRING"}},
		Totals:           &orderv1.StoredTotals{ItemsMinor: 2000, TotalMinor: 2000},
		OnPaymentDecline: orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_HOLD,
		CreatedAt:        timestamppb.New(noon),
	}
	reserving  = &orderv1.StepRequested{Step: orderv1.Step_STEP_RESERVE_INVENTORY, RequestId: "r1", Attempt: 1, Deadline: timestamppb.New(later)}
	reserved   = &orderv1.StepAnswered{Step: orderv1.Step_STEP_RESERVE_INVENTORY, RequestId: "r1", Succeeded: true, ResponseCode: "200"}
	suspicious = &orderv1.StepAnswered{Step: orderv1.Step_STEP_CHECK_FRAUD, RequestId: "f1", Succeeded: true, Verdict: orderv1.FraudVerdict_FRAUD_VERDICT_REVIEW}
	checking   = &orderv1.StepRequested{Step: orderv1.Step_STEP_CHECK_FRAUD, RequestId: "f1", Attempt: 1, Deadline: timestamppb.New(later)}
	forReview  = &orderv1.OrderHeld{Reason: order.ReasonFraudReview}
	accepted   = &orderv1.OrderHoldReleased{Reason: order.ReasonFraudAccepted}

	authorizing = &orderv1.StepRequested{Step: orderv1.Step_STEP_AUTHORIZE_PAYMENT, RequestId: "a1", Attempt: 1, Deadline: timestamppb.New(later), Transactions: payments(false, false)}
	declined    = &orderv1.StepAnswered{Step: orderv1.Step_STEP_AUTHORIZE_PAYMENT, RequestId: "a1", ResponseCode: "402", Transactions: payments(false, false)}
	halfPaid    = &orderv1.StepAnswered{Step: orderv1.Step_STEP_AUTHORIZE_PAYMENT, RequestId: "a1", ResponseCode: "402", Transactions: payments(true, false)}
	forPayment  = &orderv1.OrderHeld{Reason: order.ReasonPaymentDeclined, Until: timestamppb.New(later)}
	retried     = &orderv1.OrderHoldReleased{Reason: order.ReasonPaymentRetried}

	confirmed       = &orderv1.OrderConfirmed{ConfirmedAt: timestamppb.New(later)}
	cancelRequested = &orderv1.OrderCancelRequested{Reason: "too late", RequestedBy: "ada"}
	compensating    = &orderv1.CompensationStarted{Reason: order.ReasonOutOfStock, Message: "tea"}
	rejected        = &orderv1.CompensationStarted{Reason: order.ReasonFraudRejected, Message: "stolen card"}
	releasing       = &orderv1.StepRequested{Step: orderv1.Step_STEP_RELEASE_INVENTORY, RequestId: "u1", Attempt: 1, Deadline: timestamppb.New(later)}
	notReleased     = &orderv1.StepAnswered{Step: orderv1.Step_STEP_RELEASE_INVENTORY, RequestId: "u1", ResponseCode: "409"}
	parked          = &orderv1.SagaParked{Step: orderv1.Step_STEP_RELEASE_INVENTORY, Reason: "refused 3 times"}
	cancelled       = &orderv1.OrderCancelled{Reason: order.ReasonOutOfStock, Message: "tea", CancelledAt: timestamppb.New(later), CancelledBy: order.BySaga}
)

// payments are the two authorizations of the order, with what became of them.
func payments(first, second bool) []*orderv1.PaymentTransaction {
	return []*orderv1.PaymentTransaction{
		{TransactionId: "t1", PaymentItemId: "p1", Operation: orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE, AmountMinor: 1500, Succeeded: first},
		{TransactionId: "t2", PaymentItemId: "p2", Operation: orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE, AmountMinor: 500, Succeeded: second},
	}
}

func events(es ...proto.Message) []proto.Message { return es }

func fold(es ...proto.Message) order.Order {
	o := order.New(orderID, 7)
	for _, e := range es {
		o = order.Evolve(o, e)
	}
	return o
}

// row is a case of a command: given events, when the command decides, then
// events or a fault.
type row struct {
	given  []proto.Message
	when   command
	then   []proto.Message
	kind   fault.Kind
	reason string
	fields []string
}

func check(t *testing.T, rows map[string]row) {
	t.Helper()
	for name, tt := range rows {
		t.Run(name, func(t *testing.T) {
			got, err := tt.when.Decide(fold(tt.given...))
			if diff := cmp.Diff(tt.then, got, protocmp.Transform()); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if tt.reason == "" && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if tt.reason != "" && (err == nil || fault.KindOf(err) != tt.kind || fault.ReasonOf(err) != tt.reason) {
				t.Fatalf("got %v (%v, %s), want %v, %s", err, fault.KindOf(err), fault.ReasonOf(err), tt.kind, tt.reason)
			}
			if diff := cmp.Diff(tt.fields, fields(err)); diff != "" {
				t.Errorf("fields (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

// fields are the names of the fields that an error complains of.
func fields(err error) []string {
	var out []string
	for _, v := range fault.Violations(err) {
		out = append(out, v.Field)
	}
	return out
}

func gbp(minor int64) money.Amount { return money.Amount{Currency: "GBP", Minor: minor} }

// encoding is the one in which states are stored.
var encoding = func() cbor.EncMode {
	m, err := cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode()
	if err != nil {
		panic(err)
	}
	return m
}()

func encode(t interface {
	Helper()
	Fatal(args ...any)
}, v any,
) []byte {
	t.Helper()
	b, err := encoding.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// golden compares with a file, or rewrites it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), rewrite it with -update:\n%s", path, diff)
	}
}
