package rpc_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/delivery/senders"
	"github.com/orderstream/oms/delivery/vocabularies"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/auth"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/outbound"
	"github.com/orderstream/oms/internal/rpc"
	"github.com/orderstream/oms/internal/seal"
	"github.com/orderstream/oms/inventory"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/projections"
	"github.com/orderstream/oms/promotion"
	"github.com/orderstream/oms/saga"
)

// world is a running API on real logs and views. The saga decides, but nobody
// carries its requests to participants: tests answer for them.
type world struct {
	testing.TB
	url    string
	folder string // of all data
	api    *rpc.API
	orders *jsstore.Log[order.Order]
	pays   *jsstore.Log[payment.Payment]
	notes  *jsstore.Log[endpoint.State]
	views  views
}

// views are the read models; start lets them follow their logs.
type views struct {
	orders, stock, payments, customers, deliveries *projections.Runner
	start                                          func()
}

func (v views) Status(ctx context.Context) []projections.Status {
	return []projections.Status{v.orders.Status(ctx), v.stock.Status(ctx), v.customers.Status(ctx)}
}

func (v views) Rebuild(ctx context.Context, name string, o projections.RebuildOptions) error {
	if name != "orders" {
		return fault.New(fault.NotFound, "projection_not_found", "there is no projection %q", name)
	}
	return v.orders.Rebuild(ctx, o)
}

type orderView struct {
	projections.Orders
	*projections.View
}

type stockView struct {
	projections.Stock
	*projections.View
}

type paymentView struct {
	projections.Payments
	*projections.View
}

type deliveryView struct {
	projections.Deliveries
	*projections.View
}

type customerView struct {
	projections.Customers
	*projections.View
}

// setup is what a test changes about the world.
type setup struct {
	tokens    string
	tenants   []string
	script    rpc.Scripter
	maxBody   int64
	ready     func(context.Context) error
	lateViews bool
}

func newWorld(tb testing.TB, s setup) *world {
	tb.Helper()
	folder := tb.TempDir()
	srv, err := natsembed.Start(natsembed.Config{Dir: folder})
	must(tb, err)
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		must(tb, srv.Stop(ctx))
	})
	nc, err := srv.Connect()
	must(tb, err)
	tb.Cleanup(nc.Close)
	store, err := jsstore.Open(jsstore.Config{Conn: nc, Dir: filepath.Join(folder, "state")})
	must(tb, err)
	tb.Cleanup(store.Close)

	w := &world{TB: tb, views: openViews(tb, filepath.Join(folder, "views"), store), folder: folder}
	ring, err := seal.LoadOrCreate(filepath.Join(tb.TempDir(), "secret.keys"))
	must(tb, err)
	w.notes = openLog(tb, store, eventstore.Definition[endpoint.State]{
		Name: endpoint.Log, Version: 1, New: endpoint.New, Evolve: endpoint.Evolve, Wake: endpoint.Wake, Token: endpoint.Token,
	})
	factory := senders.Factory{Gate: outbound.New(outbound.Policy{}), Ring: ring, Conn: nc, Source: "oms", Now: time.Now}
	w.orders = openLog(tb, store, eventstore.Definition[order.Order]{
		Name: "order", Version: 1, New: order.New, Evolve: order.Evolve, Wake: saga.Wake,
		React: func(o order.Order, now time.Time) []proto.Message {
			return saga.Next(saga.Checkout, saga.Policy{}, o, now)
		},
	})
	w.pays = openLog(tb, store, eventstore.Definition[payment.Payment]{Name: "payment", Version: 1, New: payment.New, Evolve: payment.Evolve})
	if !s.lateViews {
		w.views.start()
	}
	cfg := rpc.Config{
		Guard: guard(tb, s), Orders: w.orders, Payments: w.pays, Events: store,
		Inventory:    openLog(tb, store, eventstore.Definition[inventory.Item]{Name: "inventory", Version: 1, New: inventory.New, Evolve: inventory.Evolve, React: inventory.React}),
		Promotions:   openLog(tb, store, eventstore.Definition[promotion.State]{Name: "promotion", Version: 1, New: promotion.New, Evolve: promotion.Evolve}),
		OrderView:    orderView{projections.Orders{View: w.views.orders.View()}, w.views.orders.View()},
		StockView:    stockView{projections.Stock{View: w.views.stock.View()}, w.views.stock.View()},
		Customers:    openLog(tb, store, eventstore.Definition[customer.State]{Name: "customer", Version: 1, New: customer.New, Evolve: customer.Evolve}),
		CustomerView: customerView{projections.Customers{View: w.views.customers.View()}, w.views.customers.View()},
		PaymentView:  paymentView{projections.Payments{View: w.views.payments.View()}, w.views.payments.View()},
		Deliveries: rpc.DeliveryConfig{
			Log: w.notes, View: deliveryView{projections.Deliveries{View: w.views.deliveries.View()}, w.views.deliveries.View()},
			Ring: ring, Sender: factory.Open, Catalogue: vocabularies.All(), Told: []string{"order", "payment"},
		},
		Projections: w.views, Script: s.script, MaxBody: s.maxBody, Ready: s.ready, OpenAPI: []byte("openapi: 3.1.0\n"),
	}
	w.serve(cfg)
	return w
}

// serve puts the API on a port, with the server that the service has.
func (w *world) serve(cfg rpc.Config) {
	w.Helper()
	var err error
	w.api, err = rpc.New(cfg)
	must(w, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(w, err)
	srv := rpc.NewServer(w.api, w.api)
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	w.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			w.Errorf("calls were still running at the end: %v", err)
		}
		<-done
	})
	w.url = "http://" + l.Addr().String()
}

func guard(tb testing.TB, s setup) *auth.Guard {
	tb.Helper()
	cfg := auth.Config{Tenants: s.tenants}
	if s.tokens != "" {
		ts, err := auth.ReadTokens(strings.NewReader(s.tokens))
		must(tb, err)
		cfg.Tokens = ts
	}
	g, err := auth.New(cfg)
	must(tb, err)
	return g
}

func openLog[S any](tb testing.TB, s *jsstore.Store, def eventstore.Definition[S]) *jsstore.Log[S] {
	tb.Helper()
	l, err := jsstore.OpenLog(tb.Context(), s, def, nil)
	must(tb, err)
	return l
}

func openViews(tb testing.TB, dir string, source projections.Source) views {
	tb.Helper()
	open := func(p projections.Projector) *projections.Runner {
		r, err := projections.Open(projections.Config{Dir: dir, Source: source}, p)
		must(tb, err)
		return r
	}
	v := views{orders: open(projections.OrdersProjector()), stock: open(projections.StockProjector()), payments: open(projections.PaymentsProjector()), customers: open(projections.CustomersProjector()), deliveries: open(projections.DeliveriesProjector())}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	v.start = func() {
		for _, r := range []*projections.Runner{v.orders, v.stock, v.payments, v.customers, v.deliveries} {
			running.Go(func() { r.Run(ctx) })
			changed, stop := r.View().Subscribe("")
			for !r.View().Ready() {
				<-changed
			}
			stop()
		}
	}
	tb.Cleanup(func() {
		cancel()
		running.Wait()
		must(tb, v.orders.Close())
		must(tb, v.stock.Close())
		must(tb, v.payments.Close())
		must(tb, v.customers.Close())
		must(tb, v.deliveries.Close())
	})
	return v
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// dial builds a client; without options it speaks Connect.
func dial[C any](w *world, build func(connect.HTTPClient, string, ...connect.ClientOption) C, opts ...connect.ClientOption) C {
	return build(http.DefaultClient, w.url, opts...)
}

// answered is what plain HTTP got.
type answered struct {
	status int
	header http.Header
	body   string
	code   string
	reason string
	fields map[string]string
}

// post sends a body as curl does; headers come in pairs.
func (w *world) post(procedure, body string, headers ...string) answered {
	w.Helper()
	return w.send(procedure, strings.NewReader(body), headers...)
}

func (w *world) send(procedure string, body io.Reader, headers ...string) answered {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url+procedure, body)
	must(w, err)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	must(w, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	must(w, err)
	a := answered{status: res.StatusCode, header: res.Header, body: string(raw), fields: map[string]string{}}
	if res.StatusCode != http.StatusOK {
		a.explain(w)
	}
	return a
}

// explain reads the error of a Connect answer.
func (a *answered) explain(tb testing.TB) {
	tb.Helper()
	var e struct {
		Code    string
		Details []struct{ Type, Value string }
	}
	if json.Unmarshal([]byte(a.body), &e) != nil {
		return // not an error of a call
	}
	a.code = e.Code
	for _, d := range e.Details {
		raw, err := base64.RawStdEncoding.DecodeString(d.Value)
		must(tb, err)
		switch d.Type {
		case "google.rpc.ErrorInfo":
			var info errdetails.ErrorInfo
			must(tb, proto.Unmarshal(raw, &info))
			if info.GetDomain() != rpc.Domain {
				tb.Errorf("domain %q", info.GetDomain())
			}
			a.reason = info.GetReason()
		case "google.rpc.BadRequest":
			var bad errdetails.BadRequest
			must(tb, proto.Unmarshal(raw, &bad))
			for _, v := range bad.GetFieldViolations() {
				a.fields[v.GetField()] = v.GetDescription()
			}
		}
	}
}

// reasonOf is the reason in the details of a client's error.
func reasonOf(tb testing.TB, err error) (connect.Code, string) {
	tb.Helper()
	var e *connect.Error
	if c, ok := err.(*connect.Error); ok { //nolint:errorlint // clients return it bare
		e = c
	} else {
		tb.Fatalf("no error of a call: %v", err)
	}
	for _, d := range e.Details() {
		v, err := d.Value()
		must(tb, err)
		if info, ok := v.(*errdetails.ErrorInfo); ok {
			return e.Code(), info.GetReason()
		}
	}
	return e.Code(), ""
}

// an order of some lines at 9.99 dollars each.
func anOrder(lines int) *orderv1.CreateOrderRequest {
	req := &orderv1.CreateOrderRequest{
		CurrencyCode: "USD", Customer: &orderv1.Customer{CustomerId: "c1", Email: "c1@example.com"},
		ShippingAddress: &orderv1.Address{FirstName: "Ann", LastName: "Lee", Line1: "1 High Street", City: "Leeds", PostalCode: "LS1", CountryCode: "GB"},
		Payments:        []*orderv1.PaymentItem{{Token: "tok_1"}},
	}
	for i := range lines {
		req.Items = append(req.Items, &orderv1.LineItem{
			SkuId: "SKU-" + string(rune('A'+i%26)), Name: "A thing to buy", Quantity: int64(1 + i%3),
			UnitPrice: &moneyv1.Money{CurrencyCode: "USD", MinorUnits: 999}, Tax: &moneyv1.Money{CurrencyCode: "USD", MinorUnits: 80},
		})
	}
	return req
}

// answer plays the participant that an order waits for.
func (w *world) answer(tenant, id string, change func(*order.Answer)) order.Order {
	w.Helper()
	snap, err := w.orders.Read(w.Context(), tenant, id, id)
	must(w, err)
	p, waiting := snap.State.Pending()
	if !waiting {
		w.Fatalf("order %s waits for nobody: %s", id, snap.State.Status)
	}
	a := order.Answer{Step: p.Step, RequestID: p.RequestID, Succeeded: true, Code: "200", Verdict: orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT}
	if p.Step != orderv1.Step_STEP_CHECK_FRAUD {
		a.Verdict = 0
	}
	if change != nil {
		change(&a)
	}
	res, err := w.orders.Execute(w.Context(), eventstore.Meta{Tenant: tenant, Actor: "test"}, id, a)
	must(w, err)
	return res.States[id]
}

// scripts remembers what it was told.
type scripts map[string][]paymentv1.ScriptedOutcome

func (s scripts) Script(_ context.Context, token string, outcomes ...paymentv1.ScriptedOutcome) error {
	s[token] = outcomes
	return nil
}

// zip compresses nothing but knows how long it would be: n bytes of zero.
func zipped(tb testing.TB, write func(io.Writer) io.WriteCloser, n int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := write(&b)
	_, err := io.CopyN(w, zeros{}, int64(n))
	must(tb, err)
	must(tb, w.Close())
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// inTenant makes a client call for a tenant.
func inTenant(tenant string) connect.ClientOption {
	return connect.WithInterceptors(tenantHeader(tenant))
}

type tenantHeader string

func (h tenantHeader) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		req.Header().Set(auth.HeaderTenant, string(h))
		return next(ctx, req)
	}
}

func (h tenantHeader) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		conn.RequestHeader().Set(auth.HeaderTenant, string(h))
		return conn
	}
}

func (h tenantHeader) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}
