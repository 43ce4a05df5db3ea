package simulated

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/orderstream/oms/payment/gateway"
)

// store keeps the ledger.
type store interface {
	// update runs fn alone on the ledger. When it returns nil, what fn wrote
	// is kept; with ErrUnavailable fn did not run, with ErrUnknownOutcome it
	// may have.
	update(ctx context.Context, fn func(book)) error
	// each runs fn on every value of a bucket, as it is now.
	each(bucket string, fn func(key string, value []byte)) error
	close() error
}

// memory keeps the ledger until the process ends.
type memory struct {
	mu     sync.Mutex
	closed bool
	pages  memoryPages
}

type memoryPages map[string]map[string][]byte

func newMemory() *memory {
	m := &memory{pages: memoryPages{}}
	for _, b := range buckets {
		m.pages[b] = map[string][]byte{}
	}
	return m
}

func (p memoryPages) get(bucket, key string) []byte        { return p[bucket][key] }
func (p memoryPages) put(bucket, key string, value []byte) { p[bucket][key] = value }

func (m *memory) update(ctx context.Context, fn func(book)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || ctx.Err() != nil {
		return unavailable(ctx)
	}
	fn(book{m.pages})
	return nil
}

func (m *memory) each(bucket string, fn func(key string, value []byte)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, value := range m.pages[bucket] {
		fn(key, value)
	}
	return nil
}

func (m *memory) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// maxGroup bounds the updates that share one sync of the disk.
const maxGroup = 512

// gather is the least time between two groups of a busy ledger: a transaction
// of many updates costs little more than one of a single update.
const gather = 2 * time.Millisecond

// disk keeps the ledger in a bbolt file. Updates that wait while the disk
// syncs form the next group, so a busy ledger syncs rarely and an idle one at
// once.
type disk struct {
	db   *bolt.DB
	jobs chan job
	quit chan struct{} // closed by close: no more jobs
	done chan struct{} // closed when the last group is on disk
	once sync.Once
}

// job is one update that waits for its group.
type job struct {
	fn   func(book)
	kept chan error // buffered: the group does not wait for its callers
}

func openDisk(path string) (*disk, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout:      5 * time.Second, // for the lock that another process has
		FreelistType: bolt.FreelistMapType,
		// What was written survives the end of the process, which is all that a
		// simulation is asked for; a power loss may take it.
		NoSync: true,
	})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, b := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(b)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("make buckets: %w", errors.Join(err, db.Close()))
	}
	d := &disk{db: db, jobs: make(chan job), quit: make(chan struct{}), done: make(chan struct{})}
	go d.run()
	return d, nil
}

func (d *disk) update(ctx context.Context, fn func(book)) error {
	j := job{fn: fn, kept: make(chan error, 1)}
	select {
	case d.jobs <- j:
	case <-d.quit:
		return unavailable(ctx)
	case <-ctx.Done():
		return unavailable(ctx)
	}
	select {
	case err := <-j.kept:
		if err != nil {
			return fmt.Errorf("%w: %w", gateway.ErrUnknownOutcome, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", gateway.ErrUnknownOutcome, context.Cause(ctx))
	}
}

// run commits group after group.
func (d *disk) run() {
	defer close(d.done)
	busy := time.NewTimer(0)
	defer busy.Stop()
	for {
		select {
		case j := <-d.jobs:
			<-busy.C
			d.commit(d.group(j))
			busy.Reset(gather)
		case <-d.quit:
			return
		}
	}
}

// group is a job with all that wait behind it.
func (d *disk) group(first job) []job {
	group := []job{first}
	for len(group) < maxGroup {
		select {
		case j := <-d.jobs:
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

// commit runs a group, syncs the disk once, and only then answers.
func (d *disk) commit(group []job) {
	err := d.db.Update(func(tx *bolt.Tx) error {
		p := &diskPages{tx: tx}
		for _, j := range group {
			j.fn(book{p})
		}
		return p.err
	})
	for _, j := range group {
		j.kept <- err
	}
}

func (d *disk) each(bucket string, fn func(key string, value []byte)) error {
	return d.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte(bucket)).ForEach(func(k, v []byte) error {
			fn(string(k), v)
			return nil
		})
	})
}

func (d *disk) close() error {
	d.once.Do(func() { close(d.quit) })
	<-d.done
	return d.db.Close()
}

// diskPages writes a group's pages; the first failure fails the group.
type diskPages struct {
	tx  *bolt.Tx
	err error
}

func (p *diskPages) get(bucket, key string) []byte {
	return p.tx.Bucket([]byte(bucket)).Get([]byte(key))
}

func (p *diskPages) put(bucket, key string, value []byte) {
	if err := p.tx.Bucket([]byte(bucket)).Put([]byte(key), value); err != nil && p.err == nil {
		p.err = fmt.Errorf("write to bucket %s: %w", bucket, err)
	}
}

// unavailable says that an update did not run, and why if the caller gave up.
func unavailable(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%w: %w", gateway.ErrUnavailable, cause)
	}
	return gateway.ErrUnavailable
}
