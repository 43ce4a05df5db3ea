package jsstore_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	"github.com/orderstream/oms/eventstore/storetest"
	"github.com/orderstream/oms/internal/natsembed"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.World { t.Helper(); return newWorld(t, 1) })
}

func TestStoreWithPartitions(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.World { t.Helper(); return newWorld(t, 3) })
}

// world is an embedded server that lives as long as the test; the processes on
// it come and go.
type world struct {
	dir        string
	srv        *natsembed.Server
	nc         *nats.Conn
	partitions int
}

func newWorld(t *testing.T, partitions int) *world {
	t.Helper()
	dir := t.TempDir()
	srv, err := natsembed.Start(natsembed.Config{Dir: dir, SyncAlways: true})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{dir: dir, srv: srv, partitions: partitions}
	w.nc = w.connect(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := srv.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) connect(t *testing.T) *nats.Conn {
	t.Helper()
	nc, err := w.srv.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func (w *world) Open(t *testing.T, process string) storetest.Process {
	t.Helper()
	nc := w.connect(t)
	s, err := jsstore.Open(jsstore.Config{
		Conn: nc, Dir: filepath.Join(w.dir, process), Partitions: w.partitions,
		FlushEvery: 20 * time.Millisecond, AckWait: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := jsstore.OpenLog(t.Context(), s, storetest.Definition(), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &process_{nc: nc, store: s, log: l}
	t.Cleanup(p.Close)
	return p
}

type process_ struct {
	nc    *nats.Conn
	store *jsstore.Store
	log   *jsstore.Log[storetest.Account]
}

func (p *process_) Log() eventstore.Log[storetest.Account] { return p.log }
func (p *process_) Close()                                 { p.store.Close() }
func (p *process_) Kill()                                  { p.nc.Close(); p.store.Abandon() }

func (w *world) LoseTail(t *testing.T, after uint64) {
	t.Helper()
	js, err := jetstream.New(w.nc)
	if err != nil {
		t.Fatal(err)
	}
	name := jsstore.StreamName("suite")
	st, err := js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	var kept []*nats.Msg
	for seq := uint64(1); seq <= after; seq++ {
		raw, err := st.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		m := &nats.Msg{Subject: raw.Subject, Header: nats.Header{}, Data: raw.Data}
		m.Header["Oms-Group"] = raw.Header["Oms-Group"]
		kept = append(kept, m)
	}
	cfg := st.CachedInfo().Config
	if err := js.DeleteStream(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	for tries := 0; ; tries++ { // the server removes the old files a moment later
		if _, err = js.CreateStream(t.Context(), cfg); err == nil {
			break
		}
		if tries == 100 {
			t.Fatal(err)
		}
		<-time.After(10 * time.Millisecond)
	}
	for _, m := range kept {
		if _, err := js.PublishMsg(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) Commits(t *testing.T) (all []eventstore.Commit) {
	t.Helper()
	s, err := jsstore.Open(jsstore.Config{Conn: w.nc, Dir: filepath.Join(w.dir, "reader"), Partitions: w.partitions})
	if err != nil {
		t.Fatal(err)
	}
	head, err := s.Head(t.Context(), "suite")
	if err != nil || head == 0 {
		return nil
	}
	ctx, done := context.WithCancel(t.Context())
	err = s.Follow(ctx, "suite", 0, func(b eventstore.Batch) error {
		all = append(all, b.Commits...)
		if b.Position >= head {
			done()
		}
		return nil
	})
	if ctx.Err() == nil {
		t.Fatal(err)
	}
	return all
}
