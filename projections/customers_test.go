package projections_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/projections"
)

func (w *world) customers() (*log, *opened, projections.Customers) {
	w.Helper()
	p := projections.CustomersProjector()
	l := w.log(&p)
	v := w.run(w.TempDir(), p)
	l.follow(v)
	return l, v, projections.Customers{View: v.View()}
}

func TestAccountsAreShownAsTheyAre(t *testing.T) {
	l, v, customers := newWorld(t).customers()
	ann := func(name string, revision uint64) *customerv1.Associate {
		return &customerv1.Associate{AssociateId: "ann", Number: 1, FirstName: name, Revision: revision}
	}
	l.put("associate/ann", &customerv1.AssociateCreated{Associate: ann("Ann", 0)})
	l.put("username/ann", &customerv1.UsernameClaimed{Username: "ann", AssociateId: "ann"})
	l.put("associate/ann", &customerv1.AssociateUpdated{Associate: ann("Anna", 0)})
	v.reach(l.put("associate/ann", &customerv1.AssociateEnrolled{Associate: ann("Anna", 0)}))
	all, next, err := customers.Associates(tenant, func(*customerv1.Associate) bool { return true }, 0, "")
	if diff := cmp.Diff([]*customerv1.Associate{ann("Anna", 3)}, all, protocmp.Transform()); err != nil || next != "" || diff != "" {
		t.Errorf("%v, next %q, accounts (-want +got):\n%s", err, next, diff)
	}
	if id, err := customers.AssociateID(tenant, 1); id != "ann" || err != nil {
		t.Errorf("number 1 is %q, %v", id, err)
	}
	if id, err := customers.AssociateID("other", 1); fault.ReasonOf(err) != "unknown_associate" {
		t.Errorf("number 1 of another tenant is %q, %v", id, err)
	}
	l.sendAgain(v)
	v.mustEqualRebuilt()
}

func TestSubscriptionsAreListedByAccountAndByTheirNextRun(t *testing.T) {
	l, v, customers := newWorld(t).customers()
	sub := func(id, owner string, n int64, next time.Time) *customerv1.Subscription {
		return &customerv1.Subscription{
			SubscriptionId: id, Number: n, AssociateId: owner, NextRunAt: timestamppb.New(next), PaymentToken: "secret",
			Status: customerv1.SubscriptionStatus_SUBSCRIPTION_STATUS_ACTIVE,
		}
	}
	l.put("subscription/a", &customerv1.SubscriptionCreated{Subscription: sub("a", "ann", 2, noon)})
	l.put("subscription/b", &customerv1.SubscriptionCreated{Subscription: sub("b", "bob", 3, noon.Add(time.Hour))})
	l.put("subscription/c", &customerv1.SubscriptionCreated{Subscription: sub("c", "ann", 4, noon.Add(time.Minute))})
	l.put("subscription/a", &customerv1.SubscriptionRunStarted{Subscription: sub("a", "ann", 2, noon)})
	l.put("subscription/a", &customerv1.SubscriptionRenewed{Subscription: sub("a", "ann", 2, noon.Add(2*time.Hour))})
	ended := sub("c", "ann", 4, noon)
	ended.Status = customerv1.SubscriptionStatus_SUBSCRIPTION_STATUS_VOID
	v.reach(l.put("subscription/c", &customerv1.SubscriptionVoided{Subscription: ended}))

	ids := func(all []*customerv1.Subscription, _ string, err error) (got []string) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		for _, s := range all {
			if s.GetPaymentToken() != "" {
				t.Errorf("%s shows its token", s.GetSubscriptionId())
			}
			got = append(got, s.GetSubscriptionId())
		}
		return got
	}
	every := func(*customerv1.Subscription) bool { return true }
	for name, tt := range map[string]struct{ got, want []string }{
		"of ann":      {ids(customers.Subscriptions(tenant, "ann", every, 0, "")), []string{"a", "c"}},
		"of all":      {ids(customers.Subscriptions(tenant, "", every, 0, "")), []string{"a", "c", "b"}},
		"of nobody":   {ids(customers.Subscriptions(tenant, "an", every, 0, "")), nil},
		"by next run": {ids(customers.NextRuns(tenant, every, 0, "")), []string{"b", "a"}},
		"elsewhere":   {ids(customers.NextRuns("other", every, 0, "")), nil},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if id, err := customers.SubscriptionID(tenant, 3); id != "b" || err != nil {
		t.Errorf("number 3 is %q, %v", id, err)
	}
	l.sendAgain(v)
	v.mustEqualRebuilt()
}
