package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
)

func meta(key string) eventstore.Meta {
	return eventstore.Meta{Tenant: "t", Key: key, Hash: []byte("h"), Actor: "suite"}
}

func mustDo(t *testing.T, p Process, m eventstore.Meta, id string, c eventstore.Command[Account]) eventstore.Result[Account] {
	t.Helper()
	r, err := p.Log().Execute(t.Context(), m, id, c)
	if err != nil {
		t.Fatalf("%T on %s: %v", c, id, err)
	}
	return r
}

func balance(t *testing.T, p Process, id string) int64 {
	t.Helper()
	s, err := p.Log().Read(t.Context(), "t", id, id)
	if err != nil {
		t.Fatal(err)
	}
	return s.State.Balance
}

func testCommit(t *testing.T, w World) {
	p := w.Open(t, "a")
	r := mustDo(t, p, meta(""), "x", Deposit{5})
	if r.Position == 0 || r.Revision != 1 || r.States["x"].Balance != 5 {
		t.Errorf("result = %+v", r)
	}
	if r := mustDo(t, p, meta(""), "x", Deposit{0}); len(r.Events) != 0 || r.Revision != 1 {
		t.Errorf("a command without events answered %+v", r)
	}
	_, err := p.Log().Execute(t.Context(), meta(""), "x", Deposit{-9})
	if fault.KindOf(err) != fault.Precondition {
		t.Errorf("err = %v, want a precondition", err)
	}
	if got := w.Commits(t); len(got) != 1 || len(got[0].Events) != 1 {
		t.Errorf("log holds %d commits, want 1", len(got))
	}
}

func testReact(t *testing.T, w World) {
	p := w.Open(t, "a")
	mustDo(t, p, meta(""), "x", Deposit{1000})
	commits := w.Commits(t)
	if len(commits) != 1 || len(commits[0].Events) != 2 {
		t.Fatalf("want one commit of two events, have %v", commits)
	}
}

func testIdempotency(t *testing.T, w World) {
	p := w.Open(t, "a")
	first := mustDo(t, p, meta("k1"), "x", Deposit{5})
	again := mustDo(t, p, meta("k1"), "x", Deposit{5})
	if !again.Repeated || again.Position != first.Position || again.Revision != first.Revision {
		t.Errorf("repeat answered %+v, first was %+v", again, first)
	}
	p.Kill()
	p = w.Open(t, "a")
	if again := mustDo(t, p, meta("k1"), "x", Deposit{5}); !again.Repeated || again.Position != first.Position {
		t.Errorf("after a crash the repeat answered %+v", again)
	}
	other := meta("k1")
	other.Hash = []byte("other")
	_, err := p.Log().Execute(t.Context(), other, "x", Deposit{6})
	if fault.KindOf(err) != fault.Conflict || fault.ReasonOf(err) != "idempotency_key_reused" {
		t.Errorf("other input under the same key: %v", err)
	}
	if got := balance(t, p, "x"); got != 5 {
		t.Errorf("balance = %d, want 5", got)
	}
	elsewhere := mustDo(t, p, other, "y", Deposit{1})
	if elsewhere.Repeated {
		t.Error("a key of one scope was taken for a key of another")
	}
}

func testIdempotencyRace(t *testing.T, w World) {
	p := w.Open(t, "a")
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if _, err := p.Log().Execute(t.Context(), meta("k"), "x", Deposit{5}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := balance(t, p, "x"); got != 5 {
		t.Errorf("balance = %d, want 5", got)
	}
}

func testRevision(t *testing.T, w World) {
	p := w.Open(t, "a")
	mustDo(t, p, meta(""), "x", Deposit{5})
	m := meta("")
	m.ExpectRevision = 7
	if _, err := p.Log().Execute(t.Context(), m, "x", Deposit{1}); fault.ReasonOf(err) != "revision_mismatch" {
		t.Errorf("err = %v", err)
	}
	m.ExpectRevision = 1
	mustDo(t, p, m, "x", Deposit{1})
}

func testOrdinals(t *testing.T, w World) {
	p := w.Open(t, "a")
	var mu sync.Mutex
	var seen []uint64
	var wg sync.WaitGroup
	for i := range 100 {
		id := fmt.Sprint("n", i)
		wg.Go(func() {
			r, err := p.Log().Transact(t.Context(), meta(""), "one scope", eventstore.Single(id, Open{1}))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, r.States[id].Ordinal)
		})
	}
	wg.Wait()
	slices.Sort(seen)
	step := seen[1] - seen[0] // the number of partitions
	for i, n := range seen {
		if n != seen[0]+uint64(i)*step {
			t.Fatalf("ordinals %v have a gap or a double", seen)
		}
	}
}

type huge struct{}

func (huge) Decide(Account) ([]proto.Message, error) {
	return []proto.Message{wrapperspb.Bytes([]byte(strings.Repeat("x", 32<<20)))}, nil
}

func testTooLarge(t *testing.T, w World) {
	p := w.Open(t, "a")
	if _, err := p.Log().Execute(t.Context(), meta(""), "x", huge{}); fault.ReasonOf(err) != "too_large" {
		t.Errorf("err = %v", err)
	}
	mustDo(t, p, meta(""), "x", Deposit{1})
	if got := w.Commits(t); len(got) != 1 {
		t.Errorf("log holds %d commits, want 1", len(got))
	}
}

type bug struct{}

func (bug) Decide(Account) ([]proto.Message, error) { panic("a bug") }

func testPanic(t *testing.T, w World) {
	p := w.Open(t, "a")
	_, err := p.Log().Execute(t.Context(), meta(""), "x", bug{})
	if err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("err = %v, want an internal error", err)
	}
	mustDo(t, p, meta(""), "x", Deposit{1})
}

func testActive(t *testing.T, w World) {
	p := w.Open(t, "a")
	at := time.Date(2030, 1, 2, 3, 4, 5, 600_000, time.UTC)
	mustDo(t, p, meta(""), "x", Alarm{at.Format(time.RFC3339Nano)})
	mustDo(t, p, meta(""), "y", Alarm{at.Add(time.Hour).Format(time.RFC3339Nano)})
	mustDo(t, p, meta(""), "z", Deposit{1})
	for _, crash := range []bool{false, true} {
		if crash {
			p.Kill()
			p = w.Open(t, "a")
		}
		all, err := p.Log().Active(t.Context(), time.Time{}, 0)
		if err != nil || len(all) != 2 || all[0].ID != "x" {
			t.Errorf("crash %v: active = %v, %v; want x and y", crash, all, err)
		}
		due, err := p.Log().Active(t.Context(), at, 0)
		if err != nil || len(due) != 1 || due[0].ID != "x" {
			t.Errorf("crash %v: due = %v, %v; want x", crash, due, err)
		}
	}
}

// retry says whether a caller should send the same command again.
func retry(err error) bool {
	return fault.KindOf(err) == fault.Unavailable
}
