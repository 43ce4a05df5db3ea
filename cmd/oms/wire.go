package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore/jsstore"
	"github.com/orderstream/oms/internal/auth"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/obs"
	"github.com/orderstream/oms/internal/outbound"
	"github.com/orderstream/oms/internal/rpc"
	"github.com/orderstream/oms/internal/seal"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/openapi"
	"github.com/orderstream/oms/payment/simulated"
	"github.com/orderstream/oms/payment/stripe"
)

// service is a running oms: everything, from the disk up to the port.
type service struct {
	cfg     serveConfig
	metrics *obs.Metrics
	tracer  *obs.Tracer // nil when nothing is traced

	nats    *natsembed.Server // nil on a cluster
	conn    *nats.Conn        // appends and small reads
	readers *nats.Conn        // followers
	queued  *nats.Conn        // work queues
	store   *jsstore.Store
	queues  *workqueue.Queues
	gateway *simulated.Gateway
	stripe  *stripe.Gateway // nil when there is no key for it
	secrets *seal.Ring
	gate    *outbound.Gate
	engine  *delivery.Engine // nil when deliveries are made elsewhere
	logs    logs
	views   views

	published func() uint64 // position of the publisher; nil when it runs elsewhere

	listener net.Listener
	http     *http.Server
	scraped  net.Listener // of the metrics, when they have one of their own
	engines  []engine
}

// engine is a part that runs until its context ends.
type engine struct {
	name string
	run  func(context.Context) error
}

// newService builds a service from the disk up. What it opened is closed when
// it fails.
func newService(ctx context.Context, cfg serveConfig) (s *service, err error) {
	s = &service{cfg: cfg, metrics: obs.NewMetrics()}
	defer func() { //nolint:contextcheck // what is open is closed whatever became of the caller
		if err != nil {
			s.close()
		}
	}()
	for _, build := range []func(context.Context) error{
		s.openListener, s.openTracer, s.openNATS, s.openSecrets, s.openStore, s.openLogs, s.openGateways, s.openEngines, s.openViews, s.openPublisher, s.startDelivery, s.openMetrics, s.openAPI,
	} {
		if err := build(ctx); err != nil {
			return s, err
		}
	}
	return s, nil
}

// openListener takes the port first: it is what fails most often.
func (s *service) openListener(context.Context) (err error) {
	if !s.cfg.runs("api") {
		return nil
	}
	if err := auth.CheckListen(s.cfg.Listen, s.cfg.TokenFile != ""); err != nil {
		return usage{err}
	}
	s.listener, err = net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	return nil
}

// openTracer sends spans to a collector, if there is one.
func (s *service) openTracer(ctx context.Context) (err error) {
	s.tracer, err = obs.NewTracer(ctx, obs.TraceConfig{Endpoint: s.cfg.OTLPEndpoint, Ratio: s.cfg.TraceRatio})
	return err
}

// openNATS starts the embedded server, or connects to a cluster.
func (s *service) openNATS(ctx context.Context) (err error) {
	connect := func() (*nats.Conn, error) {
		// A server that is frozen, or behind a broken network, keeps its connections
		// open: only pings tell, within six seconds.
		opts := []nats.Option{
			nats.Name("oms"), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond),
			nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(2),
		}
		if s.cfg.NATSCreds != "" {
			opts = append(opts, nats.UserCredentials(s.cfg.NATSCreds))
		}
		if s.nats != nil {
			return s.nats.Connect(opts...)
		}
		return nats.Connect(s.cfg.NATSURL, opts...)
	}
	if s.cfg.NATSURL == "" {
		if err := s.startNATS(); err != nil {
			return err
		}
	}
	for _, conn := range []**nats.Conn{&s.conn, &s.readers, &s.queued} {
		if *conn, err = connect(); err != nil {
			return fmt.Errorf("nats: %w", err)
		}
	}
	if s.cfg.NATSURL != "" {
		// Whether they do cannot be asked: a server tells its storage options to
		// its system account only, and those are not credentials for a service.
		slog.LogAttrs(ctx, slog.LevelWarn, "make sure that the servers run with sync_interval: always; without it a power loss can take acknowledged orders",
			slog.String("nats", s.conn.ConnectedUrlRedacted()))
	}
	return nil
}

func (s *service) startNATS() error {
	cfg := natsembed.Config{Dir: s.cfg.Data, SyncAlways: s.cfg.Durability == "power"}
	if s.cfg.NATSListen != "" {
		host, port, err := net.SplitHostPort(s.cfg.NATSListen)
		if err != nil {
			return usageError("--nats-listen: %w", err)
		}
		if err := auth.CheckListen(s.cfg.NATSListen, false); err != nil {
			return usageError("--nats-listen: subscribers cannot be authenticated here, so it must be a loopback address")
		}
		cfg.Host = host
		if cfg.Port, err = strconv.Atoi(port); err != nil {
			return usageError("--nats-listen: %w", err)
		}
	}
	srv, err := natsembed.Start(cfg)
	if err != nil {
		return err
	}
	s.nats = srv
	if s.cfg.Durability == "process" {
		slog.Warn("a power loss may take what the last two minutes acknowledged: --durability process is for data that may be lost")
	}
	return nil
}

func (s *service) openStore(ctx context.Context) (err error) {
	hooks := s.metrics.Store()
	owned, lost := hooks.Owned, hooks.Lost
	hooks.Owned = func(log string, partition int) {
		owned(log, partition)
		slog.LogAttrs(ctx, slog.LevelInfo, "partition owned", slog.String("log", log), slog.Int("partition", partition))
	}
	hooks.Lost = func(log string, partition int) {
		lost(log, partition)
		if log == endpoint.Log && s.engine != nil {
			s.engine.Lost(partition)
		}
		slog.LogAttrs(ctx, slog.LevelInfo, "partition given", slog.String("log", log), slog.Int("partition", partition))
	}
	s.store, err = jsstore.Open(jsstore.Config{
		Conn: s.conn, ReadConn: s.readers, Dir: filepath.Join(s.cfg.Data, "state"),
		Partitions: s.cfg.Partitions, Replicas: s.cfg.Replicas, Hooks: hooks,
		Cluster: s.cfg.NATSURL != "", Own: s.cfg.own(),
	})
	if err != nil {
		return err
	}
	if s.queues, err = workqueue.Open(ctx, s.queued, s.cfg.Replicas); err != nil {
		return err
	}
	s.queues.Watch(s.metrics.Queues())
	return nil
}

// openAPI puts the edges on one port.
func (s *service) openAPI(context.Context) error {
	if s.listener == nil {
		return nil
	}
	guard, err := s.guard()
	if err != nil {
		return err
	}
	api, err := rpc.New( //nolint:contextcheck // calls live longer than the building of the API
		rpc.Config{
			Guard: guard, Orders: s.orders(), Inventory: s.inventory(), Promotions: s.promotions(), Payments: s.payments(), Customers: s.customers(),
			Unfinished: s.logs.orders.ActiveEverywhere,
			Events:     s.store, OrderView: s.views.ordersView(), StockView: s.views.stockView(), PaymentView: s.views.paymentsView(), CustomerView: s.views.customersView(), Projections: &s.views,
			Deliveries: s.deliveries(), DscoAccount: s.cfg.dscoAccounts.Caller,
			CaptureAt: s.cfg.captureAt(), DefaultGateway: s.cfg.DefaultGateway, ReturnWindow: s.cfg.ReturnWindow,
			Script: s.scripter(), OpenAPI: openapi.Document, Ready: s.ready, Hooks: s.tracer.API(s.metrics.API()),
		})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	var calls http.Handler = api
	if guard.Open() { // nobody is asked who he is, so only this machine may call
		calls = auth.LocalOnly(api)
	}
	mux.Handle("/", calls)
	mux.Handle("GET /metrics", s.metrics.Handler())
	hook, err := s.stripeWebhook()
	if err != nil {
		return err
	}
	if hook != nil {
		mux.Handle(webhookPath, hook)
	}
	if s.cfg.Profile {
		mux.Handle("/debug/pprof/", auth.LocalOnly(http.HandlerFunc(pprof.Index)))
		mux.Handle("/debug/pprof/profile", auth.LocalOnly(http.HandlerFunc(pprof.Profile)))
	}
	s.http = rpc.NewServer(api, mux)
	return nil
}

// run runs everything until the context ends, then stops it from the top down:
// first no new calls, then the engines, then the logs, and the server last.
func (s *service) run(ctx context.Context) error {
	engines, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, failed := errgroup.WithContext(engines)
	for _, e := range s.engines {
		g.Go(func() error {
			if err := e.run(failed); err != nil && failed.Err() == nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
			return nil
		})
	}
	if s.http != nil {
		g.Go(func() error {
			if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("api: %w", err)
			}
			return nil
		})
	}
	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	if s.http != nil {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		if err := s.http.Shutdown(grace); err != nil {
			slog.LogAttrs(ctx, slog.LevelWarn, "calls were cut off", slog.Any("error", err))
		}
		cancel()
	}
	stop()
	err := g.Wait()
	s.close() //nolint:contextcheck // the context has ended: that is why
	return err
}

// close gives back everything that was opened, the youngest first.
func (s *service) close() {
	for _, l := range []net.Listener{s.listener, s.scraped} {
		if l != nil {
			_ = l.Close()
		}
	}
	s.views.close()
	if s.store != nil {
		s.store.Close()
	}
	if s.gateway != nil {
		_ = s.gateway.Close()
	}
	for _, c := range []*nats.Conn{s.queued, s.readers, s.conn} {
		if c != nil {
			c.Close()
		}
	}
	if s.nats != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.nats.Stop(ctx); err != nil {
			slog.Warn("the embedded server did not stop in time", slog.Any("error", err))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.tracer.Close(ctx); err != nil {
		slog.Warn("the last spans were not sent", slog.Any("error", err))
	}
}
