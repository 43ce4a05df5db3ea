package customer_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

const day = 24 * time.Hour

// subscribed is a tenant in which ann orders tea every so often, first at noon.
func subscribed(tb testing.TB, change func(*customer.CreateSubscription)) *tenant {
	tb.Helper()
	p := newTenant(tb)
	p.must(create("ann", "ann"))
	p.must(subscription(change))
	return p
}

func subscription(change func(*customer.CreateSubscription)) customer.CreateSubscription {
	c := customer.CreateSubscription{
		ID: "s1", AssociateID: "ann", Name: "Tea", Items: []customer.Item{{SKU: "tea", Quantity: 2, UnitPrice: money.Amount{Currency: "USD", Minor: 500}}},
		Interval: customer.Interval{Unit: customer.Day, Every: 10}, FirstRun: noon, Now: noon.Add(-day),
	}
	if change != nil {
		change(&c)
	}
	return c
}

func (p *tenant) sub() customer.Subscription {
	p.Helper()
	s := p.load(customer.SubscriptionID("s1")).Subscription
	if s == nil {
		p.Fatal("there is no subscription")
	}
	return *s
}

// start starts the run that is due, and reports whether one was.
func (p *tenant) start(now time.Time) bool {
	p.Helper()
	p.must(customer.StartRun{ID: "s1", Now: now})
	return p.sub().UnderWay()
}

func TestARunComesWhenItIsDueAndTheNextOneAfterTheInterval(t *testing.T) {
	p := subscribed(t, nil)
	if p.start(noon.Add(-1)) {
		t.Error("a run came too early")
	}
	if !p.start(noon) {
		t.Fatal("no run came")
	}
	id := p.sub().Pending.OrderID
	if id != customer.OrderID("s1", 1) || len(id) != 23 {
		t.Errorf("order id %q", id)
	}
	if p.must(customer.StartRun{ID: "s1", Now: noon}) != nil {
		t.Error("a run began while another one was under way")
	}
	p.must(customer.Renew{ID: "s1", Run: 1, OrderNumber: 7, Now: noon.Add(time.Minute)})
	s := p.sub()
	if !s.NextRun.Equal(noon.Add(10*day)) || s.Runs != 1 || s.LastOrderID != id || s.UnderWay() {
		t.Errorf("after the run: %+v", s)
	}
	if p.must(customer.Renew{ID: "s1", Run: 1, Now: noon}) != nil || p.must(customer.RefuseRun{ID: "s1", Run: 1, Now: noon}) != nil {
		t.Error("a run ended twice")
	}
}

func TestMissedRunsAreMadeUpForOnce(t *testing.T) {
	p := subscribed(t, nil)
	back := noon.Add(35 * day) // down for four runs
	if !p.start(back) {
		t.Fatal("no run came")
	}
	p.must(customer.Renew{ID: "s1", Run: 1, Now: back})
	if s := p.sub(); !s.NextRun.Equal(noon.Add(40*day)) || p.start(back) {
		t.Errorf("after being away: %+v", s)
	}
}

func TestARefusedRunIsTriedAgainAfterTheInterval(t *testing.T) {
	p := subscribed(t, nil)
	p.start(noon)
	p.must(customer.RefuseRun{ID: "s1", Run: 1, Reason: "out_of_stock", Now: noon})
	s := p.sub()
	if !s.NextRun.Equal(noon.Add(10*day)) || s.LastRefusal != "out_of_stock" || s.Runs != 1 || p.start(noon.Add(time.Hour)) {
		t.Errorf("after the refusal: %+v", s)
	}
	p.start(noon.Add(10 * day))
	if p.sub().Pending.OrderID == customer.OrderID("s1", 1) {
		t.Error("the second run has the order of the first")
	}
	p.must(customer.Renew{ID: "s1", Run: 2, Now: noon.Add(10 * day)})
	if s := p.sub(); s.LastRefusal != "" {
		t.Errorf("after a run that went well: %+v", s)
	}
}

func TestAPauseStopsAndLeavesNothingToMakeUpFor(t *testing.T) {
	p := subscribed(t, nil)
	p.must(customer.Pause{ID: "s1", Now: noon})
	if active, _ := customer.Wake(p.load("subscription/s1")); active || p.start(noon.Add(day)) {
		t.Error("a paused subscription orders")
	}
	p.must(customer.Resume{ID: "s1", Now: noon.Add(15 * day)})
	if s := p.sub(); !s.NextRun.Equal(noon.Add(20 * day)) {
		t.Errorf("after the pause: %+v", s)
	}
}

func TestVoidIsFinal(t *testing.T) {
	p := subscribed(t, nil)
	p.must(customer.VoidSubscription{ID: "s1", Now: noon})
	if p.must(customer.VoidSubscription{ID: "s1", Now: noon}) != nil {
		t.Error("voided twice")
	}
	if active, _ := customer.Wake(p.load("subscription/s1")); active || p.start(noon.Add(day)) {
		t.Error("a void subscription orders")
	}
	for _, c := range []command{customer.Pause{ID: "s1"}, customer.Resume{ID: "s1"}, customer.UpdateSubscription{ID: "s1"}} {
		if _, err := p.do(c); fault.ReasonOf(err) != "subscription_void" {
			t.Errorf("%T: %v", c, err)
		}
	}
}

func TestARunThatIsUnderWayIsEndedWhateverHappensMeanwhile(t *testing.T) {
	for name, c := range map[string]command{
		"paused": customer.Pause{ID: "s1", Now: noon},
		"voided": customer.VoidSubscription{ID: "s1", Now: noon},
		"moved":  customer.UpdateSubscription{ID: "s1", NextRun: new(noon.Add(3 * day)), Now: noon},
	} {
		p := subscribed(t, nil)
		p.start(noon)
		p.must(c)
		if active, at := customer.Wake(p.load("subscription/s1")); !active || at.After(noon) {
			t.Errorf("%s: nobody looks at the run", name)
		}
		p.must(customer.Renew{ID: "s1", Run: 1, Now: noon})
		s := p.sub()
		if s.UnderWay() || s.LastOrderID == "" || name == "voided" && !s.NextRun.IsZero() || name == "moved" && !s.NextRun.Equal(noon.Add(3*day)) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestASubscriptionEnds(t *testing.T) {
	p := subscribed(t, func(c *customer.CreateSubscription) { c.EndsAt = noon.Add(10 * day) })
	p.start(noon)
	p.must(customer.Renew{ID: "s1", Run: 1, Now: noon})
	if s := p.sub(); !s.NextRun.IsZero() || s.Status != customer.Ordering {
		t.Errorf("at its end: %+v", s)
	}
	p.must(customer.UpdateSubscription{ID: "s1", EndsAt: new(time.Time{}), Now: noon.Add(day)})
	if s := p.sub(); !s.NextRun.Equal(noon.Add(11 * day)) {
		t.Errorf("with its end taken away: %+v", s)
	}
	p = subscribed(t, func(c *customer.CreateSubscription) { c.EndsAt = noon.Add(day) })
	if p.start(noon.Add(2*day)) || p.sub().LastRefusal != customer.SubscriptionEnded || !p.sub().NextRun.IsZero() {
		t.Errorf("a run that came late for the end: %+v", p.sub())
	}
}

func TestTheAccountDecidesToo(t *testing.T) {
	for _, status := range []customer.Status{customer.Active, customer.Inactive, customer.Suspended, customer.Terminated, customer.Deleted} {
		orders := status == customer.Active || status == customer.Inactive
		p := subscribed(t, nil)
		p.must(customer.SetStatus{ID: "ann", Status: status})
		if p.start(noon) != orders || !orders && (p.sub().LastRefusal != customer.AssociateNotActive || !p.sub().NextRun.Equal(noon.Add(10*day))) {
			t.Errorf("%s: %+v", status, p.sub())
		}
	}
}

func TestAnUpdateChangesWhatItSays(t *testing.T) {
	p := subscribed(t, nil)
	update := customer.UpdateSubscription{
		ID: "s1", Name: new("Coffee"), Items: []customer.Item{{SKU: "coffee", Quantity: 1, UnitPrice: money.Amount{Currency: "EUR", Minor: 900}}},
		Payment: &customer.Payment{Token: "tok"}, Address: &customer.Address{City: "Leeds"},
		Interval: &customer.Interval{Unit: customer.Month}, ExpectRevision: 1, Now: noon,
	}
	p.must(update)
	want := customer.Terms{
		Name: "Coffee", Lines: []customer.Line{{SKU: "coffee", Quantity: 1, UnitPriceMinor: 900}}, Currency: "EUR",
		Payment: customer.Payment{Token: "tok"}, Address: &customer.Address{City: "Leeds"},
		Interval: customer.Interval{Unit: customer.Month, Every: 1, DayOfMonth: 21},
	}
	if diff := cmp.Diff(want, p.sub().Terms); diff != "" {
		t.Errorf("terms (-want +got):\n%s", diff)
	}
	update.ExpectRevision = 0
	if p.must(update) != nil {
		t.Error("asked twice, done twice")
	}
}

func TestASubscriptionIsRefusedForAReason(t *testing.T) {
	for name, tt := range map[string]struct {
		command command
		reason  string
	}{
		"same again":  {subscription(nil), "internal"},
		"another":     {subscription(func(c *customer.CreateSubscription) { c.Name = "x" }), "subscription_exists"},
		"no id":       {subscription(func(c *customer.CreateSubscription) { c.ID = "" }), "invalid_fields"},
		"no items":    {subscription(func(c *customer.CreateSubscription) { c.ID, c.Items = "s2", nil }), "invalid_fields"},
		"no interval": {subscription(func(c *customer.CreateSubscription) { c.ID, c.Interval = "s2", customer.Interval{} }), "invalid_fields"},
		"ends first":  {subscription(func(c *customer.CreateSubscription) { c.ID, c.EndsAt = "s2", noon }), "invalid_fields"},
		"two currencies": {subscription(func(c *customer.CreateSubscription) {
			c.ID, c.Items = "s2", append(c.Items, customer.Item{SKU: "x", Quantity: 1, UnitPrice: money.Amount{Currency: "EUR"}})
		}), "invalid_fields"},
		"too much":  {subscription(func(c *customer.CreateSubscription) { c.ID = "s2"; c.Items[0].Quantity = 1 << 62 }), "invalid_fields"},
		"nobody":    {subscription(func(c *customer.CreateSubscription) { c.ID, c.AssociateID = "s2", "nobody" }), "unknown_associate"},
		"suspended": {subscription(func(c *customer.CreateSubscription) { c.ID, c.AssociateID = "s2", "bob" }), "associate_not_active"},
		"unknown":   {customer.Pause{ID: "s9"}, "unknown_subscription"},
		"revision":  {customer.Pause{ID: "s1", ExpectRevision: 5}, "revision_mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			p := subscribed(t, nil)
			p.must(create("bob", "bob"))
			p.must(customer.SetStatus{ID: "bob", Status: customer.Suspended})
			if facts, err := p.do(tt.command); fault.ReasonOf(err) != tt.reason || facts != nil {
				t.Errorf("got %v, %v, want %s", facts, err, tt.reason)
			}
		})
	}
}

func TestIntervalsFollowTheCalendar(t *testing.T) {
	at := func(s string) time.Time {
		when, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct {
		interval        customer.Interval
		from, now, want string
	}{
		{customer.Interval{Unit: customer.Day, Every: 1}, "2026-01-31 08:30:00", "2026-01-31 08:30:00", "2026-02-01 08:30:00"},
		{customer.Interval{Unit: customer.Day, Every: 30}, "2026-01-01 00:00:00", "2026-01-31 00:00:00", "2026-03-02 00:00:00"},
		{customer.Interval{Unit: customer.Week, Every: 2}, "2026-01-01 10:00:00", "2026-01-20 00:00:00", "2026-01-29 10:00:00"},
		{customer.Interval{Unit: customer.Month, Every: 1, DayOfMonth: 31}, "2026-01-31 10:00:00", "2026-01-31 10:00:00", "2026-02-28 10:00:00"},
		{customer.Interval{Unit: customer.Month, Every: 1, DayOfMonth: 31}, "2028-02-29 10:00:00", "2028-02-29 10:00:00", "2028-03-31 10:00:00"},
		{customer.Interval{Unit: customer.Month, Every: 3, DayOfMonth: 30}, "2025-11-30 10:00:00", "2026-02-28 10:00:00", "2026-05-30 10:00:00"},
		{customer.Interval{Unit: customer.Month, Every: 1, DayOfMonth: 5}, "2026-01-05 10:00:00", "2027-06-05 09:59:59", "2027-06-05 10:00:00"},
		{customer.Interval{Unit: customer.Month, Every: 1, DayOfMonth: 5}, "2026-01-05 10:00:00", "2025-01-01 00:00:00", "2026-02-05 10:00:00"},
	} {
		if got := tt.interval.After(at(tt.from), at(tt.now)); !got.Equal(at(tt.want)) {
			t.Errorf("%+v after %s, now %s: %s, want %s", tt.interval, tt.from, tt.now, got, tt.want)
		}
	}
}

// TestANextRunLiesAheadButNotFar is the law of intervals: the next run is later
// than now and than the last one, and there is no other between now and it.
func TestANextRunLiesAheadButNotFar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := customer.Interval{
			Unit: rapid.SampledFrom([]customer.Unit{customer.Day, customer.Week, customer.Month}).Draw(t, "unit"), Every: rapid.Int64Range(1, 30).Draw(t, "every"),
			DayOfMonth: rapid.Int64Range(1, 31).Draw(t, "day"),
		}
		from := noon.Add(time.Duration(rapid.Int64Range(0, int64(1000*day)).Draw(t, "from")))
		now := from.Add(time.Duration(rapid.Int64Range(-int64(day), int64(2000*day)).Draw(t, "late")))
		got := i.After(from, now)
		if !got.After(now) || !got.After(from) {
			t.Fatalf("%s is not ahead of %s and %s", got, now, from)
		}
		for run := from; ; {
			next := i.After(run, run)
			if next.After(now) {
				if !next.Equal(got) {
					t.Fatalf("step by step it is %s, at once %s", next, got)
				}
				return
			}
			run = next
		}
	})
}
