package directscale_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/delivery/directscale"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
)

// numbers that everything is known by here.
type numbers struct{}

func (numbers) Order(context.Context, string, string) (int64, error)     { return 3442, nil }
func (numbers) Associate(context.Context, string, string) (int64, error) { return 2, nil }
func (numbers) Bin(context.Context, string, int64, string) (int64, error) {
	return 1, nil
}

func (numbers) Item(context.Context, string, int64, string) (int64, error) { return 4, nil }

var noon = time.Date(2021, 10, 12, 12, 0, 0, 0, time.UTC)

func commit(t *testing.T, events ...proto.Message) eventstore.Commit {
	t.Helper()
	c := &logv1.Commit{Id: "c", Tenant: "default", Time: timestamppb.New(noon)}
	for i, m := range events {
		e, err := eventstore.Encode("a", uint64(i+1), m)
		if err != nil {
			t.Fatal(err)
		}
		c.Events = append(c.Events, e)
	}
	return eventstore.Commit{Position: 1, Commit: c}
}

func all(deliveryv1.Vocabulary) bool { return true }

// TestARefundOffsetsItsPayment as in the worked example of the source: a new
// payment with a negative amount, and none besides unless that is wanted.
func TestARefundOffsetsItsPayment(t *testing.T) {
	refund := &paymentv1.PaymentRefunded{Transaction: &paymentv1.Transaction{
		Operation: paymentv1.Operation_OPERATION_REFUND, AmountMinor: 1800, CurrencyCode: "USD", PaymentNumber: 4188, RefundedPaymentNumber: 4172,
	}}
	for twice, want := range map[bool][]string{
		false: {directscale.RefundOrderPayment}, true: {directscale.CreateOrderPayment, directscale.RefundOrderPayment},
	} {
		told, err := directscale.Payments{Lookup: numbers{}, CreditsTwice: twice}.Translate(t.Context(), commit(t, refund), all)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, one := range told {
			kinds = append(kinds, one.Facts.Type)
		}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Fatalf("twice %v (-want +got):\n%s", twice, diff)
		}
		var body map[string]any
		if err := json.Unmarshal(told[len(told)-1].Notice.GetBody(), &body); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]any{
			"RefundedOrderPaymentId": 4172.0, "IsFullRefund": false, "RefundDateUtc": "2021-10-12T12:00:00Z", "OrderNumber": 3442.0, "OrderPaymentId": 4188.0,
			"PaymentStatus": "Paid", "PaymentType": "Credit", "Amount": -18.0, "CurrencyCode": "USD",
			"EventDateUtc": "2021-10-12T12:00:00Z", "EventCategory": "OrderEvents", "EventType": "RefundOrderPaymentEvent",
		}, body); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// TestOnlyAFlipIsToldOfStock: that there is little left is not.
func TestOnlyAFlipIsToldOfStock(t *testing.T) {
	in, out := inventoryv1.StockStatus_STOCK_STATUS_IN_STOCK, inventoryv1.StockStatus_STOCK_STATUS_OUT_OF_STOCK
	told, err := directscale.Inventory{Lookup: numbers{}}.Translate(t.Context(), commit(
		t,
		&inventoryv1.StockStatusChanged{Status: in, PreviousStatus: out, Available: 5},
		&inventoryv1.StockStatusChanged{Status: in, PreviousStatus: in, LowStock: true, Available: 1},
		&inventoryv1.StockStatusChanged{Status: out, PreviousStatus: in, LowStock: true},
	), all)
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 2 || told[0].Notice.GetNoticeId() == told[1].Notice.GetNoticeId() {
		t.Errorf("%d are told", len(told))
	}
}

// TestADeletedItemIsToldOnceWithEachOfItsOptions, which have events of their
// own.
func TestADeletedItemIsToldOnceWithEachOfItsOptions(t *testing.T) {
	red := &inventoryv1.StoredOption{SkuId: "red", Number: 5}
	told, err := directscale.Inventory{Lookup: numbers{}}.Translate(t.Context(), commit(
		t,
		&inventoryv1.InventoryItemDeleted{Item: &inventoryv1.StoredItem{SkuId: "shirt", Number: 4, Options: []*inventoryv1.StoredOption{red}}},
		&inventoryv1.InventoryItemOptionDeleted{ItemSkuId: "shirt", Option: red},
	), all)
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, one := range told {
		subjects = append(subjects, one.Notice.GetSubject())
	}
	if diff := cmp.Diff([]string{"shirt", "red"}, subjects); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
