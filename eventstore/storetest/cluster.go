package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
)

// ClusterWorld is where processes share one log. It has several partitions.
type ClusterWorld interface {
	// Open starts a process that wants its share of the partitions.
	Open(t *testing.T, process string) ClusterProcess
	// OpenIdle starts a process that never owns a partition.
	OpenIdle(t *testing.T, process string) ClusterProcess
	// Commits reads the whole log.
	Commits(t *testing.T) []eventstore.Commit
	// Lease is how long the partitions of a process that died stay its own.
	Lease() time.Duration
	// SetLease changes that for the processes that are opened from then on.
	SetLease(d time.Duration)
}

// ClusterProcess is a process of a ClusterWorld.
type ClusterProcess interface {
	Process
	// Freeze stops the process from renewing what it owns and from noticing
	// that it lost it, while it goes on deciding.
	Freeze()
}

// NodeStopper is a ClusterWorld whose log is kept by several servers.
type NodeStopper interface {
	ClusterWorld
	// StopLeader stops the server that takes the log's appends.
	StopLeader(t *testing.T)
}

// RunCluster runs the promises of a shared log; world makes a fresh world for
// each.
func RunCluster(t *testing.T, world func(t *testing.T) ClusterWorld) {
	t.Helper()
	for _, c := range []struct {
		promise string
		test    func(*testing.T, ClusterWorld)
	}{
		{"every process can run any command", testAnyProcess},
		{"processes share the partitions, those that come later too", testShare},
		{"a command for another process keeps its kind of failure, reason and violations", testRoutedFaults},
		{"a command that cannot travel says so", testUnregistered},
		{"a command waits for an owner as long as its caller does", testNoOwner},
		{"the same key sent by all processes at once runs once", testKeyAcross},
		{"when the owner is killed another takes over and nothing acknowledged is lost", testKillOwner},
		{"a process that stops hands over at once", testHandOver},
		{"a lease that lies loses and doubles nothing", testLyingLease},
	} {
		t.Run(c.promise, func(t *testing.T) { c.test(t, world(t)) })
	}
}

// RunServers is RunCluster, and what several servers promise besides.
func RunServers(t *testing.T, world func(t *testing.T) NodeStopper) {
	t.Helper()
	RunCluster(t, func(t *testing.T) ClusterWorld { t.Helper(); return world(t) })
	t.Run("a log whose leading server stops loses nothing and goes on", func(t *testing.T) { testStopLeader(t, world(t)) })
}

// patience bounds every wait of a promise.
const patience = 60 * time.Second

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// eventually looks until something is so, at bounded intervals.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx := within(t, patience)
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within %v: %s", patience, what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// insist runs a command, and again under the same key while its outcome is not
// known, as callers do.
func insist(ctx context.Context, p Process, m eventstore.Meta, id string, c eventstore.Command[Account]) (eventstore.Result[Account], error) {
	for {
		once, cancel := context.WithTimeout(ctx, 10*time.Second)
		r, err := p.Log().Execute(once, m, id, c)
		cancel()
		if !retry(err) || ctx.Err() != nil {
			return r, err
		}
	}
}

// ids spread over the partitions.
func ids(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint("acc", i))
	}
	return all
}

// settle waits until all partitions have owners, and tells what each process
// owns, by the alarms that it lists.
func settle(t *testing.T, fair int, ps ...ClusterProcess) (owned []map[string]bool) {
	t.Helper()
	all := ids(24)
	for _, id := range all {
		if _, err := insist(within(t, patience), ps[0], meta("alarm"), id, Alarm{time.Now().Format(time.RFC3339Nano)}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "every partition has one owner, and every process something to do", func() bool {
		owned = nil
		sum := 0
		for _, p := range ps {
			mine := map[string]bool{}
			open, err := p.Log().Active(t.Context(), time.Time{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range open {
				mine[s.ID] = true
			}
			if len(mine) < fair {
				return false
			}
			sum += len(mine)
			owned = append(owned, mine)
		}
		return sum == len(all)
	})
	return owned
}

func testAnyProcess(t *testing.T, w ClusterWorld) {
	ps := []ClusterProcess{w.Open(t, "a"), w.Open(t, "b"), w.OpenIdle(t, "c")}
	ctx := within(t, patience)
	var wg sync.WaitGroup
	for i, p := range ps {
		for _, id := range ids(12) {
			wg.Go(func() {
				m := meta(fmt.Sprint("k", i))
				r, err := insist(ctx, p, m, id, Deposit{10})
				if err != nil || r.Revision == 0 || r.Position == 0 || r.States[id].Balance < 10 || len(r.Events)+boolInt(r.Repeated) != 1 {
					t.Errorf("process %d, %s: %+v, %v", i, id, r, err)
				}
			})
		}
	}
	wg.Wait()
	for i, p := range ps {
		for _, id := range ids(12) {
			s, err := p.Log().Read(ctx, "t", id, id)
			if err != nil || s.State.Balance != 30 || s.Revision != 3 || s.State.Ordinal == 0 {
				t.Errorf("process %d reads %s: %+v, %v", i, id, s, err)
			}
		}
		tr := Transfer{From: fmt.Sprint("from", i), To: fmt.Sprint("to", i), Amount: 1}
		if _, err := p.Log().Transact(ctx, meta(""), "bank", eventstore.Single(tr.From, Open{1})); err != nil {
			t.Error(err)
		}
		r, err := p.Log().Transact(ctx, meta(""), "bank", tr)
		if err != nil || r.States[tr.To].Balance != 1 || len(r.Events) != 2 {
			t.Errorf("process %d: transfer answered %+v, %v", i, r, err)
		}
	}
	if got := checkChains(t, w.Commits(t)); got != 12*30+3 {
		t.Errorf("the log adds up to %d, want %d", got, 12*30+3)
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func testShare(t *testing.T, w ClusterWorld) {
	a := w.Open(t, "a")
	settle(t, 24, a)
	b := w.Open(t, "b")
	settle(t, 1, a, b)
	c := w.Open(t, "c")
	settle(t, 1, a, b, c)
	b.Close()
	settle(t, 1, a, c)
	checkChains(t, w.Commits(t))
}

func testRoutedFaults(t *testing.T, w ClusterWorld) {
	for _, p := range []ClusterProcess{w.Open(t, "a"), w.OpenIdle(t, "b")} {
		ctx := within(t, patience)
		_, err := p.Log().Execute(ctx, meta(""), "x", Deposit{-1})
		if want := fault.New(fault.Precondition, "insufficient", ""); !is(err, want) || fault.Public(err) != "balance is 0" {
			t.Errorf("refusal came as %v", err)
		}
		_, err = p.Log().Execute(ctx, meta(""), "x", Refuse{[]string{"one", "two"}})
		if fault.KindOf(err) != fault.Invalid || fault.ReasonOf(err) != fault.ReasonInvalid || len(fault.Violations(err)) != 2 {
			t.Errorf("violations came as %v", err)
		}
		m := meta("")
		m.ExpectRevision = 9
		if _, err = p.Log().Execute(ctx, m, "x", Deposit{1}); !is(err, fault.New(fault.Conflict, "revision_mismatch", "")) {
			t.Errorf("conflict came as %v", err)
		}
	}
	if got := w.Commits(t); len(got) != 0 {
		t.Errorf("log holds %d commits, want none", len(got))
	}
}

func testUnregistered(t *testing.T, w ClusterWorld) {
	w.Open(t, "a")
	b := w.OpenIdle(t, "b")
	_, err := b.Log().Execute(within(t, patience), meta(""), "x", bug{})
	if err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("err = %v, want an internal error that names the command", err)
	}
}

func testNoOwner(t *testing.T, w ClusterWorld) {
	idle := w.OpenIdle(t, "idle")
	_, err := idle.Log().Execute(within(t, 200*time.Millisecond), meta(""), "x", Deposit{1})
	if !is(err, fault.New(fault.Unavailable, "no_owner", "")) {
		t.Errorf("err = %v, want no_owner", err)
	}
	done := make(chan error)
	go func() {
		_, err := idle.Log().Execute(within(t, patience), meta(""), "x", Deposit{2})
		done <- err
	}()
	w.Open(t, "a")
	if err := <-done; err != nil {
		t.Errorf("the command that waited: %v", err)
	}
	if got := checkChains(t, w.Commits(t)); got != 2 {
		t.Errorf("the log adds up to %d, want 2", got)
	}
}
