package jsstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// leaseBucket is the key-value bucket that says which process decides for which
// partition: <log>.<partition>, and <log>.member.<writer> for who is there.
const leaseBucket = "OMS_LEASES"

// lease is the value of a key.
type lease struct {
	Writer  string `json:"writer"`
	Address string `json:"address"` // for people
}

// errTaken says that somebody else holds the key.
var errTaken = errors.New("the lease is held by another process")

// bucket is the leases on the wire. It is in memory: a lease that is lost with
// its servers is taken again, and what a lease that lies does is undone by the
// fence of the log.
type bucket struct {
	js       jetstream.JetStream
	replicas int
	ttl      time.Duration // of a bucket that has to be made

	mu sync.Mutex
	kv jetstream.KeyValue
}

// open finds or makes the bucket and tells how long its leases last.
func (b *bucket) open(ctx context.Context) (jetstream.KeyValue, time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kv != nil {
		return b.kv, b.ttl, nil
	}
	kv, err := b.js.KeyValue(ctx, leaseBucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = b.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: leaseBucket, Description: "which process decides for which partition", History: 1,
			TTL: b.ttl, LimitMarkerTTL: max(b.ttl, time.Second), Storage: jetstream.MemoryStorage, Replicas: b.replicas,
		})
		if errors.Is(err, jetstream.ErrBucketExists) { // made by another process just now
			kv, err = b.js.KeyValue(ctx, leaseBucket)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("leases: %w", err)
	}
	status, err := kv.Status(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("leases: %w", err)
	}
	b.kv, b.ttl = kv, status.TTL() // all processes agree on that of the bucket
	return b.kv, b.ttl, nil
}

// failed takes an error as a sign that the servers may have forgotten the
// bucket: it is looked up, and made again if need be, at the next use.
func (b *bucket) failed(err error) error {
	if err != nil && !mismatch(err) {
		b.mu.Lock()
		b.kv = nil
		b.mu.Unlock()
	}
	return err
}

// take writes a key that nobody holds and returns its revision. Last is the
// revision after which nothing was heard of its holder; 0 means there is none.
func (b *bucket) take(ctx context.Context, key string, l lease, last uint64) (rev uint64, err error) {
	kv, _, err := b.open(ctx)
	if err != nil {
		return 0, err
	}
	if last != 0 {
		if rev, err = kv.Update(ctx, key, encodeLease(l), last); !mismatch(err) {
			return rev, b.failed(err)
		}
	}
	rev, err = kv.Create(ctx, key, encodeLease(l))
	if mismatch(err) {
		return 0, errTaken
	}
	return rev, b.failed(err)
}

// renew writes a key again. When it has another revision, because an answer
// was lost or the key ran out, it is kept if that is still possible.
func (b *bucket) renew(ctx context.Context, key string, l lease, rev uint64) (uint64, error) {
	kv, _, err := b.open(ctx)
	if err != nil {
		return 0, err
	}
	next, err := kv.Update(ctx, key, encodeLease(l), rev)
	if !mismatch(err) {
		return next, b.failed(err)
	}
	e, err := kv.Get(ctx, key)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return b.take(ctx, key, l, 0)
	case err != nil:
		return 0, b.failed(err)
	case decodeLease(e.Value()).Writer == l.Writer:
		return e.Revision(), nil
	}
	return 0, errTaken
}

// give frees a key that is still held.
func (b *bucket) give(ctx context.Context, key string, rev uint64) error {
	kv, _, err := b.open(ctx)
	if err != nil {
		return err
	}
	return b.failed(kv.Delete(ctx, key, jetstream.LastRevision(rev)))
}

// announce writes a key of this process alone.
func (b *bucket) announce(ctx context.Context, key string, l lease) error {
	kv, _, err := b.open(ctx)
	if err != nil {
		return err
	}
	_, err = kv.Put(ctx, key, encodeLease(l))
	return b.failed(err)
}

// leave deletes what announce wrote.
func (b *bucket) leave(ctx context.Context, key string) error {
	kv, _, err := b.open(ctx)
	if err != nil {
		return err
	}
	return b.failed(kv.Delete(ctx, key))
}

func mismatch(err error) bool {
	return errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch)
}

func encodeLease(l lease) []byte { return must(json.Marshal(l)) }

// decodeLease reads a value; what is no lease has no writer.
func decodeLease(data []byte) (l lease) {
	_ = json.Unmarshal(data, &l)
	return l
}
