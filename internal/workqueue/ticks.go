package workqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Names of the stream that ticks.
const (
	streamTicks   = "OMS_TICKS"
	subjectTicks  = "tick."
	headerEvery   = "Nats-Schedule"
	headerTarget  = "Nats-Schedule-Target"
	everyTick     = "@every 1s"
	tickScheduled = "tick.schedule."
	tickFired     = "tick.fired."
)

// Ticks calls f about once a second until the context ends. The clock is a
// JetStream message schedule, so it survives restarts, and of several
// processes with the same name one gets each tick. An error of f is logged;
// the next tick tries again.
func (q *Queues) Ticks(ctx context.Context, name string, f func(context.Context) error) error {
	stream, err := q.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: streamTicks, Subjects: []string{subjectTicks + ">"}, Storage: jetstream.MemoryStorage,
		MaxMsgsPerSubject: 1, AllowMsgSchedules: true, AllowMsgTTL: true,
	})
	if err != nil {
		return fmt.Errorf("ticks: %w", err)
	}
	m := nats.NewMsg(tickScheduled + name)
	m.Header = nats.Header{headerEvery: {everyTick}, headerTarget: {tickFired + name}}
	if _, err := q.js.PublishMsg(ctx, m); err != nil {
		return fmt.Errorf("schedule of ticks: %w", err)
	}
	cons, err := stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: "tick-" + name, FilterSubject: tickFired + name, AckPolicy: jetstream.AckExplicitPolicy,
		MaxAckPending: 1, AckWait: time.Minute, DeliverPolicy: jetstream.DeliverNewPolicy,
	})
	if err != nil {
		return fmt.Errorf("ticks: %w", err)
	}
	it, err := cons.Messages(jetstream.PullMaxMessages(1))
	if err != nil {
		return fmt.Errorf("ticks: %w", err)
	}
	defer context.AfterFunc(ctx, it.Stop)()
	for {
		m, err := it.Next()
		switch {
		case ctx.Err() != nil, errors.Is(err, jetstream.ErrMsgIteratorClosed):
			return nil
		case err != nil:
			slog.LogAttrs(ctx, slog.LevelWarn, "ticks", slog.Any("error", err))
			continue
		}
		if err := f(ctx); err != nil && ctx.Err() == nil {
			slog.LogAttrs(ctx, slog.LevelWarn, "tick", slog.String("name", name), slog.Any("error", err))
		}
		_ = m.Ack()
	}
}
