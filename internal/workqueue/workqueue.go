// Package workqueue carries requests from sagas to participants and their
// replies back, over JetStream work queues.
//
// The queues are kept in memory. A request follows from the state of the order
// that asks, and is sent again under the same id when no reply comes or when
// the process starts; a participant answers a repeated request as it answered
// before. So a queue that is lost costs time, never an order, and a request
// costs no disk write. Outside services may take a queue over: they consume
// its subject and publish to the message's Reply-To.
package workqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/skava"
)

// StreamReplies holds the replies, on reply.<participant>.<n>; all sagas share
// them, and n is 0.
const StreamReplies = "REPLIES"

// Headers of every message between our own parts, beside those of the source
// system in package skava.
const (
	HeaderTenant        = "Tenant"
	HeaderCorrelationID = "Correlation-Id"
	HeaderCausationID   = "Causation-Id"
)

// Durable consumers: who serves the four queues, and who takes the replies.
const (
	servedAs        = "oms"
	RepliesConsumer = "saga"
)

// DefaultTenant owns what names no tenant.
const DefaultTenant = "default"

// streams of the queues; the fraud queue is ours.
var streams = map[string]string{
	skava.QueueInventory: skava.StreamInventory,
	skava.QueuePromotion: skava.StreamPromotion,
	skava.QueuePayment:   skava.StreamPayment,
	skava.QueueFraud:     "OMS_FRAUD",

	skava.QueueLinkedOrders: "OMS_LINKED_ORDERS",
}

// ReplySubject is where a participant answers the sagas.
func ReplySubject(participant string) string { return "reply." + participant + ".0" }

// Queues sends and serves. It is safe for concurrent use.
type Queues struct {
	nc       *nats.Conn
	js       jetstream.JetStream
	replicas int
	hooks    Hooks
}

// Hooks see the queues at work; each may be nil.
type Hooks struct {
	// PutBack: work failed and is offered again a little later.
	PutBack func(stream string, err error)
	// Dropped: a message that can never be worked on was taken off its queue.
	Dropped func(stream string, err error)
}

// Watch sets the hooks, before anything is served.
func (q *Queues) Watch(h Hooks) { q.hooks = h }

// Open makes the streams that are missing.
func Open(ctx context.Context, nc *nats.Conn, replicas int) (*Queues, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("work queues: %w", err)
	}
	q := &Queues{nc: nc, js: js, replicas: max(replicas, 1)}
	if err := q.ensure(ctx, StreamReplies, "reply.>"); err != nil {
		return nil, err
	}
	if err := q.ensureCommands(ctx); err != nil {
		return nil, err
	}
	for subject, stream := range streams {
		if err := q.ensure(ctx, stream, subject); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// StreamCommands holds commands that come as messages. Unlike the requests of
// sagas nobody asks them again, so they are on disk until they are done.
const StreamCommands = "OMS_COMMANDS"

// SubjectUpdateShipment takes an OrderDelegate about a shipment. It is not the
// subject on which oms tells of shipments, so oms never hears itself.
const SubjectUpdateShipment = "cmd.order.updateshipment"

func (q *Queues) ensureCommands(ctx context.Context) error {
	_, err := q.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: StreamCommands, Subjects: []string{SubjectUpdateShipment, "t.*." + SubjectUpdateShipment}, Retention: jetstream.WorkQueuePolicy,
		Storage: jetstream.FileStorage, Replicas: q.replicas, MaxAge: 7 * 24 * time.Hour, Duplicates: 2 * time.Minute,
	})
	if err != nil {
		return fmt.Errorf("commands: %w", err)
	}
	return nil
}

func (q *Queues) ensure(ctx context.Context, stream, subject string) error {
	_, err := q.js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = q.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: stream, Subjects: []string{subject}, Retention: jetstream.WorkQueuePolicy,
			Storage: jetstream.MemoryStorage, Replicas: q.replicas,
			// What nobody took within an hour is asked again, or given up, by its saga.
			MaxAge: time.Hour, Duplicates: time.Second,
		})
	}
	if err != nil {
		return fmt.Errorf("work queue %s: %w", stream, err)
	}
	return nil
}

// Send puts a message on its queue. It does not wait for the queue: a message
// that is lost is sent again by whoever waits for the answer.
func (q *Queues) Send(m *nats.Msg) error {
	if err := q.nc.PublishMsg(m); err != nil {
		return fmt.Errorf("send to %s: %w", m.Subject, err)
	}
	return nil
}

// Handler does the work of one message and returns the reply, if there is
// one. An invalid message is dropped with a log line, since it never becomes
// valid; any other error puts it back for later.
type Handler func(ctx context.Context, m jetstream.Msg) (*nats.Msg, error)

// retryAfter is how long a message waits after its handler failed.
const retryAfter = 500 * time.Millisecond

// Serve calls h for the messages of a stream that match a filter, up to
// parallel at a time, until the context ends; handlers that run then are
// waited for, and what was not begun goes back to the queue. What
// the server is sending at that moment comes again after a minute; the saga that
// waits for it may ask again earlier. Processes that serve the same consumer share the work.
func (q *Queues) Serve(ctx context.Context, stream, filter, consumer string, parallel int, h Handler) error {
	cons, err := q.js.CreateOrUpdateConsumer(ctx, stream, jetstream.ConsumerConfig{
		Durable: consumer, FilterSubject: filter, AckPolicy: jetstream.AckExplicitPolicy,
		MaxAckPending: 2 * parallel, AckWait: time.Minute, InactiveThreshold: 24 * time.Hour,
	})
	if err != nil {
		return fmt.Errorf("serve %s: %w", filter, err)
	}
	// Workers live as long as the consumer: their stacks grow once.
	work := make(chan jetstream.Msg)
	var running sync.WaitGroup
	for range parallel {
		running.Go(func() {
			for m := range work {
				q.handle(ctx, m, h)
			}
		})
	}
	var left []jetstream.Msg // was not begun when the context ended
	take := func(m jetstream.Msg) {
		if ctx.Err() == nil {
			select {
			case work <- m:
				return
			case <-ctx.Done():
			}
		}
		left = append(left, m)
	}
	sub, err := cons.Consume(take, jetstream.PullMaxMessages(parallel), jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
		slog.LogAttrs(ctx, slog.LevelWarn, "work queue", slog.String("filter", filter), slog.Any("error", err))
	}))
	if err == nil {
		<-ctx.Done()
		sub.Drain()
		<-sub.Closed()
		// Not before the end: the server would give them to this consumer again.
		for _, m := range left {
			_ = m.Nak() // else it would wait for AckWait
		}
	} else {
		err = fmt.Errorf("serve %s: %w", filter, err)
	}
	close(work)
	running.Wait()
	return err
}

// ServeQueue serves one of the four work queues.
func (q *Queues) ServeQueue(ctx context.Context, queue string, parallel int, h Handler) error {
	return q.Serve(ctx, streams[queue], queue, servedAs, parallel, h)
}

func (q *Queues) handle(ctx context.Context, m jetstream.Msg, h Handler) {
	reply, err := h(context.WithoutCancel(ctx), m)
	if err == nil && reply != nil {
		err = q.Send(reply)
	}
	switch {
	case fault.KindOf(err) == fault.Invalid:
		slog.LogAttrs(ctx, slog.LevelError, "work dropped", slog.String("subject", m.Subject()), slog.Any("error", err))
		told(q.hooks.Dropped, m, err)
		err = m.TermWithReason(err.Error())
	case err != nil:
		slog.LogAttrs(ctx, slog.LevelWarn, "work put back", slog.String("subject", m.Subject()), slog.Any("error", err))
		told(q.hooks.PutBack, m, err)
		err = m.NakWithDelay(retryAfter)
	default:
		err = m.Ack()
	}
	if err != nil && ctx.Err() == nil {
		slog.LogAttrs(ctx, slog.LevelWarn, "work not settled", slog.String("subject", m.Subject()), slog.Any("error", err))
	}
}

// told tells a hook about a message.
func told(hook func(string, error), m jetstream.Msg, err error) {
	if hook == nil {
		return
	}
	if meta, bad := m.Metadata(); bad == nil {
		hook(meta.Stream, err)
	}
}
