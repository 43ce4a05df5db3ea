package storetest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/orderstream/oms/eventstore"
)

// checkChains proves that the log itself is whole: the revisions of every
// aggregate follow one another without gap or double.
func checkChains(t *testing.T, commits []eventstore.Commit) (sum int64) {
	t.Helper()
	rev := map[string]uint64{}
	state := map[string]Account{}
	for _, c := range commits {
		events, err := c.Recorded()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			rev[e.Aggregate]++
			if e.Revision != rev[e.Aggregate] {
				t.Fatalf("position %d: %s has revision %d after %d", c.Position, e.Aggregate, e.Revision, rev[e.Aggregate]-1)
			}
			state[e.Aggregate] = evolve(state[e.Aggregate], e.Event)
		}
	}
	for _, a := range state {
		if a.Balance < 0 {
			t.Fatal("a balance below zero")
		}
		sum += a.Balance
	}
	return sum
}

func testOneAggregate(t *testing.T, w World) {
	p := w.Open(t, "a")
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for range 25 {
				if _, err := p.Log().Execute(t.Context(), meta(""), "x", Deposit{1}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := balance(t, p, "x"); got != 800 {
		t.Errorf("balance = %d, want 800", got)
	}
	if got := checkChains(t, w.Commits(t)); got != 800 {
		t.Errorf("the log adds up to %d, want 800", got)
	}
}

func testOnePartition(t *testing.T, w World) {
	p := w.Open(t, "a")
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for n := range 50 {
				var c eventstore.Command[Account] = Deposit{1}
				if n%5 == 4 {
					c = Alarm{""}
				}
				if _, err := p.Log().Execute(t.Context(), meta(""), fmt.Sprint("x", (i+n)%7), c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := checkChains(t, w.Commits(t)); got != 32*40 {
		t.Errorf("the log adds up to %d, want %d", got, 32*40)
	}
}

func testTransfers(t *testing.T, w World) {
	p := w.Open(t, "a")
	for i := range 5 {
		if _, err := p.Log().Transact(t.Context(), meta(""), "bank", eventstore.Single(fmt.Sprint("x", i), Open{100})); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				tr := Transfer{From: fmt.Sprint("x", rand.IntN(5)), To: fmt.Sprint("x", rand.IntN(5)), Amount: rand.Int64N(80)}
				if _, err := p.Log().Transact(t.Context(), meta(""), "bank", tr); retry(err) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := checkChains(t, w.Commits(t)); got != 500 {
		t.Errorf("the log adds up to %d, want 500", got)
	}
}

func testTwoProcesses(t *testing.T, w World) {
	a, b := w.Open(t, "a"), w.Open(t, "b")
	var wg sync.WaitGroup
	var done atomic.Int64
	for i, p := range []Process{a, b, a, b} {
		wg.Go(func() {
			for n := range 40 {
				m := meta(fmt.Sprint("k", i, "-", n))
				for {
					_, err := p.Log().Execute(t.Context(), m, fmt.Sprint("x", n%3), Deposit{1})
					if err == nil {
						done.Add(1)
						break
					}
					if !retry(err) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if got := checkChains(t, w.Commits(t)); got != done.Load() || got != 160 {
		t.Errorf("the log adds up to %d, acknowledged were %d, want 160", got, done.Load())
	}
}

func testTakeOver(t *testing.T, w World) {
	a := w.Open(t, "a")
	mustDo(t, a, meta("k"), "x", Deposit{5})
	b := w.Open(t, "b")
	if r := mustDo(t, b, meta("k"), "x", Deposit{5}); !r.Repeated {
		t.Error("process b did not know the key of process a")
	}
	mustDo(t, b, meta(""), "x", Deposit{2})
	mustDo(t, a, meta(""), "x", Deposit{3})
	if got := balance(t, a, "x"); got != 10 {
		t.Errorf("balance = %d, want 10", got)
	}
}
