package jsstore

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// leases is what a process knows of the leases of one log: who holds each
// partition, who else is there, and how many it holds itself. It is a view,
// kept by watching the bucket; the bucket decides.
type leases struct {
	log    string
	self   lease
	bucket *bucket
	ttl    time.Duration
	now    func() time.Time
	frozen *atomic.Bool // tests let leases lie

	mu      sync.Mutex
	slots   []slot
	members map[string]time.Time // when each was last heard of
	held    int
	leaving int
	heard   time.Time // of the bucket at all
	fitAt   time.Time
}

// slot is one partition in the view.
type slot struct {
	holder string // empty when it is free
	rev    uint64
	seen   time.Time
	moved  chan struct{} // closed when the holder changes
}

func newLeases(log string, partitions int, self lease, b *bucket, ttl time.Duration, now func() time.Time, frozen *atomic.Bool) *leases {
	ls := &leases{
		log: log, self: self, bucket: b, ttl: ttl, now: now, frozen: frozen,
		slots: make([]slot, partitions), members: map[string]time.Time{},
	}
	for i := range ls.slots {
		ls.slots[i] = slot{moved: make(chan struct{})}
	}
	return ls
}

func (ls *leases) key(partition int) string { return ls.log + "." + strconv.Itoa(partition) }

func (ls *leases) memberKey() string { return ls.log + ".member." + ls.self.Writer }

// watch keeps the view until the context ends. Known is called once, when it
// holds what the bucket held at the start. A watch that falls silent, although
// this process writes keys itself, is begun again.
func (ls *leases) watch(ctx context.Context, known func()) {
	for ctx.Err() == nil {
		if err := ls.watchOnce(ctx, known); err != nil && ctx.Err() == nil {
			slog.LogAttrs(ctx, slog.LevelWarn, "leases are not watched", slog.String("log", ls.log), slog.Any("error", err))
		}
		wait(ctx, ls.ttl/5)
	}
}

func (ls *leases) watchOnce(ctx context.Context, known func()) error {
	kv, _, err := ls.bucket.open(ctx)
	if err != nil {
		return err
	}
	w, err := kv.Watch(ctx, ls.log+".>")
	if err != nil {
		return fmt.Errorf("watch: %w", ls.bucket.failed(err))
	}
	defer func() { _ = w.Stop() }()
	ls.mu.Lock()
	ls.heard = ls.now()
	ls.mu.Unlock()
	silence := time.NewTicker(ls.ttl)
	defer silence.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-silence.C:
			if ls.silent() {
				return nil
			}
		case e, open := <-w.Updates():
			switch {
			case !open:
				return nil
			case e == nil:
				known()
			case !ls.frozen.Load():
				ls.saw(e)
			}
		}
	}
}

// silent reports whether nothing was heard for so long that the watch must be
// broken: somebody always renews something.
func (ls *leases) silent() bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.now().Sub(ls.heard) > 3*ls.ttl
}

// saw takes an entry into the view.
func (ls *leases) saw(e jetstream.KeyValueEntry) {
	holder := ""
	if e.Operation() == jetstream.KeyValuePut {
		holder = decodeLease(e.Value()).Writer
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.heard = ls.now()
	name := strings.TrimPrefix(e.Key(), ls.log+".")
	if who, ok := strings.CutPrefix(name, "member."); ok {
		if holder == "" {
			delete(ls.members, who)
		} else {
			ls.members[who] = ls.heard
		}
		return
	}
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || i >= len(ls.slots) {
		return
	}
	if e.Operation() == jetstream.KeyValuePurge {
		ls.ranOut(ls.slots[i].holder, ls.heard)
	}
	ls.set(i, holder, e.Revision())
}

// ranOut notes that a process let a lease run out: it is not there any more,
// unless it was heard of since.
func (ls *leases) ranOut(who string, now time.Time) {
	if now.Sub(ls.members[who]) > ls.ttl/2 {
		delete(ls.members, who)
	}
}

// set changes a slot; what is older than the view already is passed over.
func (ls *leases) set(i int, holder string, rev uint64) {
	s := &ls.slots[i]
	if rev < s.rev && ls.now().Sub(s.seen) < ls.ttl { // else the bucket began anew
		return
	}
	if holder != s.holder {
		close(s.moved)
		s.moved = make(chan struct{})
	}
	s.holder, s.rev, s.seen = holder, rev, ls.now()
}

// sight is what the view knows of a partition.
type sight struct {
	holder string // empty when it is free, or was not heard of for long
	rev    uint64 // of the last entry seen
	ends   time.Duration
	moved  <-chan struct{} // closed when the holder changes
}

// look tells who holds a partition. A lease that was not renewed in its time is
// free, also before the bucket says so.
func (ls *leases) look(i int) sight {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	s := &ls.slots[i]
	now := ls.now()
	v := sight{holder: s.holder, rev: s.rev, ends: s.seen.Add(ls.ttl).Sub(now), moved: s.moved}
	if v.ends > 0 || v.holder == "" {
		return v
	}
	ls.ranOut(v.holder, now)
	v.holder = ""
	return v
}

// blocked notes that a partition turned out to be held by somebody.
func (ls *leases) blocked(i int) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	s := &ls.slots[i]
	if s.holder == "" || s.holder == ls.self.Writer {
		s.holder = "unknown"
	}
	s.seen = ls.now()
}

// wait sleeps until the context ends; false when it did.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
