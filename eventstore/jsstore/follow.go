package jsstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
)

// pullBytes bounds what a follower has on its way to it: messages differ in
// size a thousandfold, so their number would not. It is more than one message
// can have.
const pullBytes = 9 << 20

// Follow calls f with every message of a log after a position, in order, and
// waits for new ones until the context ends or f fails; it returns that error.
// It makes the log's stream when it is missing.
func (s *Store) Follow(ctx context.Context, log string, after uint64, f func(eventstore.Batch) error) error {
	return s.follow(ctx, log, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: after + 1,
	}, f)
}

// FollowSince is Follow from the first message that was stored at a time or
// later, and only of messages with one headline. More of their commits than
// that event may be in them.
func (s *Store) FollowSince(ctx context.Context, log, headline string, since time.Time, f func(eventstore.Batch) error) error {
	return s.follow(ctx, log, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &since, FilterSubjects: []string{"log." + log + "." + headline + ".*"},
	}, f)
}

func (s *Store) follow(ctx context.Context, log string, from jetstream.OrderedConsumerConfig, f func(eventstore.Batch) error) error {
	if _, _, err := s.stream(ctx, log); err != nil {
		return err
	}
	st, err := s.read.Stream(ctx, StreamName(log))
	if err != nil {
		return fmt.Errorf("follow %s: %w", log, err)
	}
	cons, err := st.OrderedConsumer(ctx, from)
	if err != nil {
		return fmt.Errorf("follow %s: %w", log, err)
	}
	it, err := cons.Messages(jetstream.PullMaxBytes(pullBytes))
	if err != nil {
		return fmt.Errorf("follow %s: %w", log, err)
	}
	unhook := context.AfterFunc(ctx, it.Stop)
	// The iterator may be at a server that does not answer, for seconds, and
	// does not hear of the context then. It ends by itself.
	var calling sync.Mutex
	ended := make(chan error, 1)
	go func() {
		defer it.Stop()
		defer unhook()
		ended <- followEach(log, it, func(b eventstore.Batch) error {
			calling.Lock()
			defer calling.Unlock()
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(b)
		})
	}()
	select {
	case err = <-ended:
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	case <-ctx.Done():
		calling.Lock() // f is not called any more once this has returned
		defer calling.Unlock()
		return ctx.Err()
	}
}

// followEach calls f with every message that it has not seen, until one of
// them fails.
func followEach(log string, it jetstream.MessagesContext, f func(eventstore.Batch) error) error {
	var seen uint64
	for {
		m, err := it.Next()
		if errors.Is(err, jetstream.ErrNoHeartbeat) {
			continue
		}
		if err != nil {
			return fmt.Errorf("follow %s: %w", log, err)
		}
		b, err := decodeBatch(log, m)
		if err != nil {
			return err
		}
		if b.Position <= seen {
			continue
		}
		seen = b.Position
		if err := f(b); err != nil {
			return err
		}
	}
}

func decodeBatch(log string, m jetstream.Msg) (eventstore.Batch, error) {
	meta, err := m.Metadata()
	if err != nil {
		return eventstore.Batch{}, fmt.Errorf("follow %s: %w", log, err)
	}
	var group logv1.CommitGroup
	if err := proto.Unmarshal(m.Data(), &group); err != nil {
		return eventstore.Batch{}, fmt.Errorf("follow %s at %d: %w", log, meta.Sequence.Stream, err)
	}
	b := eventstore.Batch{Position: meta.Sequence.Stream, Group: m.Headers().Get(headerGroup), More: meta.NumPending > 0}
	for i, c := range group.GetCommits() {
		b.Commits = append(b.Commits, eventstore.Commit{Log: log, Position: b.Position, Index: i, Stored: meta.Timestamp, Commit: c})
	}
	return b, nil
}

// Head returns the last position of a log; 0 when it is empty.
func (s *Store) Head(ctx context.Context, log string) (uint64, error) {
	st, _, err := s.stream(ctx, log)
	if err != nil {
		return 0, err
	}
	info, err := st.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("head of %s: %w", log, err)
	}
	return info.State.LastSeq, nil
}

// At returns the message at a position. ok is false when there is none.
func (s *Store) At(ctx context.Context, log string, position uint64) (b eventstore.Batch, ok bool, err error) {
	st, _, err := s.stream(ctx, log)
	if err != nil {
		return eventstore.Batch{}, false, err
	}
	w := wire{stream: st, wait: s.cfg.AckWait}
	got, ok, err := w.next(ctx, "log."+log+".>", position)
	if err != nil || !ok || got.seq != position {
		return eventstore.Batch{}, false, err
	}
	b = eventstore.Batch{Position: got.seq, Group: got.group}
	for i, c := range got.body.GetCommits() {
		b.Commits = append(b.Commits, eventstore.Commit{Log: log, Position: got.seq, Index: i, Stored: got.at, Commit: c})
	}
	return b, true, nil
}
