package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/eventstore"
	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

func (s customers) CreateSubscription(
	ctx context.Context, req *customerv1.CreateSubscriptionRequest,
) (*customerv1.CreateSubscriptionResponse, error) {
	id := s.nameOf(ctx, "subscription", req.GetSubscriptionId(), req)
	sub, res, err := s.runSubscription(ctx, req, id, customer.CreateSubscription{
		ID: id, AssociateID: req.GetAssociateId(), Name: req.GetName(), Items: subscribedOf(req.GetItems()),
		Payment: payerOf(req.GetPayment()), Address: shippedToOf(req.GetShippingAddress()), Interval: intervalOf(req.GetSchedule()),
		FirstRun: timeOf(req.GetFirstRunAt()), EndsAt: timeOf(req.GetEndsAt()), Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &customerv1.CreateSubscriptionResponse{Subscription: sub, Position: res.Position, Repeated: res.Repeated}, nil
}

func (s customers) UpdateSubscription(
	ctx context.Context, req *customerv1.UpdateSubscriptionRequest,
) (*customerv1.UpdateSubscriptionResponse, error) {
	c := customer.UpdateSubscription{
		ID: req.GetSubscriptionId(), Name: req.Name, Items: subscribedOf(req.GetItems()),
		Address: shippedToOf(req.GetShippingAddress()), NextRun: timeGiven(req.GetNextRunAt()), EndsAt: timeGiven(req.GetEndsAt()),
		ExpectRevision: req.GetExpectedRevision(), Now: s.now(),
	}
	if req.GetPayment() != nil {
		c.Payment = new(payerOf(req.GetPayment()))
	}
	if req.GetSchedule() != nil {
		c.Interval = new(intervalOf(req.GetSchedule()))
	}
	if req.GetClearEndsAt() {
		c.EndsAt = new(time.Time{})
	}
	sub, res, err := s.runSubscription(ctx, req, c.ID, c)
	if err != nil {
		return nil, err
	}
	return &customerv1.UpdateSubscriptionResponse{Subscription: sub, Position: res.Position, Repeated: res.Repeated}, nil
}

func (s customers) PauseSubscription(
	ctx context.Context, req *customerv1.PauseSubscriptionRequest,
) (*customerv1.PauseSubscriptionResponse, error) {
	sub, res, err := s.runSubscription(ctx, req, req.GetSubscriptionId(), customer.Pause{
		ID: req.GetSubscriptionId(), Reason: req.GetReason(), ExpectRevision: req.GetExpectedRevision(), Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &customerv1.PauseSubscriptionResponse{Subscription: sub, Position: res.Position, Repeated: res.Repeated}, nil
}

func (s customers) ResumeSubscription(
	ctx context.Context, req *customerv1.ResumeSubscriptionRequest,
) (*customerv1.ResumeSubscriptionResponse, error) {
	sub, res, err := s.runSubscription(ctx, req, req.GetSubscriptionId(), customer.Resume{
		ID: req.GetSubscriptionId(), ExpectRevision: req.GetExpectedRevision(), Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &customerv1.ResumeSubscriptionResponse{Subscription: sub, Position: res.Position, Repeated: res.Repeated}, nil
}

func (s customers) VoidSubscription(
	ctx context.Context, req *customerv1.VoidSubscriptionRequest,
) (*customerv1.VoidSubscriptionResponse, error) {
	sub, res, err := s.runSubscription(ctx, req, req.GetSubscriptionId(), customer.VoidSubscription{
		ID: req.GetSubscriptionId(), Reason: req.GetReason(), ExpectRevision: req.GetExpectedRevision(), Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &customerv1.VoidSubscriptionResponse{Subscription: sub, Position: res.Position, Repeated: res.Repeated}, nil
}

// GetSubscription reads a subscription from the log's own state, which is never
// late; only the id of a number is looked up in the view.
func (s customers) GetSubscription(
	ctx context.Context, req *customerv1.GetSubscriptionRequest,
) (*customerv1.GetSubscriptionResponse, error) {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	tenant, id := callOf(ctx).Tenant, req.GetSubscriptionId()
	if key, ok := req.GetKey().(*customerv1.GetSubscriptionRequest_Number); ok {
		var err error
		if id, err = s.view.SubscriptionID(tenant, key.Number); err != nil {
			return nil, err
		}
	}
	snap, err := s.log.Read(ctx, tenant, customer.Scope, customer.SubscriptionID(id))
	if err != nil {
		return nil, err
	}
	if snap.State.Subscription == nil {
		return nil, fault.New(fault.NotFound, "unknown_subscription", "subscription_id: there is no subscription %q", id)
	}
	return &customerv1.GetSubscriptionResponse{Subscription: subscriptionOf(snap.State.Subscription)}, nil
}

func (s customers) ListSubscriptions(
	ctx context.Context, req *customerv1.ListSubscriptionsRequest,
) (*customerv1.ListSubscriptionsResponse, error) {
	if req.GetByNextRun() && req.GetAssociateId() != "" {
		return nil, fault.Field("by_next_run", "must not be set together with associate_id")
	}
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	list := func(tenant string, shown func(*customerv1.Subscription) bool, size int, token string) ([]*customerv1.Subscription, string, error) {
		return s.view.Subscriptions(tenant, req.GetAssociateId(), shown, size, token)
	}
	if req.GetByNextRun() {
		list = s.view.NextRuns
	}
	shown := func(sub *customerv1.Subscription) bool {
		return req.GetStatus() == 0 || sub.GetStatus() == req.GetStatus()
	}
	page, next, err := list(callOf(ctx).Tenant, shown, int(req.GetPageSize()), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &customerv1.ListSubscriptionsResponse{Subscriptions: page, NextPageToken: next}, nil
}

// runSubscription runs a command on a subscription and returns it as it is then.
func (s customers) runSubscription(
	ctx context.Context, req keyed, id string, c eventstore.Transaction[customer.State],
) (*customerv1.Subscription, eventstore.Result[customer.State], error) {
	state, res, err := s.run(ctx, req, customer.SubscriptionID(id), c)
	return subscriptionOf(state.Subscription), res, err
}

// subscriptionOf is a subscription as callers see it: without the token.
func subscriptionOf(sub *customer.Subscription) *customerv1.Subscription {
	if sub == nil {
		return nil
	}
	m := sub.Message()
	m.Revision, m.PaymentToken = sub.Revision, ""
	return m
}

func subscribedOf(all *customerv1.SubscriptionItems) (items []customer.Item) {
	for _, i := range all.GetItems() {
		items = append(items, customer.Item{SKU: i.GetSkuId(), Name: i.GetName(), Quantity: i.GetQuantity(), UnitPrice: amountOf(i.GetUnitPrice())})
	}
	return items
}

func payerOf(p *customerv1.SubscriptionPayment) customer.Payment {
	return customer.Payment{Gateway: p.GetGateway(), Token: p.GetToken()}
}

func intervalOf(s *customerv1.Schedule) customer.Interval {
	return customer.Interval{Unit: s.GetUnit(), Every: s.GetEvery(), DayOfMonth: s.GetDayOfMonth()}
}

func shippedToOf(a *orderv1.Address) *customer.Address {
	to := addressOf(a)
	if to == nil {
		return nil
	}
	return new(customer.Address(*to))
}

// timeGiven keeps a time that was not given apart from every other.
func timeGiven(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.AsTime())
}
