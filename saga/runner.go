package saga

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/order"
)

// Runner is the part of the saga that does I/O: it sends what Next requested,
// records what participants answer, and wakes orders whose time has come.
// Everything it knows is in the log: whoever begins to own a partition sends
// again what was not answered there, under the same ids.
type Runner struct {
	queues *workqueue.Queues
	log    eventstore.Log[order.Order]
	now    func() time.Time
	sends  chan send
	hooks  Hooks
}

// Hooks see the saga at work; each may be nil.
type Hooks struct {
	// Sent: a request of a step left, for the given time.
	Sent func(step orderv1.Step, attempt uint32)
	// Answered: an answer was recorded.
	Answered func(step orderv1.Step, succeeded bool)
	// Sending: a request is about to leave, because of what happened in a trace.
	// The request carries the trace context that comes back; ended is called
	// when it has left, or has not.
	Sending func(traceparent, tenant string, r Request) (next string, ended func(error))
	// Recording: an answer that came in a trace is about to be recorded, in the
	// trace context that comes back; ended is called when it was, or was not.
	Recording func(traceparent, tenant, orderID string, a order.Answer) (next string, ended func(error))
}

// send is a request with its surroundings.
type send struct {
	tenant, correlation, causation, traceparent string
	request                                     Request
}

// NewRunner returns a runner that is not attached to a log yet. Its Committed
// belongs into the log that Attach is given.
func NewRunner(q *workqueue.Queues, now func() time.Time, hooks Hooks) *Runner {
	return &Runner{queues: q, now: now, sends: make(chan send, 16_384), hooks: hooks}
}

// Attach gives the runner its log. It is called once, before Run.
func (r *Runner) Attach(log eventstore.Log[order.Order]) { r.log = log }

// Committed queues the request that a durable commit made. It waits when the
// sender is far behind, which holds back the log: better than forgetting.
func (r *Runner) Committed(c eventstore.Commit, events []proto.Message, o order.Order) {
	if !slices.ContainsFunc(events, isRequest) {
		return
	}
	st, waiting := Pending(o)
	if !waiting {
		return
	}
	r.sends <- send{
		tenant: c.GetTenant(), correlation: c.GetCorrelationId(), causation: c.GetId(), traceparent: c.GetTraceparent(),
		request: RequestFor(o, st),
	}
}

func isRequest(e proto.Message) bool {
	_, ok := e.(*orderv1.StepRequested)
	return ok
}

// Run sends, listens and wakes until the context ends.
func (r *Runner) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.sendLoop(ctx) })
	g.Go(func() error { return r.listen(ctx) })
	g.Go(func() error { return r.wake(ctx) })
	return g.Wait()
}

func (r *Runner) sendLoop(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case s := <-r.sends:
			if err := r.send(s); err != nil {
				// The order's deadline sends it again.
				slog.LogAttrs(ctx, slog.LevelWarn, "request not sent", slog.String("request", s.request.ID), slog.Any("error", err))
			}
		}
	}
}

func (r *Runner) send(s send) (err error) {
	if r.hooks.Sending != nil {
		var ended func(error)
		s.traceparent, ended = r.hooks.Sending(s.traceparent, s.tenant, s.request)
		defer func() { ended(err) }()
	}
	data, err := json.Marshal(s.request.Payload)
	if err != nil {
		return fmt.Errorf("request %s: %w", s.request.ID, err)
	}
	m := nats.NewMsg(s.request.Queue)
	m.Data = data
	m.Header = nats.Header(s.request.Headers())
	m.Header[skava.HeaderReplyTo] = []string{workqueue.ReplySubject(participantOf[s.request.Queue])}
	m.Header[workqueue.HeaderTenant] = []string{s.tenant}
	m.Header[workqueue.HeaderCorrelationID] = []string{s.correlation}
	m.Header[workqueue.HeaderCausationID] = []string{s.causation}
	if s.traceparent != "" {
		m.Header["traceparent"] = []string{s.traceparent}
	}
	if err := r.queues.Send(m); err != nil {
		return err
	}
	if r.hooks.Sent != nil {
		r.hooks.Sent(s.request.Step, s.request.Attempt)
	}
	return nil
}

// Resume sends what the former owner of a partition asked and did not hear of;
// a former life of this process is one, too. It belongs into the log's OnOwned.
func (r *Runner) Resume(ctx context.Context, partition int, unfinished []eventstore.Snapshot[order.Order]) {
	for _, s := range unfinished {
		st, waiting := Pending(s.State)
		if !waiting {
			continue
		}
		select {
		case r.sends <- send{tenant: s.Tenant, traceparent: s.Traceparent, request: RequestFor(s.State, st)}:
		case <-ctx.Done():
			return
		}
	}
	if len(unfinished) > 0 {
		slog.LogAttrs(ctx, slog.LevelInfo, "sagas resumed", slog.Int("partition", partition), slog.Int("open", len(unfinished)))
	}
}
