package projections_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/projections"
)

// gate is a log that stops in front of a position until it is opened.
type gate struct {
	projections.Source
	at      atomic.Uint64
	arrived chan struct{}
	open    chan struct{}
}

func newGate(src projections.Source) *gate {
	return &gate{Source: src, arrived: make(chan struct{}, 100), open: make(chan struct{})}
}

func (g *gate) Follow(ctx context.Context, log string, after uint64, f func(eventstore.Batch) error) error {
	return g.Source.Follow(ctx, log, after, func(b eventstore.Batch) error {
		if at := g.at.Load(); at != 0 && b.Position == at {
			g.arrived <- struct{}{}
			select {
			case <-g.open:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return f(b)
	})
}

func many(t *testing.T, l *log, n int) (last uint64) {
	t.Helper()
	for i := range n {
		last = l.put(fmt.Sprint("a", i%17), wrapped(i))
	}
	return last
}

func wrapped(i int) proto.Message { return n(int64(i%5 + 1)) }

func TestRebuildWhileWritesGoOn(t *testing.T) {
	w, p := newWorld(t), tally()
	l := w.log(&p)
	v := w.run(t.TempDir(), p)
	l.follow(v)
	v.reach(many(t, l, 200))

	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { // a writer
		for i := 0; ctx.Err() == nil; i++ {
			l.put(fmt.Sprint("a", i%17), wrapped(i)) //nolint:contextcheck // what it has begun it ends
		}
	})
	work.Go(func() { // a reader that never sees less than it saw
		var seen uint64
		for ctx.Err() == nil {
			err := v.View().Read(func(tx *projections.ReadTx) error {
				now, err := tx.Position()
				if now < seen {
					t.Errorf("saw position %d after %d", now, seen)
				}
				seen = now
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	for i := range 5 {
		var last projections.Progress
		err := v.Rebuild(t.Context(), projections.RebuildOptions{
			Verify:   i%2 == 0,
			Progress: func(p projections.Progress) { last = p },
		})
		if err != nil {
			t.Error(err)
		}
		if !last.Done || last.Events == 0 || last.Rate <= 0 || len(last.Differences) > 0 {
			t.Errorf("last report: %+v", last)
		}
	}
	stop()
	work.Wait()
	v.reach(l.put("a0", n(1)))
	v.mustEqualRebuilt()
}

func TestVerifyNamesTheRowsThatDiffer(t *testing.T) {
	w, p := newWorld(t), tally()
	l := w.log(&p)
	v := w.run(t.TempDir(), p)
	l.follow(v)
	v.reach(many(t, l, 17))
	err := v.Spoil(func(tx *projections.Tx) {
		tx.Put("sums", []byte("a1"), []byte("wrong"))
		tx.Put("sums", []byte("zz"), []byte("too many"))
		tx.Delete("sums", []byte("a3"))
		tx.Put("stray", []byte("k"), []byte("v"))
	})
	if err != nil {
		t.Fatal(err)
	}
	var last projections.Progress
	err = v.Rebuild(t.Context(), projections.RebuildOptions{Verify: true, Progress: func(p projections.Progress) { last = p }})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`stray "k": only in the live view`,
		`sums "a1": differs`, `sums "a3": only in the new one`, `sums "zz": only in the live view`,
	}
	if diff := cmp.Diff(want, last.Differences); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	v.mustEqualRebuilt() // and it is whole again

	err = v.Spoil(func(tx *projections.Tx) {
		for i := range 150 {
			tx.Put("sums", fmt.Append(nil, "stray", i), []byte{})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	err = v.Rebuild(t.Context(), projections.RebuildOptions{Verify: true, Progress: func(p projections.Progress) { last = p }})
	if err != nil || len(last.Differences) != 100 {
		t.Errorf("named %d differences, want 100; %v", len(last.Differences), err)
	}
}

// A crash leaves the folder as it is at that moment: a copy of it is what the
// next process finds.
func TestACrashInTheMiddleOfARebuild(t *testing.T) {
	w, p, dir := newWorld(t), tally(), t.TempDir()
	l := w.log(&p)
	v := w.run(dir, p)
	last := many(t, l, 300)
	v.reach(last)
	v.stop()

	src := newGate(w.store)
	v = w.run(dir, p, func(c *projections.Config) { c.Source, c.MaxEvents = src, 10 })
	v.reach(last)
	l.follow(v)
	want := v.dump()
	src.at.Store(200)
	failed := make(chan error)
	go func() { failed <- v.Rebuild(t.Context(), projections.RebuildOptions{}) }()
	<-src.arrived
	crashed := t.TempDir()
	copyDir(t, dir, crashed)
	v.stop()
	if err := <-failed; err == nil {
		t.Error("a rebuild that was cut short says that it is done")
	}
	if diff := cmp.Diff([]string{"tally-v1-1.view", "tally-v1-2.building"}, names(t, dir)); diff != "" {
		t.Errorf("after an orderly end (-want +got):\n%s", diff)
	}

	for name, dir := range map[string]string{"orderly end": dir, "crash": crashed} {
		rebuilt := make(chan projections.Progress, 1)
		v := w.run(dir, p, func(c *projections.Config) {
			c.Hooks.Rebuilt = func(_ string, p projections.Progress, _ time.Duration) { rebuilt <- p }
		})
		if diff := cmp.Diff(want, v.dump()); diff != "" {
			t.Errorf("%s: live view (-want +got):\n%s", name, diff)
		}
		if p := <-rebuilt; name == "orderly end" && p.Events >= 300 {
			t.Errorf("%s: applied %d events, so it began anew", name, p.Events)
		}
		if diff := cmp.Diff(want, v.dump()); diff != "" {
			t.Errorf("%s: after the rebuild went on (-want +got):\n%s", name, diff)
		}
		v.stop()
		if diff := cmp.Diff([]string{"tally-v1-1.view", "tally-v1-2.view"}, names(t, dir)); diff != "" {
			t.Errorf("%s: files (-want +got):\n%s", name, diff)
		}
	}
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func TestARebuildThatIsCancelledLeavesNothing(t *testing.T) {
	w, p, dir := newWorld(t), tally(), t.TempDir()
	l := w.log(&p)
	src := newGate(w.store)
	v := w.run(dir, p, func(c *projections.Config) { c.Source = src })
	l.follow(v)
	v.reach(many(t, l, 48))
	src.at.Store(40)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() { failed <- v.Rebuild(ctx, projections.RebuildOptions{}) }()
	<-src.arrived
	if err := v.Rebuild(t.Context(), projections.RebuildOptions{}); fault.ReasonOf(err) != "rebuild_running" {
		t.Errorf("a second rebuild: %v", err)
	}
	if s := v.Status(t.Context()); s.Building == nil || s.Building.Head != 50 {
		t.Errorf("progress in the status: %+v", s.Building)
	}
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]string{"tally-v1-1.view"}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	v.reach(l.put("a", n(1)))
}

func TestARebuildFromALogThatIsGoneDoesNotGoLive(t *testing.T) {
	w, p, dir := newWorld(t), tally(), t.TempDir()
	l := w.log(&p)
	var src replaced
	before := newGate(w.store)
	src.by(before)
	v := w.run(dir, p, func(c *projections.Config) { c.Source = &src })
	l.follow(v)
	v.reach(many(t, l, 8))
	before.at.Store(9)
	failed := make(chan error)
	go func() { failed <- v.Rebuild(t.Context(), projections.RebuildOptions{}) }()
	<-before.arrived
	after := l.withoutTail(5)
	many(t, after, 10)
	src.by(after.store)
	close(before.open)
	if err := <-failed; fault.ReasonOf(err) != "log_lost_tail" {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]string{"tally-v1-1.view"}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestOneFileIsKeptToGoBackTo(t *testing.T) {
	w, p, dir := newWorld(t), tally(), t.TempDir()
	l := w.log(&p)
	v := w.run(dir, p)
	l.follow(v)
	v.reach(many(t, l, 20))
	if err := v.Rollback(t.Context(), nil); fault.ReasonOf(err) != "no_previous_view" {
		t.Errorf("rollback without a file: %v", err)
	}
	for range 3 {
		if err := v.Rebuild(t.Context(), projections.RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"tally-v1-3.view", "tally-v1-4.view"}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	want := v.dump()
	if err := v.Spoil(func(tx *projections.Tx) { tx.Put("sums", []byte("a1"), []byte("wrong")) }); err != nil {
		t.Fatal(err)
	}
	if err := v.Rollback(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, v.dump()); diff != "" {
		t.Errorf("after the rollback (-want +got):\n%s", diff)
	}
	v.reach(l.put("a", n(1)))
}

// A reader keeps the file that it began with, also when the file is replaced
// and removed under it.
func TestAReaderKeepsItsFile(t *testing.T) {
	w, p, dir := newWorld(t), tally(), t.TempDir()
	l := w.log(&p)
	v := w.run(dir, p)
	l.follow(v)
	v.reach(many(t, l, 20))
	err := v.View().Read(func(tx *projections.ReadTx) error {
		for range 2 {
			if err := v.Rebuild(t.Context(), projections.RebuildOptions{}); err != nil {
				return err
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "tally-v1-1.view")); !os.IsNotExist(err) {
			return fmt.Errorf("the first file is still there: %w", err)
		}
		if tx.Get("sums", []byte("a1")) == nil {
			return errors.New("the row is gone")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAReplacedFileIsClosedWithItsLastReader(t *testing.T) {
	w, p, dir := newWorld(t), tally(), t.TempDir()
	l := w.log(&p)
	v := w.run(dir, p)
	l.follow(v)
	err := v.View().Read(func(*projections.ReadTx) error {
		if err := v.Rebuild(t.Context(), projections.RebuildOptions{}); err != nil {
			return err
		}
		if err := v.Rollback(t.Context(), nil); !errors.Is(err, projections.ErrInUse) {
			return fmt.Errorf("rollback to a file that is being read: %w", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := v.Rollback(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestMoreRowsThanMemoryHolds(t *testing.T) {
	w, p := newWorld(t), tally()
	p.Project = func(tx *projections.Tx, c eventstore.Commit, events []eventstore.Recorded) error {
		for i := range projections.MaxHeldRows/10 + 1 {
			tx.Put("sums", fmt.Append(nil, c.Position, " ", i), []byte(strings.Repeat("x", i%10)))
		}
		return nil
	}
	l := w.log(&p)
	last := many(t, l, 11)
	v := w.run(t.TempDir(), p)
	v.reach(last)
	if got, want := v.Status(t.Context()).Rows, int64(11*(projections.MaxHeldRows/10+1)); got != want {
		t.Errorf("%d rows, want %d", got, want)
	}
}
