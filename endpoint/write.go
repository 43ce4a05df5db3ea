package endpoint

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Create makes an endpoint. It hears what happens from now on.
type Create struct {
	// Config of the endpoint, with an id, checked by the edge as far as it
	// concerns addresses and secrets.
	Config Config
	// Account that asks, for a Dsco webhook.
	Account Account
	// Heads are the ends of the logs: where a feed begins that is not there yet.
	Heads map[string]uint64
	Now   time.Time
}

// Decide implements eventstore.Transaction.
func (c Create) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	e := proto.CloneOf(c.Config.Endpoint)
	id := ID(e.GetEndpointId())
	if load(id).Config.Endpoint != nil {
		return fault.New(fault.Conflict, "endpoint_exists", "endpoint_id: endpoint %q exists", e.GetEndpointId())
	}
	if err := complete(e, c.Account); err != nil {
		return err
	}
	e.CreatedAt, e.UpdatedAt = timestamppb.New(c.Now), timestamppb.New(c.Now)
	for _, log := range sortedKeys(c.Heads) {
		if load(FeedID(log)).Feed.Log == "" {
			record(FeedID(log), &deliveryv1.FeedStarted{Log: log, Position: c.Heads[log]})
		}
	}
	record(id, &deliveryv1.EndpointCreated{Endpoint: e})
	return nil
}

// Update sets up an endpoint anew. Its id, status, and what the service sets
// stay.
type Update struct {
	// Config of the endpoint, all of it.
	Config Config
	// Account that asks, for a Dsco webhook.
	Account Account
	// Was is when the endpoint that this was made of was updated: another one is
	// a conflict. The zero time does not mind.
	Was time.Time
	Now time.Time
}

// Decide implements eventstore.Transaction.
func (c Update) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	e := proto.CloneOf(c.Config.Endpoint)
	s, err := existing(load, e.GetEndpointId())
	if err != nil {
		return err
	}
	was := s.Config
	if !c.Was.IsZero() && !was.GetUpdatedAt().AsTime().Equal(c.Was) {
		return fault.New(fault.Conflict, "endpoint_changed", "endpoint_id: endpoint %q was updated by somebody else: read it again", e.GetEndpointId())
	}
	e.Status, e.StatusReason, e.CreatedAt, e.CreatedBy = was.GetStatus(), was.GetStatusReason(), was.GetCreatedAt(), was.GetCreatedBy()
	if err := complete(e, c.Account); err != nil {
		return err
	}
	e.UpdatedAt = was.GetUpdatedAt()
	if proto.Equal(e, was.Endpoint) {
		return nil
	}
	e.UpdatedAt = timestamppb.New(c.Now)
	record(ID(e.GetEndpointId()), &deliveryv1.EndpointUpdated{Endpoint: e})
	return nil
}

// SetStatus turns an endpoint on or off.
type SetStatus struct {
	EndpointID string
	Status     Status
	// Reason is a stable code, Message is for people.
	Reason, Message string
	// SkipKept lets go of what was kept while the endpoint was suspended.
	SkipKept bool
	Now      time.Time
}

// Decide implements eventstore.Transaction.
func (c SetStatus) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	if c.Status != Enabled && c.Status != Disabled && c.Status != Suspended {
		return fault.Field("status", "must be enabled, disabled or suspended")
	}
	s, err := existing(load, c.EndpointID)
	if err != nil {
		return err
	}
	if s.Config.GetStatus() == c.Status && !c.SkipKept {
		return nil
	}
	record(ID(c.EndpointID), &deliveryv1.EndpointStatusChanged{
		Status: c.Status, Reason: c.Reason, Message: c.Message, SkipKept: c.SkipKept, At: timestamppb.New(c.Now),
	})
	return nil
}

// Delete ends an endpoint. Asked twice is done once.
type Delete struct {
	EndpointID string
	Now        time.Time
}

// Decide implements eventstore.Transaction.
func (c Delete) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	s := load(ID(c.EndpointID))
	switch {
	case s.Config.Endpoint == nil:
		return notFound(c.EndpointID)
	case s.Config.GetStatus() != Deleted:
		record(ID(c.EndpointID), &deliveryv1.EndpointDeleted{At: timestamppb.New(c.Now)})
	}
	return nil
}

func existing(load func(id string) State, id string) (State, error) {
	s := load(ID(id))
	if !s.Exists() {
		return s, notFound(id)
	}
	return s, nil
}

func notFound(id string) error {
	return fault.New(fault.NotFound, "endpoint_not_found", "endpoint_id: there is no endpoint %q", id)
}
