package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func is(err, target error) bool { return errors.Is(err, target) }

func testKeyAcross(t *testing.T, w ClusterWorld) {
	ps := []ClusterProcess{w.Open(t, "a"), w.Open(t, "b"), w.OpenIdle(t, "c")}
	ctx := within(t, patience)
	var wg sync.WaitGroup
	for i := range 96 {
		id := fmt.Sprint("x", i%4)
		wg.Go(func() {
			if _, err := insist(ctx, ps[i%3], meta("k"), id, Deposit{5}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := checkChains(t, w.Commits(t)); got != 4*5 {
		t.Errorf("the log adds up to %d, want %d", got, 4*5)
	}
}

// books are the commands that a test's callers know to be stored.
type books struct {
	mu    sync.Mutex
	acked map[string]string // key to account
	last  time.Time
	gap   time.Duration // longest time without any answer
	n     atomic.Int64
}

func (b *books) store(key, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.acked == nil {
		b.acked = map[string]string{}
	}
	b.acked[key] = id
	now := time.Now()
	if !b.last.IsZero() {
		b.gap = max(b.gap, now.Sub(b.last))
	}
	b.last = now
	b.n.Add(1)
}

// load sends deposits with keys through a process until stop is closed.
func (b *books) load(ctx context.Context, t *testing.T, stop <-chan struct{}, wg *sync.WaitGroup, name string, p Process) {
	t.Helper()
	for i := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				id, key := fmt.Sprint("acc", (i+n)%24), fmt.Sprint(name, i, "-", n)
				if _, err := insist(ctx, p, meta(key), id, Deposit{1}); err != nil {
					if ctx.Err() != nil || !retry(err) {
						t.Errorf("%s: %v", key, err)
					}
					return
				}
				b.store(key, id)
			}
		})
	}
}

// reach waits until so many more commands are acknowledged.
func (b *books) reach(t *testing.T, more int64) {
	t.Helper()
	goal := b.n.Load() + more
	eventually(t, "commands are acknowledged", func() bool { return b.n.Load() >= goal })
}

// check proves that the log holds each acknowledged command exactly once, and
// that its key still answers.
func (b *books) check(t *testing.T, w ClusterWorld, p Process) {
	t.Helper()
	commits := w.Commits(t)
	checkChains(t, commits)
	stored := map[string]int{}
	for _, c := range commits {
		stored[c.CommandKey]++
	}
	asked := 0
	for key, id := range b.acked {
		if stored[key] != 1 {
			t.Errorf("%s was acknowledged and is in the log %d times", key, stored[key])
		}
		if asked++; asked <= 100 {
			if r, err := insist(within(t, patience), p, meta(key), id, Deposit{1}); err != nil || !r.Repeated {
				t.Errorf("%s sent again: %+v, %v", key, r, err)
			}
		}
	}
}

// busy is what a machine that does other things besides may add.
const busy = 5 * time.Second

func testKillOwner(t *testing.T, w ClusterWorld) {
	a, b := w.Open(t, "a"), w.Open(t, "b")
	idle := w.OpenIdle(t, "idle")
	owned := settle(t, 1, a, b)
	ctx := within(t, patience)
	var bs books
	var wg sync.WaitGroup
	stop := make(chan struct{})
	bs.load(ctx, t, stop, &wg, "b", b)
	bs.load(ctx, t, stop, &wg, "idle", idle)
	bs.reach(t, 300)
	before := ordinals(t, ctx, idle)
	a.Kill()
	died := time.Now()
	took := firstAnswer(t, b, owned[0], died)
	if took > w.Lease()+busy {
		t.Errorf("another process took over after %v, the lease is %v", took, w.Lease())
	}
	t.Logf("killed: taken over after %v, lease %v", took, w.Lease())
	bs.reach(t, 300)
	close(stop)
	wg.Wait()
	bs.check(t, w, b)
	if after := ordinals(t, ctx, idle); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("the new owner folded another state: ordinals %v, before %v", after, before)
	}
}

// firstAnswer is when every account of a former owner answers again.
func firstAnswer(t *testing.T, p Process, owned map[string]bool, since time.Time) time.Duration {
	t.Helper()
	for id := range owned {
		if _, err := insist(within(t, patience), p, meta("after"), id, Deposit{1}); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(since)
}

func ordinals(t *testing.T, ctx context.Context, p Process) map[string]uint64 {
	t.Helper()
	all := map[string]uint64{}
	for _, id := range ids(24) {
		s, err := p.Log().Read(ctx, "t", id, id)
		if err != nil {
			t.Fatal(err)
		}
		all[id] = s.State.Ordinal
	}
	return all
}

func testHandOver(t *testing.T, w ClusterWorld) {
	w.SetLease(8 * time.Second) // so long that waiting for its end would show, on a slow machine too
	a, b := w.Open(t, "a"), w.Open(t, "b")
	owned := settle(t, 1, a, b)
	ctx := within(t, patience)
	var bs books
	var wg sync.WaitGroup
	stop := make(chan struct{})
	bs.load(ctx, t, stop, &wg, "b", b)
	bs.reach(t, 200)
	left := time.Now()
	wg.Go(a.Close)
	took := firstAnswer(t, b, owned[0], left)
	if took > w.Lease() {
		t.Errorf("handed over after %v, the lease is %v", took, w.Lease())
	}
	t.Logf("stopped: handed over after %v, lease %v", took, w.Lease())
	bs.reach(t, 200)
	close(stop)
	wg.Wait()
	bs.check(t, w, b)
}

func testLyingLease(t *testing.T, w ClusterWorld) {
	a := w.Open(t, "a")
	settle(t, 24, a)
	a.Freeze()
	b := w.Open(t, "b")
	eventually(t, "the other process owns everything, too", func() bool {
		mine, err := b.Log().Active(t.Context(), time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(mine) == 24
	})
	if lies, err := a.Log().Active(t.Context(), time.Time{}, 0); err != nil || len(lies) != 24 {
		t.Fatalf("the frozen process lists %d, %v: it does not lie", len(lies), err)
	}
	ctx := within(t, patience)
	var bs books
	var wg sync.WaitGroup
	stop := make(chan struct{})
	bs.load(ctx, t, stop, &wg, "a", a)
	bs.load(ctx, t, stop, &wg, "b", b)
	bs.reach(t, 400)
	close(stop)
	wg.Wait()
	bs.check(t, w, b)
	bs.check(t, w, a)
}

func testStopLeader(t *testing.T, w NodeStopper) {
	ps := []ClusterProcess{w.Open(t, "a"), w.Open(t, "b"), w.Open(t, "c")}
	settle(t, 1, ps...)
	ctx := within(t, patience)
	var bs books
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for i, p := range ps {
		bs.load(ctx, t, stop, &wg, fmt.Sprint("p", i), p)
	}
	bs.reach(t, 300)
	w.StopLeader(t)
	bs.reach(t, 300)
	close(stop)
	wg.Wait()
	t.Logf("leading server stopped: no answer for %v at most", bs.gap)
	bs.check(t, w, ps[0])
}
