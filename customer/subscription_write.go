package customer

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// Item is one line that a caller wants ordered, with a price of its own currency.
type Item struct {
	SKU       string
	Name      string
	Quantity  int64
	UnitPrice money.Amount
}

// CreateSubscription subscribes an account.
type CreateSubscription struct {
	ID          string
	AssociateID string
	Name        string
	Items       []Item
	Payment     Payment
	Address     *Address
	Interval    Interval
	// FirstRun is when it orders first; zero is now. One that is over is made
	// up for at once, and the next ones are counted from it.
	FirstRun time.Time
	EndsAt   time.Time
	Now      time.Time
}

// Decide creates the subscription. Asked twice it is done once; a subscription
// of which something else is said is a conflict.
func (c CreateSubscription) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	if c.ID == "" {
		return fault.Field("subscription_id", "must not be empty")
	}
	owner := load(AssociateID(c.AssociateID)).Associate
	before := load(SubscriptionID(c.ID))
	if c.FirstRun.IsZero() {
		c.FirstRun = c.Now
	}
	s := Subscription{
		ID: c.ID, Number: int64(before.Ordinal), AssociateID: c.AssociateID, AssociateNumber: owner.Number, //nolint:gosec // counted up from 1
		Status: Ordering, NextRun: c.FirstRun, CreatedAt: c.Now,
		Terms: Terms{Name: c.Name, Payment: c.Payment, Address: c.Address, Interval: c.Interval.complete(c.FirstRun), EndsAt: c.EndsAt},
	}
	s.Terms.Lines, s.Terms.Currency = lines(c.Items)
	if err := check(s, c.Items); err != nil {
		return err
	}
	if sub := before.Subscription; sub != nil {
		if sub.AssociateID == s.AssociateID && sub.Terms.equal(s.Terms) {
			return nil
		}
		return fault.New(fault.Conflict, "subscription_exists", "subscription_id: subscription %q exists already, and is another one", c.ID)
	}
	if err := owner.alive(c.AssociateID); err != nil {
		return err
	}
	if !owner.Orders() {
		return fault.New(fault.Precondition, AssociateNotActive, "associate_id: account %q is %s", c.AssociateID, owner.Status)
	}
	if s.Terms.comes(c.Now).IsZero() || s.Terms.comes(c.FirstRun).IsZero() {
		return fault.Field("ends_at", "must be later than now and than the first run")
	}
	record(SubscriptionID(c.ID), &customerv1.SubscriptionCreated{Subscription: s.Message(), At: stamp(c.Now)})
	return nil
}

// Orders reports whether an account may order, by itself or by a subscription.
func (a Associate) Orders() bool { return a.Status == Active || a.Status == Inactive }

// UpdateSubscription changes a subscription; what is nil stays as it is.
type UpdateSubscription struct {
	ID       string
	Name     *string
	Items    []Item // none stay as they are
	Payment  *Payment
	Address  *Address
	Interval *Interval
	NextRun  *time.Time
	EndsAt   *time.Time // the zero time is never
	// ExpectRevision refuses a subscription with another revision; 0 means any.
	ExpectRevision uint64
	Now            time.Time
}

// Decide changes the subscription, if anything is new. Another interval counts
// from the next run on, which stays where it is.
func (c UpdateSubscription) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	s, err := open(c.ID, c.ExpectRevision, load)
	if err != nil {
		return err
	}
	if s.Status == Void {
		return void(c.ID)
	}
	before := s
	set(&s.Terms.Name, c.Name)
	set(&s.Terms.Payment, c.Payment)
	set(&s.Terms.EndsAt, c.EndsAt)
	set(&s.NextRun, c.NextRun)
	if c.Address != nil {
		s.Terms.Address = c.Address
	}
	if c.Items != nil {
		s.Terms.Lines, s.Terms.Currency = lines(c.Items)
	}
	if c.Interval != nil {
		run := s.NextRun
		if run.IsZero() {
			run = c.Now
		}
		s.Terms.Interval = c.Interval.complete(run)
	}
	if err := check(s, c.Items); err != nil {
		return err
	}
	if s.NextRun.IsZero() && !s.Terms.EndsAt.Equal(before.Terms.EndsAt) { // it had come to its end
		s.NextRun = s.Terms.Interval.After(c.Now, c.Now)
	}
	if s.NextRun = s.Terms.comes(s.NextRun); s.NextRun.Equal(before.NextRun) && s.Terms.equal(before.Terms) {
		return nil
	}
	record(SubscriptionID(c.ID), &customerv1.SubscriptionUpdated{Subscription: s.Message(), At: stamp(c.Now)})
	return nil
}

// Pause stops a subscription until it is resumed.
type Pause struct {
	ID string
	// Reason is for people.
	Reason string
	// ExpectRevision refuses a subscription with another revision; 0 means any.
	ExpectRevision uint64
	Now            time.Time
}

// Decide pauses the subscription, once. A run that is under way goes on.
func (c Pause) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	s, err := open(c.ID, c.ExpectRevision, load)
	switch {
	case err != nil:
		return err
	case s.Status == Void:
		return void(c.ID)
	case s.Status == Paused:
		return nil
	}
	s.Status = Paused
	record(SubscriptionID(c.ID), &customerv1.SubscriptionPaused{Subscription: s.Message(), At: stamp(c.Now), Reason: c.Reason})
	return nil
}

// Resume lets a paused subscription order again.
type Resume struct {
	ID string
	// ExpectRevision refuses a subscription with another revision; 0 means any.
	ExpectRevision uint64
	Now            time.Time
}

// Decide resumes the subscription, once. Runs that fell into the pause are not
// made up for: the next one lies ahead.
func (c Resume) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	s, err := open(c.ID, c.ExpectRevision, load)
	switch {
	case err != nil:
		return err
	case s.Status == Void:
		return void(c.ID)
	case s.Status == Ordering:
		return nil
	}
	s.Status = Ordering
	if !s.NextRun.IsZero() && !s.NextRun.After(c.Now) {
		s.NextRun = s.Terms.comes(s.Terms.Interval.After(s.NextRun, c.Now))
	}
	record(SubscriptionID(c.ID), &customerv1.SubscriptionResumed{Subscription: s.Message(), At: stamp(c.Now)})
	return nil
}

// VoidSubscription ends a subscription for good.
type VoidSubscription struct {
	ID string
	// Reason is for people.
	Reason string
	// ExpectRevision refuses a subscription with another revision; 0 means any.
	ExpectRevision uint64
	Now            time.Time
}

// Decide ends the subscription, once. A run that is under way goes on.
func (c VoidSubscription) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	s, err := open(c.ID, c.ExpectRevision, load)
	if err != nil || s.Status == Void {
		return err
	}
	s.Status, s.NextRun = Void, time.Time{}
	record(SubscriptionID(c.ID), &customerv1.SubscriptionVoided{Subscription: s.Message(), At: stamp(c.Now), Reason: c.Reason})
	return nil
}

// open reads the subscription that a command is about.
func open(id string, revision uint64, load func(id string) State) (Subscription, error) {
	if s := load(SubscriptionID(id)).Subscription; s != nil {
		if s.Status == Void {
			return *s, nil // what is over has no use for a revision
		}
		return *s, expect(revision, s.Revision, "subscription", id)
	}
	return Subscription{}, fault.New(fault.NotFound, "unknown_subscription", "subscription_id: there is no subscription %q", id)
}

func void(id string) error {
	return fault.New(fault.Precondition, "subscription_void", "subscription_id: subscription %q is void", id)
}

// lines are items as they are kept, with the currency of the first.
func lines(items []Item) (all []Line, currency string) {
	for _, i := range items {
		all = append(all, Line{SKU: i.SKU, Name: i.Name, Quantity: i.Quantity, UnitPriceMinor: i.UnitPrice.Minor})
		currency = cmp.Or(currency, i.UnitPrice.Currency)
	}
	return all, currency
}

// check reports everything that is wrong with a subscription as it would be.
// The items are those that are new.
func check(s Subscription, items []Item) error {
	var f fault.Fields
	if len(s.Terms.Lines) == 0 {
		f.Add("items", "must not be empty")
	}
	if _, known := money.Exponent(s.Terms.Currency); !known && len(items) > 0 {
		f.Add("items.items[0].unit_price.currency_code", "%q is not a currency", s.Terms.Currency)
	}
	var total int64
	for n, i := range items {
		at := fmt.Sprintf("items.items[%d]", n)
		if i.SKU == "" {
			f.Add(at+".sku_id", "must not be empty")
		}
		if i.Quantity < 1 {
			f.Add(at+".quantity", "must be at least 1")
		}
		if i.UnitPrice.Minor < 0 {
			f.Add(at+".unit_price", "must not be negative")
		}
		if i.UnitPrice.Currency != s.Terms.Currency {
			f.Add(at+".unit_price.currency_code", "must be %q like the first", s.Terms.Currency)
		}
		line, err := money.Mul(i.Quantity, i.UnitPrice.Minor)
		if err == nil {
			total, err = money.Add(total, line)
		}
		if err != nil {
			f.Add(at, "comes to more than can be counted")
		}
	}
	s.Terms.Interval.check(&f)
	return f.Err()
}

// equal reports whether callers would see no difference.
func (t Terms) equal(o Terms) bool {
	address := func(a *Address) Address {
		if a == nil {
			return Address{}
		}
		return *a
	}
	return t.Name == o.Name && slices.Equal(t.Lines, o.Lines) && t.Currency == o.Currency && t.Payment == o.Payment &&
		address(t.Address) == address(o.Address) && t.Interval == o.Interval && t.EndsAt.Equal(o.EndsAt)
}
