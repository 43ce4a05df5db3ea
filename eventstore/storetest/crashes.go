package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

func testCrash(t *testing.T, w World) {
	var acked sync.Map
	for round := range 5 {
		p := w.Open(t, "a")
		var wg sync.WaitGroup
		var n atomic.Int64
		stop := make(chan struct{})
		for i := range 8 {
			wg.Go(func() {
				for j := 0; ; j++ {
					id := fmt.Sprintf("r%d-%d-%d", round, i, j)
					if _, err := p.Log().Execute(t.Context(), meta("k"), id, Open{1}); err != nil {
						return
					}
					acked.Store(id, true)
					if n.Add(1) == 200 {
						close(stop)
					}
				}
			})
		}
		<-stop
		p.Kill()
		wg.Wait()
	}
	p := w.Open(t, "a")
	acked.Range(func(id, _ any) bool {
		if got := balance(t, p, id.(string)); got != 1 {
			t.Errorf("%s: balance %d after the crash, want 1", id, got)
		}
		return !t.Failed()
	})
	checkChains(t, w.Commits(t))
}

func testLostTail(t *testing.T, w World) {
	p := w.Open(t, "a")
	kept := mustDo(t, p, meta(""), "x", Deposit{5})
	mustDo(t, p, meta(""), "x", Deposit{100})
	p.Close() // the state file has seen the second commit
	w.LoseTail(t, kept.Position)
	p = w.Open(t, "a")
	if got := balance(t, p, "x"); got != 5 {
		t.Errorf("balance = %d, want 5: the log knows no more", got)
	}
	p.Close()
	other := w.Open(t, "b") // uses the lost sequence again
	mustDo(t, other, meta(""), "x", Deposit{1})
	p = w.Open(t, "a")
	if got := balance(t, p, "x"); got != 6 {
		t.Errorf("balance = %d, want 6", got)
	}
}

func testLostTailLive(t *testing.T, w World) {
	p := w.Open(t, "a")
	kept := mustDo(t, p, meta(""), "x", Deposit{5})
	mustDo(t, p, meta(""), "x", Deposit{100})
	w.LoseTail(t, kept.Position)
	r := mustDo(t, p, meta(""), "x", Deposit{1})
	if got := r.States["x"].Balance; got != 6 {
		t.Errorf("balance = %d, want 6", got)
	}
	checkChains(t, w.Commits(t))
}
