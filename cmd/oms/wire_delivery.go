package main

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/delivery/dsco"
	"github.com/orderstream/oms/delivery/senders"
	"github.com/orderstream/oms/delivery/vocabularies"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/obs"
	"github.com/orderstream/oms/internal/outbound"
	"github.com/orderstream/oms/internal/rpc"
	"github.com/orderstream/oms/internal/seal"
	"github.com/orderstream/oms/projections"
)

// openSecrets loads the key that secrets of endpoints are sealed with.
func (s *service) openSecrets(context.Context) (err error) {
	if !s.cfg.runs("delivery") && !s.cfg.runs("api") {
		return nil
	}
	load, path := seal.LoadOrCreate, filepath.Join(s.cfg.Data, "secret.keys")
	if s.cfg.SecretKeyFile != "" {
		load, path = seal.Load, s.cfg.SecretKeyFile
	}
	if s.secrets, err = load(path); err != nil {
		return usageError("--secret-key-file: %w", err)
	}
	return nil
}

// openDelivery makes the engine that delivers; it begins with its log.
func (s *service) openDelivery() {
	s.gate = outbound.New(outbound.Policy{Allow: s.cfg.deliveryAllow, Proxies: s.cfg.DeliveryProxies})
	if !s.cfg.runs("delivery") {
		return
	}
	s.engine = delivery.New(delivery.Config{
		Source: s.store, Backlog: &backlog{s: s}, Translators: s.translators(), Sender: s.senders().Open,
		Environment: s.cfg.environment(), Hooks: s.metrics.Delivery(), Now: time.Now,
		Compose: delivery.Composer{ClientID: s.cfg.DeliveryClientID, Account: s.cfg.External.Account, Region: s.cfg.External.Region, PublicURL: s.cfg.PublicURL},
	})
}

func (s *service) senders() senders.Factory {
	return senders.Factory{Gate: s.gate, Ring: s.secrets, Conn: s.conn, Source: "oms", Now: time.Now}
}

// openEndpoints brings the delivery log to its end.
func (s *service) openEndpoints(ctx context.Context) (err error) {
	s.openDelivery()
	s.logs.endpoints, err = jsstore.OpenLog(ctx, s.store, eventstore.Definition[endpoint.State]{
		Name: endpoint.Log, Version: 1, New: endpoint.New, Evolve: endpoint.Evolve, Wake: endpoint.Wake, Token: endpoint.Token,
		React: endpoint.Suspend(s.cfg.SuspendAfter), Commands: commandsOf["endpoint"],
	}, func(cs []jsstore.Committed[endpoint.State]) {
		for _, c := range cs {
			if s.engine != nil {
				s.engine.Committed(c.Partition, c.Commit, c.Result.Events, c.Result.States)
			}
		}
	})
	return err
}

// startDelivery delivers for the partitions that this process owns.
func (s *service) startDelivery(context.Context) error {
	if s.engine == nil {
		return nil
	}
	s.engine.Attach(s.endpoints())
	s.logs.endpoints.OnOwned(s.engine.Owned)
	s.engines = append(s.engines, engine{"delivery", s.engine.Run})
	return nil
}

func (s *service) endpoints() eventstore.Log[endpoint.State] {
	return obs.TraceLog[endpoint.State](s.tracer, endpoint.Log, s.logs.endpoints)
}

// deliveries is what the API of deliveries stands on.
func (s *service) deliveries() rpc.DeliveryConfig {
	cfg := rpc.DeliveryConfig{
		Log: s.endpoints(), View: s.views.deliveriesView(), Ring: s.secrets, Sender: s.senders().Open, Catalogue: vocabularies.All(),
	}
	for _, t := range s.translators() {
		cfg.Told = append(cfg.Told, t.Log())
	}
	return cfg
}

// backlog is the view of deliveries as the engine reads it. The view is opened
// after the engine is made, and before it begins.
type backlog struct{ s *service }

func (b *backlog) view() (projections.Deliveries, *projections.View) {
	v := b.s.views.deliveries.View()
	return projections.Deliveries{View: v}, v
}

// WaitFor implements delivery.Backlog.
func (b *backlog) WaitFor(ctx context.Context, position uint64) error {
	_, v := b.view()
	return v.WaitFor(ctx, position)
}

// Waiting implements delivery.Backlog.
func (b *backlog) Waiting(tenant, id string, after endpoint.Ref, limit int) ([]endpoint.Ref, error) {
	v, _ := b.view()
	return v.Waiting(tenant, id, after, limit)
}

// Due implements delivery.Backlog.
func (b *backlog) Due(tenant, id string, limit int) (all []delivery.Due, err error) {
	v, _ := b.view()
	due, err := v.Due(tenant, id, limit)
	for _, d := range due {
		all = append(all, delivery.Due(d))
	}
	return all, err
}

// InRange implements delivery.Backlog.
func (b *backlog) InRange(tenant, id string, r endpoint.Range, limit int) ([]endpoint.Ref, uint64, bool, error) {
	v, _ := b.view()
	return v.InRange(tenant, id, r, limit)
}

// environment of this installation.
func (c *serveConfig) environment() deliveryv1.Environment {
	if c.Environment == "stage" {
		return deliveryv1.Environment_ENVIRONMENT_STAGE
	}
	return deliveryv1.Environment_ENVIRONMENT_LIVE
}

// completeDelivery checks what concerns deliveries.
func (c *serveConfig) completeDelivery() (err error) {
	if c.Environment != "" && c.Environment != "live" && c.Environment != "stage" {
		return usageError("--environment: must be live or stage, not %q", c.Environment)
	}
	if c.deliveryAllow, err = outbound.ParseAllow(c.DeliveryAllow...); err != nil {
		return usage{err}
	}
	if c.dscoAccounts, err = c.readDscoAccounts(); err != nil {
		return usageError("--dsco-accounts: %w", err)
	}
	if c.SuspendAfter < 0 {
		return usageError("--delivery-suspend-after: must not be negative")
	}
	return nil
}

// readDscoAccounts reads who the tenants and their partners are.
func (c *serveConfig) readDscoAccounts() (dsco.Accounts, error) {
	if c.DscoAccounts == "" {
		return nil, nil //nolint:nilnil // nobody is anybody
	}
	f, err := os.Open(c.DscoAccounts)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return dsco.ReadAccounts(f)
}

// deliverySettings are what oms serve can be told of deliveries.
type deliverySettings struct {
	SecretKeyFile    string
	DeliveryAllow    []string
	DeliveryProxies  []string
	DeliveryClientID string
	PublicURL        string
	Environment      string
	SuspendAfter     time.Duration
	DscoAccounts     string

	dscoAccounts  dsco.Accounts
	deliveryAllow []netip.Prefix
}
