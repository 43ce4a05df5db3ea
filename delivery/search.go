package delivery

import (
	"container/heap"
	"context"
	"log/slog"
	"time"

	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
)

// sweep looks in the view for deliveries that the lane does not know of.
func (l *lane) sweep(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.behind = true
	if l.dueBehind.IsZero() {
		l.dueBehind = l.shard.cfg.Now()
	}
	l.searchIfNeeded(ctx, l.shard.cfg.Now())
}

// searchIfNeeded reads on in the view when there may be something, and room for
// it. The lock is held.
func (l *lane) searchIfNeeded(ctx context.Context, now time.Time) {
	if l.searching || l.closed || l.cfg.GetStatus() != endpoint.Enabled {
		return
	}
	room := l.behind && len(l.fresh)+l.blocks <= held/2
	due := !l.dueBehind.IsZero() && !now.Before(l.dueBehind) && len(l.due) < held
	if !room && !due {
		return
	}
	l.searching, l.finished, l.spilled = true, map[endpoint.Ref]bool{}, time.Time{}
	l.spawn(func() { l.search(ctx) })
}

// search brings deliveries from the view into memory.
func (l *lane) search(ctx context.Context) {
	upTo := l.reached.Load() // whatever is stored up to here, the view will show
	l.mu.Lock()
	after := l.loaded
	l.mu.Unlock()
	waiting, due, err := l.read(ctx, after, upTo)
	if err != nil {
		if ctx.Err() != nil {
			return
		}
		slog.LogAttrs(ctx, slog.LevelWarn, "waiting deliveries not read", slog.String("endpoint", l.key.id), slog.Any("error", err))
		if !rest(ctx, time.Second) {
			return
		}
	}
	l.mu.Lock()
	if err == nil {
		l.merge(waiting, due, after, upTo)
	}
	l.searching, l.finished = false, nil
	l.mu.Unlock()
	l.pump(ctx)
}

// read returns what the view has; notices of ordered endpoints are read, too,
// since their subjects say what waits for what.
func (l *lane) read(ctx context.Context, after endpoint.Ref, upTo uint64) (waiting, due []*item, err error) {
	view := l.shard.cfg.Backlog
	if err := view.WaitFor(ctx, upTo); err != nil {
		return nil, nil, err
	}
	refs, err := view.Waiting(l.key.tenant, l.key.id, after, held)
	if err != nil {
		return nil, nil, err
	}
	again, err := view.Due(l.key.tenant, l.key.id, held)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range refs {
		waiting = append(waiting, &item{Ref: r})
	}
	for _, d := range again {
		due = append(due, &item{Ref: d.Ref, due: d.At, attempts: d.Attempts})
	}
	if l.config().GetOrdered() {
		for _, it := range append(due[:len(due):len(due)], waiting...) {
			if err := l.load(ctx, it); err != nil {
				return nil, nil, err
			}
		}
	}
	return waiting, due, nil
}

// merge takes over what was read. The lock is held.
func (l *lane) merge(waiting, due []*item, after endpoint.Ref, upTo uint64) {
	l.dueBehind = time.Time{}
	for _, it := range due {
		if l.known[it.Ref] == nil && !l.finished[it.Ref] {
			l.known[it.Ref] = it
			heap.Push(&l.due, it)
			if l.cfg.GetOrdered() && it.notice.GetSubject() != "" {
				if _, busy := l.blocked[it.notice.GetSubject()]; !busy {
					l.blocked[it.notice.GetSubject()] = nil
				}
			}
		}
	}
	if len(due) == held {
		l.dueBehind = due[len(due)-1].due
	}
	if at := l.spilled; !at.IsZero() && (l.dueBehind.IsZero() || at.Before(l.dueBehind)) {
		l.dueBehind = at
	}
	if l.loaded != after { // something was requeued meanwhile: once more
		return
	}
	for _, it := range waiting {
		if l.known[it.Ref] == nil && !l.finished[it.Ref] {
			if len(l.fresh)+l.blocks >= held {
				return // still behind
			}
			l.take(it)
		}
		if l.loaded.Before(it.Ref) {
			l.loaded = it.Ref
		}
	}
	if len(waiting) < held && l.newest.Position <= upTo {
		l.behind = false
	}
}

// replayed is how many deliveries of a replay are queued at once.
const replayed = 256

// replay queues the deliveries of a replay, so many at a time, until it is over.
func (l *lane) replay(ctx context.Context, r endpoint.Range) {
	for wait := 10 * time.Millisecond; r != (endpoint.Range{}) && ctx.Err() == nil; {
		next, err := l.replayNext(ctx, r)
		if err != nil {
			if ctx.Err() == nil {
				slog.LogAttrs(ctx, slog.LevelWarn, "replay waits", slog.String("endpoint", l.key.id), slog.Any("error", err))
			}
			rest(ctx, wait)
			wait = min(2*wait, 5*time.Second)
			continue
		}
		r, wait = next, 10*time.Millisecond
		for l.busy() && rest(ctx, 20*time.Millisecond) { // the last ones are still waiting
		}
	}
	l.mu.Lock()
	l.replaying = false
	l.mu.Unlock()
}

// busy says that the lane has enough to do.
func (l *lane) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.closed && (l.behind || len(l.fresh) > held/2)
}

func (l *lane) replayNext(ctx context.Context, r endpoint.Range) (endpoint.Range, error) {
	view := l.shard.cfg.Backlog
	if err := view.WaitFor(ctx, l.reached.Load()); err != nil {
		return r, err
	}
	refs, upTo, done, err := view.InRange(l.key.tenant, l.key.id, r, replayed)
	if err != nil {
		return r, err
	}
	res, err := l.log.Transact(ctx, eventstore.Meta{Tenant: l.key.tenant, Actor: "delivery"}, endpoint.Scope, endpoint.Requeue{
		EndpointID: l.key.id, Notices: refs, Of: r, After: upTo, Done: done, Now: l.shard.cfg.Now(),
	})
	if err != nil {
		return r, err
	}
	return res.States[endpoint.ID(l.key.id)].Replay, nil
}
