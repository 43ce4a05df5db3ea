package delivery

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// sweepEvery is how often lanes look whether the view knows of deliveries that they
// do not: what another process stored here while both believed to own it.
const sweepEvery = 30 * time.Second

// shard delivers for one partition.
type shard struct {
	*Engine
	inbox    *inbox
	cancel   context.CancelFunc
	ended    chan struct{}
	recorder *recorder
	notices  *noticeCache
	feeds    *feeds
	// reached is the last position of the delivery log that this process knows.
	reached atomic.Uint64
	// draining: nothing new is attempted.
	draining atomic.Bool

	spawning sync.Mutex
	ending   bool
	running  sync.WaitGroup

	mu    sync.RWMutex
	lanes map[laneKey]*lane
}

// laneKey names an endpoint.
type laneKey struct{ tenant, id string }

func newShard(e *Engine, b *inbox, cancel context.CancelFunc) *shard {
	s := &shard{Engine: e, inbox: b, cancel: cancel, ended: make(chan struct{}), lanes: map[laneKey]*lane{}}
	s.recorder = newRecorder(e)
	s.notices = newNoticeCache(e.cfg.Source)
	s.feeds = newFeeds(s)
	return s
}

// run delivers until the context ends.
func (s *shard) run(ctx context.Context, snapshots []eventstore.Snapshot[endpoint.State]) {
	defer close(s.ended)
	defer s.wait()
	s.spawn(func() { s.recorder.run(ctx) })
	for _, snap := range snapshots {
		s.advance(snap.Position)
		s.see(ctx, snap.Tenant, snap.ID, snap.State)
	}
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	s.spawn(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				s.each(func(l *lane) { l.sweep(ctx) })
			}
		}
	})
	for ctx.Err() == nil {
		for _, c := range s.inbox.take(ctx) {
			s.committed(ctx, c)
		}
	}
	s.each(func(l *lane) { l.close() })
}

// spawn runs something that the shard waits for at its end. What comes too late
// is not run.
func (s *shard) spawn(f func()) {
	s.spawning.Lock()
	defer s.spawning.Unlock()
	if !s.ending {
		s.running.Go(f)
	}
}

func (s *shard) wait() {
	s.spawning.Lock()
	s.ending = true
	s.spawning.Unlock()
	s.running.Wait()
}

func (s *shard) advance(position uint64) {
	if position > s.reached.Load() {
		s.reached.Store(position)
	}
}

// see is told of the state of an aggregate.
func (s *shard) see(ctx context.Context, tenant, aggregate string, st endpoint.State) {
	if id, ok := endpoint.IDOf(aggregate); ok {
		s.seeEndpoint(ctx, laneKey{tenant, id}, st)
		return
	}
	if log, ok := strings.CutPrefix(aggregate, endpoint.FeedID("")); ok && st.Feed.Log != "" {
		s.feeds.see(ctx, tenant, log, st.Feed.Cursor)
	}
}

// seeEndpoint opens, changes or closes the lane of an endpoint.
func (s *shard) seeEndpoint(ctx context.Context, k laneKey, st endpoint.State) {
	s.mu.Lock()
	l := s.lanes[k]
	switch {
	case !st.Exists():
		delete(s.lanes, k)
	case l == nil:
		l = newLane(s, k)
		s.lanes[k] = l
	}
	s.mu.Unlock()
	switch {
	case l == nil:
	case !st.Exists():
		l.close()
	default:
		l.set(ctx, st)
	}
	s.feeds.changed()
}

// configs are the endpoints of every tenant.
func (s *shard) configs() map[string][]endpoint.Config {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := map[string][]endpoint.Config{}
	for k, l := range s.lanes {
		all[k.tenant] = append(all[k.tenant], l.config())
	}
	return all
}

func (s *shard) lane(k laneKey) *lane {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.lanes[k]
}

func (s *shard) each(f func(*lane)) {
	s.mu.RLock()
	all := make([]*lane, 0, len(s.lanes))
	for _, l := range s.lanes {
		all = append(all, l)
	}
	s.mu.RUnlock()
	for _, l := range all {
		f(l)
	}
}

// committed does what follows from a commit of this process.
func (s *shard) committed(ctx context.Context, c committed) {
	s.advance(c.commit.Position)
	tenant := c.commit.GetTenant()
	place := endpoint.FirstPlace(c.commit.Index)
	for i, e := range c.events {
		aggregate := c.commit.GetEvents()[i].GetAggregate()
		switch e := e.(type) {
		case *deliveryv1.NoticesQueued:
			for _, n := range e.GetNotices() {
				ref := endpoint.Ref{Position: c.commit.Position, Place: place}
				place++
				for _, id := range n.GetEndpointIds() {
					if l := s.lane(laneKey{tenant, id}); l != nil {
						l.add(ctx, ref, n)
					}
				}
			}
		case *deliveryv1.DeliveriesRequeued:
			if l := s.lane(laneKey{tenant, e.GetEndpointId()}); l != nil {
				l.requeue(ctx, e.GetNotices())
			}
			s.see(ctx, tenant, aggregate, c.states[aggregate])
		case *deliveryv1.AttemptsRecorded, *deliveryv1.FeedAdvanced:
			// Whoever asked for it knows.
		case *deliveryv1.EndpointStatusChanged:
			s.statusChanged(ctx, laneKey{tenant, idOf(aggregate)}, c.commit.Position, e)
			s.see(ctx, tenant, aggregate, c.states[aggregate])
		default:
			s.see(ctx, tenant, aggregate, c.states[aggregate])
		}
	}
}

func idOf(aggregate string) string {
	id, _ := endpoint.IDOf(aggregate)
	return id
}

func (s *shard) statusChanged(ctx context.Context, k laneKey, position uint64, e *deliveryv1.EndpointStatusChanged) {
	if l := s.lane(k); l != nil && (e.GetSkipKept() || e.GetStatus() == endpoint.Disabled) {
		l.drop(position)
	}
	if e.GetStatus() != endpoint.Suspended {
		return
	}
	slog.LogAttrs(ctx, slog.LevelWarn, "endpoint suspended",
		slog.String("tenant", k.tenant), slog.String("endpoint", k.id), slog.String("reason", e.GetReason()))
	if f := s.cfg.Hooks.Suspended; f != nil {
		f(k.tenant, k.id, e.GetReason())
	}
}

// drain waits until no attempt is under way, at most so long.
func (s *shard) drain(most time.Duration) {
	over := time.NewTimer(most)
	defer over.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		under := 0
		s.each(func(l *lane) { under += l.underWay() })
		if under == 0 {
			return
		}
		select {
		case <-over.C:
			return
		case <-look.C:
		}
	}
}
