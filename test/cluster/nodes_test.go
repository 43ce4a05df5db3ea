package cluster_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/testkit"
)

// nodeEnv makes the test program a NATS server of the configuration in it.
const nodeEnv = "OMS_TEST_NODE"

func TestMain(m *testing.M) {
	if text := os.Getenv(nodeEnv); text != "" {
		if err := runNode(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// runNode serves until the process is killed.
func runNode(text string) error {
	var cfg natsembed.Config
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return err
	}
	if _, err := natsembed.Start(cfg); err != nil {
		return err
	}
	fmt.Println("serving")
	select {}
}

// TestAKilledServerLosesNoOrder kills the NATS server that leads the order log,
// one of three, without a word to the others.
func TestAKilledServerLosesNoOrder(t *testing.T) {
	n := startNodes(t)
	n.trade(t, func(shop *testkit.Process) {
		n.signal(t, n.leader(t), syscall.SIGKILL)
		n.background(func() { n.checkTaken(t, shop) })
	})
}

// TestAFrozenServerLosesNoOrder stops the leader as a broken network does: its
// connections stay open and nothing comes. It comes back with what it took
// itself for, when the others have gone on without it.
func TestAFrozenServerLosesNoOrder(t *testing.T) {
	n := startNodes(t)
	n.trade(t, func(shop *testkit.Process) {
		frozen, since := n.leader(t), time.Now()
		n.signal(t, frozen, syscall.SIGSTOP)
		n.background(func() {
			n.awaitLeaderBut(t, frozen)
			n.checkTaken(t, shop)
			if rest := 5*time.Second - time.Since(since); rest > 0 {
				<-time.After(rest)
			}
			t.Logf("the server was frozen for %v", time.Since(since).Round(time.Millisecond))
			n.signal(t, frozen, syscall.SIGCONT)
		})
	})
}

// requestLost is how long an order may wait when its request was lost with the
// leader of its queue, which is in memory: two minutes until a payment is asked
// again, and some more.
const requestLost = 150 * time.Second

// trade runs two workers and a shop on the nodes, breaks something when half of
// the orders are taken, and looks at the books.
func (n *nodes) trade(t *testing.T, broken func(shop *testkit.Process)) {
	t.Helper()
	start := func(name, roles string) *testkit.Process {
		return testkit.Start(t, filepath.Join(n.dir, name), "--nats-url", n.urls, "--replicas", "3", "--partitions", "4", "--roles", roles, "--log-level", "info")
	}
	one, two := start("one", workers), start("two", workers)
	shop := start("shop", "api,projections,payment")
	shop.AddStock(t, stock)
	acked := place(t, shop, func() {
		t.Logf("%d orders were taken", orders/2)
		broken(shop)
	})
	n.working.Wait()
	all := settled(t, shop, len(acked), requestLost)
	for key, id := range acked {
		if all[id] == nil {
			t.Errorf("%s was acknowledged as %s and is lost", key, id)
		}
	}
	shop.CheckStock(t, stock, all)
	shop.CheckView(t, "orders")
	one.Stop(t)
	two.Stop(t)
	shop.Stop(t)
	testkit.CheckCharges(t, filepath.Join(n.dir, "shop"), all)
}

// nodes are three NATS servers, each a process of its own.
type nodes struct {
	dir, urls string
	names     []string
	clients   []string // URLs, by node
	processes []*exec.Cmd
	working   sync.WaitGroup
}

func startNodes(t *testing.T) *nodes {
	t.Helper()
	n := &nodes{dir: t.TempDir()}
	ports := freePorts(t, 6)
	var routes []string
	for i := range 3 {
		routes = append(routes, fmt.Sprint("nats://127.0.0.1:", ports[i]))
		n.clients = append(n.clients, fmt.Sprint("nats://127.0.0.1:", ports[3+i]))
		n.names = append(n.names, fmt.Sprint("n", i))
	}
	n.urls = strings.Join(n.clients, ",")
	for i, name := range n.names {
		n.start(t, natsembed.Config{
			Dir: filepath.Join(n.dir, name), Name: name, Host: "127.0.0.1", Port: ports[3+i], SyncAlways: true,
			Cluster: &natsembed.Cluster{Name: "suite", Host: "127.0.0.1", Port: ports[i], Routes: routes},
		})
	}
	n.awaitStreams(t)
	return n
}

// start runs the test program as a server. It dies with the test.
func (n *nodes) start(t *testing.T, cfg natsembed.Config) {
	t.Helper()
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), nodeEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if !bufio.NewScanner(out).Scan() {
		t.Fatalf("server %s does not start", cfg.Name)
	}
	n.processes = append(n.processes, cmd)
}

// background does something that the orders do not wait for; trade does.
func (n *nodes) background(f func()) { n.working.Go(f) }

func (n *nodes) signal(t *testing.T, name string, sig syscall.Signal) {
	t.Helper()
	if err := n.processes[slices.Index(n.names, name)].Process.Signal(sig); err != nil {
		t.Error(err)
	}
}

// jetStream asks the nodes but one, if it is named.
func (n *nodes) jetStream(t *testing.T, but string) jetstream.JetStream {
	t.Helper()
	var urls []string
	for i, u := range n.clients {
		if n.names[i] != but {
			urls = append(urls, u)
		}
	}
	nc, err := nats.Connect(strings.Join(urls, ","), nats.IgnoreDiscoveredServers())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// checkTaken proves that an order is taken by what is left, by placing the last
// one ahead of its turn.
func (n *nodes) checkTaken(t *testing.T, shop *testkit.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	since := time.Now()
	if _, err := insist(ctx, shop, request(orders)); err != nil {
		t.Errorf("no order was taken by the others: %v", err)
	}
	t.Logf("an order was taken by the others after %v", time.Since(since).Round(time.Millisecond))
}

// leader of the order log.
func (n *nodes) leader(t *testing.T) string {
	t.Helper()
	st, err := n.jetStream(t, "").Stream(t.Context(), "LOG_ORDER")
	if err != nil {
		t.Fatal(err)
	}
	return st.CachedInfo().Cluster.Leader
}

// awaitLeaderBut waits until the others have a leader of their own.
func (n *nodes) awaitLeaderBut(t *testing.T, gone string) {
	t.Helper()
	js := n.jetStream(t, gone)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		once, end := context.WithTimeout(ctx, time.Second)
		st, err := js.Stream(once, "LOG_ORDER")
		end()
		if err != nil {
			continue
		}
		if c := st.CachedInfo().Cluster; c != nil && c.Leader != "" && c.Leader != gone {
			return
		}
	}
	t.Error("no other server leads the order log within a minute")
}

// awaitStreams waits until the nodes know enough of each other to keep a stream
// three times.
func (n *nodes) awaitStreams(t *testing.T) {
	t.Helper()
	js := n.jetStream(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		once, end := context.WithTimeout(ctx, 2*time.Second)
		_, err := js.CreateStream(once, jetstream.StreamConfig{Name: "PROBE", Subjects: []string{"probe"}, Storage: jetstream.MemoryStorage, Replicas: 3})
		end()
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	if err := js.DeleteStream(ctx, "PROBE"); err != nil {
		t.Fatal(err)
	}
}

// freePorts finds ports that nobody has.
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
