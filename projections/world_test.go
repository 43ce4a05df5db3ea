package projections_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/projections"
)

const tenant = "acme"

// world is an embedded server with stores on it.
type world struct {
	testing.TB
	nc    *nats.Conn
	store *jsstore.Store
	clock atomic.Int64
	logs  atomic.Int64
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := srv.Stop(ctx); err != nil {
			tb.Error(err)
		}
	})
	w := &world{TB: tb}
	w.setClock(noon)
	if w.nc, err = srv.Connect(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.nc.Close)
	if w.store, err = jsstore.Open(jsstore.Config{Conn: w.nc, Dir: tb.TempDir(), Now: w.now}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.store.Close)
	return w
}

// now is a clock that stands still until it is set.
func (w *world) now() time.Time       { return time.Unix(0, w.clock.Load()).UTC() }
func (w *world) setClock(t time.Time) { w.clock.Store(t.UnixNano()) }

// log is a log that stores whatever it is told.
type log struct {
	*world
	name   string
	log    *jsstore.Log[struct{}]
	tenant string
}

// log opens a log of its own for a projector: p follows it from then on.
func (w *world) log(p *projections.Projector) *log {
	w.Helper()
	p.Log = fmt.Sprintf("%s%d", p.Log, w.logs.Add(1))
	return w.reopen(p.Log)
}

func (w *world) reopen(name string) *log {
	w.Helper()
	l, err := jsstore.OpenLog(w.Context(), w.store, eventstore.Definition[struct{}]{
		Name: name, Version: 1,
		New:    func(string, uint64) struct{} { return struct{}{} },
		Evolve: func(s struct{}, _ proto.Message) struct{} { return s },
	}, nil)
	if err != nil {
		w.Fatal(err)
	}
	return &log{world: w, name: name, log: l, tenant: tenant}
}

// say is a command that stores what it is told.
type say struct{ events []proto.Message }

func (s say) Decide(struct{}) ([]proto.Message, error) { return s.events, nil }

// store stores events of one aggregate in one commit and returns its position.
func (l *log) put(id string, events ...proto.Message) uint64 {
	l.Helper()
	r, err := l.log.Execute(l.Context(), eventstore.Meta{Tenant: l.tenant}, id, say{events})
	if err != nil {
		l.Fatal(err)
	}
	return r.Position
}

// follow waits until a view has been built and follows the log.
func (l *log) follow(o *opened) {
	l.Helper()
	for range 2 { // the first one may still be part of the building
		o.reach(l.put("nothing", &wrapperspb.BoolValue{}))
	}
}

// putMany stores the commits of many aggregates at the same time, so that they
// share messages; those of one aggregate in order.
func (l *log) putMany(n int, of func(i int) (id string, commits [][]proto.Message)) {
	l.Helper()
	var wg sync.WaitGroup
	limit := make(chan struct{}, 256)
	for i := range n {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			id, commits := of(i)
			for _, events := range commits {
				l.put(id, events...)
			}
		})
	}
	wg.Wait()
}

// batches reads the log.
func (l *log) batches() (all []eventstore.Batch) {
	l.Helper()
	head, err := l.store.Head(l.Context(), l.name)
	if err != nil {
		l.Fatal(err)
	}
	for p := uint64(1); p <= head; p++ {
		b, ok, err := l.store.At(l.Context(), l.name, p)
		if err != nil || !ok {
			l.Fatal(p, ok, err)
		}
		all = append(all, b)
	}
	return all
}

// sendAgain sends every message of the log again, one at a time: whichever it
// is, the view must not change. Sending the whole log twice would not show it,
// since the last event hides the damage.
func (l *log) sendAgain(v *opened) {
	l.Helper()
	want := v.dump()
	for _, b := range l.batches() {
		if err := v.Write(b); err != nil {
			l.Fatal(err)
		}
		if diff := cmp.Diff(want, v.dump()); diff != "" {
			l.Fatalf("after redelivery of %d (-want +got):\n%s", b.Position, diff)
		}
	}
}

// withoutTail is the log as it is after a loss: on another server, with the
// messages after a position gone, so that their positions are used again.
func (l *log) withoutTail(after uint64) *log {
	l.Helper()
	name := jsstore.StreamName(l.name)
	to := newWorld(l.TB)
	old, err := l.js().Stream(l.Context(), name)
	if err != nil {
		l.Fatal(err)
	}
	if _, err := to.js().CreateStream(l.Context(), old.CachedInfo().Config); err != nil {
		l.Fatal(err)
	}
	for seq := uint64(1); seq <= after; seq++ {
		raw, err := old.GetMsg(l.Context(), seq)
		if err != nil {
			l.Fatal(err)
		}
		m := &nats.Msg{Subject: raw.Subject, Data: raw.Data, Header: nats.Header{"Oms-Group": raw.Header["Oms-Group"]}}
		if _, err := to.js().PublishMsg(l.Context(), m); err != nil {
			l.Fatal(err)
		}
	}
	return to.reopen(l.name)
}

func (w *world) js() jetstream.JetStream {
	w.Helper()
	js, err := jetstream.New(w.nc)
	if err != nil {
		w.Fatal(err)
	}
	return js
}

// opened is a runner that runs.
type opened struct {
	testing.TB
	*projections.Runner
	stop func()
}

// run opens a view and follows its log until the test ends, or stop.
func (w *world) run(dir string, p projections.Projector, change ...func(*projections.Config)) *opened {
	w.Helper()
	cfg := projections.Config{Dir: dir, Source: w.store}
	for _, c := range change {
		c(&cfg)
	}
	r, err := projections.Open(cfg, p)
	if err != nil {
		w.Fatal(err)
	}
	o := &opened{TB: w, Runner: r}
	var running sync.WaitGroup
	running.Go(func() { r.Run(context.WithoutCancel(w.Context())) })
	o.stop = sync.OnceFunc(func() {
		if err := r.Close(); err != nil {
			w.Error(err)
		}
		running.Wait()
	})
	w.Cleanup(o.stop)
	return o
}

// reach waits until the view has seen a position.
func (o *opened) reach(position uint64) {
	o.Helper()
	ctx, cancel := context.WithTimeout(o.Context(), 20*time.Second)
	defer cancel()
	if err := o.View().WaitFor(ctx, position); err != nil {
		o.Fatal(err)
	}
}

func (o *opened) dump() map[string]string {
	o.Helper()
	all, err := projections.Dump(o.View())
	if err != nil {
		o.Fatal(err)
	}
	return all
}

// rebuilt rebuilds the view and compares.
func (o *opened) mustEqualRebuilt() {
	o.Helper()
	want := o.dump()
	var last projections.Progress
	err := o.Rebuild(o.Context(), projections.RebuildOptions{Verify: true, Progress: func(p projections.Progress) { last = p }})
	if err != nil {
		o.Fatal(err)
	}
	if !last.Done || len(last.Differences) > 0 {
		o.Errorf("last report of the rebuild: %+v", last)
	}
	if diff := cmp.Diff(want, o.dump()); diff != "" {
		o.Errorf("rebuilt view (-live +rebuilt):\n%s", diff)
	}
}
