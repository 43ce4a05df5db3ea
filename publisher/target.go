package publisher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// Headers of a published message.
const (
	headerSource       = "Oms-Source" // place in the order log
	headerExpectedLast = "Nats-Expected-Last-Sequence"
)

// singles is how many messages are published one by one rather than as an
// atomic batch: a batch has a fixed cost of several disk flushes.
const singles = 8

// checkpointEvery is how often the place is also kept outside the stream, for
// the case that everything in it has aged out.
const checkpointEvery = time.Minute

type queued struct {
	msg *nats.Msg
	at  place
}

// target is one published stream.
type target struct {
	name    string
	hooks   Hooks
	js      jetstream.JetStream
	kv      jetstream.KeyValue
	stream  jetstream.Stream
	at      place  // of its last message
	last    uint64 // its last sequence
	waiting []queued

	mu      sync.Mutex
	reached place // what the next checkpoint says
	armed   bool  // a checkpoint is on its way
}

func (t *target) ensure(ctx context.Context, subjects []string, replicas int, maxAge time.Duration) (err error) {
	t.stream, err = t.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: t.name, Subjects: subjects, Storage: jetstream.FileStorage, Replicas: replicas,
		MaxAge: maxAge, AllowAtomicPublish: true, AllowDirect: true, Duplicates: time.Second,
	})
	if err != nil {
		return fmt.Errorf("published stream %s: %w", t.name, err)
	}
	return nil
}

// locate reads from the stream where it is.
func (t *target) locate(ctx context.Context) error {
	t.waiting = nil
	info, err := t.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("published stream %s: %w", t.name, err)
	}
	t.last, t.at = info.State.LastSeq, place{}
	if info.State.Msgs == 0 {
		return t.restore(ctx)
	}
	m, err := t.stream.GetMsg(ctx, info.State.LastSeq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return t.restore(ctx)
	}
	if err != nil {
		return fmt.Errorf("published stream %s: %w", t.name, err)
	}
	if t.at, err = parsePlace(m.Header.Get(headerSource)); err != nil {
		return fmt.Errorf("published stream %s: message %d was not written by oms: %w", t.name, m.Sequence, err)
	}
	t.remember(true)
	return nil
}

// restore takes the place from the checkpoint of a stream without messages.
func (t *target) restore(ctx context.Context) error {
	e, err := t.kv.Get(ctx, t.name)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("checkpoint of %s: %w", t.name, err)
	}
	t.at, err = parsePlace(string(e.Value()))
	return err
}

// flush appends what waits. After an error the stream has to be located again:
// the append may have happened.
func (t *target) flush(ctx context.Context) error {
	for len(t.waiting) > 0 {
		n := min(len(t.waiting), maxBatch)
		if len(t.waiting) <= singles {
			n = 1
		}
		if err := t.append(ctx, t.waiting[:n]); err != nil {
			return fmt.Errorf("publish to %s: %w", t.name, err)
		}
		t.at = t.waiting[n-1].at
		t.remember(false)
		t.waiting = t.waiting[n:]
	}
	t.waiting = nil
	return nil
}

// remember has the place written down within checkpointEvery.
func (t *target) remember(now bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reached = t.at
	if t.armed {
		return
	}
	t.armed = true
	wait := checkpointEvery
	if now {
		wait = 0
	}
	time.AfterFunc(wait, t.checkpoint)
}

func (t *target) checkpoint() {
	t.mu.Lock()
	t.armed = false
	at := t.reached
	t.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// A checkpoint that is not written is written after the next message: the
	// stream would have to lose days of messages before it is missed.
	if _, err := t.kv.PutString(ctx, t.name, at.String()); err != nil {
		slog.LogAttrs(ctx, slog.LevelWarn, "checkpoint", slog.String("stream", t.name), slog.Any("error", err))
	}
}

// append is all or nothing, and refused when the stream has moved.
func (t *target) append(ctx context.Context, batch []queued) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	msgs := make([]*nats.Msg, len(batch))
	for i, q := range batch {
		msgs[i] = q.msg
	}
	msgs[0].Header[headerExpectedLast] = []string{fmt.Sprint(t.last)}
	if t.hooks.Appended != nil {
		started := time.Now() //nolint:forbidigo // for the hook alone
		defer func() {
			if err == nil {
				t.hooks.Appended(t.name, msgs, started)
			}
		}()
	}
	if len(msgs) == 1 {
		ack, err := t.js.PublishMsg(ctx, msgs[0])
		if err != nil {
			return err
		}
		t.last = ack.Sequence
		return nil
	}
	ack, err := jetstreamext.PublishMsgBatch(ctx, t.js, msgs)
	if err != nil {
		return err
	}
	t.last = ack.Sequence
	return nil
}
