package participants_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/inventory"
	"github.com/orderstream/oms/participants"
)

// stockroom is an inventory behind its queue.
type stockroom struct {
	*testing.T
	nc  *nats.Conn
	log *jsstore.Log[inventory.Item]
}

func newStockroom(t *testing.T) *stockroom {
	t.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		must(t, srv.Stop(ctx))
	})
	nc, err := srv.Connect()
	must(t, err)
	t.Cleanup(nc.Close)
	store, err := jsstore.Open(jsstore.Config{Conn: nc, Dir: t.TempDir()})
	must(t, err)
	t.Cleanup(store.Close)
	log, err := jsstore.OpenLog(t.Context(), store, eventstore.Definition[inventory.Item]{
		Name: "inventory", Version: 1, New: inventory.New, Evolve: inventory.Evolve, React: inventory.React,
	}, nil)
	must(t, err)
	queues, err := workqueue.Open(t.Context(), nc, 1)
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	p := participants.Inventory{Queues: queues, Log: log, Now: time.Now}
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() { stop(); must(t, <-ended) })
	return &stockroom{t, nc, log}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask puts a request on the queue and returns the codes of the answer, first
// that of the whole; "" when it gets none because it was dropped.
func (s *stockroom) ask(id, body string, h nats.Header) string {
	s.Helper()
	inbox, err := s.nc.SubscribeSync(nats.NewInbox())
	must(s.T, err)
	defer func() { _ = inbox.Unsubscribe() }()
	m := nats.NewMsg(skava.QueueInventory)
	m.Data, m.Header = []byte(body), h
	m.Header.Set(skava.HeaderRequestID, id)
	m.Header.Set(skava.HeaderReplyTo, inbox.Subject)
	must(s.T, s.nc.PublishMsg(m))
	wait := 10 * time.Second
	if h.Get("Dropped") != "" {
		wait = 100 * time.Millisecond
	}
	answer, err := inbox.NextMsg(wait)
	if err != nil {
		return ""
	}
	var reply skava.InventoryReply
	must(s.T, json.Unmarshal(answer.Data, &reply))
	codes := []string{reply.ResponseCode}
	for _, l := range reply.BinItems {
		codes = append(codes, strings.TrimSpace(l.ResponseCode+" "+l.ResponseMessage))
	}
	return strings.Join(codes, ", ")
}

func (s *stockroom) stock(sku string) inventory.Stock {
	s.Helper()
	snap, err := s.log.Read(s.Context(), workqueue.DefaultTenant, inventory.Scope(1), inventory.StockID(1, "", sku))
	must(s.T, err)
	return snap.State.Stock
}

// bulk asks for units of pens and, if there are any, of ink.
func bulk(kind skava.InventoryType, allOrNone bool, pens, ink int) string {
	body := skava.InventoryBulkTransaction{AllOrNone: allOrNone}
	add := func(bin, sku string, units int) {
		line := skava.InventoryTransaction{Type: kind, AtpQty: int64(units)}
		body.BinItems = append(body.BinItems, skava.BinItem{BinName: bin, SKUID: sku, Transaction: line})
	}
	add("main", "pen", pens)
	if ink > 0 {
		add("", "ink", ink)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func action(name string, reservations ...string) nats.Header {
	return nats.Header{skava.HeaderStockAction: {name}, skava.HeaderReservation: reservations}
}

// TestTheStockOfAnOrderAfterItsCheckout goes through what may come after a
// reservation. Each request is asked twice: the second time it moves nothing
// and is answered alike.
func TestTheStockOfAnOrderAfterItsCheckout(t *testing.T) {
	const none, in, out = skava.InventoryNone, skava.InventoryAdd, skava.InventoryRemove
	s := newStockroom(t)
	for n, row := range []struct {
		id, body string
		header   nats.Header
		want     string
		pens     string // on hand, reserved, shipped
	}{
		{"d1", bulk(in, true, 10, 5), nats.Header{}, "200, 200, 200", "10 0 0"},
		{"r1", bulk(out, true, 6, 2), action("reserve"), "200, 200, 200", "10 6 0"},
		{"r1", bulk(out, true, 6, 2), nats.Header{}, "200, 200, 200", "10 6 0"},
		{"r2", bulk(out, true, 2, 0), nats.Header{}, "200, 200", "10 8 0"},
		{"g1", bulk(in, true, 1, 0), action("release", "r1"), "200, 200", "10 7 0"},
		{"s1", bulk(none, true, 3, 1), action("ship", "r2", "r1"), "200, 200, 200", "7 4 3"},
		{"s2", bulk(none, true, 5, 1), action("ship", "r2", "r1"), "409, 409 exceeds_reserved, 409 not_applied", "7 4 3"},
		{"s3", bulk(none, false, 5, 1), action("ship", "r2", "r1"), "409, 409 exceeds_reserved, 200", "7 4 3"},
		{"s1", bulk(none, true, 2, 1), action("ship", "r2", "r1"), "", "7 4 3"},                // other units
		{"s1", bulk(none, true, 3, 1), action("ship", "r1"), "", "7 4 3"},                      // other reservations
		{"g1", bulk(in, true, 1, 0), action("restock"), "", "7 4 3"},                           // another action
		{"x1", bulk(in, true, 1, 0), action("give"), "", "7 4 3"},                              // nobody knows it
		{"i1", bulk(in, true, 2, 0), action("restock"), "200, 200", "9 4 3"},                   // two came back
		{"u1", bulk(in, true, 6, 2), nats.Header{"Undo-Of": {"r1"}}, "200, 200, 200", "9 0 3"}, // what is left of it
		{"g2", bulk(in, true, 1, 0), action("release", "r1"), "409, 409 reservation_undone", "9 0 3"},
		{"s4", bulk(none, true, 1, 0), action("ship", "r9"), "409, 409 unknown_reservation", "9 0 3"},
		{"s5", bulk(none, true, 1, 0), action("ship", "r2"), "409, 409 exceeds_reserved", "9 0 3"},
		{"u3", bulk(out, true, 1, 0), nats.Header{"Undo-Of": {"r3"}}, "200, 200", "9 0 3"},
		{"r3", bulk(out, true, 1, 0), action("reserve"), "409, 409 transaction_closed", "9 0 3"},
	} {
		for range 2 {
			if row.want == "" {
				row.header.Set("Dropped", "yes")
			}
			if got := s.ask(row.id, row.body, row.header); got != row.want {
				t.Errorf("%d: %s was answered %q, want %q", n, row.id, got, row.want)
			}
			pens := s.stock("pen")
			if got := fmt.Sprint(pens.OnHand, pens.Reserved, pens.Shipped); got != row.pens {
				t.Errorf("%d: after %s there are %s pens, want %s", n, row.id, got, row.pens)
			}
		}
	}
}
