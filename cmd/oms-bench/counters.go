package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/orderstream/oms/internal/slowsync"
)

// counters are the service's own, summed over their labels.
type counters map[string]float64

// counted are the metrics that are stated per order.
var counted = []struct{ metric, figure string }{
	{"oms_log_messages_total", "log_messages_per_order"},
	{"oms_log_commits_total", "log_commits_per_order"},
	{"oms_log_bytes_total", "log_bytes_per_order"},
	{"go_memstats_mallocs_total", "allocations_per_order"},
	{"go_memstats_alloc_bytes_total", "allocated_bytes_per_order"},
	{"process_cpu_seconds_total", "cpu_seconds_per_order"},
}

func (r *running) counters() (counters, error) {
	res, err := r.http.Get(r.url + "/metrics")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	c := counters{}
	for sc := bufio.NewScanner(res.Body); sc.Scan(); {
		name, value, ok := strings.Cut(sc.Text(), " ")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		name, _, _ = strings.Cut(name, "{")
		v, err := strconv.ParseFloat(value, 64)
		if err == nil {
			c[name] += v
		}
	}
	return c, nil
}

func (c counters) perOrder(r *report, prefix string, before counters, orders int) {
	for _, m := range counted {
		r.set(prefix+m.figure, (c[m.metric]-before[m.metric])/float64(max(orders, 1)))
	}
}

// benchFsyncs counts disk flushes in a run of its own: the kernel asks us
// before each, which slows them down a little.
func benchFsyncs(r *report, d time.Duration) error {
	out, err := os.CreateTemp("", "oms-bench-*.json")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	cmd := exec.Command(os.Args[0], "-child", "fsyncs", "-seconds", fmt.Sprint(d.Seconds()), "-out", out.Name()) //nolint:gosec // this program itself
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

func countFsyncs(r *report, d time.Duration) error {
	if err := slowsync.Install(0); err != nil {
		return err
	}
	ctx := context.Background()
	s, err := startOMS(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	for _, callers := range []int{1, 64} {
		before := slowsync.Count()
		m, err := s.measure(ctx, callers, d/2, false)
		if err != nil {
			return err
		}
		r.set(fmt.Sprintf("orders.%dcallers.fsyncs_per_order", callers), float64(slowsync.Count()-before)/float64(max(m.orders, 1)))
	}
	return nil
}
