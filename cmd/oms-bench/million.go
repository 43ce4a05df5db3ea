package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	projectionv1 "github.com/orderstream/oms/gen/oms/projection/v1"
	"github.com/orderstream/oms/gen/oms/projection/v1/projectionv1connect"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

// million is how many whole orders are put into a log, with all their commits
// but without participants, to see how the service starts on it.
var million = 1_000_000

// benchMillion loads the log directly, then starts the service on it: how long
// until it answers, how long until the read models have seen everything, and
// how much memory it takes.
func benchMillion(r *report, _ time.Duration) error {
	dir, err := os.MkdirTemp("", "oms-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	data := filepath.Join(dir, "data")
	idle, err := started(data)
	if err != nil {
		return err
	}
	r.set("million.idle_rss_mb", idle.rss)
	r.set("million.empty_start_ms", idle.ready)
	took, err := loadOrders(data)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(data, "views")); err != nil { // the empty ones
		return err
	}
	r.set("million.orders", float64(million))
	r.set("million.load_commits_per_s", 5*float64(million)/took.Seconds())
	first, err := started(data)
	if err != nil {
		return err
	}
	r.set("million.first_start_ms", first.ready)
	r.set("million.views_caught_up_after_s", first.level)
	r.set("million.rss_mb", first.rss)
	r.set("million.rss_peak_while_built_mb", first.peak)
	for _, how := range []struct {
		name string
		sig  syscall.Signal
	}{{"clean", syscall.SIGTERM}, {"kill9", syscall.SIGKILL}} {
		s, stop, err := startedAndKept(data)
		if err != nil {
			return err
		}
		if err := placeOne(s.url, how.name); err != nil {
			return err
		}
		stop(how.sig)
		again, err := started(data)
		if err != nil {
			return err
		}
		r.set("million.start_after_"+how.name+"_ms", again.ready)
		r.set("million.rss_after_"+how.name+"_mb", again.rss)
	}
	return nil
}

// start is how a start went: milliseconds until ready, seconds until the read
// models had seen the whole log, and resident memory in megabytes then and at
// its peak.
type start struct {
	url                     string
	ready, level, rss, peak float64
}

// placeOne appends to the logs: an index that the server wrote before is old
// then, unless it is stopped in good order.
func placeOne(url, key string) error {
	_, err := orderv1connect.NewOrderServiceClient(http.DefaultClient, url).CreateOrder(context.Background(), benchOrder(key, false))
	return err
}

// started starts the service, looks, and stops it.
func started(data string) (start, error) {
	s, stop, err := startedAndKept(data)
	if err == nil {
		stop(syscall.SIGTERM)
	}
	return s, err
}

func startedAndKept(data string) (s start, stop func(syscall.Signal), err error) {
	binary := filepath.Join(os.TempDir(), "oms-bench-oms")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/orderstream/oms/cmd/oms").CombinedOutput(); err != nil { //nolint:gosec // our own program
		return s, nil, fmt.Errorf("build oms: %w\n%s", err, out)
	}
	cmd := exec.Command(binary, "serve", "--data", data, "--listen", "127.0.0.1:0", "--nats-listen", "", "--log-level", "error") //nolint:gosec // our own program
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return s, nil, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return s, nil, err
	}
	stop = func(sig syscall.Signal) {
		_ = cmd.Process.Signal(sig)
		_ = cmd.Wait()
	}
	for sc := bufio.NewScanner(out); sc.Scan(); {
		word, rest, _ := strings.Cut(sc.Text(), " ")
		switch word {
		case "api":
			s.url = strings.TrimSpace(rest)
		case "ready":
			s.ready = float64(time.Since(began)) / float64(time.Millisecond)
			if err := level(s.url); err != nil {
				return s, nil, err
			}
			s.level = time.Since(began).Seconds()
			if s.rss, err = memory(cmd.Process.Pid, "VmRSS:"); err == nil {
				s.peak, err = memory(cmd.Process.Pid, "VmHWM:")
			}
			return s, stop, err
		}
	}
	return s, nil, fmt.Errorf("oms serve ended before it was ready: %w", cmd.Wait())
}

// level waits until every read model has seen the whole log.
func level(url string) error {
	c := projectionv1connect.NewProjectionServiceClient(http.DefaultClient, url)
	for {
		res, err := c.ListProjections(context.Background(), &projectionv1.ListProjectionsRequest{})
		if err != nil {
			return err
		}
		var lag uint64
		for _, p := range res.GetProjections() {
			lag += p.GetLag()
		}
		if lag == 0 {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// memory is what the kernel says of the memory of a process, in megabytes.
func memory(pid int, which string) (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(data), "\n") {
		if rest, ok := strings.CutPrefix(line, which); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("no %s of %d", which, pid)
}

// loadOrders walks every order through its checkout, answering for the
// participants.
func loadOrders(data string) (time.Duration, error) {
	srv, err := natsembed.Start(natsembed.Config{Dir: data, SyncAlways: true})
	if err != nil {
		return 0, err
	}
	defer func() { _ = srv.Stop(context.Background()) }()
	nc, err := srv.Connect()
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	s, err := jsstore.Open(jsstore.Config{Conn: nc, Dir: filepath.Join(data, "state")})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	log, err := jsstore.OpenLog(context.Background(), s, eventstore.Definition[order.Order]{
		Name: "order", Version: 1, New: order.New, Evolve: order.Evolve, Wake: saga.Wake,
		React: func(o order.Order, now time.Time) []proto.Message {
			return saga.Next(saga.Checkout, saga.Policy{}, o, now)
		},
	}, nil)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	_, err = driveOnce(512, million, func(i int) error { return walk(log, i) })
	return time.Since(began), err
}

func walk(log eventstore.Log[order.Order], i int) error {
	id := fmt.Sprintf("bench-%015d", i)
	price := money.Amount{Currency: "EUR", Minor: 1999}
	var c eventstore.Command[order.Order] = order.Create{
		Currency: "EUR", Now: time.Now(), Channel: "web", Customer: order.Customer{CustomerID: strconv.Itoa(i % 50_000)},
		Items: []order.Line{{SKU: "sku-1", Name: "A thing of beauty", Quantity: 1, UnitPrice: price}, {SKU: "sku-2", Name: "Another", Quantity: 2, UnitPrice: price}},
	}
	for {
		res, err := log.Execute(context.Background(), eventstore.Meta{Tenant: "default", Actor: "bench"}, id, c)
		if err != nil {
			return err
		}
		p, waiting := saga.Pending(res.States[id])
		if !waiting {
			return nil
		}
		c = order.Answer{Step: p.Step, RequestID: p.RequestID, Succeeded: true, Code: "200", Verdict: orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT}
	}
}

// driveOnce runs f for 0 to n-1, from so many callers.
func driveOnce(callers, n int, f func(int) error) (int, error) {
	errs := make(chan error, callers)
	for c := range callers {
		go func() {
			for i := c; i < n; i += callers {
				if err := f(i); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			return 0, err
		}
	}
	return n, nil
}
