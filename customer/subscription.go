package customer

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// SubscriptionStatus says whether a subscription orders.
type SubscriptionStatus = customerv1.SubscriptionStatus

// The states of a subscription, by the names that the rest of the code uses.
const (
	Ordering = customerv1.SubscriptionStatus_SUBSCRIPTION_STATUS_ACTIVE
	Paused   = customerv1.SubscriptionStatus_SUBSCRIPTION_STATUS_PAUSED
	Void     = customerv1.SubscriptionStatus_SUBSCRIPTION_STATUS_VOID
)

// Subscription is what an account orders again and again. Without a number it
// does not exist.
type Subscription struct {
	ID              string             `cbor:"1,keyasint,omitempty"`
	Number          int64              `cbor:"2,keyasint,omitempty"`
	AssociateID     string             `cbor:"3,keyasint,omitempty"`
	AssociateNumber int64              `cbor:"4,keyasint,omitempty"`
	Status          SubscriptionStatus `cbor:"5,keyasint,omitempty"`
	Terms           Terms              `cbor:"6,keyasint,omitzero"`
	// NextRun is when it orders next; zero when it does not any more.
	NextRun time.Time `cbor:"7,keyasint,omitzero"`
	// Runs counts the runs that came to their end, refused ones too.
	Runs        int64  `cbor:"8,keyasint,omitempty"`
	LastOrderID string `cbor:"9,keyasint,omitempty"`
	LastRefusal string `cbor:"10,keyasint,omitempty"`
	// Pending is the run that is under way; without an order there is none.
	Pending   Run       `cbor:"11,keyasint,omitzero"`
	CreatedAt time.Time `cbor:"12,keyasint,omitzero"`
	// Revision counts the events of the subscription.
	Revision uint64 `cbor:"13,keyasint,omitempty"`
}

// Terms are what callers say of a subscription.
type Terms struct {
	Name     string   `cbor:"1,keyasint,omitempty"`
	Lines    []Line   `cbor:"2,keyasint,omitempty"`
	Currency string   `cbor:"3,keyasint,omitempty"`
	Payment  Payment  `cbor:"4,keyasint,omitzero"`
	Address  *Address `cbor:"5,keyasint,omitempty"`
	Interval Interval `cbor:"6,keyasint,omitzero"`
	// EndsAt is from when on it does not order; zero is never.
	EndsAt time.Time `cbor:"7,keyasint,omitzero"`
}

// Line is one line to order.
type Line struct {
	SKU            string `cbor:"1,keyasint,omitempty"`
	Name           string `cbor:"2,keyasint,omitempty"`
	Quantity       int64  `cbor:"3,keyasint,omitempty"`
	UnitPriceMinor int64  `cbor:"4,keyasint,omitempty"`
}

// Payment is how the orders are paid.
type Payment struct {
	Gateway string `cbor:"1,keyasint,omitempty"`
	Token   string `cbor:"2,keyasint,omitempty"`
}

// Address is where the orders go.
type Address struct {
	FirstName   string `cbor:"1,keyasint,omitempty"`
	LastName    string `cbor:"2,keyasint,omitempty"`
	Company     string `cbor:"3,keyasint,omitempty"`
	Line1       string `cbor:"4,keyasint,omitempty"`
	Line2       string `cbor:"5,keyasint,omitempty"`
	City        string `cbor:"6,keyasint,omitempty"`
	Region      string `cbor:"7,keyasint,omitempty"`
	PostalCode  string `cbor:"8,keyasint,omitempty"`
	CountryCode string `cbor:"9,keyasint,omitempty"`
	Phone       string `cbor:"10,keyasint,omitempty"`
	Email       string `cbor:"11,keyasint,omitempty"`
}

// Run is one run of a subscription.
type Run struct {
	N         int64     `cbor:"1,keyasint,omitempty"`
	OrderID   string    `cbor:"2,keyasint,omitempty"`
	DueAt     time.Time `cbor:"3,keyasint,omitzero"`
	StartedAt time.Time `cbor:"4,keyasint,omitzero"`
}

// SubscriptionID is the id of the aggregate of a subscription.
func SubscriptionID(id string) string { return "subscription/" + id }

// Exists reports whether the subscription was ever created.
func (s Subscription) Exists() bool { return s.Number != 0 }

// UnderWay reports whether a run was started that has not come to its end.
func (s Subscription) UnderWay() bool { return s.Pending.OrderID != "" }

// Wake says whether a subscription has something to do by itself, and when: a
// run that was started is to be ended as soon as possible.
func Wake(s State) (active bool, at time.Time) {
	switch sub := s.Subscription; {
	case sub == nil:
		return false, time.Time{}
	case sub.UnderWay():
		return true, sub.Pending.StartedAt
	case sub.Status == Ordering && !sub.NextRun.IsZero():
		return true, sub.NextRun
	}
	return false, time.Time{}
}

// digits are Crockford's base 32 in lower case.
var digits = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// OrderID is the id of the order of a run. It follows from the subscription and
// the run, so that a run places one order however often it is tried.
func OrderID(subscription string, run int64) string {
	sum := sha256.Sum256([]byte("run\x00" + subscription + "\x00" + strconv.FormatInt(run, 10)))
	return "as-" + digits.EncodeToString(sum[:])[:20]
}

// evolve folds one event of a subscription into a copy.
func (s *Subscription) evolve(e subscriptionEvent) *Subscription {
	var was Subscription
	if s != nil {
		was = *s
	}
	is := being(e.GetSubscription())
	is.Pending, is.Revision = was.Pending, was.Revision+1
	switch e := e.(type) {
	case *customerv1.SubscriptionRunStarted:
		is.Pending = Run{N: e.GetRun(), OrderID: e.GetOrderId(), DueAt: timeOf(e.GetDueAt()), StartedAt: timeOf(e.GetAt())}
	case *customerv1.SubscriptionRenewed, *customerv1.SubscriptionRunRefused:
		is.Pending = Run{}
	}
	return &is
}

// subscriptionEvent is what the events of a subscription have in common.
type subscriptionEvent interface {
	proto.Message
	GetSubscription() *customerv1.Subscription
}

// being is the subscription as an event has it.
func being(m *customerv1.Subscription) Subscription {
	s := Subscription{
		ID: m.GetSubscriptionId(), Number: m.GetNumber(), AssociateID: m.GetAssociateId(), AssociateNumber: m.GetAssociateNumber(),
		Status: m.GetStatus(), NextRun: timeOf(m.GetNextRunAt()), Runs: m.GetRuns(),
		LastOrderID: m.GetLastOrderId(), LastRefusal: m.GetLastRefusal(), CreatedAt: timeOf(m.GetCreatedAt()),
		Terms: Terms{
			Name: m.GetName(), Currency: m.GetCurrencyCode(), EndsAt: timeOf(m.GetEndsAt()),
			Payment: Payment{Gateway: m.GetPaymentGateway(), Token: m.GetPaymentToken()},
			Address: addressOf(m.GetShippingAddress()),
			Interval: Interval{
				Unit: m.GetInterval().GetUnit(), Every: m.GetInterval().GetEvery(), DayOfMonth: m.GetInterval().GetDayOfMonth(),
			},
		},
	}
	for _, l := range m.GetLines() {
		s.Terms.Lines = append(s.Terms.Lines, Line{SKU: l.GetSkuId(), Name: l.GetName(), Quantity: l.GetQuantity(), UnitPriceMinor: l.GetUnitPriceMinor()})
	}
	return s
}

// Message is the subscription as events have it, without its revision.
func (s Subscription) Message() *customerv1.Subscription {
	t := s.Terms
	m := &customerv1.Subscription{
		SubscriptionId: s.ID, Number: s.Number, AssociateId: s.AssociateID, AssociateNumber: s.AssociateNumber,
		Status: s.Status, NextRunAt: stamp(s.NextRun), Runs: s.Runs,
		LastOrderId: s.LastOrderID, LastRefusal: s.LastRefusal, PendingOrderId: s.Pending.OrderID, CreatedAt: stamp(s.CreatedAt),
		Name: t.Name, CurrencyCode: t.Currency, EndsAt: stamp(t.EndsAt), PaymentGateway: t.Payment.Gateway, PaymentToken: t.Payment.Token,
		ShippingAddress: t.Address.message(),
		Interval:        &customerv1.Interval{Unit: t.Interval.Unit, Every: t.Interval.Every, DayOfMonth: t.Interval.DayOfMonth},
	}
	for _, l := range t.Lines {
		m.Lines = append(m.Lines, &customerv1.SubscriptionLine{SkuId: l.SKU, Name: l.Name, Quantity: l.Quantity, UnitPriceMinor: l.UnitPriceMinor})
	}
	return m
}

func addressOf(a *orderv1.Address) *Address {
	if a == nil {
		return nil
	}
	return &Address{
		FirstName: a.GetFirstName(), LastName: a.GetLastName(), Company: a.GetCompany(), Line1: a.GetLine1(), Line2: a.GetLine2(),
		City: a.GetCity(), Region: a.GetRegion(), PostalCode: a.GetPostalCode(), CountryCode: a.GetCountryCode(),
		Phone: a.GetPhone(), Email: a.GetEmail(),
	}
}

func (a *Address) message() *orderv1.Address {
	if a == nil {
		return nil
	}
	return &orderv1.Address{
		FirstName: a.FirstName, LastName: a.LastName, Company: a.Company, Line1: a.Line1, Line2: a.Line2,
		City: a.City, Region: a.Region, PostalCode: a.PostalCode, CountryCode: a.CountryCode, Phone: a.Phone, Email: a.Email,
	}
}

// comes is a run if the subscription still orders then, or else none.
func (t Terms) comes(run time.Time) time.Time {
	if !t.EndsAt.IsZero() && !run.Before(t.EndsAt) {
		return time.Time{}
	}
	return run
}

// next is the subscription with its run behind it. A run that was put off, or
// moved, while this one was under way stays as it is.
func (s Subscription) next(r Run, now time.Time) Subscription {
	s.Pending, s.Runs = Run{}, cmp.Or(r.N, s.Runs+1)
	if s.Status != Void && s.NextRun.Equal(r.DueAt) {
		s.NextRun = s.Terms.comes(s.Terms.Interval.After(r.DueAt, now))
	}
	return s
}
