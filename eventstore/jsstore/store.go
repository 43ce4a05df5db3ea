package jsstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/oklog/ulid/v2"
)

// Config says where a store lives. Conn and Dir are required; every other zero
// value takes the default named beside it.
type Config struct {
	// Conn is used for appends and small reads.
	Conn *nats.Conn
	// ReadConn is used by followers, so that a large read does not delay an
	// append; default Conn.
	ReadConn *nats.Conn
	// Dir holds the state files. One process at a time can use it.
	Dir string
	// Partitions of a new log; a log that exists keeps its number. Default 1.
	Partitions int
	// Replicas of each stream; default 1.
	Replicas int
	// Writer names this process in the ids of its messages; default a ULID.
	Writer string
	// Now is the clock of the decisions; default time.Now.
	Now func() time.Time
	// NewID makes commit ids; default a monotonic ULID.
	NewID func(time.Time) string
	// MaxGroup is the number of commits that share a message; default 512.
	MaxGroup int
	// MaxMessage is the size of a message in bytes; default three quarters of
	// what the server takes.
	MaxMessage int
	// FlushEvery is the age at which dirty state is written; default 500 ms.
	FlushEvery time.Duration
	// FlushRows is the number of dirty rows at which it is written earlier;
	// default 20,000.
	FlushRows int
	// CacheRows is the number of folded aggregates kept in memory for each
	// partition; default 50,000.
	CacheRows int
	// AckWait is how long an append waits for the server; default 5 s.
	AckWait time.Duration
	// Cluster makes processes share the partitions: each is leased to one of
	// them, and commands are brought to the owner. Without it this process owns
	// every partition.
	Cluster bool
	// Own names the logs whose partitions this process may own when they are
	// shared; nil means all.
	Own []string
	// Address tells people where the writer of a lease is; default host and
	// process id.
	Address string
	// LeaseTTL is how long a lease outlives a process that died; the first
	// process of a cluster sets it for all. Default 6 s.
	LeaseTTL time.Duration
	// Hooks see what happens inside.
	Hooks Hooks
}

// Hooks are called by the store as things happen; each may be nil. They must
// return at once.
type Hooks struct {
	// Stored: a message with so many commits and bytes became durable.
	Stored func(log string, commits, bytes int, took time.Duration)
	// Conflict: another writer had been in the partition; commands were
	// decided again.
	Conflict func(log string, partition int)
	// Flushed: dirty rows were written to the state file, or were not.
	Flushed func(log string, rows int, took time.Duration, err error)
	// Rebuilt: state was built anew from the log.
	Rebuilt func(log string, partition int, position uint64, took time.Duration)
	// Owned: this process began to decide for a shared partition.
	Owned func(log string, partition int)
	// Lost: this process decides there no longer.
	Lost func(log string, partition int)
	// Routed: a command or a read was sent to the owner of a shared partition;
	// an error means that it has to look for the owner again, or was told no.
	Routed func(log string, partition int, took time.Duration, err error)
}

// Store keeps logs on one JetStream account.
type Store struct {
	cfg  Config
	js   jetstream.JetStream
	read jetstream.JetStream
	// leases say which process decides where, when several share the logs.
	leases *bucket
	frozen atomic.Bool // tests let leases lie

	mu                  sync.Mutex
	streams             map[string]jetstream.Stream
	closers, abandoners []func()
}

// Open prepares a store. It makes Dir when it is missing.
func Open(cfg Config) (*Store, error) {
	cfg = cfg.withDefaults()
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	js, err := jetstream.New(cfg.Conn)
	if err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	read, err := jetstream.New(cfg.ReadConn)
	if err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	return &Store{
		cfg: cfg, js: js, read: read, streams: map[string]jetstream.Stream{},
		leases: &bucket{js: js, replicas: cfg.Replicas, ttl: cfg.LeaseTTL},
	}, nil
}

func (c Config) withDefaults() Config {
	setDefault(&c.ReadConn, c.Conn)
	setDefault(&c.Partitions, 1)
	setDefault(&c.Replicas, 1)
	setDefault(&c.Writer, ulid.Make().String())
	setDefault(&c.MaxGroup, 512)
	setDefault(&c.MaxMessage, int(c.Conn.MaxPayload()/4*3))
	setDefault(&c.FlushEvery, 500*time.Millisecond)
	setDefault(&c.FlushRows, 20_000)
	setDefault(&c.CacheRows, 50_000)
	setDefault(&c.AckWait, 5*time.Second)
	setDefault(&c.LeaseTTL, 6*time.Second)
	if c.Address == "" {
		host, _ := os.Hostname()
		c.Address = host + "/" + strconv.Itoa(os.Getpid())
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one place where the clock comes from
	}
	if c.NewID == nil {
		c.NewID = monotonicIDs()
	}
	return c
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// monotonicIDs makes ULIDs that sort in the order in which they were made.
func monotonicIDs() func(time.Time) string {
	var mu sync.Mutex
	entropy := ulid.Monotonic(rand.Reader, 0)
	return func(now time.Time) string {
		mu.Lock()
		defer mu.Unlock()
		return ulid.MustNew(ulid.Timestamp(now), entropy).String()
	}
}

// stream makes or finds the stream of a log and reads its partition count.
func (s *Store) stream(ctx context.Context, log string) (jetstream.Stream, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := StreamName(log)
	st, err := s.js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		st, err = s.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: name, Description: "oms log of " + log, Subjects: []string{"log." + log + ".>"},
			Storage: jetstream.FileStorage, Replicas: s.cfg.Replicas, Retention: jetstream.LimitsPolicy,
			Discard: jetstream.DiscardNew, DenyDelete: true,
			// A replica may answer a direct get with less than was acknowledged,
			// and that looks like a log that lost its tail.
			AllowDirect: s.cfg.Replicas == 1,
			// No message has an id for the server to remember. With a window it
			// would look for ids in all that was stored within it, at every start.
			Duplicates: 100 * time.Millisecond,
			Metadata:   map[string]string{"oms.partitions": strconv.Itoa(s.cfg.Partitions)},
		})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // made by another process just now
			st, err = s.js.Stream(ctx, name)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("stream %s: %w", name, err)
	}
	n, err := strconv.Atoi(st.CachedInfo().Config.Metadata["oms.partitions"])
	if err != nil || n < 1 {
		return nil, 0, fmt.Errorf("stream %s was not made by oms: its metadata names no partitions", name)
	}
	s.streams[log] = st
	return st, n, nil
}

// Close stops every log: commits in flight are waited for, state is written.
func (s *Store) Close() {
	s.mu.Lock()
	closers := s.closers
	s.closers, s.abandoners = nil, nil
	s.mu.Unlock()
	var wg sync.WaitGroup
	for _, c := range closers {
		wg.Go(c)
	}
	wg.Wait()
}

func (s *Store) statePath(log string) string { return filepath.Join(s.cfg.Dir, log+".state") }

// Abandon stops every log as a crash does: nothing in flight is waited for and
// no state is written. It exists for tests of recovery.
func (s *Store) Abandon() {
	s.mu.Lock()
	closers := s.abandoners
	s.closers, s.abandoners = nil, nil
	s.mu.Unlock()
	for _, c := range closers {
		c()
	}
}
