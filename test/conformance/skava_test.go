package conformance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// said is what was published while a scenario ran: messages by subject.
type said struct {
	mu       sync.Mutex
	messages map[string][]*nats.Msg
}

// listen hears every message on the queues of participants, which are gone as
// soon as they are served.
func listen(t *testing.T, nc *nats.Conn, subjects ...string) *said {
	t.Helper()
	s := &said{messages: map[string][]*nats.Msg{}}
	for _, subject := range subjects {
		sub, err := nc.Subscribe(subject, s.hear)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = sub.Unsubscribe() })
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *said) hear(m *nats.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages[m.Subject] = append(s.messages[m.Subject], m)
}

// readStream adds everything that is stored in a published stream.
func (s *said) readStream(t *testing.T, js jetstream.JetStream, stream string) {
	t.Helper()
	st, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	for seq := st.CachedInfo().State.FirstSeq; seq <= st.CachedInfo().State.LastSeq; seq++ {
		raw, err := st.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		s.hear(&nats.Msg{Subject: raw.Subject, Header: raw.Header, Data: raw.Data})
	}
}

// TestSkava produces each of the 18 events, the five external ones and every
// field of their payloads by commands, and holds them against the contract.
func TestSkava(t *testing.T) {
	c := load(t)
	dir := t.TempDir()
	bridge := newBus(t)
	hear(t, dir, bridge.endpoint(t, dir))
	p := testkit.Start(t, dir, "--delivery-allow", "127.0.0.1", "--enable-external-event", "--enable-fat-event", "--region", "us-east-1", "--external-account", "769072969658")
	nc, err := nats.Connect(p.NATSURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	heard := listen(t, nc, "inventory.bulktransactions", "promotion.block/assign", "payment.bulkTransactionRequestQueue")
	live(t, p)
	js := p.JetStream(t)
	for _, stream := range []string{"ecomm", "OmsMsgTopic", "SKEXT"} {
		heard.readStream(t, js, stream)
	}
	r := report{covered: map[string]bool{}}
	for _, e := range c.events {
		if e.Source == "SK" {
			r.event(c, e, heard.messages[e.NATS.Subject])
		}
	}
	r.external(c, heard)
	bridge.check(t, &r)
	r.covered["SK-FE-03"] = refusesUnknownEnricher(t)
	r.print(t, c)
}

// refusesUnknownEnricher starts a service with a plugin class that nobody knows.
func refusesUnknownEnricher(t *testing.T) bool {
	t.Helper()
	cmd := exec.Command(testkit.Binary(t), "serve", "--data", t.TempDir(), "--external-fat-event-class", "com.example.Enricher")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == 2 && strings.Contains(string(out), "PublicPayload")
}

// report collects which ids are covered, and why others are not.
type report struct {
	covered map[string]bool
	missing []string
}

func (r *report) miss(id, format string, args ...any) {
	r.missing = append(r.missing, id+": "+fmt.Sprintf(format, args...))
}

// event checks one event: its subject, its headers and its payload.
func (r *report) event(c contract, e event, messages []*nats.Msg) {
	if len(messages) == 0 {
		r.miss(e.ID, "nothing was published on %q", e.NATS.Subject)
		return
	}
	for name, want := range e.NATS.Headers {
		if got := messages[0].Header.Get(name); got != want && !strings.HasPrefix(e.NATS.Stream, "SKQ_") {
			r.miss(e.ID, "header %s is %q, not %q", name, got, want)
			return
		}
	}
	m, known := c.model(e.Source, e.PayloadModel)
	if !known {
		r.miss(e.ID, "there is no model %q", e.PayloadModel)
		return
	}
	r.covered[e.ID] = true
	r.payload(m, messages)
}

// payload checks that each field of a model is in some message, with its type.
func (r *report) payload(m model, messages []*nats.Msg) {
	var bodies []any
	for _, msg := range messages {
		var body any
		if err := json.Unmarshal(msg.Data, &body); err != nil {
			r.miss(m.ID, "a message is not JSON: %v", err)
			return
		}
		bodies = append(bodies, body)
	}
	r.covered[m.ID] = true
	for _, f := range m.Fields {
		for _, body := range bodies {
			for _, v := range values(body, f.Path) {
				if !fits(v, f.Type) {
					r.miss(f.ID, "%s is %v, not of type %s", f.Path, v, f.Type)
				}
				r.covered[f.ID] = true
			}
		}
	}
}

// external checks the types of external events, and that thin and fat ones are
// as the contract says.
func (r *report) external(c contract, heard *said) {
	var thin, fat []*nats.Msg
	for _, x := range c.skava.ExternalEventTypes {
		messages := heard.messages["ext."+strings.ReplaceAll(x.DetailType, "/", ".")]
		if len(messages) == 0 {
			r.miss(x.ID, "no %s was published", x.DetailType)
			continue
		}
		r.covered[x.ID] = true
		for _, m := range messages {
			var envelope struct {
				Detail map[string]any `json:"detail"`
			}
			if err := json.Unmarshal(m.Data, &envelope); err != nil {
				r.miss(x.ID, "not JSON: %v", err)
				continue
			}
			if _, whole := envelope.Detail["orderitems"]; !whole {
				thin = append(thin, m)
				continue
			}
			detail, _ := json.Marshal(envelope.Detail)
			fat = append(fat, &nats.Msg{Data: detail})
		}
	}
	if model, ok := c.model("SK", "ThinEventEnvelope"); ok && len(thin) > 0 {
		r.payload(model, thin)
		r.covered["SK-FE-01"], r.covered["SK-FE-08"], r.covered["SK-FE-05"] = true, true, true
	}
	if model, ok := c.model("SK", "FatOrderEvent"); ok && len(fat) > 0 {
		r.payload(model, fat)
		for _, id := range []string{"SK-FE-02", "SK-FE-07", "SK-FE-09"} {
			r.covered[id] = true
		}
	}
}

// open facts of the source: what they say is lost.
var open = map[string]string{
	"SK-FE-10": "the source lost its text",
}

// print shows for each source how much is covered, and fails on a gap of this
// one.
func (r *report) print(t *testing.T, c contract) {
	t.Helper()
	ids := map[string][]string{}
	add := func(id string) {
		source, _, _ := strings.Cut(id, "-")
		ids[source] = append(ids[source], id)
	}
	for _, e := range c.events {
		add(e.ID)
	}
	for _, m := range c.models {
		if m.Model == "PublicOrderModel" || strings.HasPrefix(m.ID, "SK-PL-PRM") {
			continue // public form of a reply that oms does not send
		}
		for _, f := range m.Fields {
			add(f.ID)
		}
	}
	for _, facts := range [][]fact{c.skava.Properties, c.skava.Rules, c.skava.ExternalEventTypes} {
		for _, f := range facts {
			add(f.ID)
		}
	}
	for _, source := range []string{"SK", "EC"} /* the others are heard over HTTP */ {
		covered := 0
		for _, id := range ids[source] {
			switch {
			case r.covered[id]:
				covered++
			case source == "SK" && open[id] == "" && !strings.HasPrefix(id, "SK-PX"):
				r.miss(id, "no message had it")
			}
		}
		t.Logf("%s: %d of %d ids covered", source, covered, len(ids[source]))
	}
	slices.Sort(r.missing)
	for _, m := range slices.Compact(r.missing) {
		t.Error(m)
	}
}

// wish is an order with everything that a payload asks for.
func wish(policy orderv1.PaymentDeclinePolicy, token string) *orderv1.CreateOrderRequest {
	return &orderv1.CreateOrderRequest{
		CurrencyCode: "USD", Locale: "en-US", Channel: "web", StoreId: "s1", OnPaymentDecline: policy,
		Customer:        &orderv1.Customer{CustomerId: "USER1", FirstName: "John", LastName: "Smith", Email: "someone@example.com", Phone: "91000000000", Ip: "1.1.1.1", AccountId: "account1"},
		ShippingAddress: &orderv1.Address{PostalCode: "11111", LastName: "Smith"},
		Items: []*orderv1.LineItem{
			{SkuId: "shoe", Quantity: 3, UnitPrice: usd(1000), Properties: map[string]string{"size": "42"}},
			{SkuId: "lace", Quantity: 1, UnitPrice: usd(200)},
		},
		PromoCodes: []*orderv1.PromoCode{{PromoCode: "SPRING", ConfirmationCode: "sesame"}},
		Payments:   []*orderv1.PaymentItem{{Token: token}}, Properties: map[string]string{"gift": "yes"},
	}
}

// live makes orders live through everything that can happen to them.
func live(t *testing.T, p *testkit.Process) {
	t.Helper()
	ctx := testkit.Lasting(t)
	p.AddStock(t, map[string]int64{"shoe": 1000, "lace": 1000})
	_, err := p.Promotions().CreatePromoCode(ctx, &promotionv1.CreatePromoCodeRequest{PromoCode: "SPRING", ConfirmationCode: "sesame"})
	must(t, err)
	_, err = p.Inventory().GetStock(ctx, &inventoryv1.GetStockRequest{SkuId: "shoe"})
	must(t, err)
	change := orderv1connect.NewChangeServiceClient(http.DefaultClient, p.URL)
	fulfilment := orderv1connect.NewFulfilmentServiceClient(http.DefaultClient, p.URL)
	returns := orderv1connect.NewReturnServiceClient(http.DefaultClient, p.URL)
	place := func(policy orderv1.PaymentDeclinePolicy, token string) string {
		res, err := p.Orders().CreateOrder(ctx, wish(policy, token))
		must(t, err)
		return res.GetOrderId()
	}
	submitted, cancelled := orderv1.OrderStatus_ORDER_STATUS_SUBMITTED, orderv1.OrderStatus_ORDER_STATUS_CANCELLED
	units := func(n int64) []*orderv1.ItemQuantity { return []*orderv1.ItemQuantity{{ItemId: "1", Quantity: n}} }

	// One that is cancelled by a declined payment, and then deleted.
	id := place(orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNDO, "tok_capture_decline")
	p.Await(t, id, cancelled)
	_, err = change.DeleteOrder(ctx, &orderv1.DeleteOrderRequest{OrderId: id, Reason: "test order"})
	must(t, err)

	// One that lives its whole life.
	id = place(0, "tok_good")
	p.Await(t, id, submitted)
	_, err = change.UpdateOrder(ctx, &orderv1.UpdateOrderRequest{OrderId: id, Channel: "phone", Locale: "en-US", Properties: map[string]string{"gift": "yes"}, Customer: &orderv1.Customer{
		FirstName: "John", LastName: "Smith", Email: "someone@example.com", Phone: "91000000000", Ip: "1.1.1.1", AccountId: "account1",
	}})
	must(t, err)
	_, err = change.AddNote(ctx, &orderv1.AddNoteRequest{OrderId: id, Text: "leave with the neighbour"})
	must(t, err)
	_, err = change.CancelItems(ctx, &orderv1.CancelItemsRequest{OrderId: id, Lines: []*orderv1.ItemQuantity{{ItemId: "2", Quantity: 1}}, Reason: "no laces"})
	must(t, err)
	_, err = change.PatchOrder(ctx, &orderv1.PatchOrderRequest{OrderId: id, Status: orderv1.OrderStatus_ORDER_STATUS_READY_TO_SHIP, ReasonCode: "200", ReasonMessage: "Success"})
	must(t, err)
	shipped, err := fulfilment.ShipOrder(ctx, &orderv1.ShipOrderRequest{OrderId: id, Lines: units(3), Transport: &orderv1.Transport{Carrier: "UPS", TrackingNumber: "1Z"}})
	must(t, err)
	_, err = fulfilment.UpdatePackage(ctx, &orderv1.UpdatePackageRequest{OrderId: id, PackageId: shipped.GetPackageId(), Status: orderv1.PackageStatus_PACKAGE_STATUS_DELIVERED})
	must(t, err)
	_, err = returns.SubmitReturn(ctx, &orderv1.SubmitReturnRequest{OrderId: id, ReturnId: "plain", Lines: []*orderv1.ReturnLine{{ItemId: "1", Quantity: 1, Reason: "too small"}}})
	must(t, err)
	_, err = returns.AcceptReturn(ctx, &orderv1.AcceptReturnRequest{OrderId: id, ReturnId: "plain", Restock: true})
	must(t, err)
	_, err = returns.SubmitReturn(ctx, &orderv1.SubmitReturnRequest{OrderId: id, ReturnId: "swap", Lines: []*orderv1.ReturnLine{{ItemId: "1", Quantity: 1}}})
	must(t, err)
	exchange, err := returns.AcceptReturn(ctx, &orderv1.AcceptReturnRequest{OrderId: id, ReturnId: "swap", Restock: true, Exchange: &orderv1.ExchangeOrder{
		Items: []*orderv1.LineItem{{SkuId: "lace", Quantity: 2, UnitPrice: usd(300)}},
	}})
	must(t, err)
	replace, err := returns.ReplaceItems(ctx, &orderv1.ReplaceItemsRequest{OrderId: id, Lines: units(1), Reason: "lost"})
	must(t, err)
	p.WaitForSagas(t, testkit.Patience)
	p.Await(t, exchange.GetExchangeOrderId(), submitted)
	p.Await(t, replace.GetReplaceOrderId(), submitted)

	// The last one shows that everything before it was published.
	last := place(0, "tok_good")
	p.Await(t, last, submitted)
	_, err = change.AddNote(ctx, &orderv1.AddNoteRequest{OrderId: last, Text: "the end"})
	must(t, err)
	p.AwaitPublished(t, "ecomm", "order.created", last)
	p.AwaitPublished(t, "OmsMsgTopic", "order.preprocesspayment", last)
	p.AwaitPublished(t, "SKEXT", "ext.omsservices.note.create", last)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func usd(minor int64) *moneyv1.Money { return &moneyv1.Money{CurrencyCode: "USD", MinorUnits: minor} }
