// Package obs turns what the engines report through their hooks into log
// lines and Prometheus metrics. Only the wiring imports it.
package obs

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/orderstream/oms/eventstore/jsstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/rpc"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

// Logger writes structured lines of a level ("debug" to "error") as text or
// JSON. An unknown level is info.
func Logger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// Metrics holds the process's metrics. The zero value is not usable; call
// NewMetrics.
type Metrics struct {
	registry  *prometheus.Registry
	messages  *prometheus.CounterVec
	commits   *prometheus.CounterVec
	bytes     *prometheus.CounterVec
	append    *prometheus.HistogramVec
	conflicts *prometheus.CounterVec
	flush     *prometheus.HistogramVec
	rebuilds  *prometheus.CounterVec
	sent      *prometheus.CounterVec
	answered  *prometheus.CounterVec
	calls     *prometheus.HistogramVec
	group     *prometheus.HistogramVec
	owned     *prometheus.GaugeVec
	takeovers *prometheus.CounterVec
	routed    *prometheus.HistogramVec
	putBack   *prometheus.CounterVec
	dropped   *prometheus.CounterVec
	webhooks  *prometheus.CounterVec
}

// NewMetrics registers everything under the prefix "oms_".
func NewMetrics() *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m := &Metrics{
		registry:  r,
		messages:  counter(r, "oms_log_messages_total", "Messages stored in a log; each costs one disk flush.", "log"),
		commits:   counter(r, "oms_log_commits_total", "Commits stored in a log.", "log"),
		bytes:     counter(r, "oms_log_bytes_total", "Bytes of message bodies stored in a log.", "log"),
		append:    histogram(r, "oms_log_append_seconds", "Time from sending a message to its acknowledgement.", "log"),
		conflicts: counter(r, "oms_log_conflicts_total", "Times another writer was found in a partition.", "log"),
		flush:     histogram(r, "oms_state_flush_seconds", "Time of writing folded state to its file.", "log"),
		rebuilds:  counter(r, "oms_state_rebuilds_total", "Times folded state was built anew.", "log"),
		sent:      counter(r, "oms_saga_requests_total", "Requests sent to participants, repeats included.", "step"),
		answered:  counter(r, "oms_saga_answers_total", "Answers recorded.", "step", "succeeded"),
		calls:     histogram(r, "oms_api_call_seconds", "Time of a call, watching and tailing included.", "procedure", "code"),
		group:     sizes(r, "oms_log_group_commits", "Commits that shared a message, and its disk flush.", "log"),
		owned:     gauge(r, "oms_partitions_owned", "Shared partitions that this process decides for.", "log"),
		takeovers: counter(r, "oms_lease_takeovers_total", "Times this process began to decide for a shared partition.", "log"),
		routed:    histogram(r, "oms_routed_seconds", "Time of a command or read at the owner of its partition, in another process.", "log", "result"),
		putBack:   counter(r, "oms_queue_put_back_total", "Messages whose work failed and is tried again.", "queue"),
		dropped:   counter(r, "oms_queue_dropped_total", "Messages that can never be worked on and were dropped.", "queue"),
		webhooks:  counter(r, "oms_webhooks_total", "Events that others sent us, by what became of them.", "from", "kind", "became"),
	}
	return m
}

func counter(r *prometheus.Registry, name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	r.MustRegister(c)
	return c
}

func histogram(r *prometheus.Registry, name, help string, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(50e-6, 2, 18),
	}, labels)
	r.MustRegister(h)
	return h
}

func gauge(r *prometheus.Registry, name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	r.MustRegister(g)
	return g
}

// sizes counts things, up to the largest group.
func sizes(r *prometheus.Registry, name, help string, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(1, 2, 10)}, labels)
	r.MustRegister(h)
	return h
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Store are the hooks of the event store.
func (m *Metrics) Store() jsstore.Hooks {
	return jsstore.Hooks{
		Stored: func(log string, commits, bytes int, took time.Duration) {
			m.messages.WithLabelValues(log).Inc()
			m.commits.WithLabelValues(log).Add(float64(commits))
			m.bytes.WithLabelValues(log).Add(float64(bytes))
			m.group.WithLabelValues(log).Observe(float64(commits))
			m.append.WithLabelValues(log).Observe(took.Seconds())
		},
		Conflict: func(log string, _ int) { m.conflicts.WithLabelValues(log).Inc() },
		Flushed: func(log string, _ int, took time.Duration, _ error) {
			m.flush.WithLabelValues(log).Observe(took.Seconds())
		},
		Rebuilt: func(log string, _ int, _ uint64, _ time.Duration) { m.rebuilds.WithLabelValues(log).Inc() },
		Owned: func(log string, _ int) {
			m.owned.WithLabelValues(log).Inc()
			m.takeovers.WithLabelValues(log).Inc()
		},
		Lost: func(log string, _ int) { m.owned.WithLabelValues(log).Dec() },
		Routed: func(log string, _ int, took time.Duration, err error) {
			word := "ok"
			if err != nil {
				word = reason(err)
			}
			m.routed.WithLabelValues(log, word).Observe(took.Seconds())
		},
	}
}

// Queues are the hooks of the work queues.
func (m *Metrics) Queues() workqueue.Hooks {
	return workqueue.Hooks{
		PutBack: func(stream string, _ error) { m.putBack.WithLabelValues(stream).Inc() },
		Dropped: func(stream string, _ error) { m.dropped.WithLabelValues(stream).Inc() },
	}
}

// Saga are the hooks of the saga runner.
func (m *Metrics) Saga() saga.Hooks {
	return saga.Hooks{
		Sent: func(step orderv1.Step, _ uint32) { m.sent.WithLabelValues(order.StepName(step)).Inc() },
		Answered: func(step orderv1.Step, succeeded bool) {
			word := "no"
			if succeeded {
				word = "yes"
			}
			m.answered.WithLabelValues(order.StepName(step), word).Inc()
		},
	}
}

// API are the hooks of the API.
func (m *Metrics) API() rpc.Hooks {
	return rpc.Hooks{Called: func(_ context.Context, procedure string, code connect.Code, took time.Duration) {
		word := "ok"
		if code != 0 {
			word = code.String()
		}
		m.calls.WithLabelValues(procedure, word).Observe(took.Seconds())
	}}
}

// Webhook counts the events that somebody sends us. A kind is counted only when
// its signature was good, so that nobody else makes up names.
func (m *Metrics) Webhook(from string) func(ctx context.Context, kind, became string) {
	return func(_ context.Context, kind, became string) { m.webhooks.WithLabelValues(from, kind, became).Inc() }
}
