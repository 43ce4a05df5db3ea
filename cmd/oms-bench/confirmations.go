package main

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
)

// confirmations follows the order log, as any subscriber may, and tells the
// callers when their order has ended.
type confirmations struct {
	nc   *nats.Conn
	stop func()

	mu      sync.Mutex
	waiting map[string]chan struct{}
	ended   map[string]bool
}

func followConfirmations(ctx context.Context, url string) (*confirmations, error) {
	nc, err := nats.Connect(url)
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	cons, err := js.OrderedConsumer(ctx, "LOG_ORDER", jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverNewPolicy})
	if err != nil {
		return nil, err
	}
	c := &confirmations{nc: nc, waiting: map[string]chan struct{}{}, ended: map[string]bool{}}
	sub, err := cons.Consume(c.message)
	if err != nil {
		return nil, err
	}
	c.stop = sub.Stop
	return c, nil
}

func (c *confirmations) message(m jetstream.Msg) {
	var group logv1.CommitGroup
	if err := proto.Unmarshal(m.Data(), &group); err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, commit := range group.GetCommits() {
		for _, e := range commit.GetEvents() {
			switch e.GetType() {
			case "oms.order.v1.OrderConfirmed", "oms.order.v1.OrderCancelled", "oms.order.v1.OrderHeld":
				if ch, ok := c.waiting[e.GetAggregate()]; ok {
					close(ch)
					delete(c.waiting, e.GetAggregate())
				} else {
					c.ended[e.GetAggregate()] = true
				}
			}
		}
	}
}

// wait returns when an order has ended.
func (c *confirmations) wait(ctx context.Context, id string) error {
	c.mu.Lock()
	if c.ended[id] {
		delete(c.ended, id)
		c.mu.Unlock()
		return nil
	}
	ch := make(chan struct{})
	c.waiting[id] = ch
	c.mu.Unlock()
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *confirmations) close() {
	c.stop()
	c.nc.Close()
}
