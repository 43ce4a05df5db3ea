package delivery

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/projections"
)

// source is a log whose events are told: each is one text, "type subject".
const source = "source"

// say stores texts in the source log.
type say struct{ Texts []string }

// Decide implements eventstore.Command.
func (s say) Decide(int) (events []proto.Message, _ error) {
	for _, t := range s.Texts {
		events = append(events, wrapperspb.String(t))
	}
	return events, nil
}

// world is everything between an event and an endpoint.
type world struct {
	dir    string
	nats   *natsembed.Server
	conn   *nats.Conn
	store  *jsstore.Store
	source *jsstore.Log[int]
	log    *jsstore.Log[endpoint.State]
	view   *projections.Runner
	engine *delivery.Engine
	ended  chan struct{}
	cancel context.CancelFunc
	said   atomic.Int64
}

// backlog is the view as the engine reads it.
type backlog struct {
	projections.Deliveries
	*projections.View
}

// Due implements delivery.Backlog.
func (b backlog) Due(tenant, id string, limit int) (all []delivery.Due, err error) {
	due, err := b.Deliveries.Due(tenant, id, limit)
	for _, d := range due {
		all = append(all, delivery.Due(d))
	}
	return all, err
}

// tells says a text in the words of DirectScale.
type tells struct{}

// Log implements delivery.Translator.
func (tells) Log() string { return source }

// Translate implements delivery.Translator.
func (tells) Translate(_ context.Context, c eventstore.Commit, _ func(deliveryv1.Vocabulary) bool) (told []delivery.Told, err error) {
	events, err := c.Recorded()
	for _, e := range events {
		kind, subject, _ := strings.Cut(e.Event.(*wrapperspb.StringValue).GetValue(), " ")
		body := fmt.Appendf(nil, `{"EventType":%q,"Subject":%q,"Filler":%q}`, kind, subject, strings.Repeat("x", 900))
		told = append(told, delivery.Told{
			Facts:  endpoint.Facts{Vocabulary: deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, Type: kind},
			Notice: &deliveryv1.Notice{NoticeId: e.ID, Subject: subject, OrderId: subject, At: timestamppb.New(c.Time.AsTime()), Body: body},
		})
	}
	return told, err
}

// newWorld runs everything on a folder; end stops it in good order.
func newWorld(tb testing.TB, dir string) *world {
	tb.Helper()
	w := &world{dir: dir, ended: make(chan struct{})}
	must := func(err error) {
		if err != nil {
			tb.Helper()
			tb.Fatal(err)
		}
	}
	var err error
	w.nats, err = natsembed.Start(natsembed.Config{Dir: dir, SyncAlways: true})
	must(err)
	w.conn, err = w.nats.Connect()
	must(err)
	w.store, err = jsstore.Open(jsstore.Config{Conn: w.conn, Dir: filepath.Join(dir, "state")})
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	w.view, err = projections.Open(projections.Config{Dir: filepath.Join(dir, "views"), Source: w.store}, projections.DeliveriesProjector())
	must(err)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	w.engine = delivery.New(delivery.Config{
		Source: w.store, Backlog: backlog{projections.Deliveries{View: w.view.View()}, w.view.View()},
		Translators: []delivery.Translator{tells{}},
		Sender: func(_ string, c endpoint.Config) (send.Sender, error) {
			return post{client, c.GetDestination().GetWebhook().GetUrl()}, nil
		},
		Environment: deliveryv1.Environment_ENVIRONMENT_LIVE, Now: time.Now,
	})
	w.source, err = jsstore.OpenLog(ctx, w.store, eventstore.Definition[int]{
		Name: source, Version: 1, New: func(string, uint64) int { return 0 }, Evolve: func(n int, _ proto.Message) int { return n + 1 },
		Commands: []any{say{}},
	}, nil)
	must(err)
	w.log, err = jsstore.OpenLog(ctx, w.store, eventstore.Definition[endpoint.State]{
		Name: endpoint.Log, Version: 1, New: endpoint.New, Evolve: endpoint.Evolve, Wake: endpoint.Wake, React: endpoint.Suspend(5 * 24 * time.Hour),
	}, func(cs []jsstore.Committed[endpoint.State]) {
		for _, c := range cs {
			w.engine.Committed(c.Partition, c.Commit, c.Result.Events, c.Result.States)
		}
	})
	must(err)
	w.engine.Attach(w.log)
	w.log.OnOwned(w.engine.Owned)
	go w.view.Run(ctx)
	go func() { defer close(w.ended); _ = w.engine.Run(ctx) }()
	return w
}

// end stops everything in good order.
func (w *world) end() {
	w.cancel()
	<-w.ended
	w.store.Close()
	_ = w.view.Close()
	w.conn.Close()
	_ = w.nats.Stop(context.Background())
}

// post is a sender as plain as can be.
type post struct {
	client *http.Client
	url    string
}

// Send implements send.Sender.
func (p post) Send(ctx context.Context, ms []send.Message) []send.Verdict {
	started := time.Now()
	v := send.Verdict{}
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(ms[0].Body))
	req.Header.Set("webhook-id", ms[0].ID)
	req.Header.Set("subject", ms[0].Subject)
	res, err := p.client.Do(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		v.Status = res.StatusCode
	}
	switch v.Took = time.Since(started); {
	case err != nil:
		v.Reason = "error"
	case res.StatusCode < 300:
		v.Outcome = send.Delivered
	case res.StatusCode == http.StatusGone:
		v.Outcome = send.Gone
	default:
		v.Reason = "status"
	}
	return []send.Verdict{v}
}

// Limits implements send.Sender.
func (post) Limits() send.Limits { return send.Limits{Messages: 1} }

// Close implements send.Sender.
func (post) Close() {}

// endpoint makes an endpoint that hears everything.
func (w *world) endpoint(tb testing.TB, id, url string, change func(*deliveryv1.Endpoint)) string {
	tb.Helper()
	e := &deliveryv1.Endpoint{
		EndpointId: id, Vocabulary: deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, EventTypes: []string{"*"},
		Destination: &deliveryv1.Destination{Kind: &deliveryv1.Destination_Webhook{Webhook: &deliveryv1.Webhook{Url: url}}},
		Pace:        &deliveryv1.Pace{Timeout: durationpb.New(10 * time.Second)},
	}
	if change != nil {
		change(e)
	}
	head, err := w.store.Head(tb.Context(), source)
	if err != nil {
		tb.Fatal(err)
	}
	w.run(tb, endpoint.Create{Config: endpoint.Config{Endpoint: e}, Heads: map[string]uint64{source: head}, Now: time.Now()})
	return id
}

func (w *world) run(tb testing.TB, tx eventstore.Transaction[endpoint.State]) {
	tb.Helper()
	if _, err := w.log.Transact(tb.Context(), eventstore.Meta{Tenant: "default", Actor: "test"}, endpoint.Scope, tx); err != nil {
		tb.Fatal(err)
	}
}

// say stores events; each command has so many.
func (w *world) say(tb testing.TB, texts ...string) {
	tb.Helper()
	id := fmt.Sprint("said-", w.said.Add(1))
	if _, err := w.source.Execute(tb.Context(), eventstore.Meta{Tenant: "default"}, id, say{texts}); err != nil {
		tb.Fatal(err)
	}
}
