// Package endpoint decides about endpoints: where somebody outside hears what
// happens (DirectScale event subscriptions, Dsco webhooks, Event Collector event
// subscriptions, Skava external targets), about what is queued for them, and
// about what became of every attempt to tell them.
//
// An endpoint, the feed of a log and a custom event are aggregates of their own.
// All of a tenant live in one partition with one writer, so what is queued and
// what was attempted is stored in an order that everybody agrees on. Deliveries
// are not aggregates: one is the pair of a notice and an endpoint, and what
// became of it is the fold of the endpoint's attempts, which a read model keeps.
//
// The package is pure: time, chance and ids arrive in commands, and nothing here
// does I/O.
package endpoint

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// Scope is what keeps the deliveries of a tenant together.
const Scope = "delivery"

// Log is the name of the log.
const Log = "delivery"

// Status says whether an endpoint is sent to.
type Status = deliveryv1.EndpointStatus

// Short names of the statuses.
const (
	Enabled   = deliveryv1.EndpointStatus_ENDPOINT_STATUS_ENABLED
	Disabled  = deliveryv1.EndpointStatus_ENDPOINT_STATUS_DISABLED
	Suspended = deliveryv1.EndpointStatus_ENDPOINT_STATUS_SUSPENDED
	Deleted   = deliveryv1.EndpointStatus_ENDPOINT_STATUS_DELETED
)

// State is the state of one aggregate of the delivery log. The aggregate's id
// says which part is used; the others stay zero.
type State struct {
	// Config of an endpoint; its zero value is none.
	Config Config `cbor:"1,keyasint,omitzero"`
	// Health of an endpoint.
	Health Health `cbor:"2,keyasint,omitzero"`
	// Feed of a log; its zero value is none.
	Feed Feed `cbor:"3,keyasint,omitzero"`
	// Custom says that a custom event is defined.
	Custom bool `cbor:"4,keyasint,omitempty"`
	// Replay of an endpoint that is under way; its zero value is none.
	Replay Range `cbor:"5,keyasint,omitzero"`
}

// Health is how an endpoint has been doing since it last took something.
type Health struct {
	// Failures in a row.
	Failures int `cbor:"1,keyasint,omitempty"`
	// FailingSince is when the first of them was; zero when there is none.
	FailingSince time.Time `cbor:"2,keyasint,omitzero"`
	// DeliveredAt is when it last took something; zero for never.
	DeliveredAt time.Time `cbor:"3,keyasint,omitzero"`
}

// Feed is how far the events of a log are queued.
type Feed struct {
	// Log is its name; empty means that there is no feed.
	Log string `cbor:"1,keyasint,omitempty"`
	Cursor
}

// Cursor is a place in a log: behind a message, and behind so many commits of
// the message at the next position.
type Cursor struct {
	Position uint64 `cbor:"2,keyasint,omitempty"`
	Ahead    uint32 `cbor:"3,keyasint,omitempty"`
}

// ID is the id of the aggregate of an endpoint.
func ID(id string) string { return "endpoint/" + id }

// FeedID is the id of the aggregate of a log's feed.
func FeedID(log string) string { return "feed/" + log }

// CustomID is the id of the aggregate of a custom event.
func CustomID(name string) string { return "custom/" + name }

// IDOf takes the id of an endpoint out of that of its aggregate; ok is
// false for any other aggregate.
func IDOf(aggregate string) (id string, ok bool) { return strings.CutPrefix(aggregate, "endpoint/") }

// New returns an aggregate without history.
func New(string, uint64) State { return State{} }

// Exists says whether the state is that of an endpoint that was not deleted.
func (s State) Exists() bool { return s.Config.Endpoint != nil && s.Config.GetStatus() != Deleted }

// Wake keeps endpoints and feeds in the list of what is unfinished: whoever owns
// their partition takes care of them.
func Wake(s State) (active bool, at time.Time) { return s.Exists() || s.Feed.Log != "", time.Time{} }

// Evolve folds one stored event. It never fails and never changes what the given
// state shares.
func Evolve(s State, e proto.Message) State {
	switch e := e.(type) {
	case *deliveryv1.EndpointCreated:
		s.Config = Config{e.GetEndpoint()}
	case *deliveryv1.EndpointUpdated:
		s.Config = Config{e.GetEndpoint()}
	case *deliveryv1.EndpointStatusChanged:
		s.Config = s.Config.with(e.GetStatus(), e.GetReason())
		if e.GetStatus() == Enabled {
			s.Health = Health{DeliveredAt: s.Health.DeliveredAt}
		}
	case *deliveryv1.EndpointDeleted:
		s.Config = s.Config.with(Deleted, "")
		s.Health = Health{}
	case *deliveryv1.AttemptsRecorded:
		s.Health = s.Health.after(e.GetAttempts())
	case *deliveryv1.ReplayStarted:
		s.Replay = rangeOf(e.GetReplay())
	case *deliveryv1.DeliveriesRequeued:
		s.Replay = s.Replay.after(e)
	case *deliveryv1.FeedStarted:
		s.Feed = Feed{e.GetLog(), Cursor{Position: e.GetPosition()}}
	case *deliveryv1.FeedAdvanced:
		s.Feed.Cursor = Cursor{Position: e.GetPosition()}
	case *deliveryv1.NoticesQueued:
		s.Feed.Cursor = Cursor{e.GetPosition(), e.GetAhead()}
	case *deliveryv1.CustomEventDefined:
		s.Custom = true
	}
	return s
}

func (h Health) after(attempts []*deliveryv1.Attempt) Health {
	for _, a := range attempts {
		if a.GetOutcome() == deliveryv1.Outcome_OUTCOME_DELIVERED {
			h = Health{DeliveredAt: a.GetAt().AsTime()}
			continue
		}
		if h.Failures++; h.FailingSince.IsZero() {
			h.FailingSince = a.GetAt().AsTime()
		}
	}
	return h
}

// Config is an endpoint as it was set up. The zero value is none; what it holds
// is shared and must not be changed.
type Config struct{ *deliveryv1.Endpoint }

func (c Config) with(s Status, reason string) Config {
	if c.Endpoint == nil {
		return c
	}
	e := proto.CloneOf(c.Endpoint)
	e.Status, e.StatusReason = s, reason
	return Config{e}
}

// IsZero says that there is no endpoint.
func (c Config) IsZero() bool { return c.Endpoint == nil }

// MarshalBinary is the stored form.
func (c Config) MarshalBinary() ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(c.Endpoint)
}

// UnmarshalBinary reads the stored form.
func (c *Config) UnmarshalBinary(b []byte) error {
	c.Endpoint = new(deliveryv1.Endpoint)
	return proto.Unmarshal(b, c.Endpoint)
}

// Token names the events that there are many of alike, so that they share
// messages of the log, and disk flushes: notices that are queued and attempts
// that were made, at the same time and all the time.
func Token(e proto.Message) string {
	switch e.(type) {
	case *deliveryv1.NoticesQueued, *deliveryv1.AttemptsRecorded, *deliveryv1.FeedAdvanced, *deliveryv1.DeliveriesRequeued:
		return "traffic"
	}
	return strings.ToLower(string(e.ProtoReflect().Descriptor().Name()))
}
