package delivery

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/endpoint"
)

// firstTries is how many attempts are under way at an endpoint that nobody knows
// yet; each that it takes allows one more. One that hangs never has more.
const firstTries = 2

// configure takes over how the endpoint is set up now. The lock is held.
func (l *lane) configure(st endpoint.State) {
	first := l.cfg.Endpoint == nil
	enabled := st.Config.GetStatus() == endpoint.Enabled && l.cfg.GetStatus() != endpoint.Enabled
	l.cfg = st.Config
	if first {
		l.breaker.failures = st.Health.Failures
	} else if enabled {
		l.breaker = breaker{}
	}
	if l.limit = min(l.limit, l.concurrency()); first || enabled {
		l.limit = min(firstTries, l.concurrency())
	}
	l.rate = nil
	if r := l.cfg.GetPace().GetRatePerSecond(); r > 0 {
		l.rate = rate.NewLimiter(rate.Limit(r), max(1, int(r/10)))
	}
	l.open()
}

// retire lets go of the sender; attempts under way keep it until they are over.
func (l *lane) retire() {
	if l.sender != nil {
		l.sender.leave()
		l.sender = nil
	}
}

// shared is a sender that is closed when its last user has left.
type shared struct {
	send.Sender
	mu   sync.Mutex
	uses int
}

func (s *shared) use() {
	s.mu.Lock()
	s.uses++
	s.mu.Unlock()
}

func (s *shared) leave() {
	s.mu.Lock()
	s.uses--
	last := s.uses == 0
	s.mu.Unlock()
	if last {
		s.Close()
	}
}

func (l *lane) concurrency() int {
	if n := int(l.cfg.GetPace().GetConcurrency()); n > 0 {
		return n
	}
	return l.shard.cfg.Concurrency
}

func (l *lane) timeout() time.Duration {
	if d := l.cfg.GetPace().GetTimeout().AsDuration(); d > 0 {
		return d
	}
	return l.shard.cfg.Timeout
}

// pump starts as many attempts as may be under way.
func (l *lane) pump(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		batch := l.next(ctx)
		if len(batch) == 0 {
			return
		}
		l.under++
		l.spawn(func() { l.deliver(ctx, batch) })
	}
}

// next takes what is to be attempted now; nothing when there is nothing, or when
// it is not the time. Then it is looked again when it is. The lock is held.
func (l *lane) next(ctx context.Context) []*item {
	if l.closed || l.draining.Load() || l.sender == nil || l.cfg.GetStatus() != endpoint.Enabled || l.under >= l.limit || l.storing >= mostStoring {
		return nil
	}
	now := l.shard.cfg.Now()
	if until := l.breaker.closedUntil(); now.Before(until) {
		l.wakeAt(ctx, until, now)
		return nil
	}
	if l.breaker.open() && l.under > 0 {
		return nil // one tries for all
	}
	l.searchIfNeeded(ctx, now)
	most := l.sender.Limits().Messages
	if l.cfg.GetOrdered() || l.breaker.open() {
		most = 1
	}
	var batch []*item
	for len(batch) < most {
		it := l.pick(now)
		if it == nil {
			break
		}
		if wait := l.delay(now); wait > 0 {
			l.putBack(it)
			l.wakeAt(ctx, now.Add(wait), now)
			break
		}
		it.where = isUnder
		batch = append(batch, it)
	}
	if at := l.nextDue(); len(batch) == 0 && !at.IsZero() {
		l.wakeAt(ctx, at, now)
	}
	return batch
}

// nextDue is when something is due, in memory or in the view; zero when nothing
// is.
func (l *lane) nextDue() time.Time {
	at := l.dueBehind
	if len(l.due) > 0 && (at.IsZero() || l.due[0].due.Before(at)) {
		at = l.due[0].due
	}
	return at
}

// mostStoring is how many attempts of an endpoint may wait to be stored: all of
// them are made again when the process dies.
const mostStoring = 256

// delay is how long the endpoint's rate wants to wait; a token is taken when it
// does not.
func (l *lane) delay(now time.Time) time.Duration {
	if l.rate == nil {
		return 0
	}
	r := l.rate.ReserveN(now, 1)
	d := r.DelayFrom(now)
	if d > 0 {
		r.CancelAt(now)
	}
	return d
}

// pick takes one delivery out of its queue: new ones and repeated ones in turn,
// so that neither keeps the other waiting.
func (l *lane) pick(now time.Time) *item {
	again := len(l.due) > 0 && !l.due[0].due.After(now)
	l.turn = !l.turn
	if again && l.turn {
		return l.pop()
	}
	for len(l.fresh) > 0 && !l.uncertain() {
		it := l.fresh[0]
		l.fresh[0] = nil
		l.fresh = l.fresh[1:]
		if !l.cfg.GetOrdered() || !l.block(it) {
			return it
		}
	}
	if again {
		return l.pop()
	}
	return nil
}

// uncertain says that an ordered endpoint may have deliveries to repeat that are
// not in memory: new ones could overtake them.
func (l *lane) uncertain() bool {
	return l.cfg.GetOrdered() && (len(l.due) >= held || !l.dueBehind.IsZero())
}

func (l *lane) pop() *item { return heap.Pop(&l.due).(*item) } //nolint:forcetypeassert // nothing else is in it

// putBack undoes pick.
func (l *lane) putBack(it *item) {
	if it.due.IsZero() {
		l.fresh = append([]*item{it}, l.fresh...)
		it.where = isFresh
		l.unblock(it, false)
		return
	}
	heap.Push(&l.due, it)
}

// block keeps a delivery behind another one of its subject; false when it is the
// first, behind which others will be.
func (l *lane) block(it *item) bool {
	if it.notice == nil {
		return false // loaded for ordered endpoints before it comes here
	}
	s := it.notice.GetSubject()
	if s == "" {
		return false
	}
	behind, busy := l.blocked[s]
	if !busy {
		l.blocked[s] = nil
		return false
	}
	it.where = isBlocked
	l.blocked[s] = append(behind, it)
	l.blocks++
	return true
}

// unblock lets the deliveries behind this one go on.
func (l *lane) unblock(it *item, release bool) {
	if !l.cfg.GetOrdered() || it.notice == nil {
		return
	}
	s := it.notice.GetSubject()
	behind, busy := l.blocked[s]
	if !busy {
		return
	}
	delete(l.blocked, s)
	if !release || len(behind) == 0 {
		return
	}
	l.blocks -= len(behind)
	for _, b := range behind {
		b.where = isFresh
	}
	l.fresh = append(append(make([]*item, 0, len(behind)+len(l.fresh)), behind...), l.fresh...)
}

// wakeAt looks again at a time. The lock is held.
func (l *lane) wakeAt(ctx context.Context, at, now time.Time) {
	if l.timer != nil {
		l.timer.Stop()
	}
	l.timer = time.AfterFunc(max(at.Sub(now), time.Millisecond), func() { l.pump(ctx) })
}

// breaker keeps an endpoint that only fails from being tried for every delivery.
type breaker struct {
	failures int       // in a row
	until    time.Time // nothing is tried before
}

// trip is how many failures in a row open it.
const trip = 10

// longestOpen is the most that an open breaker waits between two tries.
const longestOpen = time.Minute

func (b *breaker) open() bool             { return b.failures >= trip }
func (b *breaker) closedUntil() time.Time { return b.until }

func (b *breaker) succeeded() { *b = breaker{} }

func (b *breaker) failed(v send.Verdict, now time.Time) {
	b.failures++
	if b.open() {
		b.until = now.Add(min(time.Second<<min(b.failures-trip, 10), longestOpen))
	}
	if v.Outcome == send.Throttled && v.RetryAfter > 0 {
		b.until = later(b.until, now.Add(min(v.RetryAfter, longestThrottle)))
	}
}

// longestThrottle is the most that a receiver can make a whole lane wait; its
// delivery may wait longer.
const longestThrottle = 5 * time.Minute

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
