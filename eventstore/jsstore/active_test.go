package jsstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	"github.com/orderstream/oms/eventstore/storetest"
	"github.com/orderstream/oms/internal/fault"
)

// TestUnfinishedWorkIsListedWhoeverOwnsIt asks a process that owns nothing. The
// list has more entries than a page of each partition.
func TestUnfinishedWorkIsListedWhoeverOwnsIt(t *testing.T) {
	t.Parallel()
	base := newWorld(t, 4)
	w := &clusterWorld{dir: base.dir, connect: base.connect, commits: base.Commits, replicas: 1, lease: 2 * time.Second}
	a, b := w.open(t, "a", nil), w.open(t, "b", nil)
	idle := w.open(t, "idle", []string{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const n, late = 2400, 100
	now := time.Now().UTC().Truncate(time.Second)
	var want []string // in the order of waking, which is not that of the ids
	var g errgroup.Group
	g.SetLimit(64)
	for i := range n {
		id := fmt.Sprintf("acc%04d", (i*7)%n)
		want = append(want, id)
		at := now.Add(time.Duration(i-n+late) * time.Second)
		g.Go(func() (err error) {
			for done := false; !done; done = fault.KindOf(err) != fault.Unavailable || ctx.Err() != nil {
				_, err = idle.log.Execute(ctx, eventstore.Meta{Tenant: "t", Key: "alarm"}, id, storetest.Alarm{At: at.Format(time.RFC3339Nano)})
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]clusterProcess{"idle": idle, "a": a, "b": b} {
		checkListed(ctx, t, name, p.log, time.Time{}, 0, want)
		checkListed(ctx, t, name, p.log, time.Time{}, 300, want[:300])
		checkListed(ctx, t, name, p.log, now, 0, want[:n-late+1])
	}
	if own := a.log.Unfinished() + b.log.Unfinished(); own != n || idle.log.Unfinished() != 0 {
		t.Errorf("the owners have %d, the idle process %d", own, idle.log.Unfinished())
	}

	b.Kill() // its leases run out, and the list waits for that
	checkListed(ctx, t, "idle", idle.log, time.Time{}, 0, want)

	a.Kill()
	short, end := context.WithTimeout(ctx, 200*time.Millisecond)
	defer end()
	_, err := idle.log.ActiveEverywhere(short, time.Time{}, 0)
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(fault.Public(err), "[0 1 2 3]") {
		t.Errorf("without any owner the list is %v, want Unavailable and the four partitions", err)
	}
}

func checkListed(ctx context.Context, t *testing.T, process string, l *jsstore.Log[storetest.Account], due time.Time, limit int, want []string) {
	t.Helper()
	all, err := l.ActiveEverywhere(ctx, due, limit)
	if err != nil {
		t.Fatalf("%s: %v", process, err)
	}
	var got []string
	for _, s := range all {
		got = append(got, s.ID)
		if s.State.Due.IsZero() || s.Tenant != "t" || s.Revision != 1 || s.Position == 0 {
			t.Errorf("%s lists %+v", process, s)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s lists %d, due %v, at most %d; want %d, first to wake first", process, len(got), due, limit, len(want))
	}
}
