// Package deliveries has all that lies between an event and an endpoint, for
// tests and benchmarks: a real log, the view, the engine and the sender, on a
// folder, with a log of texts to tell of.
package deliveries

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/delivery/senders"
	"github.com/orderstream/oms/delivery/signature"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/outbound"
	"github.com/orderstream/oms/internal/seal"
	"github.com/orderstream/oms/projections"
)

// source is a log whose events are told: each is one text, "type subject".
const source = "source"

// Say stores texts in the log of texts.
type Say struct{ Texts []string }

// Decide implements eventstore.Command.
func (s Say) Decide(int) (events []proto.Message, _ error) {
	for _, t := range s.Texts {
		events = append(events, wrapperspb.String(t))
	}
	return events, nil
}

// World is everything between an event and an endpoint.
type World struct {
	// Store has the logs: Source, of texts, and Log, of deliveries. View shows
	// them.
	Store  *jsstore.Store
	Source *jsstore.Log[int]
	Log    *jsstore.Log[endpoint.State]
	View   *projections.Runner
	Engine *delivery.Engine

	nats   *natsembed.Server
	conn   *nats.Conn
	reader *nats.Conn
	ended  chan struct{}
	cancel context.CancelFunc
	said   atomic.Int64

	factory senders.Factory
}

// Backlog is the view as the engine reads it.
type Backlog struct {
	projections.Deliveries
	*projections.View
}

// Due implements delivery.Backlog.
func (b Backlog) Due(tenant, id string, limit int) (all []delivery.Due, err error) {
	due, err := b.Deliveries.Due(tenant, id, limit)
	for _, d := range due {
		all = append(all, delivery.Due(d))
	}
	return all, err
}

// filler brings a body to 1 KB.
var filler = strings.Repeat("x", 950)

// Tells says a text in the words of DirectScale.
type Tells struct{}

// Log implements delivery.Translator.
func (Tells) Log() string { return source }

// Translate implements delivery.Translator.
func (Tells) Translate(_ context.Context, c eventstore.Commit, _ func(deliveryv1.Vocabulary) bool) (told []delivery.Told, err error) {
	events, err := c.Recorded()
	for _, e := range events {
		kind, subject, _ := strings.Cut(e.Event.(*wrapperspb.StringValue).GetValue(), " ")
		body := fmt.Appendf(nil, `{"EventType":%q,"Subject":%q,"Filler":"%s"}`, kind, subject, filler)
		told = append(told, delivery.Told{
			Facts:  endpoint.Facts{Vocabulary: deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, Type: kind},
			Notice: &deliveryv1.Notice{NoticeId: e.ID, Subject: subject, OrderId: subject, At: timestamppb.New(c.Time.AsTime()), Body: body},
		})
	}
	return told, err
}

// New runs everything on a folder; End stops it in good order. It panics when it
// cannot. Change, when it is not nil, sets up the engine otherwise.
func New(dir string, change func(*delivery.Config)) *World {
	w := &World{ended: make(chan struct{})}
	var err error
	w.nats, err = natsembed.Start(natsembed.Config{Dir: dir, SyncAlways: true})
	must(err)
	w.conn, err = w.nats.Connect()
	must(err)
	w.reader, err = w.nats.Connect()
	must(err)
	w.Store, err = jsstore.Open(jsstore.Config{Conn: w.conn, ReadConn: w.reader, Dir: filepath.Join(dir, "state")})
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	w.View, err = projections.Open(projections.Config{Dir: filepath.Join(dir, "views"), Source: w.Store, Pace: 250 * time.Millisecond}, projections.DeliveriesProjector())
	must(err)
	allow, err := outbound.ParseAllow("127.0.0.1")
	must(err)
	ring, err := seal.LoadOrCreate(filepath.Join(dir, "secret.keys"))
	must(err)
	w.factory = senders.Factory{Gate: outbound.New(outbound.Policy{Allow: allow}), Ring: ring, Conn: w.conn, Source: "oms", Now: time.Now}
	cfg := delivery.Config{
		Source: w.Store, Backlog: Backlog{projections.Deliveries{View: w.View.View()}, w.View.View()},
		Translators: []delivery.Translator{Tells{}}, Sender: w.factory.Open, Environment: deliveryv1.Environment_ENVIRONMENT_LIVE, Now: time.Now,
	}
	if change != nil {
		change(&cfg)
	}
	w.Engine = delivery.New(cfg)
	w.Source, err = jsstore.OpenLog(ctx, w.Store, eventstore.Definition[int]{
		Name: source, Version: 1, New: func(string, uint64) int { return 0 }, Evolve: func(n int, _ proto.Message) int { return n + 1 },
		Commands: []any{Say{}},
	}, nil)
	must(err)
	w.Log, err = jsstore.OpenLog(ctx, w.Store, eventstore.Definition[endpoint.State]{
		Name: endpoint.Log, Version: 1, New: endpoint.New, Evolve: endpoint.Evolve, Wake: endpoint.Wake, Token: endpoint.Token, React: endpoint.Suspend(5 * 24 * time.Hour),
	}, func(cs []jsstore.Committed[endpoint.State]) {
		for _, c := range cs {
			w.Engine.Committed(c.Partition, c.Commit, c.Result.Events, c.Result.States)
		}
	})
	must(err)
	w.Engine.Attach(w.Log)
	w.Log.OnOwned(w.Engine.Owned)
	go w.View.Run(ctx)
	go func() { defer close(w.ended); _ = w.Engine.Run(ctx) }()
	return w
}

// End stops everything in good order.
func (w *World) End() {
	w.cancel()
	<-w.ended
	w.Store.Close()
	_ = w.View.Close()
	w.reader.Close()
	w.conn.Close()
	_ = w.nats.Stop(context.Background())
}

// Endpoint makes an endpoint that hears everything; it signs what it is sent.
func (w *World) Endpoint(ctx context.Context, id, url string, change func(*deliveryv1.Endpoint)) error {
	key, err := w.factory.Ring.Seal([]byte(signature.NewSecret().Encode()), senders.Where(tenant, id))
	if err != nil {
		return err
	}
	hook := &deliveryv1.Webhook{Url: url, SigningKeys: []*deliveryv1.SigningKey{{KeyId: "1", Secret: key}}}
	e := &deliveryv1.Endpoint{
		EndpointId: id, Vocabulary: deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, EventTypes: []string{"*"},
		Destination: &deliveryv1.Destination{Kind: &deliveryv1.Destination_Webhook{Webhook: hook}},
		Pace:        &deliveryv1.Pace{Timeout: durationpb.New(10 * time.Second)},
	}
	if change != nil {
		change(e)
	}
	head, err := w.Store.Head(ctx, source)
	if err != nil {
		return err
	}
	return w.Do(ctx, endpoint.Create{Config: endpoint.Config{Endpoint: e}, Heads: map[string]uint64{source: head}, Now: time.Now()})
}

// tenant of everything here.
const tenant = "default"

// Do runs a command on the log of deliveries.
func (w *World) Do(ctx context.Context, tx eventstore.Transaction[endpoint.State]) error {
	_, err := w.Log.Transact(ctx, eventstore.Meta{Tenant: tenant, Actor: "test"}, endpoint.Scope, tx)
	return err
}

// Say stores texts, "type subject" each, in one commit.
func (w *World) Say(ctx context.Context, texts ...string) error {
	id := fmt.Sprint("said-", w.said.Add(1))
	_, err := w.Source.Execute(ctx, eventstore.Meta{Tenant: tenant}, id, Say{texts})
	return err
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
