package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// The messages of one confirmed order, by size in bytes: commits of the three
// logs, published messages, and requests and replies on the queues.
const (
	logCommits  = 8
	logBytes    = 4250
	published   = 4
	publishedB  = 320
	queueHops   = 8
	queueB      = 420
	ceilingLogs = 3
)

// benchCeiling moves the messages of orders, and nothing else, through the same
// server on the same machine: as many log messages as the 64-caller run made
// per order, flushed one by one; published messages in batches; queue messages
// in memory, each consumed and acknowledged; and every durable message read
// once. No domain, no JSON, no protobuf, no API.
func benchCeiling(r *report, d time.Duration) error {
	perOrder := r.Figures["orders.64callers.log_messages_per_order"]
	if perOrder == 0 {
		perOrder = 1.2
	}
	n, err := startNode()
	if err != nil {
		return err
	}
	defer removeNodes()
	defer n.stop()
	nc, err := n.srv.Connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	c := &ceiling{js: js, nc: nc, groupsPerOrder: perOrder}
	rate, err := c.run(context.Background(), d)
	if err != nil {
		return err
	}
	r.set("ceiling.orders_per_s", rate)
	if ours := r.Figures["orders.64callers.confirmed_per_s"]; ours > 0 {
		r.set("ceiling.ratio_of_ours", ours/rate)
	}
	return nil
}

type ceiling struct {
	js             jetstream.JetStream
	nc             *nats.Conn
	groupsPerOrder float64
	queued, read   atomic.Int64
}

func (c *ceiling) streams(ctx context.Context) error {
	for i := range ceilingLogs {
		if _, err := c.js.CreateStream(ctx, jetstream.StreamConfig{Name: fmt.Sprint("C_LOG", i), Subjects: []string{fmt.Sprint("c.log.", i)}}); err != nil {
			return err
		}
		if err := c.reader(ctx, fmt.Sprint("C_LOG", i)); err != nil {
			return err
		}
	}
	for i := range 2 {
		_, err := c.js.CreateStream(ctx, jetstream.StreamConfig{Name: fmt.Sprint("C_PUB", i), Subjects: []string{fmt.Sprint("c.pub.", i)}, AllowAtomicPublish: true})
		if err != nil {
			return err
		}
	}
	st, err := c.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: "C_QUEUE", Subjects: []string{"c.queue"}, Storage: jetstream.MemoryStorage, Retention: jetstream.WorkQueuePolicy,
	})
	if err != nil {
		return err
	}
	cons, err := st.CreateConsumer(ctx, jetstream.ConsumerConfig{Durable: "c", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 4096})
	if err != nil {
		return err
	}
	_, err = cons.Consume(func(m jetstream.Msg) {
		_ = m.Ack()
		c.queued.Add(1)
	})
	return err
}

func (c *ceiling) reader(ctx context.Context, stream string) error {
	cons, err := c.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	_, err = cons.Consume(func(jetstream.Msg) { c.read.Add(1) })
	return err
}

// run moves orders until the time is up and returns how many a second were
// moved whole: the slowest of the three paths counts.
func (c *ceiling) run(ctx context.Context, d time.Duration) (float64, error) {
	if err := c.streams(ctx); err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	var logs, pubs atomic.Int64
	var failed atomic.Pointer[error]
	started := time.Now()
	until := func(f func() error) {
		wg.Go(func() {
			for time.Since(started) < d {
				if err := f(); err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	group := make([]byte, int(logBytes/c.groupsPerOrder))
	var orders atomic.Int64 // the slowest path holds the others back
	ahead := func(n *atomic.Int64, per float64) bool { return float64(n.Load()) > per*float64(orders.Load()+512) }
	wg.Go(func() {
		for time.Since(started) < d {
			orders.Store(int64(min(float64(logs.Load())/c.groupsPerOrder, float64(pubs.Load())/published, float64(c.queued.Load())/queueHops)))
			time.Sleep(time.Millisecond)
		}
	})
	for i := range ceilingLogs {
		until(func() error {
			if ahead(&logs, c.groupsPerOrder) {
				time.Sleep(100 * time.Microsecond)
				return nil
			}
			_, err := c.js.Publish(ctx, fmt.Sprint("c.log.", i), group)
			logs.Add(1)
			return err
		})
	}
	for i := range 2 {
		until(func() error {
			if ahead(&pubs, published) {
				time.Sleep(100 * time.Microsecond)
				return nil
			}
			batch := make([]*nats.Msg, 32)
			for j := range batch {
				batch[j] = &nats.Msg{Subject: fmt.Sprint("c.pub.", i), Header: nats.Header{}, Data: make([]byte, publishedB)}
			}
			_, err := jetstreamext.PublishMsgBatch(ctx, c.js, batch)
			pubs.Add(int64(len(batch)))
			return err
		})
	}
	var sent atomic.Int64
	until(func() error {
		if ahead(&sent, queueHops) || sent.Load()-c.queued.Load() > 4096 {
			time.Sleep(100 * time.Microsecond)
			return nil
		}
		sent.Add(1)
		return c.nc.Publish("c.queue", make([]byte, queueB))
	})
	wg.Wait()
	took := time.Since(started)
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(orders.Load()) / took.Seconds(), nil
}
