package workqueue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
)

// patience bounds every wait.
const patience = 60 * time.Second

// ackWait is how long the server waits for work that was taken.
const ackWait = time.Minute

// world is the queues on a server of their own.
type world struct {
	*workqueue.Queues
	nc *nats.Conn
	js jetstream.JetStream
}

func newWorld(t *testing.T) *world {
	t.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := srv.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		nc.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := srv.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	q, err := workqueue.Open(t.Context(), nc, 1)
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return &world{Queues: q, nc: nc, js: js}
}

// send puts messages on the fraud queue, whose payload is their name.
func (w *world) send(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := w.Send(&nats.Msg{Subject: skava.QueueFraud, Data: []byte(name)}); err != nil {
			t.Fatal(err)
		}
	}
}

// serve serves the fraud queue until stop is called, which waits for the end.
func (w *world) serve(t *testing.T, parallel int, h workqueue.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.ServeQueue(ctx, skava.QueueFraud, parallel, h) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("serving does not stop")
		}
	})
	t.Cleanup(stop)
	return stop
}

// next waits for something.
func next[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("not within %v: %s", patience, what)
	}
	return v
}

// awaitEmpty waits until the fraud queue holds nothing at all.
func (w *world) awaitEmpty(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		s, err := w.js.Stream(ctx, "OMS_FRAUD")
		if err != nil {
			t.Fatal(err)
		}
		if s.CachedInfo().State.Msgs == 0 {
			return
		}
	}
}

// depth of the fraud queue.
func (w *world) depth(t *testing.T) workqueue.Depth {
	t.Helper()
	all, err := w.Depths(t.Context())
	if err != nil || len(all) != 6 {
		t.Fatalf("%v, %v", all, err)
	}
	return all[slices.IndexFunc(all, func(d workqueue.Depth) bool { return d.Stream == "OMS_FRAUD" })]
}

func (w *world) awaitDepth(t *testing.T, want workqueue.Depth) {
	t.Helper()
	want.Stream = "OMS_FRAUD"
	var got workqueue.Depth
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if got = w.depth(t); got == want {
			return
		}
	}
	t.Fatalf("depth is %+v, want %+v", got, want)
}

func TestARequestIsAnsweredOnItsReplySubject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	replies := make(chan string, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		_ = w.Serve(ctx, workqueue.StreamReplies, "reply.>", workqueue.RepliesConsumer, 4, func(_ context.Context, m jetstream.Msg) (*nats.Msg, error) {
			replies <- m.Subject() + " " + string(m.Data())
			return nil, nil
		})
	}()
	w.serve(t, 4, func(_ context.Context, m jetstream.Msg) (*nats.Msg, error) {
		return &nats.Msg{Subject: workqueue.ReplySubject("fraud"), Data: append([]byte("done "), m.Data()...)}, nil
	})
	w.send(t, "a")
	if got := next(t, replies, "a reply"); got != "reply.fraud.0 done a" {
		t.Errorf("the reply is %q", got)
	}
	w.awaitEmpty(t)
}

// TestWorkThatFailedComesAgain until it succeeds, and holds up nothing else.
func TestWorkThatFailedComesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var putBack atomic.Int64
	w.Watch(workqueue.Hooks{PutBack: func(stream string, err error) {
		if stream != "OMS_FRAUD" || err == nil {
			t.Errorf("put back on %s because of %v", stream, err)
		}
		putBack.Add(1)
	}})
	done := make(chan string, 10)
	var tries atomic.Int64
	w.serve(t, 1, func(_ context.Context, m jetstream.Msg) (*nats.Msg, error) {
		if string(m.Data()) == "flaky" && tries.Add(1) < 3 {
			return nil, errors.New("not now")
		}
		meta, err := m.Metadata()
		if err != nil {
			return nil, err
		}
		done <- fmt.Sprintf("%s %d", m.Data(), meta.NumDelivered)
		return nil, nil
	})
	w.send(t, "flaky", "other")
	if got := next(t, done, "the other message"); got != "other 1" {
		t.Errorf("first comes %q, want the message that waits for nobody", got)
	}
	if got := next(t, done, "the message that failed"); got != "flaky 3" {
		t.Errorf("then comes %q, want the message that failed twice", got)
	}
	w.awaitEmpty(t)
	if n := putBack.Load(); n != 2 {
		t.Errorf("put back %d times, want 2", n)
	}
}

// TestPoisonIsDroppedAtOnce with its reason: it comes once, and the server tells
// whoever listens why it went.
func TestPoisonIsDroppedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dropped := make(chan string, 10)
	w.Watch(workqueue.Hooks{Dropped: func(stream string, err error) { dropped <- stream + ": " + fault.ReasonOf(err) }})
	told, err := w.nc.SubscribeSync("$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.OMS_FRAUD.>")
	if err != nil {
		t.Fatal(err)
	}
	var poison atomic.Int64
	done := make(chan struct{}, 10)
	w.serve(t, 1, func(_ context.Context, m jetstream.Msg) (*nats.Msg, error) {
		if string(m.Data()) == "poison" {
			poison.Add(1)
			return nil, fmt.Errorf("request: %w", fault.New(fault.Invalid, "unreadable", "it says %s", "nothing"))
		}
		done <- struct{}{}
		return nil, nil
	})
	w.send(t, "poison", "good")
	next(t, done, "the message behind the poison")
	if got := next(t, dropped, "the hook"); got != "OMS_FRAUD: unreadable" {
		t.Errorf("dropped is %q", got)
	}
	if m, err := told.NextMsg(patience); err != nil || !bytes.Contains(m.Data, []byte("it says nothing")) {
		t.Errorf("the server tells %v, %v; want the reason", m, err)
	}
	w.awaitEmpty(t)
	if n := poison.Load(); n != 1 {
		t.Errorf("the poison came %d times", n)
	}
}

// TestNoMoreRunAtATimeThanAllowed, and as many as that do.
func TestNoMoreRunAtATimeThanAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const parallel, n = 5, 60
	var running, most atomic.Int64
	full := make(chan struct{})
	open := sync.OnceFunc(func() { close(full) })
	done := make(chan struct{}, n)
	w.serve(t, parallel, func(context.Context, jetstream.Msg) (*nats.Msg, error) {
		now := running.Add(1)
		defer running.Add(-1)
		for was := most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
		}
		if now == parallel {
			open()
		}
		<-full // until all of them are at it once
		done <- struct{}{}
		return nil, nil
	})
	for i := range n {
		w.send(t, fmt.Sprint(i))
	}
	for range n {
		next(t, done, "a message")
	}
	if m := most.Load(); m != parallel {
		t.Errorf("%d ran at a time, want %d", m, parallel)
	}
}

// TestThoseWhoServeShareTheWork: each message is worked on once.
func TestThoseWhoServeShareTheWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 200
	type work struct{ who, what string }
	done := make(chan work, 2*n)
	var met sync.WaitGroup // nobody goes on before both have something
	met.Add(2)
	for _, who := range []string{"one", "two"} {
		first := sync.OnceFunc(met.Done)
		w.serve(t, 4, func(_ context.Context, m jetstream.Msg) (*nats.Msg, error) {
			first()
			met.Wait()
			done <- work{who, string(m.Data())}
			return nil, nil
		})
	}
	for i := range n {
		w.send(t, fmt.Sprint(i))
	}
	by, times := map[string]int{}, map[string]int{}
	for range n {
		d := next(t, done, "a message")
		by[d.who]++
		times[d.what]++
	}
	w.awaitEmpty(t)
	if len(times) != n || len(done) != 0 {
		t.Errorf("%d messages were worked on, %d of them again", len(times), len(done))
	}
	if by["one"] == 0 || by["two"] == 0 {
		t.Errorf("the work was shared as %v", by)
	}
}

// TestStoppingFinishesWhatWasTaken: what runs is waited for and settled, and
// what was not begun is there for whoever serves next.
func TestStoppingFinishesWhatWasTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 100
	begun, goOn := make(chan struct{}, n), make(chan struct{})
	var worked atomic.Int64
	release := sync.OnceFunc(func() { close(goOn) })
	defer release()
	stop := w.serve(t, 4, func(ctx context.Context, _ jetstream.Msg) (*nats.Msg, error) {
		begun <- struct{}{}
		<-goOn
		worked.Add(1)
		return nil, ctx.Err() // what runs is not cut off
	})
	for i := range n {
		w.send(t, fmt.Sprint(i))
	}
	for range 4 {
		next(t, begun, "a worker")
	}
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Fatal("it stopped over work at hand")
	case <-time.After(50 * time.Millisecond):
	}
	release()
	next(t, stopped, "the end")
	before := worked.Load()

	var after atomic.Int64
	left := make(chan struct{}, n)
	started := time.Now()
	w.serve(t, 4, func(context.Context, jetstream.Msg) (*nats.Msg, error) {
		after.Add(1)
		left <- struct{}{}
		return nil, nil
	})
	for range n - int(before) {
		select {
		case <-left:
		case <-time.After(ackWait + patience): // one that was on its way waits that long
			t.Fatal("not all that was left came again")
		}
	}
	w.awaitEmpty(t)
	if before+after.Load() != n {
		t.Errorf("%d before and %d after, of %d", before, after.Load(), n)
	}
	t.Logf("%d before the stop; %d within %v of the next start", before, after.Load(), time.Since(started))
}

func TestDepthsTellWhatWaitsAndWhatIsInWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send(t, "a", "b", "c")
	w.awaitDepth(t, workqueue.Depth{Waiting: 3}) // nobody serves it yet
	begun, goOn := make(chan struct{}, 3), make(chan struct{})
	w.serve(t, 1, func(context.Context, jetstream.Msg) (*nats.Msg, error) {
		begun <- struct{}{}
		<-goOn
		return nil, nil
	})
	next(t, begun, "work")
	if d := w.depth(t); d.InWork == 0 || d.Waiting+uint64(d.InWork) != 3 {
		t.Errorf("depth is %+v", d)
	}
	close(goOn)
	w.awaitDepth(t, workqueue.Depth{})
}

// TestTicksGoOn after an error, and after the servers forgot the clock.
func TestTicksGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticks := make(chan struct{}, 100)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- w.Ticks(ctx, "test", func(context.Context) error { ticks <- struct{}{}; return errors.New("on purpose") })
	}()
	next(t, ticks, "a tick")
	next(t, ticks, "a tick after an error")
	if err := w.js.DeleteStream(ctx, "OMS_TICKS"); err != nil {
		t.Fatal(err)
	}
	for len(ticks) > 0 {
		<-ticks
	}
	next(t, ticks, "a tick of the new clock")
	cancel()
	if err := next(t, ended, "the end"); err != nil {
		t.Error(err)
	}
}
