package participants_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/fraud"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/participants"
)

// quiet is an order log in which nothing happens.
type quiet struct{}

func (quiet) FollowSince(ctx context.Context, _, _ string, _ time.Time, _ func(eventstore.Batch) error) error {
	<-ctx.Done()
	return ctx.Err()
}

// A participant serves its queue; whoever asks names where the reply goes.
func ExampleFraud() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	nc, end := connect()
	defer end()
	queues, err := workqueue.Open(ctx, nc, 1)
	if err != nil {
		panic(err)
	}
	p := &participants.Fraud{Queues: queues, Source: quiet{}, Rules: fraud.Default(), Now: time.Now}
	go func() { _ = p.Run(ctx) }()

	replies, err := nc.SubscribeSync("shop.replies")
	if err != nil {
		panic(err)
	}
	body, err := json.Marshal(skava.FraudRequest{OrderID: "o1", Value: 4200, Currency: "EUR", CustomerID: "c1"})
	if err != nil {
		panic(err)
	}
	err = queues.Send(&nats.Msg{Subject: skava.QueueFraud, Data: body, Header: nats.Header{
		skava.HeaderRequestID: {"o1/check"}, skava.HeaderReplyTo: {"shop.replies"},
	}})
	if err != nil {
		panic(err)
	}
	m, err := replies.NextMsg(10 * time.Second)
	if err != nil {
		panic(err)
	}
	var reply skava.FraudReply
	err = json.Unmarshal(m.Data, &reply)
	fmt.Println(reply.RequestID, reply.Verdict, reply.ResponseCode, err)
	// Output: o1/check ACCEPT 200 <nil>
}

// connect runs a server of its own.
func connect() (*nats.Conn, func()) {
	dir, err := os.MkdirTemp("", "oms-example-")
	if err != nil {
		panic(err)
	}
	srv, err := natsembed.Start(natsembed.Config{Dir: dir})
	if err != nil {
		panic(err)
	}
	nc, err := srv.Connect()
	if err != nil {
		panic(err)
	}
	return nc, func() {
		nc.Close()
		_ = srv.Stop(context.Background())
		_ = os.RemoveAll(dir)
	}
}
