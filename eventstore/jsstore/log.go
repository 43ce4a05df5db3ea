package jsstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
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
	life      context.Context //nolint:containedctx // ends when the log is closed
	running   sync.WaitGroup
	shared    *shared[S] // nil when this process owns every partition

	ownedMu sync.Mutex
	onOwned []func(context.Context, int, []eventstore.Snapshot[S])
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
	l := &Log[S]{def: def, cfg: cfg, life: life}
	w := wire{conn: cfg.Conn, stream: stream, wait: cfg.AckWait, whole: partitions == 1 && !cfg.Cluster && cfg.Replicas == 1}
	for i := range partitions {
		p := newPartition(life, cfg, def, i, file, w)
		p.watch, p.abandoned = committed, &l.abandoned
		l.parts = append(l.parts, p)
	}
	if err := l.bringUp(ctx, s); err != nil {
		end()
		_ = file.close()
		return nil, err
	}
	for _, p := range l.parts {
		l.running.Go(p.background)
	}
	if l.shared != nil {
		l.shared.start(life)
	}
	stop := func() { l.stop(end); _ = file.close() }
	s.mu.Lock()
	s.closers = append(s.closers, stop)
	s.abandoners = append(s.abandoners, func() { l.abandoned.Store(true); stop() })
	s.mu.Unlock()
	return l, nil
}

// bringUp brings state to the end of the log, except where this process will
// never decide.
func (l *Log[S]) bringUp(ctx context.Context, s *Store) error {
	cmds, err := newCommands[S](l.def.Commands) // also of a lone process: it may have company later
	if err != nil {
		return fmt.Errorf("log %s: %w", l.def.Name, err)
	}
	if l.cfg.owns(l.def.Name) {
		for _, p := range l.parts {
			if err := p.recoverState(ctx); err != nil {
				return err
			}
		}
	}
	if l.cfg.Cluster {
		l.shared, err = share(ctx, s, l, cmds)
	}
	return err
}

// stop ends everything: partitions are handed over first, then what is in
// flight is waited for, and with it the callers in other processes.
func (l *Log[S]) stop(end func()) {
	if l.shared != nil {
		l.shared.release()
	}
	end()
	l.running.Wait()
	if l.shared != nil {
		l.shared.calls.Wait()
	}
}

// Execute implements eventstore.Log.
func (l *Log[S]) Execute(ctx context.Context, m eventstore.Meta, id string, c eventstore.Command[S]) (eventstore.Result[S], error) {
	return l.Transact(ctx, m, id, eventstore.Single(id, c))
}

// Transact implements eventstore.Log.
func (l *Log[S]) Transact(ctx context.Context, m eventstore.Meta, scope string, t eventstore.Transaction[S]) (eventstore.Result[S], error) {
	i := Partition(m.Tenant, scope, len(l.parts))
	if l.shared != nil {
		return l.shared.transact(ctx, i, m, scope, t)
	}
	return l.parts[i].transact(ctx, m, scope, t)
}

// Read implements eventstore.Log.
func (l *Log[S]) Read(ctx context.Context, tenant, scope, id string) (eventstore.Snapshot[S], error) {
	i := Partition(tenant, scope, len(l.parts))
	if l.shared != nil {
		return l.shared.read(ctx, i, tenant, scope, id)
	}
	return l.parts[i].read(ctx, tenant, id)
}

// Active implements eventstore.Log.
func (l *Log[S]) Active(ctx context.Context, due time.Time, limit int) ([]eventstore.Snapshot[S], error) {
	var all []waking[S]
	for i, p := range l.parts {
		if l.shared != nil && !l.shared.seats[i].mine.Load() {
			continue
		}
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

// OnOwned calls f whenever this process begins to own a partition, with the
// aggregates that have unfinished work there, in a goroutine of its own. A
// partition that is owned already is told at once; a log that is not shared
// owns all of them from the start. The context ends when the log is closed.
func (l *Log[S]) OnOwned(f func(ctx context.Context, partition int, unfinished []eventstore.Snapshot[S])) {
	l.ownedMu.Lock()
	defer l.ownedMu.Unlock()
	l.onOwned = append(l.onOwned, f)
	for i, p := range l.parts {
		if l.shared == nil || l.shared.seats[i].mine.Load() {
			l.running.Go(func() { f(l.life, i, p.unfinished()) })
		}
	}
}

// begun tells whoever asked that a partition is owned now.
func (l *Log[S]) begun(p *partition[S]) {
	l.ownedMu.Lock()
	defer l.ownedMu.Unlock()
	for _, f := range l.onOwned {
		l.running.Go(func() { f(l.life, p.id, p.unfinished()) })
	}
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
	if _, ok = w.p.active[w.key]; !ok || w.p.refusal() != nil {
		return s, false
	}
	r := w.p.durable(w.key)
	tenant, id := splitRowKey(w.key)
	return eventstore.Snapshot[S]{Tenant: tenant, ID: id, Revision: r.Revision, Position: w.p.position, State: r.State, Traceparent: r.Trace}, true
}

// unfinished returns every aggregate of the partition with unfinished work.
func (p *partition[S]) unfinished() (out []eventstore.Snapshot[S]) {
	p.mu.Lock()
	keys := slices.Collect(maps.Keys(p.active))
	p.mu.Unlock()
	for _, key := range keys {
		if s, ok := (waking[S]{p: p, key: key}).snapshot(); ok {
			out = append(out, s)
		}
	}
	return out
}
