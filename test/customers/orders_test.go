package customers_test

import (
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// TestAnOrderCountsForAnAccount places orders for an account, finds them by it,
// and refuses one that may not order; a repeat is answered as before.
func TestAnOrderCountsForAnAccount(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, t.TempDir())
	p.AddStock(t, map[string]int64{"tea": 100})
	ann := enroll(t, p)
	_, err := p.Customers().UpdateAssociate(t.Context(), &customerv1.UpdateAssociateRequest{AssociateId: "ann", Profile: &customerv1.Profile{BackOfficeId: proto.String("A-17")}})
	must(t, err)

	req := testkit.Order(testkit.Line("tea", 1))
	req.AssociateId, req.IdempotencyKey = "ann", "once"
	first, err := p.Orders().CreateOrder(t.Context(), req)
	must(t, err)
	p.Await(t, p.Place(t, testkit.Order(testkit.Line("tea", 1))), orderv1.OrderStatus_ORDER_STATUS_SUBMITTED) // of nobody
	p.Await(t, first.GetOrderId(), orderv1.OrderStatus_ORDER_STATUS_SUBMITTED)
	p.AwaitViews(t)
	list, err := p.Orders().ListOrders(t.Context(), &orderv1.ListOrdersRequest{AssociateId: "ann"})
	must(t, err)
	if len(list.GetOrders()) != 1 || list.GetOrders()[0].GetOrderId() != first.GetOrderId() {
		t.Fatalf("listed %v", list)
	}
	want := &orderv1.OrderAssociate{AssociateId: "ann", AssociateNumber: ann.GetNumber(), BackOfficeId: "A-17", AssociateType: ann.GetType()}
	if got := list.GetOrders()[0].GetAssociate(); !proto.Equal(got, want) {
		t.Errorf("account %v, want %v", got, want)
	}

	_, err = p.Customers().SetAssociateStatus(t.Context(), &customerv1.SetAssociateStatusRequest{AssociateId: "ann", Status: customerv1.AssociateStatus_ASSOCIATE_STATUS_SUSPENDED})
	must(t, err)
	again, err := p.Orders().CreateOrder(t.Context(), req)
	if err != nil || again.GetOrderId() != first.GetOrderId() || !again.GetRepeated() {
		t.Errorf("again: %v, %v", again, err)
	}
	for who, code := range map[string]connect.Code{"ann": connect.CodeFailedPrecondition, "nobody": connect.CodeNotFound} {
		req := testkit.Order(testkit.Line("tea", 1))
		req.AssociateId = who
		if _, err := p.Orders().CreateOrder(t.Context(), req); connect.CodeOf(err) != code {
			t.Errorf("%s: %v, want %v", who, err, code)
		}
	}
	p.CheckView(t, "orders")
}
