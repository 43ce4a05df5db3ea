package delivery

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// Source is the log as this package reads it.
type Source interface {
	Follow(ctx context.Context, log string, after uint64, f func(eventstore.Batch) error) error
	At(ctx context.Context, log string, position uint64) (b eventstore.Batch, ok bool, err error)
}

// Due is a delivery that waits for its next attempt.
type Due struct {
	endpoint.Ref
	// At is when it is due.
	At time.Time
	// Attempts of this round so far.
	Attempts int
}

// Backlog is the view of deliveries: what is queued and not in memory.
type Backlog interface {
	// WaitFor returns when the view has seen a position of the delivery log.
	WaitFor(ctx context.Context, position uint64) error
	// Waiting returns what was not attempted yet, behind a notice, oldest first.
	Waiting(tenant, id string, after endpoint.Ref, limit int) ([]endpoint.Ref, error)
	// Due returns what waits for another attempt, the first to be due first.
	Due(tenant, id string, limit int) ([]Due, error)
	// InRange returns notices of a replay, in whole messages, about so many; the
	// position up to which it looked, and whether that is the end.
	InRange(tenant, id string, r endpoint.Range, limit int) (refs []endpoint.Ref, upTo uint64, done bool, err error)
}

// Told is one thing to tell, for those who hear it.
type Told struct {
	// Facts that filters look at.
	Facts endpoint.Facts
	// Notice without its endpoints.
	Notice *deliveryv1.Notice
	// Fat makes the body for those who want all of it; nil when Body is all.
	Fat func() ([]byte, error)
}

// Translator says what the events of one log are in the words of vocabularies.
type Translator interface {
	// Log that it translates.
	Log() string
	// Translate is called with the commits of a log in their order. The same
	// commit, wherever and however often, is told in the same things, in the same
	// order, for each vocabulary that is wanted.
	Translate(ctx context.Context, c eventstore.Commit, wanted func(deliveryv1.Vocabulary) bool) ([]Told, error)
}

// Hooks see the engine at work; each may be nil and must return at once.
type Hooks struct {
	// Queued: so many notices of a log were stored.
	Queued func(log string, notices int)
	// Attempted: an attempt is over, and stored.
	Attempted func(vocabulary deliveryv1.Vocabulary, outcome send.Outcome, took time.Duration)
	// Suspended: an endpoint is not sent to any more, by the service's own rule.
	Suspended func(tenant, id, reason string)
}

// Config of an engine. Those without a default are required, but Hooks, Environment and
// Compose.
type Config struct {
	Source      Source
	Backlog     Backlog
	Translators []Translator
	// Sender makes the sender of an endpoint. An error parks nothing: the endpoint
	// waits until it is set up anew.
	Sender func(tenant string, c endpoint.Config) (send.Sender, error)
	// Compose makes the message of a notice.
	Compose Composer
	// Environment of this installation, for events that do not say theirs.
	Environment deliveryv1.Environment
	// Concurrency of an endpoint that does not say its own; default 16.
	Concurrency int
	// Timeout of an attempt at an endpoint that does not say its own; default 60 s
	// (decision D-14).
	Timeout time.Duration
	Hooks   Hooks
	// Now is the clock. Chance is between 0 and 1; default math/rand.
	Now    func() time.Time
	Chance func() float64
}

// Engine delivers for the partitions that this process owns.
type Engine struct {
	cfg Config
	log eventstore.Log[endpoint.State]

	mu      sync.Mutex
	inboxes map[int]*inbox
	shards  map[int]*shard
	ready   chan struct{}
}

// New makes an engine; it does nothing before Attach.
func New(cfg Config) *Engine {
	if cfg.Concurrency == 0 {
		cfg.Concurrency = 16
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Minute
	}
	if cfg.Chance == nil {
		cfg.Chance = rand.Float64
	}
	return &Engine{cfg: cfg, inboxes: map[int]*inbox{}, shards: map[int]*shard{}, ready: make(chan struct{})}
}

// Attach gives the engine its log. It is called once.
func (e *Engine) Attach(log eventstore.Log[endpoint.State]) {
	e.log = log
	close(e.ready)
}

// Committed is told of every commit of this process to the delivery log as soon
// as it is durable, in log order of each partition. It returns at once.
func (e *Engine) Committed(partition int, c eventstore.Commit, events []proto.Message, states map[string]endpoint.State) {
	e.inbox(partition).put(committed{c, events, states})
}

// inbox of a partition. It is there from the first commit on, so that nothing is
// missed between the owning of a partition and the news of it.
func (e *Engine) inbox(partition int) *inbox {
	e.mu.Lock()
	defer e.mu.Unlock()
	b := e.inboxes[partition]
	if b == nil {
		b = newInbox()
		e.inboxes[partition] = b
	}
	return b
}

// Owned delivers for a partition until the context ends or the partition is
// lost. The snapshots are its endpoints and feeds.
func (e *Engine) Owned(ctx context.Context, partition int, snapshots []eventstore.Snapshot[endpoint.State]) {
	select {
	case <-e.ready:
	case <-ctx.Done():
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newShard(e, e.inbox(partition), cancel)
	e.mu.Lock()
	before := e.shards[partition]
	e.shards[partition] = s
	e.mu.Unlock()
	if before != nil {
		before.cancel()
		<-before.ended
	}
	s.run(ctx, snapshots)
}

// Run returns when the context has ended and what was under way then is over and
// stored, or has had its grace. It comes before the log is closed.
func (e *Engine) Run(ctx context.Context) error {
	<-ctx.Done()
	e.mu.Lock()
	shards := slices.Collect(maps.Values(e.shards))
	e.mu.Unlock()
	var g sync.WaitGroup
	for _, s := range shards {
		s.draining.Store(true)
		g.Go(func() {
			s.drain(grace)
			s.cancel()
			<-s.ended
		})
	}
	g.Wait()
	return nil
}

// grace is how long attempts under way may go on when the process stops.
const grace = 5 * time.Second

// Lost stops delivering for a partition: another process does it now.
func (e *Engine) Lost(partition int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.shards[partition]; s != nil {
		s.cancel()
	}
}
