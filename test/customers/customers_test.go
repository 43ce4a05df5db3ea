package customers_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// Roles of processes in which one part is away.
const withoutAutoship, withoutInventory = "api,saga,inventory,promotion,payment,fraud,publisher,projections",
	"api,saga,promotion,payment,fraud,customer,publisher,projections"

// enroll makes an account that was brought in by another one.
func enroll(t *testing.T, p *testkit.Process) *customerv1.Associate {
	t.Helper()
	_, err := p.Customers().CreateAssociate(t.Context(), &customerv1.CreateAssociateRequest{AssociateId: "sponsor"})
	must(t, err)
	res, err := p.Customers().EnrollAssociate(t.Context(), &customerv1.EnrollAssociateRequest{
		AssociateId: "ann", SponsorId: "sponsor", Profile: &customerv1.Profile{Username: proto.String("ann"), Email: proto.String("ann@example.com")},
	})
	must(t, err)
	return res.GetAssociate()
}

// subscribe lets an account order tea every month, since months ago.
func subscribe(t *testing.T, p *testkit.Process, id, sku string, first time.Time) {
	t.Helper()
	_, err := p.Customers().CreateSubscription(t.Context(), &customerv1.CreateSubscriptionRequest{
		SubscriptionId: id, AssociateId: "ann", Name: "Tea", FirstRunAt: timestamppb.New(first),
		Schedule: &customerv1.Schedule{Unit: customerv1.IntervalUnit_INTERVAL_UNIT_MONTH},
		Items: &customerv1.SubscriptionItems{Items: []*customerv1.SubscriptionItem{
			{SkuId: sku, Quantity: 2, UnitPrice: &moneyv1.Money{CurrencyCode: "EUR", MinorUnits: 1000}},
		}},
		Payment: &customerv1.SubscriptionPayment{Token: "tok_1"},
	})
	must(t, err)
}

func get(t *testing.T, p *testkit.Process, id string) *customerv1.Subscription {
	t.Helper()
	res, err := p.Customers().GetSubscription(t.Context(), &customerv1.GetSubscriptionRequest{
		Key: &customerv1.GetSubscriptionRequest_SubscriptionId{SubscriptionId: id},
	})
	must(t, err)
	return res.GetSubscription()
}

// awaitRun waits until a subscription has ended a run.
func awaitRun(t *testing.T, p *testkit.Process, id string) (sub *customerv1.Subscription) {
	t.Helper()
	testkit.Until(t, testkit.Patience, func() string {
		if sub = get(t, p, id); sub.GetRuns() == 0 {
			return "subscription " + id + " has not ended its run"
		}
		return ""
	})
	return sub
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestARunSurvivesKillsAndPlacesOneOrder lets a subscription be due before
// anybody looks, kills oms when the run is under way and its order waits for the
// inventory, and once more when all is done.
func TestARunSurvivesKillsAndPlacesOneOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := testkit.Start(t, dir, "--roles", withoutAutoship)
	ann := enroll(t, p)
	p.AddStock(t, map[string]int64{"tea": 100})
	first := time.Now().Add(-100 * 24 * time.Hour).Truncate(time.Second)
	subscribe(t, p, "monthly", "tea", first)
	p.Kill()

	p = testkit.Start(t, dir, "--roles", withoutInventory)
	var id string
	testkit.Until(t, testkit.Patience, func() string {
		if id = get(t, p, "monthly").GetPendingOrderId(); id == "" {
			return "no run has begun"
		}
		return ""
	})
	p.AwaitStep(t, id, orderv1.Step_STEP_RESERVE_INVENTORY)
	p.Kill()

	p = testkit.Start(t, dir)
	sub := awaitRun(t, p, "monthly")
	if sub.GetLastOrderId() != id || sub.GetPendingOrderId() != "" || !sub.GetNextRunAt().AsTime().After(time.Now()) {
		t.Errorf("after the run: %v", sub)
	}
	o := p.Await(t, id, orderv1.OrderStatus_ORDER_STATUS_SUBMITTED)
	if o.GetOrderType() != orderv1.OrderType_ORDER_TYPE_AUTOSHIP || o.GetCustomer().GetCustomerId() != ann.GetAssociateId() ||
		o.GetCustomer().GetEmail() != "ann@example.com" || o.GetTotals().GetTotal().GetMinorUnits() != 2000 {
		t.Errorf("order %v", o)
	}
	p.Kill()

	p = testkit.Start(t, dir)
	subscribe(t, p, "later", "tea", time.Now()) // when its run has ended, a second one of the other would have come
	awaitRun(t, p, "later")
	orders := p.AllOrders(t)
	if len(orders) != 2 || orders[id] == nil || get(t, p, "monthly").GetRuns() != 1 {
		t.Errorf("%d orders, want one of each subscription: %v", len(orders), get(t, p, "monthly"))
	}
	p.CheckStock(t, map[string]int64{"tea": 100}, orders)
	p.Audit(t)
	p.CheckView(t, "customers")
}

// TestAnOrderThatTheCheckoutRefusesIsRecorded orders what nobody ever had.
func TestAnOrderThatTheCheckoutRefusesIsRecorded(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, t.TempDir())
	enroll(t, p)
	subscribe(t, p, "unicorns", "unicorn", time.Now())
	sub := awaitRun(t, p, "unicorns")
	if sub.GetLastRefusal() == "" || sub.GetLastOrderId() != "" || !sub.GetNextRunAt().AsTime().After(time.Now().Add(27*24*time.Hour)) {
		t.Errorf("after the refusal: %v", sub)
	}
}
