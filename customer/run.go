package customer

import (
	"time"

	"google.golang.org/protobuf/proto"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
)

// Reasons of refused runs that come from here and not from the order.
const (
	// AssociateNotActive: the account is deleted, suspended or terminated.
	AssociateNotActive = "associate_not_active"
	// SubscriptionEnded: the run was due before the end, and is made up for
	// after it.
	SubscriptionEnded = "subscription_ended"
	// OrderIDTaken: somebody else has an order of the run's id.
	OrderIDTaken = "order_id_taken"
)

// StartRun begins the run that is due. It is stored before anything is ordered,
// so that whatever becomes of the process the run is brought to its end.
type StartRun struct {
	ID  string
	Now time.Time
}

// Decide starts a run if one is due and none is under way. Of runs that were
// missed only the first is made up for; those behind it are left out.
func (c StartRun) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	sub := load(SubscriptionID(c.ID)).Subscription
	if sub == nil || sub.Status != Ordering || sub.UnderWay() || sub.NextRun.IsZero() || c.Now.Before(sub.NextRun) {
		return nil
	}
	s := *sub
	run := Run{N: s.Runs + 1, OrderID: OrderID(s.ID, s.Runs+1), DueAt: s.NextRun}
	switch {
	case s.Terms.comes(c.Now).IsZero():
		run.OrderID = ""
		refuse(s, run, SubscriptionEnded, "it ended while the run was late", c.Now, record)
	case !load(AssociateID(s.AssociateID)).Associate.Orders():
		run.OrderID = ""
		refuse(s, run, AssociateNotActive, "the account does not order", c.Now, record)
	default:
		s.Pending = run
		record(SubscriptionID(c.ID), &customerv1.SubscriptionRunStarted{
			Subscription: s.Message(), At: stamp(c.Now), Run: run.N, DueAt: stamp(run.DueAt), OrderId: run.OrderID,
		})
	}
	return nil
}

// Renew ends a run with its order.
type Renew struct {
	ID          string
	Run         int64
	OrderNumber int64
	Now         time.Time
}

// Decide ends the run, once, whatever became of the subscription meanwhile.
func (c Renew) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	sub := load(SubscriptionID(c.ID)).Subscription
	if sub == nil || !sub.UnderWay() || sub.Pending.N != c.Run {
		return nil
	}
	run := sub.Pending
	s := sub.next(run, c.Now)
	s.LastOrderID, s.LastRefusal = run.OrderID, ""
	record(SubscriptionID(c.ID), &customerv1.SubscriptionRenewed{
		Subscription: s.Message(), At: stamp(c.Now), Run: run.N, DueAt: stamp(run.DueAt), OrderId: run.OrderID, OrderNumber: c.OrderNumber,
	})
	return nil
}

// RefuseRun ends a run whose order was refused.
type RefuseRun struct {
	ID  string
	Run int64
	// Reason is the stable code of the refusal, Message is for people.
	Reason  string
	Message string
	Now     time.Time
}

// Decide ends the run, once; the next one is tried when its time comes.
func (c RefuseRun) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	sub := load(SubscriptionID(c.ID)).Subscription
	if sub == nil || !sub.UnderWay() || sub.Pending.N != c.Run {
		return nil
	}
	refuse(*sub, sub.Pending, c.Reason, c.Message, c.Now, record)
	return nil
}

// refuse records that a run came to nothing.
func refuse(s Subscription, run Run, reason, message string, now time.Time, record func(id string, e proto.Message)) {
	s = s.next(run, now)
	s.LastRefusal = reason
	record(SubscriptionID(s.ID), &customerv1.SubscriptionRunRefused{
		Subscription: s.Message(), At: stamp(now), Run: run.N, DueAt: stamp(run.DueAt), OrderId: run.OrderID, Reason: reason, Message: message,
	})
}
