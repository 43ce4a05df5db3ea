package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/slowsync"
)

// The commits that a confirmed order makes in its own log, by headline, with
// the bytes of their events: what plain publishing has to store as well.
var headlines = []struct {
	token string
	bytes int
}{
	{"created", 640}, {"reserveanswered", 190}, {"fraudanswered", 260}, {"authorizeanswered", 280}, {"captureanswered", 210},
}

// step is the event of the n-th headline.
type benchState struct {
	N int64 `cbor:"1,keyasint"`
	B []byte
}

// advance makes the next commit of an order.
type advance struct{ payload []byte }

func (a advance) Decide(benchState) ([]proto.Message, error) {
	return []proto.Message{&wrapperspb.BytesValue{Value: a.payload}}, nil
}

func benchDefinition() eventstore.Definition[benchState] {
	return eventstore.Definition[benchState]{
		Name: "bench", Version: 1,
		New:    func(string, uint64) benchState { return benchState{} },
		Evolve: func(s benchState, _ proto.Message) benchState { s.N++; return s },
		Token: func(e proto.Message) string {
			n := len(e.(*wrapperspb.BytesValue).Value)
			for _, h := range headlines {
				if h.bytes == n {
					return h.token
				}
			}
			return "other"
		},
	}
}

// node is an embedded server with SyncAlways in a folder of its own.
type node struct {
	dir string
	srv *natsembed.Server
}

func startNode() (*node, error) {
	dir, err := os.MkdirTemp("", "oms-bench-")
	if err != nil {
		return nil, err
	}
	srv, err := natsembed.Start(natsembed.Config{Dir: dir, SyncAlways: true})
	if err != nil {
		return nil, err
	}
	return &node{dir, srv}, nil
}

func (n *node) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = n.srv.Stop(ctx)
	leftovers = append(leftovers, n.dir)
}

// leftovers are removed when nothing is measured: on a disk that discards what
// is deleted, that makes the next fsyncs slow.
var leftovers []string

func removeNodes() {
	for _, dir := range leftovers {
		_ = os.RemoveAll(dir)
	}
	leftovers = nil
}

// rate is the result of one closed-loop measurement.
type rate struct {
	perSecond float64
	p50, p99  float64 // milliseconds
}

// drive runs f from so many callers for a time.
func drive(callers int, d time.Duration, f func(caller, n int) error) (rate, error) {
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	lat := make([][]time.Duration, callers)
	started := time.Now()
	for c := range callers {
		wg.Go(func() {
			for n := 0; time.Since(started) < d; n++ {
				t := time.Now()
				if err := f(c, n); err != nil {
					failed.Store(&err)
					return
				}
				lat[c] = append(lat[c], time.Since(t))
			}
		})
	}
	wg.Wait()
	took := time.Since(started)
	if err := failed.Load(); err != nil {
		return rate{}, *err
	}
	var all []time.Duration
	for _, l := range lat {
		all = append(all, l...)
	}
	return rate{float64(len(all)) / took.Seconds(), percentile(all, 0.50), percentile(all, 0.99)}, nil
}

func payloads() [][]byte {
	p := make([][]byte, len(headlines))
	for i, h := range headlines {
		p[i] = make([]byte, h.bytes)
		for j := range p[i] {
			p[i][j] = byte(j % 251)
		}
	}
	return p
}

// measureStore drives whole orders, commit after commit, through the store.
func measureStore(callers int, d time.Duration) (rate, error) {
	n, err := startNode()
	if err != nil {
		return rate{}, err
	}
	defer n.stop()
	nc, err := n.srv.Connect()
	if err != nil {
		return rate{}, err
	}
	defer nc.Close()
	s, err := jsstore.Open(jsstore.Config{Conn: nc, Dir: filepath.Join(n.dir, "state")})
	if err != nil {
		return rate{}, err
	}
	defer s.Close()
	log, err := jsstore.OpenLog(context.Background(), s, benchDefinition(), nil)
	if err != nil {
		return rate{}, err
	}
	bodies := payloads()
	return drive(callers, d, func(c, n int) error {
		id := "order-" + strconv.Itoa(c) + "-" + strconv.Itoa(n/len(bodies))
		_, err := log.Execute(context.Background(), eventstore.Meta{Tenant: "default", Actor: "bench"}, id, advance{bodies[n%len(bodies)]})
		return err
	})
}

// measurePlain publishes the same commits, one message each.
func measurePlain(callers int, d time.Duration) (rate, error) {
	n, err := startNode()
	if err != nil {
		return rate{}, err
	}
	defer n.stop()
	nc, err := n.srv.Connect()
	if err != nil {
		return rate{}, err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return rate{}, err
	}
	_, err = js.CreateStream(context.Background(), jetstream.StreamConfig{Name: "PLAIN", Subjects: []string{"log.plain.>"}, Storage: jetstream.FileStorage})
	if err != nil {
		return rate{}, err
	}
	bodies := payloads()
	return drive(callers, d, func(c, n int) error {
		h := n % len(bodies)
		m := nats.NewMsg("log.plain." + headlines[h].token + ".0")
		data, err := proto.Marshal(&logv1.Commit{
			Id: "01JD0000000000000000000000", Tenant: "default", Actor: "bench", CorrelationId: "01JD0000000000000000000000",
			Scope:  "order-" + strconv.Itoa(c),
			Events: []*logv1.Event{{Type: "google.protobuf.BytesValue", Version: 1, Aggregate: "order-" + strconv.Itoa(c), Revision: 1, Data: bodies[h]}},
		})
		if err != nil {
			return err
		}
		m.Data = data
		_, err = js.PublishMsg(context.Background(), m)
		return err
	})
}

// compareStore measures both sides at several numbers of callers.
func compareStore(r *report, prefix string, callers []int, d time.Duration) error {
	for _, c := range callers {
		plains, stores, err := inTurn(c, d)
		if err != nil {
			return err
		}
		plain, store := median(plains), median(stores)
		name := fmt.Sprintf("%s.%dcallers.", prefix, c)
		r.set(name+"plain_commits_per_s", plain.perSecond)
		r.set(name+"plain_p50_ms", plain.p50)
		r.set(name+"plain_p99_ms", plain.p99)
		r.set(name+"store_commits_per_s", store.perSecond)
		r.set(name+"store_p50_ms", store.p50)
		r.set(name+"store_p99_ms", store.p99)
		r.set(name+"throughput_ratio", medianRatio(stores, plains, func(r rate) float64 { return r.perSecond }))
		r.set(name+"latency_ratio_p50", medianRatio(stores, plains, func(r rate) float64 { return r.p50 }))
	}
	return nil
}

// rounds is how often the two sides are measured, in turn: a disk that is slow
// for a while is slow for both. The median round of each counts, and the median
// of the rounds' ratios.
const rounds = 9

func inTurn(callers int, d time.Duration) (plains, stores []rate, err error) {
	defer removeNodes()
	for range rounds {
		p, err := measurePlain(callers, d/rounds)
		if err != nil {
			return nil, nil, err
		}
		s, err := measureStore(callers, d/rounds)
		if err != nil {
			return nil, nil, err
		}
		plains, stores = append(plains, p), append(stores, s)
	}
	return plains, stores, nil
}

func median(rs []rate) rate {
	rs = slices.Clone(rs)
	slices.SortFunc(rs, func(a, b rate) int { return cmp.Compare(a.perSecond, b.perSecond) })
	return rs[len(rs)/2]
}

func medianRatio(as, bs []rate, of func(rate) float64) float64 {
	ratios := make([]float64, len(as))
	for i := range as {
		ratios[i] = of(as[i]) / of(bs[i])
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

func benchStore(r *report, d time.Duration) error {
	return compareStore(r, "store", []int{1, 8, 64, 256}, d)
}

// benchSlowStore does the same in a process whose fsyncs take 1 ms longer.
func benchSlowStore(r *report, d time.Duration) error {
	out, err := os.CreateTemp("", "oms-bench-*.json")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	cmd := exec.Command(os.Args[0], "-child", "slow", "-seconds", fmt.Sprint(d.Seconds()), "-out", out.Name()) //nolint:gosec // this program itself
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	var sub report
	if err := json.NewDecoder(out).Decode(&sub); err != nil {
		return err
	}
	for k, v := range sub.Figures {
		r.Figures[k] = v
	}
	return nil
}

func runChild(r *report, part string, d time.Duration) error {
	if part == "fsyncs" {
		return countFsyncs(r, d)
	}
	if err := slowsync.Install(time.Millisecond); err != nil {
		return err
	}
	return compareStore(r, "store_fsync_plus_1ms", []int{1, 64, 256}, d)
}
