package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/obs"
)

func newServe(a *app) *cobra.Command {
	var cfg serveConfig
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the service",
		Long: `Runs the whole service: the API and the console's port, the saga, the
participants, the read models and the publisher, on an embedded NATS server
with everything under one data folder.

With --nats-url the log lives on a NATS cluster instead, and --roles picks what
this process runs.

Prints the addresses and then "ready" on standard output; logs go to standard
error. SIGTERM stops it in good order.`,
		Example: `  oms serve
  oms serve --data /var/lib/oms --listen 0.0.0.0:8480 --token-file tokens
  oms serve --roles api,saga,promotion,payment,fraud,publisher,projections`,
		Args: none, Annotations: localEnv,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.complete(); err != nil {
				return err
			}
			slog.SetDefault(obs.Logger(a.err, cfg.LogLevel, cfg.LogFormat))
			tuneMemory()
			natsembed.LeaveRoomForDisk()
			return serve(cmd.Context(), cfg, func(s *service) { s.announce(a.out) })
		},
	}
	cfg.flags(cmd.Flags())
	return cmd
}

// serve runs a service until the context ends. Started is called as soon as it
// takes calls.
func serve(ctx context.Context, cfg serveConfig, started func(*service)) error {
	s, err := newService(ctx, cfg)
	if errors.Is(err, natsembed.ErrInUse) {
		return fmt.Errorf("%s: %w", cfg.Data, err)
	}
	if err != nil {
		return err
	}
	go s.whenReady(ctx, started)
	return s.run(ctx)
}

// whenReady calls started once the read models can be read.
func (s *service) whenReady(ctx context.Context, started func(*service)) {
	for s.ready(ctx) != nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
	started(s)
}

// announce prints where the service is.
func (s *service) announce(w io.Writer) {
	if s.listener != nil {
		fmt.Fprintf(w, "api   %s\n", s.url())
	}
	if s.scraped != nil {
		fmt.Fprintf(w, "metrics  http://%s/metrics\n", s.scraped.Addr())
	}
	if s.nats != nil && s.nats.URL() != "" {
		fmt.Fprintf(w, "nats  %s\n", s.nats.URL())
	}
	fmt.Fprintf(w, "data  %s\n", s.cfg.Data)
	fmt.Fprintln(w, "ready")
}

// url of the API.
func (s *service) url() string { return "http://" + s.listener.Addr().String() }
