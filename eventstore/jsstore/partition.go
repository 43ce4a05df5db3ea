package jsstore

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
)

// partition is the one writer of a partition in this process. A caller decides
// its own command under the lock; whoever finds no message in flight sends the
// next one and settles it for everybody in it. So a lone caller pays for no
// change of goroutine, and under load the messages fill up by themselves.
type partition[S any] struct {
	cfg       Config
	def       eventstore.Definition[S]
	id        int
	file      *stateFile
	wire      wire
	hooks     Hooks
	watch     func([]Committed[S])
	life      context.Context //nolint:containedctx // ends when the log is closed
	abandoned *atomic.Bool

	mu      sync.Mutex
	settled sync.Cond // signalled when a message or a write-behind has ended
	closed  bool
	away    bool // another process owns the partition, or none: nothing is decided here

	// Durable: what the log holds up to position.
	position uint64
	group    string
	created  uint64
	dirty    map[string]*row[S] // newer than the state file
	flushing map[string]*row[S] // being written to it
	cache    *simplelru.LRU[string, *row[S]]
	active   map[string]time.Time
	keys     keyState

	// Ahead of the log: decided, not stored yet.
	ahead        map[string]*row[S]
	aheadKeys    map[string]*pending[S]
	aheadCreated uint64
	queue        queue[S]
	inflight     *message[S]
	born         uint64
	groups       uint64

	dirtyActive map[string]bool
}

// Committed is a commit of this process that has just become durable.
type Committed[S any] struct {
	Partition int
	Position  uint64
	Commit    eventstore.Commit
	Result    eventstore.Result[S]
}

func newPartition[S any](life context.Context, cfg Config, def eventstore.Definition[S], id int, file *stateFile, w wire) *partition[S] {
	p := &partition[S]{
		cfg: cfg, def: def, id: id, file: file, wire: w, hooks: cfg.Hooks, life: life,
		dirty: map[string]*row[S]{}, cache: must(simplelru.NewLRU[string, *row[S]](cfg.CacheRows, nil)),
		active: map[string]time.Time{}, keys: newKeyState(),
		ahead: map[string]*row[S]{}, aheadKeys: map[string]*pending[S]{},
		queue:       queue[S]{last: map[string]*message[S]{}, maxCount: cfg.MaxGroup, maxSize: cfg.MaxMessage},
		dirtyActive: map[string]bool{},
	}
	p.settled.L = &p.mu
	return p
}

// transact runs a transaction and waits for its outcome.
func (p *partition[S]) transact(ctx context.Context, m eventstore.Meta, scope string, t eventstore.Transaction[S]) (eventstore.Result[S], error) {
	r := &request[S]{ctx: ctx, meta: m, scope: scope, tx: t, done: make(chan outcome[S], 1)}
	p.submit(r)
	select {
	case o := <-r.done:
		return o.result, o.err
	case <-ctx.Done():
		return eventstore.Result[S]{}, unknownOutcome(ctx.Err())
	}
}

// read returns the durable state of one aggregate.
func (p *partition[S]) read(ctx context.Context, tenant, id string) (eventstore.Snapshot[S], error) {
	snap := eventstore.Snapshot[S]{Tenant: tenant, ID: id}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refusal(); err != nil {
		return snap, err
	}
	snap.Position = p.position
	if r := p.durable(rowKey(tenant, id)); r != nil {
		snap.Revision, snap.State, snap.Traceparent = r.Revision, r.State, r.Trace
	} else {
		snap.State = p.def.New(id, 0)
	}
	return snap, ctx.Err()
}

// refusal says why nothing is decided here; nil when something is.
func (p *partition[S]) refusal() error {
	switch {
	case p.closed:
		return errStopping
	case p.away:
		return errNotOwner
	}
	return nil
}

// submit decides a command and, when nothing is in flight, sends it.
func (p *partition[S]) submit(r *request[S]) {
	p.mu.Lock()
	if err := p.refusal(); err != nil {
		p.mu.Unlock()
		r.done <- outcome[S]{err: err}
		return
	}
	p.born++
	r.born = p.born
	p.decide(r)
	m := p.next()
	p.mu.Unlock()
	if m != nil {
		p.deliver(m)
	}
}

// next takes the message to send, unless one is in flight.
func (p *partition[S]) next() *message[S] {
	if p.inflight != nil || p.closed {
		return nil
	}
	p.inflight = p.queue.next()
	return p.inflight
}

// background writes dirty state from time to time, until the log is closed.
func (p *partition[S]) background() {
	tick := time.NewTicker(p.cfg.FlushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.mu.Lock()
			p.flush()
			p.mu.Unlock()
		case <-p.life.Done():
			p.stop()
			return
		}
	}
}

// stop waits for the message in flight, refuses what is queued, and writes the
// state, unless the process pretends to crash.
func (p *partition[S]) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for p.inflight != nil {
		p.settled.Wait()
	}
	p.refuseQueued(errStopping)
	for p.flushing != nil {
		p.settled.Wait()
	}
	if !p.abandoned.Load() {
		p.flushFinal()
	}
}

// refuseQueued tells everyone in messages not sent yet that nothing is stored.
func (p *partition[S]) refuseQueued(err error) {
	for _, m := range p.queue.drain() {
		for _, it := range m.all() {
			it.req.done <- outcome[S]{err: err}
		}
	}
}

// lookup finds the newest row of an aggregate, the one ahead of the log first.
func (p *partition[S]) lookup(key string) *row[S] {
	if r, ok := p.ahead[key]; ok {
		return r
	}
	return p.durable(key)
}

// durable finds the row as the log has it; nil when there is none.
func (p *partition[S]) durable(key string) *row[S] {
	if r, ok := p.dirty[key]; ok {
		return r
	}
	if r, ok := p.flushing[key]; ok {
		return r
	}
	if r, ok := p.cache.Get(key); ok {
		return r
	}
	raw := p.file.get(p.id, bucketRows, key)
	if raw == nil {
		return nil
	}
	r := &row[S]{}
	if err := decMode.Unmarshal(raw, r); err != nil {
		panic("unreadable state of " + key + ": " + err.Error()) // the shape was checked at start
	}
	p.cache.Add(key, r)
	return r
}

// ordinal is the number of the next aggregate of this partition in its log.
func (p *partition[S]) ordinal(inTxn uint64) uint64 {
	return p.ordinalAfter(p.aheadCreated + inTxn)
}

// ordinalAfter is the number that follows on n aggregates of this partition.
func (p *partition[S]) ordinalAfter(n uint64) uint64 {
	return n*uint64(p.cfg.Partitions) + uint64(p.id) + 1 //nolint:gosec // both are small and not negative
}

// settleLater answers when dep is stored, or now when nothing is waited for.
func (p *partition[S]) settleLater(it *pending[S], dep *message[S]) {
	if dep == nil {
		it.outcome.result.Position = p.position
		it.req.done <- it.outcome
		return
	}
	dep.answers = append(dep.answers, it)
}

func (p *partition[S]) messageOf(it *pending[S]) *message[S] {
	if len(it.rows) == 0 {
		return nil
	}
	return it.rows[0].row.pending
}

var errStopping = fault.New(fault.Unavailable, "shutting_down", "the service is stopping; nothing was stored")
