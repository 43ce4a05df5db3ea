package rpc

import (
	"cmp"
	"context"
	"time"

	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/eventstore"
	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/internal/fault"
)

// CustomerView is the read model of accounts and subscriptions: projections.Customers, with the
// WaitFor of its view.
type CustomerView interface {
	AssociateID(tenant string, number int64) (string, error)
	Associates(tenant string, shown func(*customerv1.Associate) bool, size int, token string) ([]*customerv1.Associate, string, error)
	SubscriptionID(tenant string, number int64) (string, error)
	Subscriptions(tenant, associate string, shown func(*customerv1.Subscription) bool, size int, token string) ([]*customerv1.Subscription, string, error)
	NextRuns(tenant string, shown func(*customerv1.Subscription) bool, size int, token string) ([]*customerv1.Subscription, string, error)
	WaitFor(ctx context.Context, position uint64) error
}

// customers serves CustomerService: accounts here, subscriptions in a file of
// their own.
type customers struct {
	log  eventstore.Log[customer.State]
	view CustomerView
	now  func() time.Time
}

func (s customers) CreateAssociate(ctx context.Context, req *customerv1.CreateAssociateRequest) (*customerv1.CreateAssociateResponse, error) {
	id := s.nameOf(ctx, "associate", req.GetAssociateId(), req)
	a, res, err := s.runAssociate(ctx, req, id, customer.CreateAssociate{
		ID: id, Profile: profileOf(req.GetProfile()), ExpectRevision: req.GetExpectedRevision(), Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &customerv1.CreateAssociateResponse{Associate: a, Position: res.Position, Repeated: res.Repeated}, nil
}

func (s customers) UpdateAssociate(ctx context.Context, req *customerv1.UpdateAssociateRequest) (*customerv1.UpdateAssociateResponse, error) {
	a, res, err := s.runAssociate(ctx, req, req.GetAssociateId(), customer.UpdateAssociate{
		ID: req.GetAssociateId(), Profile: profileOf(req.GetProfile()), ExpectRevision: req.GetExpectedRevision(), Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &customerv1.UpdateAssociateResponse{Associate: a, Position: res.Position, Repeated: res.Repeated}, nil
}

func (s customers) EnrollAssociate(ctx context.Context, req *customerv1.EnrollAssociateRequest) (*customerv1.EnrollAssociateResponse, error) {
	id := s.nameOf(ctx, "associate", req.GetAssociateId(), req)
	a, res, err := s.runAssociate(ctx, req, id, customer.Enroll{
		ID: id, Profile: profileOf(req.GetProfile()), SponsorID: req.GetSponsorId(), EnrolledAt: timeOf(req.GetEnrolledAt()),
		ExpectRevision: req.GetExpectedRevision(), Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &customerv1.EnrollAssociateResponse{Associate: a, Position: res.Position, Repeated: res.Repeated}, nil
}

func (s customers) SetAssociateStatus(
	ctx context.Context, req *customerv1.SetAssociateStatusRequest,
) (*customerv1.SetAssociateStatusResponse, error) {
	a, res, err := s.runAssociate(ctx, req, req.GetAssociateId(), customer.SetStatus{
		ID: req.GetAssociateId(), Status: req.GetStatus(), Reason: req.GetReason(), ExpectRevision: req.GetExpectedRevision(), Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &customerv1.SetAssociateStatusResponse{Associate: a, Position: res.Position, Repeated: res.Repeated}, nil
}

// GetAssociate reads an account from the log's own state, which is never late;
// only the id of a number is looked up in the view.
func (s customers) GetAssociate(ctx context.Context, req *customerv1.GetAssociateRequest) (*customerv1.GetAssociateResponse, error) {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	tenant := callOf(ctx).Tenant
	id, err := s.associateID(ctx, tenant, req)
	if err != nil {
		return nil, err
	}
	snap, err := s.log.Read(ctx, tenant, customer.Scope, customer.AssociateID(id))
	if err != nil {
		return nil, err
	}
	if !snap.State.Associate.Exists() {
		return nil, fault.New(fault.NotFound, "unknown_associate", "associate_id: there is no account %q", id)
	}
	return &customerv1.GetAssociateResponse{Associate: associateOf(snap.State.Associate)}, nil
}

// associateID is the id of the account that a request names.
func (s customers) associateID(ctx context.Context, tenant string, req *customerv1.GetAssociateRequest) (string, error) {
	switch key := req.GetKey().(type) {
	case *customerv1.GetAssociateRequest_Number:
		return s.view.AssociateID(tenant, key.Number)
	case *customerv1.GetAssociateRequest_Username:
		snap, err := s.log.Read(ctx, tenant, customer.Scope, customer.UsernameID(key.Username))
		if err == nil && snap.State.Owner == "" {
			err = fault.New(fault.NotFound, "unknown_associate", "username: there is no account %q", key.Username)
		}
		return snap.State.Owner, err
	}
	return req.GetAssociateId(), nil
}

func (s customers) ListAssociates(ctx context.Context, req *customerv1.ListAssociatesRequest) (*customerv1.ListAssociatesResponse, error) {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	shown := func(a *customerv1.Associate) bool {
		return (req.GetStatus() == 0 || a.GetStatus() == req.GetStatus()) && (req.GetType() == 0 || a.GetType() == req.GetType())
	}
	page, next, err := s.view.Associates(callOf(ctx).Tenant, shown, int(req.GetPageSize()), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &customerv1.ListAssociatesResponse{Associates: page, NextPageToken: next}, nil
}

// nameOf is the id of what a request makes. With an idempotency key it follows
// from the key, so that a repeat comes to the same.
func (s customers) nameOf(ctx context.Context, kind, asked string, req keyed) string {
	if asked == "" && req.GetIdempotencyKey() != "" {
		return idOf(kind, callOf(ctx).Tenant, req.GetIdempotencyKey())
	}
	return cmp.Or(asked, newOrderID(s.now()))
}

// runAssociate runs a command on an account and returns it as it is then.
func (s customers) runAssociate(
	ctx context.Context, req keyed, id string, c eventstore.Transaction[customer.State],
) (*customerv1.Associate, eventstore.Result[customer.State], error) {
	state, res, err := s.run(ctx, req, customer.AssociateID(id), c)
	return associateOf(state.Associate), res, err
}

// run runs the command of a request and returns the aggregate that it is about;
// what the result does not know, as that of a repeat, is read as it is now.
func (s customers) run(
	ctx context.Context, req keyed, id string, c eventstore.Transaction[customer.State],
) (state customer.State, res eventstore.Result[customer.State], err error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return state, res, err
	}
	if res, err = s.log.Transact(ctx, meta, customer.Scope, c); err != nil {
		return state, res, err
	}
	state, ok := res.States[id]
	if !ok {
		snap, err := s.log.Read(ctx, meta.Tenant, customer.Scope, id)
		return snap.State, res, err
	}
	return state, res, nil
}

// associateOf is an account as callers see it.
func associateOf(a customer.Associate) *customerv1.Associate {
	m := a.Message()
	m.Revision = a.Revision
	return m
}

// profileOf is what a request says of an account.
func profileOf(p *customerv1.Profile) customer.Profile {
	if p == nil {
		return customer.Profile{}
	}
	out := customer.Profile{
		Username: p.Username, FirstName: p.FirstName, LastName: p.LastName, Company: p.CompanyName, Email: p.Email,
		Type: p.Type, BackOfficeID: p.BackOfficeId, ExternalReferenceID: p.ExternalReferenceId, CountryCode: p.CountryCode,
	}
	if p.GetWebAliases() != nil {
		out.WebAliases = new(p.GetWebAliases().GetNames())
	}
	return out
}
