package saga

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/order"
)

// wakeLimit bounds the orders woken at one tick; the rest is due at the next.
const wakeLimit = 10_000

// wake lets orders look at the time when their deadline has passed. Deadlines
// are in the orders, so in the log; the tick is a message that JetStream
// publishes on a schedule. Each process wakes the orders that it owns.
func (r *Runner) wake(ctx context.Context) error {
	return r.queues.Ticks(ctx, "saga", func(ctx context.Context) error {
		due, err := r.log.Active(ctx, r.now(), wakeLimit)
		if err != nil {
			return fmt.Errorf("orders that are due: %w", err)
		}
		var wg sync.WaitGroup
		limit := make(chan struct{}, 64)
		for _, s := range due {
			limit <- struct{}{}
			wg.Go(func() {
				defer func() { <-limit }()
				_, err := r.log.Execute(ctx, eventstore.Meta{Tenant: s.Tenant, Actor: order.BySaga, Traceparent: s.Traceparent}, s.ID, order.Wake{})
				if err != nil {
					slog.LogAttrs(ctx, slog.LevelWarn, "order not woken", slog.String("order", s.ID), slog.Any("error", err))
				}
			})
		}
		wg.Wait()
		return nil
	})
}

// listen records the answers of participants. Processes share them: an answer
// is brought to the owner of its order like any command.
func (r *Runner) listen(ctx context.Context) error {
	return r.queues.Serve(ctx, workqueue.StreamReplies, "reply.>", workqueue.RepliesConsumer, 512, func(ctx context.Context, m jetstream.Msg) (reply *nats.Msg, err error) {
		a, tenant, orderID, err := answerOf(m)
		if err != nil {
			return nil, err
		}
		meta := eventstore.Meta{
			Tenant: tenant, Actor: participant(m.Subject()), CausationID: a.RequestID,
			CorrelationID: m.Headers().Get(workqueue.HeaderCorrelationID), Traceparent: m.Headers().Get("traceparent"),
		}
		if r.hooks.Recording != nil {
			var ended func(error)
			meta.Traceparent, ended = r.hooks.Recording(meta.Traceparent, tenant, orderID, a)
			defer func() { ended(err) }()
		}
		res, err := r.log.Execute(ctx, meta, orderID, a)
		if fault.KindOf(err) == fault.NotFound {
			return nil, fault.Wrap(err, fault.Invalid, "unknown_order", "answer for an order that does not exist")
		}
		if err == nil && len(res.Events) > 0 && r.hooks.Answered != nil {
			r.hooks.Answered(a.Step, a.Succeeded)
		}
		return nil, err
	})
}
