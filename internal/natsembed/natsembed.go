// Package natsembed runs a NATS server with JetStream inside the process: the
// default home of an oms installation on one machine.
package natsembed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// ErrInUse says that another process serves the data folder.
var ErrInUse = errors.New("the data folder is in use by another oms process")

// Config of a server. Dir is required.
type Config struct {
	// Dir is the data folder; JetStream keeps its files in Dir/nats.
	Dir string
	// Host and Port on which other processes may connect. An empty Host opens
	// no port at all; Port 0 takes a free one.
	Host string
	Port int
	// SyncAlways makes every stored message durable before it is acknowledged.
	// Without it a power loss takes what the last two minutes acknowledged.
	SyncAlways bool
	// MaxPayload is the largest message in bytes; default 8 MiB.
	MaxPayload int32
	// Name of the server; default "oms".
	Name string
	// Cluster makes the server one of several that keep copies of the log; nil
	// is a server alone.
	Cluster *Cluster
	// Logger takes the server's own log lines; nil drops them.
	Logger server.Logger
}

// Cluster says how a server finds the others. Every server needs a Name in its
// Config that no other has.
type Cluster struct {
	// Name is the same on all servers.
	Name string
	// Host and Port take the connections of other servers.
	Host string
	Port int
	// Routes are the cluster addresses of all servers, nats://host:port.
	Routes []string
}

// Server is a running server. It holds the lock of its data folder.
type Server struct {
	ns   *server.Server
	lock *flock.Flock
}

// Start locks the data folder and starts a server on it. It fails with
// ErrInUse when another process holds the lock.
func Start(cfg Config) (*Server, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	lock := flock.New(filepath.Join(cfg.Dir, "LOCK"))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", cfg.Dir, err)
	}
	if !held {
		return nil, ErrInUse
	}
	opts, err := cfg.options()
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	ns, err := server.NewServer(opts)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("nats server: %w", err), lock.Unlock())
	}
	if cfg.Logger != nil {
		ns.SetLoggerV2(cfg.Logger, false, false, false)
	}
	ns.Start()
	if !ns.ReadyForConnections(30 * time.Second) {
		ns.Shutdown()
		return nil, errors.Join(errors.New("nats server: not ready within 30 s"), lock.Unlock())
	}
	return &Server{ns: ns, lock: lock}, nil
}

func (c Config) options() (*server.Options, error) {
	name, payload := c.Name, c.MaxPayload
	if name == "" {
		name = "oms"
	}
	if payload == 0 {
		payload = 8 << 20
	}
	port := c.Port
	if port == 0 {
		port = server.RANDOM_PORT
	}
	opts := &server.Options{
		ServerName: name, Host: c.Host, Port: port, DontListen: c.Host == "",
		JetStream: true, StoreDir: filepath.Join(c.Dir, "nats"), SyncAlways: c.SyncAlways,
		MaxPayload: payload, MaxPending: 256 << 20, NoSigs: true, NoLog: c.Logger == nil,
		DisableJetStreamBanner: true,
	}
	if c.Cluster == nil {
		return opts, nil
	}
	opts.Cluster = server.ClusterOpts{Name: c.Cluster.Name, Host: c.Cluster.Host, Port: c.Cluster.Port}
	for _, r := range c.Cluster.Routes {
		u, err := url.Parse(r)
		if err != nil {
			return nil, fmt.Errorf("route: %w", err)
		}
		opts.Routes = append(opts.Routes, u)
	}
	return opts, nil
}

// Ready waits until the server can keep messages: alone it is at once, in a
// cluster when most of the servers have found each other.
func (s *Server) Ready(ctx context.Context) error {
	for !s.ns.JetStreamIsCurrent() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("nats cluster: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// Connect opens a connection that does not pass through the network.
func (s *Server) Connect(opts ...nats.Option) (*nats.Conn, error) {
	nc, err := nats.Connect("", append([]nats.Option{nats.InProcessServer(s.ns)}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("connect in process: %w", err)
	}
	return nc, nil
}

// URL is where other processes connect; empty when no port is open.
func (s *Server) URL() string {
	if s.ns.Addr() == nil {
		return ""
	}
	return s.ns.ClientURL()
}

// Stop shuts the server down and gives the data folder free. It returns when
// the context ends, at the latest.
func (s *Server) Stop(ctx context.Context) error {
	done := make(chan struct{})
	go func() { s.ns.Shutdown(); s.ns.WaitForShutdown(); close(done) }()
	select {
	case <-done:
		return s.lock.Unlock()
	case <-ctx.Done():
		return fmt.Errorf("nats server: %w", ctx.Err())
	}
}

// InProcessConn opens the bare connection behind Connect. It implements
// nats.InProcessConnProvider.
func (s *Server) InProcessConn() (net.Conn, error) { return s.ns.InProcessConn() }
