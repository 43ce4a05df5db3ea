package delivery

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
)

// recorder stores what became of attempts. While one commit is on its way to the
// disk the next one gathers.
type recorder struct {
	*Engine
	mu    sync.Mutex
	open  map[string]*group // by tenant
	ended bool              // nothing is stored any more
	there chan struct{}
}

// group is the attempts of one tenant that are stored together.
type group struct {
	attempts []endpoint.Attempt
	// told are called when they are stored, or never will be.
	told []func(stored bool)
}

// mostAttempts share a commit.
const mostAttempts = 512

func newRecorder(e *Engine) *recorder {
	return &recorder{Engine: e, open: map[string]*group{}, there: make(chan struct{}, 1)}
}

// record stores attempts and calls told when that is done, or never will be,
// since the shard ends. It does not wait.
func (r *recorder) record(tenant string, attempts []endpoint.Attempt, told func(stored bool)) {
	r.mu.Lock()
	if r.ended {
		r.mu.Unlock()
		told(false)
		return
	}
	g := r.open[tenant]
	if g == nil {
		g = &group{}
		r.open[tenant] = g
	}
	g.attempts = append(g.attempts, attempts...)
	g.told = append(g.told, told)
	r.mu.Unlock()
	select {
	case r.there <- struct{}{}:
	default:
	}
}

// run stores until the context ends; then nothing is stored any more.
func (r *recorder) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-r.there:
		case <-ctx.Done():
		}
		r.mu.Lock()
		open := r.open
		r.open = map[string]*group{}
		r.ended = ctx.Err() != nil
		r.mu.Unlock()
		for tenant, g := range open {
			stored := r.store(ctx, tenant, g.attempts)
			for _, f := range g.told {
				f(stored)
			}
		}
	}
}

// store tries until it is done or the context ends: an attempt that is not
// stored would be made again.
func (r *recorder) store(ctx context.Context, tenant string, attempts []endpoint.Attempt) bool {
	for len(attempts) > 0 {
		n := min(len(attempts), mostAttempts)
		for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
			_, err := r.log.Transact(ctx, eventstore.Meta{Tenant: tenant, Actor: "delivery"}, endpoint.Scope, endpoint.RecordAttempts{Attempts: attempts[:n], Now: r.cfg.Now()})
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return false
			}
			slog.LogAttrs(ctx, slog.LevelWarn, "attempts not recorded yet", slog.Any("error", err))
			if !rest(ctx, wait) {
				return false
			}
		}
		attempts = attempts[n:]
	}
	return true
}

// rest waits; false when the context ended first.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
