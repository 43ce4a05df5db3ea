package jsstore

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
)

// partition is the one writer of a partition in this process. Everything
// below belongs to its goroutine, run.
type partition[S any] struct {
	cfg       Config
	def       eventstore.Definition[S]
	id        int
	file      *stateFile
	wire      wire
	hooks     Hooks
	watch     func([]Committed[S])
	abandoned *atomic.Bool

	in    chan *request[S]
	calls chan func()
	acked chan ack[S]
	out   chan outgoing[S]

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

	flushDone   chan error
	dirtyActive map[string]bool
}

// Committed is a commit of this process that has just become durable.
type Committed[S any] struct {
	Position uint64
	Commit   eventstore.Commit
	Result   eventstore.Result[S]
}

func newPartition[S any](cfg Config, def eventstore.Definition[S], id int, file *stateFile, w wire) *partition[S] {
	cache := must(simplelru.NewLRU[string, *row[S]](cfg.CacheRows, nil))
	return &partition[S]{
		cfg: cfg, def: def, id: id, file: file, wire: w, hooks: cfg.Hooks,
		in: make(chan *request[S], 4096), calls: make(chan func()), acked: make(chan ack[S], 1), out: make(chan outgoing[S], 1),
		dirty: map[string]*row[S]{}, cache: cache, active: map[string]time.Time{}, keys: newKeyState(),
		ahead: map[string]*row[S]{}, aheadKeys: map[string]*pending[S]{},
		queue:       queue[S]{last: map[string]*message[S]{}, maxCount: cfg.MaxGroup, maxSize: cfg.MaxMessage},
		dirtyActive: map[string]bool{},
	}
}

// run decides, sends and settles until the context ends. What is in flight
// then is waited for; what is queued is refused.
func (p *partition[S]) run(ctx context.Context) {
	tick := time.NewTicker(p.cfg.FlushEvery)
	defer tick.Stop()
	go p.sendLoop()
	defer close(p.out)
	for {
		select {
		case r := <-p.in:
			p.admit(r)
			p.admitWaiting()
		case a := <-p.acked:
			p.settle(ctx, a)
		case f := <-p.calls:
			f()
		case err := <-p.flushDone:
			p.flushed(err)
		case <-tick.C:
			p.flush()
		case <-ctx.Done():
			p.stop()
			return
		}
		p.send()
	}
}

func (p *partition[S]) admit(r *request[S]) {
	p.born++
	r.born = p.born
	p.decide(r)
}

// admitWaiting decides what has arrived meanwhile, so that it shares the next
// message; a full message goes first.
func (p *partition[S]) admitWaiting() {
	for range p.cfg.MaxGroup {
		select {
		case r := <-p.in:
			p.admit(r)
		default:
			return
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
	n := p.aheadCreated + inTxn
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
	for _, r := range it.rows {
		return r.pending
	}
	return nil
}

func (p *partition[S]) stop() {
	refuse := fault.New(fault.Unavailable, "shutting_down", "the service is stopping; repeat with the same idempotency key")
	if m := p.inflight; m != nil {
		p.settleStopping(m)
	}
	defer p.refuseWaiting(refuse)
	if p.abandoned.Load() {
		if p.flushing != nil {
			<-p.flushDone
		}
		return
	}
	for _, m := range p.queue.drain() {
		for _, it := range m.all() {
			it.req.done <- outcome[S]{err: refuse}
		}
	}
	p.flushFinal()
}

func (p *partition[S]) refuseWaiting(refuse error) {
	for {
		select {
		case r := <-p.in:
			r.done <- outcome[S]{err: refuse}
		default:
			return
		}
	}
}
