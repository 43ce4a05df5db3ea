package endpoint

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Range is a stretch of the delivery log that is delivered again; the zero value
// is none.
type Range struct {
	// From and To are positions; both included.
	From, To uint64
	// ParkedOnly leaves out what was delivered.
	ParkedOnly bool
	// Type and OrderID narrow it; empty is all.
	Type, OrderID string
}

// Message is the range in the words of the log.
func (r Range) Message() *deliveryv1.Replay {
	return &deliveryv1.Replay{FromPosition: r.From, ToPosition: r.To, ParkedOnly: r.ParkedOnly, Type: r.Type, OrderId: r.OrderID}
}

func rangeOf(m *deliveryv1.Replay) Range {
	return Range{From: m.GetFromPosition(), To: m.GetToPosition(), ParkedOnly: m.GetParkedOnly(), Type: m.GetType(), OrderID: m.GetOrderId()}
}

// after is what is left of a replay.
func (r Range) after(e *deliveryv1.DeliveriesRequeued) Range {
	switch {
	case e.GetReplayDone():
		return Range{}
	case e.GetAfterPosition() > 0 && r.To > 0:
		r.From = e.GetAfterPosition() + 1
	}
	return r
}

// Replay delivers a stretch of the log to an endpoint again. One is under way at
// a time.
type Replay struct {
	EndpointID string
	Range      Range
	Now        time.Time
}

// Decide implements eventstore.Transaction.
func (c Replay) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	s, err := existing(load, c.EndpointID)
	switch {
	case err != nil:
		return err
	case c.Range.From == 0 || c.Range.To < c.Range.From:
		return fault.Field("to_position", "must not be before from_position, which begins at 1")
	case s.Replay == c.Range:
		return nil
	case s.Replay != Range{}:
		return fault.New(fault.Precondition, "replay_under_way", "endpoint %q is replaying up to position %d", c.EndpointID, s.Replay.To)
	}
	record(ID(c.EndpointID), &deliveryv1.ReplayStarted{Replay: c.Range.Message(), At: timestamppb.New(c.Now)})
	return nil
}

// Ref names a notice by its place in the delivery log.
type Ref struct {
	Position uint64
	Place    uint32
}

// Before says whether a notice was queued before another.
func (r Ref) Before(o Ref) bool {
	return r.Position < o.Position || r.Position == o.Position && r.Place < o.Place
}

// Requeue delivers notices to an endpoint again, from their first attempt on:
// some that somebody names, or the next ones of a replay.
type Requeue struct {
	EndpointID string
	Notices    []Ref
	// Of is the replay that they belong to, as it is under way; the zero value
	// is none. After is where it goes on, and Done says that it does not.
	Of    Range
	After uint64
	Done  bool
	Now   time.Time
}

// Decide implements eventstore.Transaction.
func (c Requeue) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	s, err := existing(load, c.EndpointID)
	switch {
	case err != nil:
		return err
	case c.Of != Range{} && s.Replay != c.Of:
		return fault.New(fault.Conflict, "replay_moved", "the replay of endpoint %q is elsewhere", c.EndpointID)
	case c.Of == Range{} && s.Config.GetStatus() == Disabled:
		return fault.New(fault.Precondition, "endpoint_disabled", "endpoint %q is disabled; enable it first", c.EndpointID)
	case len(c.Notices) == 0 && !c.Done && c.After == 0:
		return nil
	}
	m := &deliveryv1.DeliveriesRequeued{EndpointId: c.EndpointID, AfterPosition: c.After, ReplayDone: c.Done, At: timestamppb.New(c.Now)}
	for _, r := range c.Notices {
		m.Notices = append(m.Notices, &deliveryv1.NoticeRef{Position: r.Position, Place: r.Place})
	}
	record(ID(c.EndpointID), m)
	return nil
}

// FirstPlace is the place of the first notice of a commit that is the i-th of
// its message; the others follow it.
func FirstPlace(i int) uint32 { return uint32(i) << 16 } //nolint:gosec // a message has few commits
