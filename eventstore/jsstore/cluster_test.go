package jsstore_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	"github.com/orderstream/oms/eventstore/storetest"
	"github.com/orderstream/oms/internal/natsembed"
)

func TestProcessesOnOneServer(t *testing.T) {
	t.Parallel()
	storetest.RunCluster(t, func(t *testing.T) storetest.ClusterWorld {
		t.Helper()
		w := newWorld(t, 4)
		return &clusterWorld{dir: w.dir, connect: w.connect, commits: w.Commits, replicas: 1, lease: 2 * time.Second}
	})
}

func TestProcessesOnThreeServers(t *testing.T) {
	t.Parallel()
	storetest.RunServers(t, func(t *testing.T) storetest.NodeStopper {
		t.Helper()
		return newServers(t)
	})
}

// TestLeasesThatTheServersForgetAreTakenAgain deletes the bucket, as a server
// without disk does that restarts.
func TestLeasesThatTheServersForgetAreTakenAgain(t *testing.T) {
	t.Parallel()
	base := newWorld(t, 4)
	w := &clusterWorld{dir: base.dir, connect: base.connect, commits: base.Commits, replicas: 1, lease: time.Second}
	ps := []storetest.ClusterProcess{w.Open(t, "a"), w.Open(t, "b")}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	js, err := jetstream.New(base.nc)
	if err != nil {
		t.Fatal(err)
	}
	deposit := func(n int) {
		for _, p := range ps {
			for i := range 8 {
				m := eventstore.Meta{Tenant: "t", Key: fmt.Sprint(n)}
				if _, err := p.Log().Execute(ctx, m, fmt.Sprint("x", i), storetest.Deposit{Amount: 1}); err != nil {
					t.Errorf("command %d: %v", n, err)
				}
			}
		}
	}
	deposit(0)
	if err := js.DeleteStream(ctx, "KV_OMS_LEASES"); err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		deposit(n)
		kv, err := js.KeyValue(ctx, "OMS_LEASES")
		if err == nil {
			if st, err := kv.Status(ctx); err == nil && st.Values() >= 4+2 { // partitions and members
				break
			}
		}
		if ctx.Err() != nil {
			t.Fatal("the leases did not come back")
		}
	}
}

// clusterWorld is a log that processes share.
type clusterWorld struct {
	dir      string
	connect  func(*testing.T) *nats.Conn
	commits  func(*testing.T) []eventstore.Commit
	replicas int
	lease    time.Duration
}

func (w *clusterWorld) Open(t *testing.T, process string) storetest.ClusterProcess {
	t.Helper()
	return w.open(t, process, nil)
}

func (w *clusterWorld) OpenIdle(t *testing.T, process string) storetest.ClusterProcess {
	t.Helper()
	return w.open(t, process, []string{})
}

func (w *clusterWorld) Commits(t *testing.T) []eventstore.Commit {
	t.Helper()
	return w.commits(t)
}

func (w *clusterWorld) Lease() time.Duration     { return w.lease }
func (w *clusterWorld) SetLease(d time.Duration) { w.lease = d }

func (w *clusterWorld) open(t *testing.T, process string, own []string) clusterProcess {
	t.Helper()
	nc := w.connect(t)
	s, err := jsstore.Open(jsstore.Config{
		Conn: nc, Dir: filepath.Join(w.dir, process), Partitions: 4, Replicas: w.replicas,
		Cluster: true, Own: own, LeaseTTL: w.lease, FlushEvery: 20 * time.Millisecond, AckWait: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := jsstore.OpenLog(t.Context(), s, storetest.Definition(), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := clusterProcess{&process_{nc: nc, store: s, log: l}}
	t.Cleanup(p.Close)
	return p
}

type clusterProcess struct{ *process_ }

func (p clusterProcess) Freeze() { jsstore.FreezeLeases(p.store) }

// servers is a cluster of three NATS servers in this process, which keep every
// stream three times.
type servers struct {
	clusterWorld
	nodes map[string]*natsembed.Server
	urls  string
}

func newServers(t *testing.T) *servers {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s := &servers{nodes: map[string]*natsembed.Server{}}
	s.clusterWorld = clusterWorld{dir: t.TempDir(), connect: s.dial, commits: s.all, replicas: 3, lease: 2 * time.Second}
	ports := freePorts(t, 3)
	var routes, urls []string
	for _, port := range ports {
		routes = append(routes, fmt.Sprint("nats://127.0.0.1:", port))
	}
	for i, port := range ports {
		name := fmt.Sprint("n", i)
		srv, err := natsembed.Start(natsembed.Config{
			Dir: filepath.Join(s.dir, name), Name: name, Host: "127.0.0.1", SyncAlways: true,
			Cluster: &natsembed.Cluster{Name: "suite", Host: "127.0.0.1", Port: port, Routes: routes},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.nodes[name] = srv
		urls = append(urls, srv.URL())
		t.Cleanup(func() { s.stop(t, name) })
	}
	s.urls = strings.Join(urls, ",")
	for _, srv := range s.nodes {
		if err := srv.Ready(ctx); err != nil {
			t.Fatal(err)
		}
	}
	s.takesStreams(ctx, t)
	return s
}

// takesStreams waits until the servers know enough of each other to keep a
// stream three times.
func (s *servers) takesStreams(ctx context.Context, t *testing.T) {
	t.Helper()
	js, err := jetstream.New(s.dial(t))
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "PROBE", Subjects: []string{"probe"}, Storage: jetstream.MemoryStorage, Replicas: 3})
		if err == nil {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := js.DeleteStream(ctx, "PROBE"); err != nil {
		t.Fatal(err)
	}
}

// freePorts finds ports for the servers to find each other by.
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func (s *servers) dial(t *testing.T) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(s.urls, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func (s *servers) stop(t *testing.T, name string) {
	t.Helper()
	srv := s.nodes[name]
	if srv == nil {
		return
	}
	s.nodes[name] = nil
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := srv.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// StopLeader stops the server that leads the log's stream.
func (s *servers) StopLeader(t *testing.T) {
	t.Helper()
	js, err := jetstream.New(s.dial(t))
	if err != nil {
		t.Fatal(err)
	}
	st, err := js.Stream(t.Context(), jsstore.StreamName("suite"))
	if err != nil {
		t.Fatal(err)
	}
	s.stop(t, st.CachedInfo().Cluster.Leader)
}

func (s *servers) all(t *testing.T) []eventstore.Commit {
	t.Helper()
	w := &world{dir: s.dir, nc: s.dial(t), partitions: 4}
	return w.Commits(t)
}
