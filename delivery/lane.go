package delivery

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// held is how many deliveries of each kind a lane has in memory; the others wait
// in the view.
const held = 1024

// heldWhole is how many of them have their notice with them; that of the others
// is read when their turn comes.
const heldWhole = 256

// item is a delivery in memory.
type item struct {
	endpoint.Ref
	notice *deliveryv1.Notice // nil until somebody needs it
	// attempts of this round that are stored.
	attempts int
	due      time.Time // of the next attempt; zero for the first
	thin     bool      // the whole is too large
	where    where
	index    int // in the heap
}

// where a delivery in memory is.
type where uint8

const (
	isFresh where = iota
	isDue
	isBlocked
	isUnder // way
)

// lane delivers to one endpoint.
type lane struct {
	*shard
	key laneKey

	mu     sync.Mutex
	cfg    endpoint.Config
	sender *shared       // nil when the endpoint cannot be sent to
	rate   *rate.Limiter // nil without one
	renew  time.Time     // when the first of its keys ends; zero when none does
	closed bool

	known   map[endpoint.Ref]*item // in memory: fresh, due, blocked or under way
	fresh   []*item                // not attempted, oldest first
	due     dueHeap                // to be attempted again
	blocked map[string][]*item     // of an ordered endpoint, by subject: behind one under way
	blocks  int                    // how many are blocked

	under   int // attempts under way
	storing int // attempts that are over and not stored yet
	limit   int // how many may be; at least 1
	breaker breaker
	turn    bool // whose turn it is when fresh and due ones wait
	timer   *time.Timer

	// What is in the view and not in memory.
	loaded    endpoint.Ref // all not attempted up to here are, or were, in memory
	newest    endpoint.Ref // the last one that was queued, as far as is known
	behind    bool         // there may be some behind loaded
	dueBehind time.Time    // there may be some due from then on; zero when not
	searching bool
	finished  map[endpoint.Ref]bool // left memory during the search
	spilled   time.Time             // when the first that left it for the view is due
	replaying bool
}

func newLane(s *shard, k laneKey) *lane {
	return &lane{
		shard: s, key: k, known: map[endpoint.Ref]*item{}, blocked: map[string][]*item{},
		behind: true, dueBehind: time.Unix(0, 0), newest: endpoint.Ref{Position: s.reached.Load()},
	}
}

// config is the endpoint as it was set up.
func (l *lane) config() endpoint.Config {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cfg
}

// set changes what the lane knows of its endpoint.
func (l *lane) set(ctx context.Context, st endpoint.State) {
	l.mu.Lock()
	if l.cfg.Endpoint != st.Config.Endpoint {
		l.configure(st)
	}
	if st.Replay != (endpoint.Range{}) && !l.replaying {
		l.replaying = true
		l.spawn(func() { l.replay(ctx, st.Replay) })
	}
	l.mu.Unlock()
	l.pump(ctx)
}

// underWay is how many attempts are, or are being stored.
func (l *lane) underWay() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.under + l.storing
}

// close ends the lane; attempts under way are let go.
func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.retire()
}

// add queues a delivery. One that does not fit in memory waits in the view.
func (l *lane) add(ctx context.Context, r endpoint.Ref, n *deliveryv1.Notice) {
	l.mu.Lock()
	l.newest = r
	switch {
	case l.known[r] != nil || !l.loaded.Before(r):
	case l.behind || len(l.fresh)+l.blocks >= held:
		l.behind = true
	default:
		if l.loaded = r; len(l.fresh) >= heldWhole && !l.cfg.GetOrdered() {
			n = nil
		}
		l.take(&item{Ref: r, notice: n})
	}
	l.mu.Unlock()
	l.pump(ctx)
}

// take brings a delivery into memory that was not attempted.
func (l *lane) take(it *item) {
	it.where = isFresh
	l.known[it.Ref] = it
	l.fresh = append(l.fresh, it)
}

// requeue delivers notices again, from their first attempt on.
func (l *lane) requeue(ctx context.Context, refs []*deliveryv1.NoticeRef) {
	l.mu.Lock()
	for _, m := range refs {
		r := endpoint.Ref{Position: m.GetPosition(), Place: m.GetPlace()}
		switch it := l.known[r]; {
		case it != nil && it.where == isDue: // not later, but now
			it.attempts, it.due = 0, time.Unix(0, 0)
			heap.Fix(&l.due, it.index)
		case it != nil: // it is on its way
		case len(l.fresh)+l.blocks < held:
			l.take(&item{Ref: r})
		default: // the view has it
			l.behind = true
			if r.Before(l.loaded) {
				l.loaded = endpoint.Ref{Position: r.Position - 1, Place: 1<<32 - 1}
			}
		}
	}
	l.mu.Unlock()
	l.pump(ctx)
}

// drop lets go of everything up to a position of the log.
func (l *lane) drop(position uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh, l.due, l.blocked, l.blocks = nil, nil, map[string][]*item{}, 0
	for r, it := range l.known {
		if it.where != isUnder {
			delete(l.known, r)
		} else if l.cfg.GetOrdered() && it.notice.GetSubject() != "" {
			l.blocked[it.notice.GetSubject()] = nil
		}
	}
	l.loaded = endpoint.Ref{Position: position, Place: 1<<32 - 1}
	l.dueBehind = time.Unix(0, 0)
}

// dueHeap has the delivery on top that is due first.
type dueHeap []*item

// Len implements heap.Interface.
func (h dueHeap) Len() int { return len(h) }

// Less implements heap.Interface.
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }

// Swap implements heap.Interface.
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) {
	it := x.(*item) //nolint:forcetypeassert // nothing else is pushed
	it.index, it.where = len(*h), isDue
	*h = append(*h, it)
}

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	old := *h
	it := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return it
}
