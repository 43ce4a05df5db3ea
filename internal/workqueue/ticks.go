package workqueue

import (
	"context"
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
// JetStream message schedule, so it survives restarts. Every process gets every
// tick: each looks after the part of the work that it owns. An error of f is
// logged; the next tick tries again. A clock that the servers forgot, since it
// is in their memory, is set again.
func (q *Queues) Ticks(ctx context.Context, name string, f func(context.Context) error) error {
	for {
		err := q.ticks(ctx, name, f)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // told to stop
		}
		slog.LogAttrs(ctx, slog.LevelWarn, "ticks begin again", slog.String("name", name), slog.Any("error", err))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// tickless is how long a clock may be silent before it is set again.
const tickless = 10 * time.Second

func (q *Queues) ticks(ctx context.Context, name string, f func(context.Context) error) error {
	if err := q.schedule(ctx, name); err != nil {
		return err
	}
	cons, err := q.js.OrderedConsumer(ctx, streamTicks, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{tickFired + name}, DeliverPolicy: jetstream.DeliverNewPolicy,
		// Else the client looks for a stream that is gone for ever, and Next does
		// not come back, whatever its context says.
		MaxResetAttempts: 1,
	})
	if err != nil {
		return fmt.Errorf("ticks: %w", err)
	}
	it, err := cons.Messages(jetstream.PullMaxMessages(1))
	if err != nil {
		return fmt.Errorf("ticks: %w", err)
	}
	defer it.Stop()
	for {
		if err := next(ctx, it); err != nil {
			return err
		}
		if err := f(ctx); err != nil && ctx.Err() == nil {
			slog.LogAttrs(ctx, slog.LevelWarn, "tick", slog.String("name", name), slog.Any("error", err))
		}
	}
}

// next waits for a tick.
func next(ctx context.Context, it jetstream.MessagesContext) error {
	ctx, cancel := context.WithTimeout(ctx, tickless)
	defer cancel()
	if _, err := it.Next(jetstream.NextContext(ctx)); err != nil {
		return fmt.Errorf("tick: %w", err)
	}
	return nil
}

// schedule makes the clock, or makes it again.
func (q *Queues) schedule(ctx context.Context, name string) error {
	_, err := q.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: streamTicks, Subjects: []string{subjectTicks + ">"}, Storage: jetstream.MemoryStorage, Replicas: q.replicas,
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
	return nil
}
