package jsstore

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// seat is a partition as its keeper handles it.
type seat interface {
	// own brings state to the end of the log and begins to decide.
	own(ctx context.Context) error
	// disown stops deciding at once.
	disown()
	// calm waits for what is in flight.
	calm(ctx context.Context) error
	// standBy keeps state near the end of the log while others own it.
	standBy(ctx context.Context) error
	// serve takes commands of other processes until stop is called.
	serve() (stop func(), err error)
	// owned and lost tell the rest of the process.
	owned()
	lost()
}

// standByEvery is how often state of a partition that others own is brought
// near the end of the log.
const standByEvery = 15 * time.Second

// keeper wants one partition for this process: it waits until the partition is
// free, takes its lease, and renews it until somebody else has it, others
// should have it, or the process stops.
type keeper struct {
	ls        *leases
	id        int
	seat      seat
	abandoned *atomic.Bool
	// renewed is when the lease was last known to be ours, since epoch.
	renewed atomic.Int64
	epoch   time.Time
	holds   atomic.Bool
}

// sure reports whether nobody else can hold the lease, as far as clocks of
// processes run alike. A read asks for it; an append does not need to.
func (k *keeper) sure() bool {
	return k.holds.Load() && k.ls.now().Sub(k.epoch)-time.Duration(k.renewed.Load()) < k.ls.ttl
}

func (k *keeper) run(ctx context.Context) {
	for {
		last, ok := k.awaitTurn(ctx)
		if !ok {
			return
		}
		asked := k.ls.now()
		within, cancel := context.WithTimeout(ctx, k.ls.ttl/3)
		rev, err := k.ls.bucket.take(within, k.ls.key(k.id), k.ls.self, last)
		cancel()
		switch {
		case errors.Is(err, errTaken):
			k.ls.blocked(k.id)
		case err != nil:
			wait(ctx, k.ls.ttl/10)
		default:
			k.hold(ctx, rev, asked)
		}
	}
}

// awaitTurn waits until the partition is free and this process is the one to
// try. It returns the last revision of the lease, and false when the context
// ended.
func (k *keeper) awaitTurn(ctx context.Context) (uint64, bool) {
	refresh := k.ls.now().Add(standByEvery)
	for ctx.Err() == nil {
		v := k.ls.look(k.id)
		free := v.holder == "" && k.ls.fit() && !k.ls.frozen.Load()
		pause := k.ls.ttl / 2
		switch {
		case free:
			pause = k.ls.turn()
		case v.ends > 0:
			pause = min(pause, v.ends)
		}
		select {
		case <-v.moved: // somebody was faster
			continue
		case <-ctx.Done():
			return 0, false
		case <-time.After(pause):
		}
		if free {
			return v.rev, true
		}
		if k.ls.now().After(refresh) {
			k.standBy(ctx)
			refresh = k.ls.now().Add(standByEvery)
		}
	}
	return 0, false
}

func (k *keeper) standBy(ctx context.Context) {
	if err := k.seat.standBy(ctx); err != nil && ctx.Err() == nil {
		slog.LogAttrs(ctx, slog.LevelWarn, "state does not follow the log", slog.String("log", k.ls.log), slog.Int("partition", k.id), slog.Any("error", err))
	}
}

// hold owns the partition while the lease is ours.
func (k *keeper) hold(ctx context.Context, rev uint64, asked time.Time) {
	k.ls.took()
	k.confirm(asked)
	k.holds.Store(true)
	owning, stop := context.WithCancel(ctx)
	t := &tenure{rev: rev, begun: make(chan struct{})}
	go func() {
		defer close(t.begun)
		t.failed = k.seat.own(owning)
	}()
	k.keep(ctx, t)
	k.holds.Store(false)
	stop()
	<-t.begun
	k.seat.disown()
	k.release(ctx, t)
	k.ls.gave(t.leaving)
	if t.stopServing != nil {
		k.seat.lost()
		k.linger(ctx)
		t.stopServing()
	}
}

// tenure is one time of holding a lease.
type tenure struct {
	rev         uint64        // of the lease; 0 when it is not ours any more
	begun       chan struct{} // closed when own has returned
	failed      error         // what it returned
	stopServing func()        // nil while no commands of others are taken
	leaving     bool          // given up for others to take
}

// keep renews the lease until the holding ends.
func (k *keeper) keep(ctx context.Context, t *tenure) {
	begun := t.begun
	tick := time.NewTicker(k.ls.ttl / 3)
	defer tick.Stop()
	for {
		v := k.ls.look(k.id)
		if v.holder != "" && v.holder != k.ls.self.Writer && v.rev > t.rev {
			t.rev = 0
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-v.moved:
		case <-begun:
			begun = nil
			if !k.begin(ctx, t) {
				return
			}
		case <-tick.C:
			if k.ls.frozen.Load() {
				continue
			}
			if t.leaving = t.stopServing != nil && k.ls.leaves(); t.leaving {
				return
			}
			if k.renew(ctx, t); t.rev == 0 {
				return
			}
		}
	}
}

// begin takes commands, now that the state is at the end of the log. A process
// that cannot leaves the partition to others.
func (k *keeper) begin(ctx context.Context, t *tenure) bool {
	err := t.failed
	if err == nil {
		t.stopServing, err = k.seat.serve()
	}
	if err == nil {
		k.seat.owned()
		return true
	}
	if ctx.Err() == nil {
		slog.LogAttrs(ctx, slog.LevelError, "partition not taken over", slog.String("log", k.ls.log), slog.Int("partition", k.id), slog.Any("error", err))
		k.ls.unfit()
	}
	return false
}

// renew keeps the lease, or finds that it is lost. When the bucket does not
// answer the process goes on deciding, since the fence of the log decides who
// may write; it only is not sure any more.
func (k *keeper) renew(ctx context.Context, t *tenure) {
	asked := k.ls.now()
	within, cancel := context.WithTimeout(ctx, k.ls.ttl/3)
	defer cancel()
	next, err := k.ls.bucket.renew(within, k.ls.key(k.id), k.ls.self, t.rev)
	switch {
	case err == nil:
		k.confirm(asked)
		t.rev = next
	case errors.Is(err, errTaken):
		k.ls.blocked(k.id)
		t.rev = 0
	}
}

func (k *keeper) confirm(asked time.Time) { k.renewed.Store(int64(asked.Sub(k.epoch))) }

// release frees the lease once the log holds everything that was in flight, so
// that the next owner starts on whole state. It waits for neither for long.
func (k *keeper) release(ctx context.Context, t *tenure) {
	if t.rev == 0 || k.abandoned.Load() {
		return
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(k.ls.ttl/3, time.Second))
	defer cancel()
	_ = k.seat.calm(within)
	if err := k.ls.bucket.give(within, k.ls.key(k.id), t.rev); err != nil && !mismatch(err) {
		slog.LogAttrs(ctx, slog.LevelWarn, "lease not given back; it runs out", slog.String("log", k.ls.log), slog.Int("partition", k.id), slog.Any("error", err))
	}
}

// linger answers commands that are still on their way here with the word that
// there is another owner, until there is one.
func (k *keeper) linger(ctx context.Context) {
	until, cancel := context.WithTimeout(context.WithoutCancel(ctx), 250*time.Millisecond)
	defer cancel()
	for until.Err() == nil && !k.abandoned.Load() && !k.ls.alone() {
		v := k.ls.look(k.id)
		if v.holder != "" && v.holder != k.ls.self.Writer {
			return
		}
		select {
		case <-v.moved:
		case <-until.Done():
		}
	}
}
