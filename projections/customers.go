package projections

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/internal/fault"
)

// bucketAssociates holds the accounts by id, bucketSubscriptions the
// subscriptions by account and id. bucketAssociateNumbers and
// bucketSubscriptionNumbers have the id of each number. bucketNextRuns holds
// once more the subscriptions that will order, by when they do.
const (
	bucketAssociates          = "associates"
	bucketAssociateNumbers    = "associate_numbers"
	bucketSubscriptions       = "subscriptions"
	bucketSubscriptionNumbers = "subscription_numbers"
	bucketNextRuns            = "next_runs"
)

// CustomersProjector folds the customer log into accounts and their
// subscriptions. Customers reads them.
func CustomersProjector() Projector {
	return Projector{Name: "customers", Version: 1, Log: "customer", Main: bucketAssociates, Project: projectCustomers}
}

func projectCustomers(tx *Tx, c eventstore.Commit, events []eventstore.Recorded) error {
	for _, rec := range events {
		var err error
		switch e := rec.Event.(type) {
		case associateEvent:
			changeAssociate(tx, c.GetTenant(), rec.Revision, e.GetAssociate())
		case subscriptionEvent:
			err = changeSubscription(tx, c.GetTenant(), rec.Revision, e.GetSubscription())
		case *customerv1.UsernameClaimed, *customerv1.UsernameFreed:
			// Whose it is, is told by the events beside it.
		default:
			tx.Unknown()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", rec.Aggregate, err)
		}
	}
	return nil
}

// associateEvent is what the events of an account have in common.
type associateEvent interface {
	proto.Message
	GetAssociate() *customerv1.Associate
}

// changeAssociate keeps the account as an event has it.
func changeAssociate(tx *Tx, tenant string, revision uint64, a *customerv1.Associate) {
	row := proto.CloneOf(a)
	row.Revision = revision
	tx.Keep(bucketAssociates, key(tenant, textKey(a.GetAssociateId())), row)
	tx.Put(bucketAssociateNumbers, key(tenant, number(a.GetNumber())), []byte(a.GetAssociateId()))
}

// subscriptionEvent is what the events of a subscription have in common.
type subscriptionEvent interface {
	proto.Message
	GetSubscription() *customerv1.Subscription
}

// changeSubscription keeps the subscription as an event has it, without the
// token that pays.
func changeSubscription(tx *Tx, tenant string, revision uint64, s *customerv1.Subscription) error {
	row := proto.CloneOf(s)
	row.Revision, row.PaymentToken = revision, ""
	k := key(tenant, textKey(s.GetAssociateId()), textKey(s.GetSubscriptionId()))
	old, ok, err := Row[*customerv1.Subscription](tx, bucketSubscriptions, k)
	if err != nil {
		return err
	}
	if ok && comes(old) {
		tx.Delete(bucketNextRuns, nextRunKey(tenant, old))
	}
	if comes(row) {
		raw, err := encodeRow(row)
		if err != nil {
			return err
		}
		tx.Put(bucketNextRuns, nextRunKey(tenant, row), raw)
	}
	tx.Keep(bucketSubscriptions, k, row)
	tx.Put(bucketSubscriptionNumbers, key(tenant, number(s.GetNumber())), []byte(s.GetSubscriptionId()))
	return nil
}

// comes reports whether a subscription will order by itself.
func comes(s *customerv1.Subscription) bool {
	return s.GetStatus() == customerv1.SubscriptionStatus_SUBSCRIPTION_STATUS_ACTIVE && s.GetNextRunAt() != nil
}

func nextRunKey(tenant string, s *customerv1.Subscription) []byte {
	return key(tenant, instant(s.GetNextRunAt().AsTime()), textKey(s.GetSubscriptionId()))
}

// Customers reads the view of accounts and subscriptions.
type Customers struct {
	// View is that of a runner of CustomersProjector.
	View *View
}

// AssociateID returns the id of the account that has a number; NotFound when
// none has.
func (v Customers) AssociateID(tenant string, n int64) (id string, err error) {
	return v.named(bucketAssociateNumbers, tenant, n, "unknown_associate", "number: there is no account %d")
}

// Associates returns a page of the accounts that are to be shown, by id, and
// the cursor of the next page; it is empty on the last one.
func (v Customers) Associates(
	tenant string, shown func(*customerv1.Associate) bool, size int, token string,
) (all []*customerv1.Associate, next string, err error) {
	return pageOf(v.View, bucketAssociates, key(tenant), nil, size, token, shown)
}

// SubscriptionID returns the id of the subscription that has a number; NotFound
// when none has.
func (v Customers) SubscriptionID(tenant string, n int64) (id string, err error) {
	return v.named(bucketSubscriptionNumbers, tenant, n, "unknown_subscription", "number: there is no subscription %d")
}

// Subscriptions returns a page of the subscriptions that are to be shown, by
// account and id, and the cursor of the next page. With an account, only its.
func (v Customers) Subscriptions(
	tenant, associate string, shown func(*customerv1.Subscription) bool, size int, token string,
) (all []*customerv1.Subscription, next string, err error) {
	prefix := key(tenant)
	if associate != "" {
		prefix = key(tenant, textKey(associate))
	}
	return pageOf(v.View, bucketSubscriptions, prefix, nil, size, token, shown)
}

// NextRuns is Subscriptions of all accounts that will order, the first to do
// so first.
func (v Customers) NextRuns(
	tenant string, shown func(*customerv1.Subscription) bool, size int, token string,
) (all []*customerv1.Subscription, next string, err error) {
	return pageOf(v.View, bucketNextRuns, key(tenant), nil, size, token, shown)
}

// named is the id that a number stands for.
func (v Customers) named(bucket, tenant string, n int64, reason, text string) (id string, err error) {
	err = v.View.Read(func(tx *ReadTx) error {
		id = string(tx.Get(bucket, key(tenant, number(n))))
		return nil
	})
	if err == nil && id == "" {
		err = fault.New(fault.NotFound, reason, text, n)
	}
	return id, err
}
