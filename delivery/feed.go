package delivery

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
)

// Bounds of what is queued in one commit.
const (
	mostNotices = 512
	mostBytes   = 512 << 10
)

// A feed that has nothing to queue says where it is after so many messages, or
// so long: what a restart would read again for nothing.
const (
	idleMessages = 2_000
	idleTime     = 10 * time.Second
)

// feed queues what the events of one log say, for every tenant of a shard.
type feed struct {
	*feeds
	translator Translator

	mu      sync.Mutex
	cursors map[string]endpoint.Cursor // where each tenant's feed is in the delivery log
	cancel  context.CancelFunc         // of the follower that runs
}

// begin adds a tenant.
func (f *feed) begin(tenant string, at endpoint.Cursor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.cursors[tenant]; known {
		return
	}
	f.cursors[tenant] = at
	if f.cancel != nil {
		f.cancel()
	}
}

// run follows the log until the context ends.
func (f *feed) run(ctx context.Context) {
	for wait := 50 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
		following, cancel := context.WithCancel(ctx)
		f.mu.Lock()
		f.cancel = cancel
		w := newWork(f, maps.Clone(f.cursors))
		f.mu.Unlock()
		err := f.cfg.Source.Follow(following, f.translator.Log(), w.from(), func(b eventstore.Batch) error { return w.batch(following, b) })
		again := following.Err() != nil
		cancel()
		f.mu.Lock()
		for tenant, t := range w.tenants { // what is known now; a new tenant's stays
			f.cursors[tenant] = t.stored
		}
		f.mu.Unlock()
		if ctx.Err() != nil || again {
			wait = 25 * time.Millisecond
			continue
		}
		slog.LogAttrs(ctx, slog.LevelWarn, "telling of a log starts again", slog.String("log", f.translator.Log()), slog.Any("error", err))
		rest(ctx, wait)
	}
}

// work is one run of a follower.
type work struct {
	*feed
	tenants map[string]*tenantWork
}

// tenantWork is what is about to be queued for a tenant.
type tenantWork struct {
	// stored is where the feed is in the delivery log; read is where it is here.
	stored, read endpoint.Cursor
	notices      endpoint.Notices
	bytes        int
	storedAt     time.Time
}

func newWork(f *feed, cursors map[string]endpoint.Cursor) *work {
	w := &work{feed: f, tenants: map[string]*tenantWork{}}
	for tenant, at := range cursors {
		w.tenants[tenant] = &tenantWork{stored: at, read: at, storedAt: f.cfg.Now()}
	}
	return w
}

// from is the position after which something is to be read.
func (w *work) from() uint64 {
	return slices.MinFunc(slices.Collect(maps.Values(w.tenants)), func(a, b *tenantWork) int {
		return int(int64(a.read.Position) - int64(b.read.Position)) //nolint:gosec // positions are far below
	}).read.Position
}

// batch takes in one message of the log and stores what has gathered when there
// is enough, or nothing more at present.
func (w *work) batch(ctx context.Context, b eventstore.Batch) error {
	for i, c := range b.Commits {
		t := w.tenants[c.GetTenant()]
		if t == nil || t.seen(b.Position, i) {
			continue
		}
		if err := w.commit(ctx, t, c); err != nil {
			return err
		}
		if len(t.notices) >= mostNotices || t.bytes >= mostBytes {
			t.read = endpoint.Cursor{Position: b.Position - 1, Ahead: uint32(i) + 1}
			if err := w.store(ctx, c.GetTenant(), t); err != nil {
				return err
			}
		}
	}
	for tenant, t := range w.tenants {
		if b.Position > t.read.Position {
			t.read = endpoint.Cursor{Position: b.Position}
		}
		if !b.More || len(t.notices) >= mostNotices/2 {
			if err := w.store(ctx, tenant, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// seen says whether a commit of a message was taken in before.
func (t *tenantWork) seen(position uint64, index int) bool {
	return position <= t.read.Position || position == t.read.Position+1 && uint32(index) < t.read.Ahead //nolint:gosec // a message has few commits
}

// commit takes in what a commit says to those who listen.
func (w *work) commit(ctx context.Context, t *tenantWork, c eventstore.Commit) error {
	who := w.audienceOf(c.GetTenant())
	if who == nil {
		return nil
	}
	all, err := w.translator.Translate(ctx, c, who.wants)
	if err != nil {
		return err
	}
	for _, one := range all {
		if err := w.take(t, who, one); err != nil {
			return err
		}
	}
	return nil
}

// take adds a notice if somebody hears it.
func (w *work) take(t *tenantWork, who *audience, one Told) error {
	if one.Facts.Environment == 0 {
		one.Facts.Environment = w.cfg.Environment
	}
	ids, fat := who.of(one.Facts)
	if len(ids) == 0 {
		return nil
	}
	n := one.Notice
	n.EndpointIds, n.Vocabulary, n.Type = ids, one.Facts.Vocabulary, one.Facts.Type
	if fat && one.Fat != nil {
		body, err := one.Fat()
		if err != nil {
			return err
		}
		n.FatBody = body
	}
	t.notices = append(t.notices, n)
	t.bytes += proto.Size(n)
	return nil
}

// store queues what has gathered. A feed that somebody else moved is followed
// from where it is.
func (w *work) store(ctx context.Context, tenant string, t *tenantWork) error {
	now := w.cfg.Now()
	idle := len(t.notices) == 0
	if idle && t.read.Position < t.stored.Position+idleMessages && (t.read == t.stored || now.Sub(t.storedAt) < idleTime) {
		return nil
	}
	log := w.translator.Log()
	cmd := endpoint.Queue{Log: log, After: t.stored, To: t.read, Notices: t.notices}
	_, err := w.log.Transact(ctx, eventstore.Meta{Tenant: tenant, Actor: "delivery"}, endpoint.Scope, cmd)
	if errors.Is(err, errMoved) {
		snap, readErr := w.log.Read(ctx, tenant, endpoint.Scope, endpoint.FeedID(log))
		if readErr != nil {
			return readErr
		}
		t.stored = snap.State.Feed.Cursor
	}
	if err != nil {
		return err
	}
	if f := w.cfg.Hooks.Queued; f != nil && !idle {
		f(log, len(t.notices))
	}
	t.stored, t.notices, t.bytes, t.storedAt = t.read, nil, 0, now
	return nil
}

// errMoved says that a feed is elsewhere.
var errMoved = fault.New(fault.Conflict, "feed_moved", "the feed is elsewhere")
