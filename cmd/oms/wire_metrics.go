package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/orderstream/oms/internal/obs"
	"github.com/orderstream/oms/saga"
)

// openMetrics adds what is looked up when the metrics are read, and serves them
// where a process without the API can be asked for them.
func (s *service) openMetrics(context.Context) (err error) {
	state := obs.State{Queues: s.queues.Depths, Views: s.views.Status}
	if s.cfg.runs("saga") {
		state.Sagas = s.stuckSagas
	}
	if s.published != nil {
		state.PublisherLag = s.publisherLag
	}
	s.metrics.Watch(state)
	if s.cfg.MetricsListen == "" {
		return nil
	}
	if s.scraped, err = net.Listen("tcp", s.cfg.MetricsListen); err != nil {
		return fmt.Errorf("--metrics-listen: %w", err)
	}
	s.engines = append(s.engines, engine{"metrics", s.serveMetrics})
	return nil
}

// serveMetrics serves until the context ends; a reading that is on its way then
// is cut off.
func (s *service) serveMetrics(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Handler())
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })()
	if err := srv.Serve(s.scraped); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// countedSagas bounds how many stuck sagas are counted: beyond that their number
// says nothing new.
const countedSagas = 1000

// stuckSagas counts. Those that are stuck wake first, or never, and so come
// first.
func (s *service) stuckSagas(ctx context.Context) (open, stuck int, err error) {
	first, err := s.logs.orders.Active(ctx, time.Time{}, countedSagas)
	if err != nil {
		return 0, 0, err
	}
	now := time.Now()
	for _, snap := range first {
		if saga.Stuck(snap.State, now) {
			stuck++
		}
	}
	return s.logs.orders.Unfinished(), stuck, nil
}

func (s *service) publisherLag(ctx context.Context) (uint64, error) {
	head, err := s.store.Head(ctx, "order")
	return head - min(head, s.published()), err
}
