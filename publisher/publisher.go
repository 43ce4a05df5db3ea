// Package publisher turns the order log into the published subjects: what
// downstream services subscribe to (design: streams ecomm and OmsMsgTopic of
// the Skava order microservice).
//
// It follows the log and appends to each target stream, in log order, exactly
// once. There is no state to lose: every message carries the place in the log
// that it was made from, so the last message of a stream says where that
// stream is, and an append is refused by the server when the stream has moved
// since. A killed publisher, or two of them at once, leave no gap and no
// double.
package publisher

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/orderhistory"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/skavaevents"
	"github.com/orderstream/oms/internal/skavaevents/external"
	"github.com/orderstream/oms/order"
)

// firstWait is how long the publisher rests after a failure; then it doubles.
const firstWait = 50 * time.Millisecond

// pace is the least time between two appends: a batch costs several disk
// flushes however large it is.
const pace = 10 * time.Millisecond

// maxBatch is how many messages go into one append. A larger batch costs no
// more disk flushes, but keeps subscribers waiting.
const maxBatch = 256

// Source is the log as the publisher reads it.
type Source interface {
	Follow(ctx context.Context, log string, after uint64, f func(eventstore.Batch) error) error
}

// Publisher follows the order log.
type Publisher struct {
	source  Source
	orders  func(ctx context.Context, tenant, id string) (order.Order, error)
	targets []*target
	cache   *orderCache

	histories *orderhistory.Histories
	external  external.Config
	hooks     Hooks
	// Progress, when set, is told the log position at the start and after each
	// append.
	Progress func(position uint64)
}

// Config of a publisher; all but History, External, Replicas and MaxAge are required.
type Config struct {
	Source Source
	Conn   *nats.Conn
	// Orders reads the state of one order, for events that do not say enough.
	Orders func(ctx context.Context, tenant, id string) (order.Order, error)
	// History reads the commits of an order up to a log position, for events of
	// orders that were created long ago. Nil leaves out of their messages what
	// only their history knows.
	History func(ctx context.Context, tenant, id string, upTo uint64) ([]eventstore.Commit, error)
	// External events; the zero value sends none.
	External external.Config
	// Replicas of the streams; default 1.
	Replicas int
	// MaxAge of a published message; default 7 days.
	MaxAge time.Duration
	// Hooks see the publisher at work.
	Hooks Hooks
}

// Hooks see the publisher at work; each may be nil and must return at once.
type Hooks struct {
	// Appended: these messages have just become part of a stream, together.
	// Their headers say which event of which trace each is about.
	Appended func(stream string, msgs []*nats.Msg, started time.Time)
}

// Open makes the streams that are missing.
func Open(ctx context.Context, cfg Config) (*Publisher, error) {
	js, err := jetstream.New(cfg.Conn)
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 7 * 24 * time.Hour
	}
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: "OMS_PUBLISHER", Description: "how far each published stream is in the order log", Replicas: max(cfg.Replicas, 1),
	})
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	p := &Publisher{source: cfg.Source, orders: cfg.Orders, cache: newOrderCache(), histories: orderhistory.New(cfg.History), external: cfg.External, hooks: cfg.Hooks}
	if err := cfg.External.Check(); err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	streams := []string{skava.StreamNotifications, skava.StreamProcess}
	if cfg.External.Enabled {
		streams = append(streams, skavaevents.StreamExternal)
	}
	for _, name := range streams {
		t := &target{name: name, js: js, kv: kv, hooks: cfg.Hooks}
		if err := t.ensure(ctx, subjectsOf(name), max(cfg.Replicas, 1), cfg.MaxAge); err != nil {
			return nil, err
		}
		p.targets = append(p.targets, t)
	}
	return p, nil
}

// subjectsOf lists the subjects of a published stream. The default tenant has
// the literal ones; any other tenant's begin with t.<tenant>.
func subjectsOf(stream string) (subjects []string) {
	if stream == skavaevents.StreamExternal {
		return []string{"ext.>", "t.*.ext.>"}
	}
	for _, c := range skava.Channels() {
		if c.Stream == stream {
			subjects = append(subjects, c.Subject, "t.*."+c.Subject)
		}
	}
	return subjects
}

// Run publishes until the context ends. What fails is tried again: the log
// keeps what is still to be said.
func (p *Publisher) Run(ctx context.Context) error {
	for wait := firstWait; ; wait = min(2*wait, 5*time.Second) {
		err := p.follow(ctx, &wait)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // told to stop
		}
		slog.LogAttrs(ctx, slog.LevelWarn, "publishing starts again", slog.Any("error", err))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// follow locates every target and publishes from the one that is furthest
// behind; the others leave out what they have.
func (p *Publisher) follow(ctx context.Context, wait *time.Duration) error {
	from := place{position: ^uint64(0)}
	for _, t := range p.targets {
		if err := t.locate(ctx); err != nil {
			return err
		}
		if t.at.before(from) {
			from = t.at
		}
	}
	after := from.position
	if after > 0 {
		after-- // the message at the place itself may hold more
	}
	if p.Progress != nil {
		p.Progress(after)
	}
	return p.source.Follow(ctx, "order", after, func(b eventstore.Batch) error {
		for _, c := range b.Commits {
			if err := p.add(ctx, c); err != nil {
				return err
			}
		}
		if b.More && p.waiting() < maxBatch {
			return nil
		}
		if err := p.flush(ctx); err != nil {
			return err
		}
		rest(ctx, pace)
		*wait = firstWait // it works again
		if p.Progress != nil {
			p.Progress(b.Position)
		}
		return nil
	})
}

// rest lets messages gather, so that they share a batch and its disk flushes.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (p *Publisher) waiting() (n int) {
	for _, t := range p.targets {
		n = max(n, len(t.waiting))
	}
	return n
}

func (p *Publisher) flush(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, t := range p.targets {
		g.Go(func() error { return t.flush(ctx) })
	}
	return g.Wait()
}

// add queues what a commit has to say.
func (p *Publisher) add(ctx context.Context, c eventstore.Commit) error {
	events, err := c.Recorded()
	if err != nil {
		return err
	}
	for i, e := range events {
		at := place{position: c.Position, commit: c.Index, event: i}
		if e.Event != nil {
			p.histories.Note(c.GetTenant(), e, c.GetTime())
		}
		if e.Event == nil || !skavaevents.Says(e.Type) && (!skavaevents.TellsOutside(e.Type) || !p.external.Enabled) {
			continue
		}
		o, err := p.orderAt(ctx, c, e)
		if err != nil {
			return err
		}
		about := skavaevents.Subject{Created: o, Whole: func() (*orderhistory.Order, error) { return p.histories.After(ctx, c.GetTenant(), e, c.Position) }}
		said, err := p.said(about, e, skavaevents.At{Number: at.number(), When: c.GetTime().AsTime(), Actor: c.GetActor()})
		if err != nil {
			return err
		}
		for _, m := range said {
			for _, t := range p.targets {
				if t.name == m.Channel.Stream && t.at.before(at) {
					msg, err := m.message(c, e, at)
					if err != nil {
						return err
					}
					t.waiting = append(t.waiting, queued{msg, at})
				}
			}
		}
	}
	return nil
}

// orderAt finds the order that an event is about. What the published payloads
// take from it never changes after creation.
func (p *Publisher) orderAt(ctx context.Context, c eventstore.Commit, e eventstore.Recorded) (order.Order, error) {
	if o, ok := p.cache.fold(c.GetTenant(), e); ok {
		return o, nil
	}
	o, err := p.orders(ctx, c.GetTenant(), e.Aggregate)
	if err != nil {
		return order.Order{}, fmt.Errorf("order %s at %d: %w", e.Aggregate, c.Position, err)
	}
	p.cache.put(c.GetTenant(), o)
	return o, nil
}
