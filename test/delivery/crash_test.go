package delivery

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/testkit/deliveries"
)

var (
	crashEvents = flag.Int("events", 4000, "events of the crash test; each goes to three endpoints")
	crashKills  = flag.Int("kills", 5, "how often its process is killed")
)

// childEnv tells this test's binary that it is the process to be killed: the
// folder, where the endpoints are, and the first event to say.
const childEnv = "OMS_TEST_DELIVERY_CHILD"

// ordersSaid is how many subjects the events are about.
const ordersSaid = 97

// TestMain lets the binary be the process that is killed.
func TestMain(m *testing.M) {
	flag.Parse()
	if env := os.Getenv(childEnv); env != "" {
		child(strings.Split(env, "\n"))
		return
	}
	os.Exit(m.Run())
}

// child delivers, and says events one after the other, until it is killed or
// told to stop.
func child(env []string) {
	dir, url := env[0], env[1]
	first, _ := strconv.Atoi(env[2])
	last, _ := strconv.Atoi(env[3])
	w := deliveries.New(dir, nil)
	ctx := context.Background()
	if first == 0 {
		for _, id := range []string{"plain", "failing", "ordered"} {
			err := w.Endpoint(ctx, id, url+"/"+id, func(e *deliveryv1.Endpoint) {
				e.Ordered = id == "ordered"
				for range 40 {
					e.Pace.Retries = append(e.Pace.Retries, durationpb.New(50*time.Millisecond))
				}
			})
			if err != nil && !strings.Contains(err.Error(), "exists") {
				panic(err)
			}
		}
		fmt.Println("ready")
	}
	var g sync.WaitGroup
	const sayers = 8 // of a subject always the same, so that it is said in order
	for sayer := range sayers {
		g.Go(func() {
			for i := first; i < last; i++ {
				if i%ordersSaid%sayers != sayer {
					continue
				}
				id := fmt.Sprint("order-", i%ordersSaid)
				meta := eventstore.Meta{Tenant: "default", Key: strconv.Itoa(i), Hash: []byte{1}}
				for {
					if _, err := w.Source.Execute(ctx, meta, id, deliveries.Say{Texts: []string{fmt.Sprintf("e%d %s", i, id)}}); err == nil {
						break
					}
				}
				fmt.Println("said", i)
			}
		})
	}
	g.Wait()
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test is over
	w.End()
}

// arrivals are what the endpoints took.
type arrivals struct {
	mu     sync.Mutex
	taken  map[string]map[string]int   // by endpoint and notice
	events map[string]map[string]int   // by endpoint and event, how often
	order  map[string]map[string][]int // by endpoint and subject, first arrivals
	turn   int
	more   chan struct{}
}

func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	kind, order := quoted(body, "EventType"), quoted(body, "Subject")
	n, _ := strconv.Atoi(strings.TrimPrefix(kind, "e"))
	to, id := strings.TrimPrefix(r.URL.Path, "/"), r.Header.Get("webhook-id")
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.turn++; to != "plain" && a.turn%10 < 3 {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	for _, m := range []map[string]map[string]int{a.taken, a.events} {
		if m[to] == nil {
			m[to] = map[string]int{}
		}
	}
	a.taken[to][id]++
	if a.events[to][kind]++; a.events[to][kind] == 1 {
		if a.order[to] == nil {
			a.order[to] = map[string][]int{}
		}
		a.order[to][order] = append(a.order[to][order], n)
	}
	w.WriteHeader(http.StatusNoContent)
	select {
	case a.more <- struct{}{}:
	default:
	}
}

func quoted(body []byte, field string) string {
	_, rest, _ := strings.Cut(string(body), `"`+field+`":"`)
	text, _, _ := strings.Cut(rest, `"`)
	return text
}

// TestNothingIsLostWhenTheProcessIsKilled: every event that was acknowledged
// reaches every endpoint, also those that fail three times of ten; one that
// comes twice has the same id, and they are few; and an ordered endpoint hears of
// each subject in order.
func TestNothingIsLostWhenTheProcessIsKilled(t *testing.T) {
	a := &arrivals{
		taken: map[string]map[string]int{}, events: map[string]map[string]int{}, order: map[string]map[string][]int{}, more: make(chan struct{}, 1),
	}
	url := serve(t, a)
	dir := t.TempDir()
	said, kills := map[int]bool{}, 0
	for kills < *crashKills {
		p := startChild(t, dir, url, firstUnsaid(said), *crashEvents)
		until := *crashEvents/(*crashKills+1)*(kills+1) + rand.IntN(50)
		for line := range p.lines {
			if n, ok := strings.CutPrefix(line, "said "); ok {
				i, _ := strconv.Atoi(n)
				said[i] = true
				if len(said) >= until {
					break
				}
			}
		}
		p.kill()
		for line := range p.lines { // what it said before it died
			if n, ok := strings.CutPrefix(line, "said "); ok {
				i, _ := strconv.Atoi(n)
				said[i] = true
			}
		}
		kills++
	}
	p := startChild(t, dir, url, firstUnsaid(said), *crashEvents)
	go func() {
		for range p.lines { // it must not wait for us
		}
	}()
	a.await(t, *crashEvents)
	p.stop(t)
	a.check(t)
}

func firstUnsaid(said map[int]bool) (n int) {
	for said[n] {
		n++
	}
	return n
}

func (a *arrivals) await(t *testing.T, n int) {
	t.Helper()
	late := time.After(3 * time.Minute)
	for {
		a.mu.Lock()
		least := n
		for _, to := range []string{"plain", "failing", "ordered"} {
			least = min(least, len(a.events[to]))
		}
		a.mu.Unlock()
		if least == n {
			return
		}
		select {
		case <-a.more:
		case <-late:
			a.mu.Lock()
			defer a.mu.Unlock()
			t.Fatalf("of %d events arrived: plain %d, failing %d, ordered %d", n, len(a.events["plain"]), len(a.events["failing"]), len(a.events["ordered"]))
		}
	}
}

func (a *arrivals) check(t *testing.T) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	twice, all := 0, 0
	for to, ids := range a.taken {
		if len(ids) != len(a.events[to]) {
			t.Errorf("%s: %d events came under %d ids", to, len(a.events[to]), len(ids))
		}
		for _, n := range ids {
			all += n
			twice += n - 1
		}
	}
	t.Logf("%d deliveries, %d of them again, %d kills", all, twice, *crashKills)
	// What was answered and not stored yet is sent again: what is under way within
	// one flush of the disk.
	if most := *crashKills*64 + all/1000; twice > most {
		t.Errorf("%d deliveries came again, more than %d", twice, most)
	}
	for order, ns := range a.order["ordered"] {
		for i := 1; i < len(ns); i++ {
			if ns[i] < ns[i-1] {
				t.Errorf("%s: %d came after %d", order, ns[i], ns[i-1])
			}
		}
	}
}

// process is the child.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string
}

func startChild(t *testing.T, dir, url string, first, last int) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0]), lines: make(chan string, 1<<16)}
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s\n%s\n%d\n%d", childEnv, dir, url, first, last))
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func (p *process) stop(t *testing.T) {
	t.Helper()
	_ = p.stdin.Close()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
}
