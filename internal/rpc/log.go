package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/orderstream/oms/eventstore"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/projections"
)

// Events is the log as followers see it; jsstore.Store is one.
type Events interface {
	// Follow calls f with every message of a log after a position, in order,
	// and waits for new ones until the context ends or f fails.
	Follow(ctx context.Context, log string, after uint64, f func(eventstore.Batch) error) error
	// Head returns the last position of a log; 0 when it is empty.
	Head(ctx context.Context, log string) (uint64, error)
	// At returns the message at a position; ok is false when there is none.
	At(ctx context.Context, log string, position uint64) (b eventstore.Batch, ok bool, err error)
}

// orderLog is the name of the log of orders.
const orderLog = "order"

// events serves LogService.
type events struct{ reads orderReads }

// errDone ends a Follow that has seen enough.
var errDone = errors.New("seen enough")

func (s events) TailEvents(ctx context.Context, req *logv1.TailEventsRequest, stream *connect.ServerStream[logv1.TailEventsResponse]) error {
	log := cmp.Or(req.GetLog(), orderLog)
	head, err := s.reads.stored.Head(ctx, log)
	if err != nil {
		return err
	}
	after := head
	if req.AfterPosition != nil {
		after = req.GetAfterPosition()
	}
	if req.GetUntilHead() && after >= head {
		return nil
	}
	tenant := callOf(ctx).Tenant
	err = s.reads.stored.Follow(ctx, log, after, func(b eventstore.Batch) error {
		for _, c := range b.Commits {
			if err := send(stream, c, tenant); err != nil {
				return err
			}
		}
		if req.GetUntilHead() && b.Position >= head {
			return errDone
		}
		return nil
	})
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

// send sends the events of a commit, if they are the tenant's.
func send(stream *connect.ServerStream[logv1.TailEventsResponse], c eventstore.Commit, tenant string) error {
	if c.GetTenant() != tenant {
		return nil
	}
	recorded, err := c.Recorded()
	if err != nil {
		return err
	}
	for _, r := range recorded {
		e, err := recordedOf(c, r)
		if err != nil {
			return err
		}
		if err := stream.Send(&logv1.TailEventsResponse{Event: e}); err != nil {
			return err
		}
	}
	return nil
}

func (s events) ListOrderEvents(ctx context.Context, req *logv1.ListOrderEventsRequest) (*logv1.ListOrderEventsResponse, error) {
	res := &logv1.ListOrderEventsResponse{}
	err := s.reads.eachEvent(ctx, callOf(ctx).Tenant, req.GetOrderId(), func(c eventstore.Commit, r eventstore.Recorded) error {
		e, err := recordedOf(c, r)
		res.Events = append(res.Events, e)
		return err
	})
	return res, err
}

// eachEvent calls f with every event that is stored of an order, in order, until
// it fails.
func (s orderReads) eachEvent(ctx context.Context, tenant, id string, f func(eventstore.Commit, eventstore.Recorded) error) error {
	refs, err := s.history(ctx, tenant, id)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		b, ok, err := s.stored.At(ctx, orderLog, ref.Position)
		if err != nil {
			return err
		}
		if !ok || ref.Index >= len(b.Commits) {
			return fmt.Errorf("history of order %s: the log has no commit %d at %d", id, ref.Index, ref.Position)
		}
		recorded, err := b.Commits[ref.Index].Recorded()
		if err != nil {
			return err
		}
		for _, r := range recorded {
			if r.Aggregate != id {
				continue
			}
			if err := f(b.Commits[ref.Index], r); err != nil {
				return err
			}
		}
	}
	return nil
}

// history is where the commits of an order are. It shows what is stored now; a
// view that stands still must not hide what it knows.
func (s orderReads) history(ctx context.Context, tenant, id string) ([]projections.CommitRef, error) {
	if err := s.awaitStored(ctx, tenant, id); err != nil && fault.KindOf(err) != fault.Unavailable {
		return nil, err
	}
	return s.view.History(tenant, id)
}

func recordedOf(c eventstore.Commit, r eventstore.Recorded) (*logv1.RecordedEvent, error) {
	data, err := structOf(r.Event)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", r.ID, err)
	}
	return &logv1.RecordedEvent{
		Log: c.Log, Position: c.Position, Type: r.Type, Aggregate: r.Aggregate, Revision: r.Revision,
		Time: c.GetTime(), Tenant: c.GetTenant(), CommitId: c.GetId(), Command: c.GetCommand(), Actor: c.GetActor(),
		CorrelationId: c.GetCorrelationId(), CausationId: c.GetCausationId(), Data: data,
	}, nil
}

// structOf is an event as JSON; none for a type that this build does not know.
func structOf(e proto.Message) (*structpb.Struct, error) {
	if e == nil {
		return nil, nil //nolint:nilnil // an event of a later release is shown without its content
	}
	raw, err := protojson.Marshal(e)
	if err != nil {
		return nil, err
	}
	data := &structpb.Struct{}
	return data, protojson.Unmarshal(raw, data)
}
