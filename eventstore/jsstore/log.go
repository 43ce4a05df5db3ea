package jsstore

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/orderstream/oms/eventstore"
)

// Log is one log of a Store. It implements eventstore.Log.
type Log[S any] struct {
	def   eventstore.Definition[S]
	cfg   Config
	parts []*partition[S]
	// abandoned skips the orderly end of the partitions.
	abandoned atomic.Bool
}

// OpenLog brings a log's state to the end of its stream and starts to decide.
// Committed, when it is not nil, is called with every commit of this process
// as soon as it is durable, in log order of each partition; it must return at
// once. Every log of a store has a name of its own.
func OpenLog[S any](ctx context.Context, s *Store, def eventstore.Definition[S], committed func([]Committed[S])) (*Log[S], error) {
	stream, partitions, err := s.stream(ctx, def.Name)
	if err != nil {
		return nil, err
	}
	file, err := openStateFile[S](s.statePath(def.Name), def.Version)
	if err != nil {
		return nil, err
	}
	cfg := s.cfg
	cfg.Partitions = partitions
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	l := &Log[S]{def: def, cfg: cfg}
	w := wire{js: s.js, stream: stream, wait: cfg.AckWait}
	for i := range partitions {
		p := newPartition(life, cfg, def, i, file, w)
		p.watch, p.abandoned = committed, &l.abandoned
		if err := p.recoverState(ctx); err != nil {
			end()
			_ = file.close()
			return nil, err
		}
		l.parts = append(l.parts, p)
	}
	var running sync.WaitGroup
	for _, p := range l.parts {
		running.Go(p.background)
	}
	s.mu.Lock()
	s.closers = append(s.closers, func() { end(); running.Wait(); _ = file.close() })
	s.abandoners = append(s.abandoners, func() { l.abandoned.Store(true); end(); running.Wait(); _ = file.close() })
	s.mu.Unlock()
	return l, nil
}

// Execute implements eventstore.Log.
func (l *Log[S]) Execute(ctx context.Context, m eventstore.Meta, id string, c eventstore.Command[S]) (eventstore.Result[S], error) {
	return l.Transact(ctx, m, id, eventstore.Single(id, c))
}

// Transact implements eventstore.Log.
func (l *Log[S]) Transact(ctx context.Context, m eventstore.Meta, scope string, t eventstore.Transaction[S]) (eventstore.Result[S], error) {
	r := &request[S]{ctx: ctx, meta: m, scope: scope, tx: t, done: make(chan outcome[S], 1)}
	l.parts[Partition(m.Tenant, scope, len(l.parts))].submit(r)
	select {
	case o := <-r.done:
		return o.result, o.err
	case <-ctx.Done():
		return eventstore.Result[S]{}, unknownOutcome(ctx.Err())
	}
}

// Read implements eventstore.Log.
func (l *Log[S]) Read(ctx context.Context, tenant, scope, id string) (eventstore.Snapshot[S], error) {
	p := l.parts[Partition(tenant, scope, len(l.parts))]
	snap := eventstore.Snapshot[S]{Tenant: tenant, ID: id}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return snap, errStopping
	}
	snap.Position = p.position
	if r := p.durable(rowKey(tenant, id)); r != nil {
		snap.Revision, snap.State = r.Revision, r.State
	} else {
		snap.State = p.def.New(id, 0)
	}
	return snap, ctx.Err()
}

// Active implements eventstore.Log.
func (l *Log[S]) Active(ctx context.Context, due time.Time, limit int) ([]eventstore.Snapshot[S], error) {
	var all []waking[S]
	for _, p := range l.parts {
		p.mu.Lock()
		for key, at := range p.active {
			if due.IsZero() || !at.IsZero() && !at.After(due) {
				all = append(all, waking[S]{p, key, at})
			}
		}
		p.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b waking[S]) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.key, b.key))
	})
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	out := make([]eventstore.Snapshot[S], 0, len(all))
	for _, w := range all {
		if s, ok := w.snapshot(); ok {
			out = append(out, s)
		}
	}
	return out, ctx.Err()
}

// waking is an aggregate with unfinished work.
type waking[S any] struct {
	p   *partition[S]
	key string
	at  time.Time
}

// snapshot reads it; ok is false when its work has ended meanwhile.
func (w waking[S]) snapshot() (s eventstore.Snapshot[S], ok bool) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	if _, ok = w.p.active[w.key]; !ok || w.p.closed {
		return s, false
	}
	r := w.p.durable(w.key)
	tenant, id := splitRowKey(w.key)
	return eventstore.Snapshot[S]{Tenant: tenant, ID: id, Revision: r.Revision, Position: w.p.position, State: r.State}, true
}
