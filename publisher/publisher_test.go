package publisher_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/publisher"
	"github.com/orderstream/oms/saga"
)

var update = flag.Bool("update", false, "rewrite golden files")

// noon is the time of every decision, so that payloads do not change.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// world is an order log on a real server, with nobody to publish it yet.
type world struct {
	t     *testing.T
	nc    *nats.Conn
	js    jetstream.JetStream
	store *jsstore.Store
	log   *jsstore.Log[order.Order]
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	srv, err := natsembed.Start(natsembed.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := srv.Connect()
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := jsstore.Open(jsstore.Config{Conn: nc, Dir: filepath.Join(dir, "state"), Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, nc: nc, js: js, store: s}
	w.log, err = jsstore.OpenLog(t.Context(), s, eventstore.Definition[order.Order]{
		Name: "order", Version: 1, New: order.New, Evolve: order.Evolve,
		React: func(o order.Order, now time.Time) []proto.Message {
			return saga.Next(saga.Checkout, saga.Policy{}, o, now)
		},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		nc.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := srv.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) do(tenant, id string, c eventstore.Command[order.Order]) order.Order {
	w.t.Helper()
	res, err := w.log.Execute(w.t.Context(), eventstore.Meta{Tenant: tenant, Actor: "test"}, id, c)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.States[id]
}

// place creates an order and answers its steps: all well, or no stock.
func (w *world) place(tenant, id string, well bool) {
	w.t.Helper()
	o := w.do(tenant, id, order.Create{
		Currency: "EUR", Now: noon, CreatedBy: "shop", PromoCodes: []order.Promo{{Code: "SAVE"}},
		Items: []order.Line{{SKU: "A", Quantity: 2, UnitPrice: money.Amount{Currency: "EUR", Minor: 500}}},
	})
	for {
		p, waiting := saga.Pending(o)
		if !waiting {
			return
		}
		well := well || p.Step != orderv1.Step_STEP_AUTHORIZE_PAYMENT
		a := order.Answer{Step: p.Step, RequestID: p.RequestID, Succeeded: well, Code: "200"}
		if p.Step == orderv1.Step_STEP_CHECK_FRAUD {
			a.Verdict = orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT
		}
		o = w.do(tenant, id, a)
		if o.Status == order.OnHold {
			o = w.do(tenant, id, order.Cancel{Reason: "changed my mind", By: "shop"})
		}
	}
}

func (w *world) publisher() *publisher.Publisher {
	w.t.Helper()
	p, err := publisher.Open(w.t.Context(), publisher.Config{
		Source: w.store, Conn: w.nc, Replicas: 1,
		Orders: func(ctx context.Context, tenant, id string) (order.Order, error) {
			s, err := w.log.Read(ctx, tenant, id, id)
			return s.State, err
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// publishAll runs a publisher until it has seen the whole log.
func (w *world) publishAll() {
	w.t.Helper()
	head, err := w.store.Head(w.t.Context(), "order")
	if err != nil {
		w.t.Fatal(err)
	}
	p := w.publisher()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	p.Progress = func(position uint64) {
		if position >= head {
			cancel()
		}
	}
	if err := p.Run(ctx); err != nil {
		w.t.Fatal(err)
	}
	if ctx.Err() == context.DeadlineExceeded {
		w.t.Fatal("the publisher did not get to the end of the log")
	}
}

// said reads a published stream.
func (w *world) said(stream string) (all []jetstream.Msg) {
	w.t.Helper()
	st, err := w.js.Stream(w.t.Context(), stream)
	if err != nil {
		w.t.Fatal(err)
	}
	info, err := st.Info(w.t.Context())
	if err != nil || info.State.Msgs == 0 {
		return nil
	}
	cons, err := st.OrderedConsumer(w.t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		w.t.Fatal(err)
	}
	batch, err := cons.Fetch(int(info.State.Msgs))
	if err != nil {
		w.t.Fatal(err)
	}
	for m := range batch.Messages() {
		all = append(all, m)
	}
	return all
}

func TestEveryPayloadIsWhatTheContractSays(t *testing.T) {
	w := newWorld(t)
	w.place("default", "order-confirmed-1", true)
	w.place("default", "order-cancelled-1", false)
	w.publishAll()
	var b strings.Builder
	for _, stream := range []string{"ecomm", "OmsMsgTopic"} {
		for _, m := range w.said(stream) {
			fmt.Fprintf(&b, "%s %s\n", stream, m.Subject())
			for _, h := range []string{"Exchange-Name", "Routing-Key", "Payload-Type", "Durability", "Order-Id", "Tenant", "Oms-Source"} {
				fmt.Fprintf(&b, "  %s: %s\n", h, m.Headers().Get(h))
			}
			var body bytes.Buffer
			if err := json.Indent(&body, m.Data(), "  ", "  "); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "  %s\n\n", body.String())
		}
	}
	golden(t, "testdata/published.golden", b.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// check proves that every message is there once, in log order.
func check(t *testing.T, w *world, orders int) {
	t.Helper()
	seen := map[string]int{}
	for _, stream := range []string{"ecomm", "OmsMsgTopic"} {
		for _, m := range w.said(stream) {
			seen[m.Subject()]++
			seen[m.Subject()+" "+m.Headers().Get("Order-Id")]++
		}
	}
	for k, n := range seen {
		if strings.Contains(k, " ") && n != 1 {
			t.Errorf("%s was published %d times", k, n)
		}
	}
	for _, subject := range []string{"order.created", "order.preprocessinventory", "order.preprocesspromotion", "order.checkfraud", "order.preprocesspayment"} {
		if seen[subject] != orders {
			t.Errorf("%s: %d messages, want %d", subject, seen[subject], orders)
		}
	}
}

func TestAPublisherKilledAtAnyMomentLeavesNoGapAndNoDouble(t *testing.T) {
	w := newWorld(t)
	const orders = 120
	for i := range orders {
		w.place("default", fmt.Sprintf("order-%09d", i), i%3 > 0)
	}
	for kill := range 25 {
		ctx, cancel := context.WithCancel(t.Context())
		p := w.publisher()
		time.AfterFunc(time.Duration(kill)*700*time.Microsecond, cancel)
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
	w.publishAll()
	check(t, w, orders)
}

func TestTwoPublishersAtOncePublishEverythingOnce(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range 2 {
		p := w.publisher()
		running.Go(func() {
			if err := p.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	const orders = 60
	for i := range orders {
		w.place("default", fmt.Sprintf("order-%09d", i), true)
	}
	cancel()
	running.Wait()
	w.publishAll()
	check(t, w, orders)
}

func TestTenantsOtherThanTheDefaultHaveSubjectsOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	w.place("acme", "order-of-acme-1", true)
	w.publishAll()
	msgs := w.said("ecomm")
	if len(msgs) != 1 || msgs[0].Subject() != "t.acme.order.created" {
		t.Errorf("published %v", msgs)
	}
}

func TestAStreamThatAgedOutIsNotFilledAgain(t *testing.T) {
	w := newWorld(t)
	w.place("default", "order-aged-out-1", true)
	w.publishAll()
	w.publishAll() // finds the streams filled and has their places written down
	w.checkpointed("ecomm", "OmsMsgTopic")
	for _, name := range []string{"ecomm", "OmsMsgTopic"} {
		st, err := w.js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.place("default", "order-aged-out-2", true)
	w.publishAll()
	if msgs := w.said("ecomm"); len(msgs) != 1 || msgs[0].Headers().Get("Order-Id") != "order-aged-out-2" {
		t.Errorf("%d messages after the purge, want the new one", len(msgs))
	}
}

// checkpointed waits until the places of streams are written down.
func (w *world) checkpointed(streams ...string) {
	w.t.Helper()
	kv, err := w.js.KeyValue(w.t.Context(), "OMS_PUBLISHER")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range streams {
		ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
		watch, err := kv.Watch(ctx, s)
		if err != nil {
			w.t.Fatal(err)
		}
		for e := range watch.Updates() {
			if e != nil {
				break
			}
		}
		cancel()
	}
}
