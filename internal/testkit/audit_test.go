package testkit

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/order"
)

// TestTheAuditorFindsWhatIsWrong forges a log for each thing that an audit is
// to find.
func TestTheAuditorFindsWhatIsWrong(t *testing.T) {
	orders := audited{"order", books.order, books.wrongOrder}
	stock := audited{"inventory", books.inventory, books.wrongStock}
	money := audited{"payment", books.payment, books.wrongPayment}
	promos := audited{"promotion", books.promotion, books.wrongPromotion}
	created := &orderv1.OrderCreated{
		OrderId: "order-0123456789", Items: []*orderv1.OrderedItem{{ItemId: "1", Quantity: 2, UnitPriceMinor: 5}},
		Totals: &orderv1.StoredTotals{ItemsMinor: 10, TotalMinor: 10}, Payments: []*orderv1.PlannedPayment{{PaymentItemId: "p", AmountMinor: 10}},
	}
	pay := func(id string, n int64) *paymentv1.Transaction {
		return &paymentv1.Transaction{TransactionId: id, PaymentItemId: "p", AmountMinor: n, GatewayReference: "g"}
	}
	for want, tt := range map[string]struct {
		log    audited
		events []proto.Message
	}{
		"moves from created to deleted":            {orders, []proto.Message{created, &orderv1.OrderDeleted{}}},
		"is authorized or paid":                    {orders, []proto.Message{created, &orderv1.OrderConfirmed{}}},
		"2 ordered, 3 cancelled":                   {orders, []proto.Message{created, &orderv1.OrderItemsCancelRequested{Lines: []*orderv1.ItemQuantity{{ItemId: "1", Quantity: 3}}}}},
		"1 on hand, 2 of them reserved":            {stock, []proto.Message{&inventoryv1.StockAdjusted{Delta: 1}, &inventoryv1.StockReserved{Quantity: 2}}},
		"takes 1 more of tea than r holds":         {stock, []proto.Message{&inventoryv1.StockAdjusted{Delta: 9}, &inventoryv1.StockShipped{SkuId: "tea", Quantity: 1, TransactionId: "r"}}},
		"more was taken than there is":             {money, []proto.Message{&paymentv1.PaymentAuthorized{Transaction: pay("a", 5)}, &paymentv1.PaymentCaptured{Transaction: pay("b", 6)}}},
		"was made twice":                           {money, []proto.Message{&paymentv1.PaymentAuthorized{Transaction: pay("a", 5)}, &paymentv1.PaymentAuthorized{Transaction: pay("a", 5)}}},
		"records r again":                          {money, []proto.Message{&paymentv1.BulkTransactionRecorded{RequestId: "r"}, &paymentv1.BulkTransactionRecorded{RequestId: "r"}}},
		"code 1/SPRING is used 2 times, of 1":      {promos, []proto.Message{&promotionv1.PromoCodeCreated{UsageLimit: 1}, &promotionv1.PromotionAssigned{OrderId: "a"}, &promotionv1.PromotionAssigned{OrderId: "b"}}},
		"was obeyed by commits":                    {stock, []proto.Message{&inventoryv1.StockAdjusted{Delta: 1}, &inventoryv1.StockAdjusted{Delta: 1}}},
		"revision 7 of order-0123456789 follows 0": {orders, []proto.Message{created}},
	} {
		t.Run(want, func(t *testing.T) {
			a := auditor{revisions: map[string]uint64{}, obeyed: map[string]string{}, tenants: map[string]books{}}
			var found []string
			for n, e := range tt.events {
				data, err := proto.Marshal(e)
				if err != nil {
					t.Fatal(err)
				}
				event := &logv1.Event{Type: string(e.ProtoReflect().Descriptor().FullName()), Version: 1, Aggregate: "order-0123456789", Revision: uint64(n + 1), Data: data}
				commit := &logv1.Commit{Id: fmt.Sprint(n), Tenant: "default", Events: []*logv1.Event{event}}
				switch {
				case tt.log.name == "promotion":
					event.Aggregate = "1/SPRING"
				case strings.HasPrefix(want, "revision"):
					event.Revision = 7
				case strings.HasPrefix(want, "was obeyed"):
					commit.CommandKey = "k"
				}
				found = append(found, a.commit(t, eventstore.Commit{Log: tt.log.name, Commit: commit}, tt.log)...)
			}
			if all := strings.Join(found, "\n"); !strings.Contains(all, want) {
				t.Errorf("found %q, want %q", all, want)
			}
		})
	}
}

// TestTheAuditorFindsCreditThatGotLost looks at what an exchange order gave back
// and what came of it.
func TestTheAuditorFindsCreditThatGotLost(t *testing.T) {
	for came, lost := range map[int64]bool{0: true, 4: true, 5: false, 10: true} {
		b := newBooks()
		b.orders["exchange"] = order.Order{Status: order.Cancelled, OriginalOrderID: "original", CreditFreed: 5}
		b.credit["exchange"] = came
		if wrong := b.crosswise(); (len(wrong) > 0) != lost {
			t.Errorf("%d of 5 came: %v", came, wrong)
		}
	}
}
