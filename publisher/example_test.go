package publisher_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/publisher"
)

// What happens to an order is told on the published subjects.
func ExamplePublisher() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	nc, store, end := openStore()
	defer end()
	log, err := jsstore.OpenLog(ctx, store, eventstore.Definition[order.Order]{
		Name: "order", Version: 1, New: order.New, Evolve: order.Evolve,
	}, nil)
	if err != nil {
		panic(err)
	}
	p, err := publisher.Open(ctx, publisher.Config{
		Source: store, Conn: nc,
		Orders: func(ctx context.Context, tenant, id string) (order.Order, error) {
			snap, err := log.Read(ctx, tenant, id, id)
			return snap.State, err
		},
	})
	if err != nil {
		panic(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }()
	defer func() { cancel(); <-done }()

	told, err := nc.SubscribeSync("order.created")
	if err != nil {
		panic(err)
	}
	_, err = log.Execute(ctx, eventstore.Meta{Tenant: "default"}, "order-0123456789", order.Create{
		Currency: "GBP", Now: noon,
		Items: []order.Line{{SKU: "tea", Quantity: 1, UnitPrice: money.Amount{Currency: "GBP", Minor: 450}}},
	})
	if err != nil {
		panic(err)
	}
	m, err := told.NextMsg(10 * time.Second)
	if err != nil {
		panic(err)
	}
	fmt.Println(m.Subject, m.Header.Get("Order-Id"), m.Header.Get("Order-Revision"), m.Header.Get("Oms-Source"))
	// Output: order.created order-0123456789 1 1.0.0
}

// openStore runs a store on a server of its own.
func openStore() (*nats.Conn, *jsstore.Store, func()) {
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
	s, err := jsstore.Open(jsstore.Config{Conn: nc, Dir: filepath.Join(dir, "state")})
	if err != nil {
		panic(err)
	}
	return nc, s, func() {
		s.Close()
		nc.Close()
		_ = srv.Stop(context.Background())
		_ = os.RemoveAll(dir)
	}
}
