package participants_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/participants"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// shop has customers and orders, and a clock that stands still until it is set.
// Nobody runs its checkouts: tests say what becomes of an order.
type shop struct {
	*testing.T
	now       time.Time
	customers *jsstore.Log[customer.State]
	orders    *jsstore.Log[order.Order]
	autoship  participants.Autoship
}

func newShop(t *testing.T) *shop {
	t.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		must(t, srv.Stop(ctx))
	})
	nc, err := srv.Connect()
	must(t, err)
	t.Cleanup(nc.Close)
	s := &shop{T: t, now: noon}
	clock := func() time.Time { return s.now }
	store, err := jsstore.Open(jsstore.Config{Conn: nc, Dir: t.TempDir(), Now: clock})
	must(t, err)
	t.Cleanup(store.Close)
	s.customers, err = jsstore.OpenLog(t.Context(), store, eventstore.Definition[customer.State]{
		Name: "customer", Version: 1, New: customer.New, Evolve: customer.Evolve, Wake: customer.Wake,
	}, nil)
	must(t, err)
	s.orders, err = jsstore.OpenLog(t.Context(), store, eventstore.Definition[order.Order]{
		Name: "order", Version: 1, New: order.New, Evolve: order.Evolve,
	}, nil)
	must(t, err)
	s.autoship = participants.Autoship{Customers: s.customers, Orders: s.orders, Now: clock}
	s.do(customer.CreateAssociate{ID: "ann", Profile: customer.Profile{Email: new("ann@example.com")}, Now: noon})
	s.do(customer.CreateSubscription{
		ID: "tea", AssociateID: "ann", Items: []customer.Item{{SKU: "TEA", Quantity: 2, UnitPrice: money.Amount{Currency: "USD", Minor: 999}}},
		Payment: customer.Payment{Token: "tok"}, Address: &customer.Address{City: "Leeds"},
		Interval: customer.Interval{Unit: customer.Day, Every: 10}, FirstRun: noon, Now: noon.Add(-day),
	})
	return s
}

func (s *shop) do(c eventstore.Transaction[customer.State]) {
	s.Helper()
	_, err := s.customers.Transact(s.Context(), eventstore.Meta{Tenant: "default"}, customer.Scope, c)
	must(s.T, err)
}

func (s *shop) tick() {
	s.Helper()
	must(s.T, s.autoship.Tick(s.Context()))
}

func (s *shop) tea() customer.Subscription {
	s.Helper()
	snap, err := s.customers.Read(s.Context(), "default", customer.Scope, customer.SubscriptionID("tea"))
	must(s.T, err)
	return *snap.State.Subscription
}

func (s *shop) order(run int64) order.Order {
	s.Helper()
	id := customer.OrderID("tea", run)
	snap, err := s.orders.Read(s.Context(), "default", id, id)
	must(s.T, err)
	return snap.State
}

// tell stores what a checkout would.
type tell struct{ event proto.Message }

func (e tell) Decide(order.Order) ([]proto.Message, error) { return []proto.Message{e.event}, nil }

func (s *shop) becomes(run int64, e proto.Message) {
	s.Helper()
	_, err := s.orders.Execute(s.Context(), eventstore.Meta{Tenant: "default"}, customer.OrderID("tea", run), tell{e})
	must(s.T, err)
}

func TestARunPlacesOneOrderAndIsRenewedWhenItIsConfirmed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.now = noon.Add(-time.Second)
	s.tick()
	if s.order(1).Status != order.None {
		t.Fatal("a run came too early")
	}
	s.now = noon
	for range 3 {
		s.tick()
	}
	o := s.order(1)
	if o.Status != order.Created || o.Type != orderv1.OrderType_ORDER_TYPE_AUTOSHIP || o.CustomerID != "ann" || o.Email != "ann@example.com" ||
		o.TotalMinor != 1998 || o.Payments[0].Token != "tok" {
		t.Errorf("order %+v", o)
	}
	if !s.tea().UnderWay() {
		t.Error("the run ended before the checkout did")
	}
	s.becomes(1, &orderv1.OrderConfirmed{})
	s.tick()
	if sub := s.tea(); sub.UnderWay() || sub.LastOrderID != o.ID || !sub.NextRun.Equal(noon.Add(10*day)) {
		t.Errorf("renewed %+v", sub)
	}
	s.tick()
	if s.order(2).Status != order.None {
		t.Error("a second run came at once")
	}
}

func TestAProcessThatDiesBetweenTheStepsPlacesNoSecondOrder(t *testing.T) {
	t.Parallel()
	for name, died := range map[string]func(*shop){
		"after the start": func(s *shop) { s.do(customer.StartRun{ID: "tea", Now: s.now}) },
		"after the order": func(s *shop) { s.tick() },
		"before it ended, paused": func(s *shop) {
			s.tick()
			s.do(customer.Pause{ID: "tea", Now: s.now})
		},
		"before it ended, void": func(s *shop) {
			s.tick()
			s.do(customer.VoidSubscription{ID: "tea", Now: s.now})
		},
	} {
		s := newShop(t)
		died(s)
		s.now = noon.Add(3 * day)
		s.tick()
		if s.order(1).Status == order.None || s.tea().LastOrderID == "" && name != "after the start" {
			t.Errorf("%s: %+v", name, s.tea())
		}
		s.tick()
		s.tick()
		if s.order(2).Status != order.None || s.tea().Runs > 1 {
			t.Errorf("%s: a second order was placed: %+v", name, s.tea())
		}
	}
}

func TestMissedRunsAreCaughtUpWithOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.now = noon.Add(35 * day)
	s.tick()
	s.becomes(1, &orderv1.OrderConfirmed{})
	for range 3 {
		s.tick()
	}
	if sub := s.tea(); s.order(2).Status != order.None || !sub.NextRun.Equal(noon.Add(40*day)) {
		t.Errorf("after being away: %+v", sub)
	}
}

func TestARefusedOrderIsRecordedAndTriedAtTheNextInterval(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.tick()
	s.becomes(1, &orderv1.OrderCancelled{Reason: "unknown_sku", CancelledBy: order.BySaga})
	for range 3 {
		s.tick()
	}
	if sub := s.tea(); sub.LastRefusal != "unknown_sku" || !sub.NextRun.Equal(noon.Add(10*day)) || s.order(2).Status != order.None {
		t.Errorf("refused %+v", sub)
	}
	s.now = noon.Add(10 * day)
	s.tick()
	if s.order(2).Status != order.Created {
		t.Error("the next run did not come")
	}
}

func TestAnotherOrderOfTheSameIDIsARefusal(t *testing.T) {
	t.Parallel()
	taken := newShop(t)
	_, err := taken.orders.Execute(t.Context(), eventstore.Meta{Tenant: "default"}, customer.OrderID("tea", 1), order.Create{
		Currency: "USD", Items: []order.Line{{SKU: "X", Quantity: 1, UnitPrice: money.Amount{Currency: "USD", Minor: 1}}}, Now: noon,
	})
	must(t, err)
	taken.tick()
	if sub := taken.tea(); sub.LastRefusal != customer.OrderIDTaken || sub.UnderWay() {
		t.Errorf("with the id taken: %+v", sub)
	}
}

func TestAPausedOrVoidSubscriptionDoesNotOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []eventstore.Transaction[customer.State]{customer.Pause{ID: "tea", Now: noon}, customer.VoidSubscription{ID: "tea", Now: noon}} {
		s := newShop(t)
		s.do(c)
		s.now = noon.Add(30 * day)
		s.tick()
		if s.order(1).Status != order.None {
			t.Errorf("%T: ordered", c)
		}
	}
}

func TestARunDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.tick()
	s.now = noon.Add(2 * time.Minute)
	s.tick()
	if sub := s.tea(); sub.UnderWay() || sub.LastOrderID == "" {
		t.Errorf("after two minutes: %+v", sub)
	}
}

// refusing is a log that is away, or refuses.
type refusing struct {
	eventstore.Log[order.Order]
	err error
}

func (r refusing) Execute(context.Context, eventstore.Meta, string, eventstore.Command[order.Order]) (eventstore.Result[order.Order], error) {
	return eventstore.Result[order.Order]{}, r.err
}

func TestWhatMayBeBetterInAMomentIsNoRefusal(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	away := s.autoship
	away.Orders = refusing{s.orders, fault.New(fault.Unavailable, "away", "nobody is there")}
	if err := away.Tick(t.Context()); fault.ReasonOf(err) == "" || err == nil {
		t.Error("nobody was told")
	}
	if sub := s.tea(); !sub.UnderWay() || sub.LastRefusal != "" {
		t.Errorf("while the log was away: %+v", sub)
	}
	s.tick()
	if s.order(1).Status != order.Created {
		t.Error("no order when it was back")
	}
	wrong := newShop(t)
	no := wrong.autoship
	no.Orders = refusing{wrong.orders, fault.Field("items", "are wrong")}
	must(t, no.Tick(t.Context()))
	if sub := wrong.tea(); sub.UnderWay() || sub.LastRefusal != fault.ReasonInvalid {
		t.Errorf("with a wrong order: %+v", sub)
	}
}
