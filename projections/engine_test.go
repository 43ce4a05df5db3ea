package projections_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/projections"
)

// tally is the smallest view: the sum of the numbers of each aggregate, and
// how many there were in all. It cannot take the text "poison".
func tally() projections.Projector {
	return projections.Projector{Name: "tally", Version: 1, Log: "tally", Main: "sums", Project: projectTally}
}

func projectTally(tx *projections.Tx, _ eventstore.Commit, events []eventstore.Recorded) error {
	for _, e := range events {
		switch m := e.Event.(type) {
		case *wrapperspb.Int64Value:
			sum, _, err := projections.Row[*wrapperspb.Int64Value](tx, "sums", []byte(e.Aggregate))
			if err != nil {
				return err
			}
			total := wrapperspb.Int64(sum.GetValue() + m.GetValue())
			if m.GetValue() == 0 {
				tx.Delete("sums", []byte(e.Aggregate))
				continue
			}
			tx.Keep("sums", []byte(e.Aggregate), total)
			tx.Put("last", []byte("aggregate"), []byte(e.Aggregate))
			tx.Changed(e.Aggregate)
		case *wrapperspb.StringValue:
			switch m.GetValue() {
			case "poison":
				tx.Put("last", []byte("aggregate"), []byte("poison"))
				return errors.New("this is poison")
			case "bug":
				panic("index out of range")
			}
		default:
			tx.Unknown()
		}
	}
	return nil
}

func sum(t *testing.T, v *projections.View, id string) (n int64) {
	t.Helper()
	err := v.Read(func(tx *projections.ReadTx) error {
		row, _, err := projections.Load[*wrapperspb.Int64Value](tx, "sums", []byte(id))
		n = row.GetValue()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func n(v int64) proto.Message { return wrapperspb.Int64(v) }

func TestViewFollowsTheLog(t *testing.T) {
	w, p := newWorld(t), tally()
	l := w.log(&p)
	l.put("a", n(1), n(2))
	v := w.run(t.TempDir(), p)
	l.follow(v)
	v.reach(l.put("b", n(5)))
	v.reach(l.put("a", n(4)))
	last := l.put("b", n(0))
	v.reach(last)

	if a, b := sum(t, v.View(), "a"), sum(t, v.View(), "b"); a != 7 || b != 0 {
		t.Errorf("sums are %d and %d, want 7 and 0", a, b)
	}
	s := v.Status(t.Context())
	if s.Position != last || s.Head != last || s.Lag() != 0 || s.Rows != 1 || s.Unknown != 2 || s.Parked || !s.Ready || s.Bytes == 0 || s.Failure != nil {
		t.Errorf("status: %+v", s)
	}
	v.mustEqualRebuilt()
}

func TestRedeliveryChangesNothing(t *testing.T) {
	w, p := newWorld(t), tally()
	l := w.log(&p)
	v := w.run(t.TempDir(), p)
	for i := range 20 {
		v.reach(l.put(fmt.Sprint("a", i%3), n(int64(i))))
	}
	l.sendAgain(v)
}

func TestARestartGoesOnFromTheCheckpoint(t *testing.T) {
	w, p, dir := newWorld(t), tally(), t.TempDir()
	l := w.log(&p)
	v := w.run(dir, p)
	v.reach(l.put("a", n(1)))
	want := v.dump()
	v.stop()

	applied := make(chan int, 10)
	v = w.run(dir, p, func(c *projections.Config) {
		c.Hooks.Applied = func(_ string, _ uint64, messages, _ int, _ time.Duration) { applied <- messages }
	})
	if diff := cmp.Diff(want, v.dump()); diff != "" {
		t.Errorf("before it follows (-want +got):\n%s", diff)
	}
	v.reach(l.put("a", n(1)))
	if got := <-applied; got != 1 || len(applied) != 0 {
		t.Errorf("applied %d messages after the restart and %d more, want the new one", got, len(applied))
	}
}

// While one write is under way messages gather, and share the next one.
func TestMessagesThatGatherShareATransaction(t *testing.T) {
	w, p := newWorld(t), tally()
	l := w.log(&p)
	var armed atomic.Bool
	var writes atomic.Int64
	busy, hold := make(chan struct{}), make(chan struct{})
	v := w.run(t.TempDir(), p, func(c *projections.Config) {
		c.Hooks.Applied = func(string, uint64, int, int, time.Duration) {
			if writes.Add(1); armed.CompareAndSwap(true, false) {
				close(busy)
				<-hold
			}
		}
	})
	l.follow(v)
	armed.Store(true)
	l.put("a", n(1))
	<-busy
	var last uint64
	for range 300 {
		last = l.put("a", n(1))
	}
	close(hold)
	v.reach(last)
	if got := writes.Load(); got > 30 {
		t.Errorf("303 messages took %d transactions", got)
	}
	if got := sum(t, v.View(), "a"); got != 301 {
		t.Errorf("sum is %d, want 301", got)
	}
}

// Under load a view rests between transactions, but not when a reader waits.
func TestAPacedViewGoesOnForAReader(t *testing.T) {
	w, p := newWorld(t), tally()
	l := w.log(&p)
	var writes atomic.Int64
	v := w.run(t.TempDir(), p, func(c *projections.Config) {
		c.Pace = time.Hour
		c.Hooks.Applied = func(string, uint64, int, int, time.Duration) { writes.Add(1) }
	})
	l.follow(v)
	before := writes.Load()
	var last uint64
	for range 50 {
		last = l.put("a", n(1))
	}
	v.reach(last)
	if got := writes.Load() - before; got > 5 {
		t.Errorf("50 messages that nobody waited for took %d transactions", got)
	}
}

func TestASecondRunnerOfAViewIsRefused(t *testing.T) {
	w, p, dir := newWorld(t), tally(), t.TempDir()
	w.log(&p)
	v := w.run(dir, p)
	_, err := projections.Open(projections.Config{Dir: dir, Source: w.store}, p)
	if !errors.Is(err, projections.ErrInUse) {
		t.Errorf("error %v, want %v", err, projections.ErrInUse)
	}
	v.stop()
	w.run(dir, p)
}

func TestPoisonParksItsViewAndNoOther(t *testing.T) {
	for _, event := range []string{"poison", "bug"} {
		t.Run(event, func(t *testing.T) {
			w, p, dir := newWorld(t), tally(), t.TempDir()
			l := w.log(&p)
			parked := make(chan error, 1)
			v := w.run(dir, p, func(c *projections.Config) {
				c.Hooks.Parked = func(_ string, _ uint64, err error) { parked <- err }
			})
			other := p
			other.Name = "other"
			other.Project = func(tx *projections.Tx, _ eventstore.Commit, events []eventstore.Recorded) error {
				tx.Put("sums", []byte(events[0].Aggregate), []byte("seen"))
				return nil
			}
			o := w.run(dir, other)
			l.follow(v)

			good := l.put("a", n(1))
			v.reach(good)
			bad := l.put("a", n(100), wrapperspb.String(event))
			after := l.put("a", n(1))
			if err := <-parked; err == nil {
				t.Error("parked without a reason")
			}
			o.reach(after)

			s := v.Status(t.Context())
			if !s.Parked || s.ParkedPosition != bad || s.ParkedReason == "" || s.Position != good || s.Lag() != 2 {
				t.Errorf("status: %+v", s)
			}
			if got := sum(t, v.View(), "a"); got != 1 {
				t.Errorf("sum is %d: the bad commit left something behind", got)
			}
			if err := v.View().WaitFor(t.Context(), after); fault.ReasonOf(err) != "view_parked" {
				t.Errorf("waiting for what will not come: %v", err)
			}
			if err := v.Rebuild(t.Context(), projections.RebuildOptions{}); fault.ReasonOf(err) != "poison_event" {
				t.Errorf("rebuild with poison in the log: %v", err)
			}
			v.stop()

			// Better code goes on where the other one stopped.
			p.Project = func(tx *projections.Tx, c eventstore.Commit, events []eventstore.Recorded) error {
				return projectTally(tx, c, events[:1])
			}
			v = w.run(dir, p)
			v.reach(after)
			if got := sum(t, v.View(), "a"); got != 102 || v.Status(t.Context()).Parked {
				t.Errorf("sum is %d, want 102; status %+v", got, v.Status(t.Context()))
			}
		})
	}
}

func TestPoisonInAnOldLogShowsWhatComesBeforeIt(t *testing.T) {
	w, p := newWorld(t), tally()
	l := w.log(&p)
	good := l.put("a", n(1))
	bad := l.put("a", wrapperspb.String("poison"))
	parked := make(chan uint64, 1)
	v := w.run(t.TempDir(), p, func(c *projections.Config) {
		c.Hooks.Parked = func(_ string, position uint64, _ error) { parked <- position }
	})
	if got := <-parked; got != bad {
		t.Errorf("parked at %d, want %d", got, bad)
	}
	v.reach(good)
	if got := sum(t, v.View(), "a"); got != 1 {
		t.Errorf("sum is %d, want 1", got)
	}
}

// replaced is a log in whose place another one comes.
type replaced struct {
	atomic.Pointer[projections.Source]
}

func (r *replaced) by(s projections.Source) { r.Store(&s) }

func (r *replaced) Follow(ctx context.Context, log string, after uint64, f func(eventstore.Batch) error) error {
	return (*r.Load()).Follow(ctx, log, after, f)
}

func (r *replaced) Head(ctx context.Context, log string) (uint64, error) {
	return (*r.Load()).Head(ctx, log)
}

func (r *replaced) At(ctx context.Context, log string, position uint64) (eventstore.Batch, bool, error) {
	return (*r.Load()).At(ctx, log, position)
}

func TestALogThatLostItsTailIsNoticed(t *testing.T) {
	for name, running := range map[string]bool{"at the start": false, "while following": true} {
		t.Run(name, func(t *testing.T) {
			w, p, dir := newWorld(t), tally(), t.TempDir()
			l := w.log(&p)
			var src replaced
			src.by(w.store)
			lost := make(chan uint64, 1)
			hear := func(c *projections.Config) {
				c.Source, c.CheckEvery = &src, 20*time.Millisecond
				c.Hooks.LostTail = func(_ string, position uint64) { lost <- position }
			}
			v := w.run(dir, p, hear)
			l.put("a", n(1))
			v.reach(l.put("a", n(10)))
			if !running {
				v.stop()
			}
			l = l.withoutTail(1)
			again := l.put("b", n(7))
			src.by(l.store)
			if !running {
				v = w.run(dir, p, hear)
			}
			if got := <-lost; got != 2 || again != 2 {
				t.Errorf("noticed at %d; the position used again is %d", got, again)
			}
			v.reach(l.put("b", n(7)))
			if a, b := sum(t, v.View(), "a"), sum(t, v.View(), "b"); a != 1 || b != 14 {
				t.Errorf("sums are %d and %d, want 1 and 14", a, b)
			}
		})
	}
}

func TestAnotherVersionIsBuiltAnewAndTheOldOneStays(t *testing.T) {
	w, p, dir := newWorld(t), tally(), t.TempDir()
	l := w.log(&p)
	v := w.run(dir, p)
	v.reach(l.put("a", n(3)))
	v.stop()

	newer := p
	newer.Version = 2
	newer.Project = func(tx *projections.Tx, c eventstore.Commit, events []eventstore.Recorded) error {
		tx.Put("sums", []byte("version"), []byte("two"))
		return nil
	}
	v = w.run(dir, newer)
	last := l.put("a", n(4))
	v.reach(last)
	if got := v.dump(); got[`sums "version"`] != "two" || len(got) != 2 {
		t.Errorf("rows of version 2: %v", got)
	}
	v.stop()

	v = w.run(dir, p) // back to the binary before
	v.reach(last)
	if got := sum(t, v.View(), "a"); got != 7 {
		t.Errorf("sum is %d, want 7", got)
	}
	if got := names(t, dir); len(got) != 2 {
		t.Errorf("files are %v, want one of each version", got)
	}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".lock") {
			all = append(all, e.Name())
		}
	}
	return all
}

func TestAFileThatIsNoViewIsSetAside(t *testing.T) {
	for name, content := range map[string]string{
		"short": "what the power loss left", "long": strings.Repeat("what the power loss left", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			w, p, dir := newWorld(t), tally(), t.TempDir()
			l := w.log(&p)
			if err := os.WriteFile(filepath.Join(dir, "tally-v1-3.view"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			v := w.run(dir, p)
			v.reach(l.put("a", n(3)))
			if diff := cmp.Diff([]string{"tally-v1-1.view", "tally-v1-3.view.broken"}, names(t, dir)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

// flaky is a log whose connection breaks now and then.
type flaky struct {
	projections.Source
	breaks atomic.Int64
}

func (s *flaky) Follow(ctx context.Context, log string, after uint64, f func(eventstore.Batch) error) error {
	return s.Source.Follow(ctx, log, after, func(b eventstore.Batch) error {
		if s.breaks.Add(-1) >= 0 {
			return errors.New("connection lost")
		}
		return f(b)
	})
}

func TestALogThatFailsIsFollowedAgain(t *testing.T) {
	w, p := newWorld(t), tally()
	l := w.log(&p)
	src := &flaky{Source: w.store}
	retried := make(chan error, 10)
	v := w.run(t.TempDir(), p, func(c *projections.Config) {
		c.Source = src
		c.Hooks.Retrying = func(_ string, err error, _ time.Duration) { retried <- err }
	})
	v.reach(l.put("a", n(1)))
	l.follow(v)
	src.breaks.Store(2)
	v.reach(l.put("a", n(1)))
	if len(retried) != 2 {
		t.Errorf("retried %d times, want 2", len(retried))
	}
	if got := sum(t, v.View(), "a"); got != 2 {
		t.Errorf("sum is %d, want 2", got)
	}
	if s := v.Status(t.Context()); s.Failure != nil {
		t.Errorf("failure after it went on: %v", s.Failure)
	}
}

func TestWaitForIsBounded(t *testing.T) {
	w, p := newWorld(t), tally()
	l := w.log(&p)
	v := w.run(t.TempDir(), p)
	last := l.put("a", n(1))
	v.reach(last)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := v.View().WaitFor(ctx, last+1)
	if fault.KindOf(err) != fault.Unavailable || fault.ReasonOf(err) != "not_caught_up" {
		t.Errorf("error %v, want unavailable, not_caught_up", err)
	}
	if err := v.View().WaitFor(ctx, last); err != nil {
		t.Errorf("a position that was seen needs no patience: %v", err)
	}
	waited := make(chan error)
	go func() { waited <- v.View().WaitFor(context.WithoutCancel(t.Context()), last+1) }()
	l.put("a", n(1))
	if err := <-waited; err != nil {
		t.Error(err)
	}
	go func() { waited <- v.View().WaitFor(context.WithoutCancel(t.Context()), last+100) }()
	v.stop()
	if err := <-waited; fault.ReasonOf(err) != "view_closed" {
		t.Errorf("waiting at a closed view: %v", err)
	}
}

func TestASlowSubscriberSeesTheNewestState(t *testing.T) {
	w, p := newWorld(t), tally()
	l := w.log(&p)
	v := w.run(t.TempDir(), p)
	v.reach(l.put("a", n(1)))
	changed, stop := v.View().Subscribe("a")
	quiet, stopQuiet := v.View().Subscribe("b")
	defer stopQuiet()
	for range 100 {
		v.reach(l.put("a", n(1)))
	}
	<-changed
	if got := sum(t, v.View(), "a"); got != 101 {
		t.Errorf("sum is %d, want 101", got)
	}
	if len(changed) != 0 || len(quiet) != 0 {
		t.Errorf("%d and %d more notices", len(changed), len(quiet))
	}
	stop()
	v.reach(l.put("a", n(1)))
	if len(changed) != 0 {
		t.Error("a notice after the end")
	}
}
