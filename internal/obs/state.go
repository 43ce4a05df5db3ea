package obs

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/projections"
)

// State is what is looked up whenever the metrics are read; each may be nil.
// What fails is left out of that reading.
type State struct {
	// Sagas: checkouts that have not ended in the partitions of this process,
	// and those of them that are stuck.
	Sagas func(context.Context) (open, stuck int, err error)
	// Queues of the cluster.
	Queues func(context.Context) ([]workqueue.Depth, error)
	// Views of this process.
	Views func(context.Context) []projections.Status
	// PublisherLag: messages of the order log that were not looked at yet.
	PublisherLag func(context.Context) (uint64, error)
}

// stateWithin bounds the looking up: whoever reads the metrics waits for it.
const stateWithin = 2 * time.Second

// Watch adds the state to the metrics. It is called once.
func (m *Metrics) Watch(s State) {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	m.registry.MustRegister(&state{
		State:       s,
		open:        d("oms_sagas_open", "Checkouts that have not ended, in the partitions of this process."),
		stuck:       d("oms_sagas_stuck", "Checkouts that wait for a person, or for an answer that is overdue, in the partitions of this process."),
		waiting:     d("oms_queue_waiting", "Messages that nobody has taken.", "queue"),
		inWork:      d("oms_queue_in_work", "Messages that were taken and are not settled.", "queue"),
		redelivered: d("oms_queue_redelivered", "Messages in work that were delivered more than once.", "queue"),
		published:   d("oms_publisher_lag_messages", "Messages of the order log that the publisher has not looked at."),
		lag:         d("oms_projection_lag_messages", "Messages of its log that a view has not seen.", "view"),
		parked:      d("oms_projection_parked", "1 when a view stands still before an event that it cannot apply.", "view"),
		bytes:       d("oms_projection_bytes", "Size of the file of a view.", "view"),
	})
}

// state is a prometheus.Collector.
type state struct {
	State
	open, stuck                   *prometheus.Desc
	waiting, inWork, redelivered  *prometheus.Desc
	published, lag, parked, bytes *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (s *state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.open, s.stuck, s.waiting, s.inWork, s.redelivered, s.published, s.lag, s.parked, s.bytes} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (s *state) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), stateWithin)
	defer cancel()
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	failed := func(what string, err error) {
		slog.LogAttrs(ctx, slog.LevelWarn, "metrics are left out", slog.String("of", what), slog.Any("error", err))
	}
	if s.Sagas != nil {
		if open, stuck, err := s.Sagas(ctx); err != nil {
			failed("sagas", err)
		} else {
			set(s.open, float64(open))
			set(s.stuck, float64(stuck))
		}
	}
	if s.PublisherLag != nil {
		if lag, err := s.PublisherLag(ctx); err != nil {
			failed("publisher", err)
		} else {
			set(s.published, float64(lag))
		}
	}
	if s.Queues != nil {
		depths, err := s.Queues(ctx)
		if err != nil {
			failed("queues", err)
		}
		for _, q := range depths {
			set(s.waiting, float64(q.Waiting), q.Stream)
			set(s.inWork, float64(q.InWork), q.Stream)
			set(s.redelivered, float64(q.Redelivered), q.Stream)
		}
	}
	if s.Views != nil {
		for _, v := range s.Views(ctx) {
			parked := 0.0
			if v.Parked {
				parked = 1
			}
			set(s.parked, parked, v.Name)
			set(s.bytes, float64(v.Bytes), v.Name)
			if v.Failure != nil {
				failed("view "+v.Name, v.Failure)
				continue
			}
			set(s.lag, float64(v.Lag()), v.Name)
		}
	}
}
