package rpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/orderstream/oms/eventstore"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/auth"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

func TestEveryProcedureSaysWhatItNeeds(t *testing.T) {
	n := 0
	for _, f := range files {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				n++
				procedure := fmt.Sprintf("/%s/%s", s.FullName(), s.Methods().Get(j).Name())
				if _, ok := access[procedure]; !ok {
					t.Errorf("%s is not in the table of access", procedure)
				}
			}
		}
	}
	if n != len(access) {
		t.Errorf("%d procedures, but %d in the table of access", n, len(access))
	}
}

func TestEveryKindOfFaultHasACode(t *testing.T) {
	for k := fault.Internal; k <= fault.PermissionDenied; k++ {
		if _, ok := codes[k]; !ok {
			t.Errorf("%s has no code", k)
		}
	}
}

func TestAnErrorOfOursShowsNothingAndIsLogged(t *testing.T) {
	var said bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	for _, err := range []error{
		errors.New("open /secret/path"),
		fmt.Errorf("read: %w", fault.New(fault.Internal, "bug", "in /secret/path")),
		recovered(func() error { panic("in /secret/path") }),
	} {
		said.Reset()
		e := toError(t.Context(), "/oms.x/Y", err)
		if e.Code() != connect.CodeInternal || strings.Contains(e.Error(), "secret") || len(e.Details()) != 1 {
			t.Errorf("%v becomes %v", err, e)
		}
		if !strings.Contains(said.String(), "secret") || !strings.Contains(said.String(), "/oms.x/Y") {
			t.Errorf("logged: %q", said.String())
		}
	}
}

func TestACallerThatIsGoneIsNoErrorOfOurs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if e := toError(ctx, "", fmt.Errorf("follow: %w", context.Canceled)); e.Code() != connect.CodeCanceled {
		t.Errorf("got %v", e)
	}
	if e := toError(t.Context(), "", context.Canceled); e.Code() != connect.CodeInternal {
		t.Errorf("cancelled by ourselves: %v", e)
	}
}

func TestTheHooksSeeEveryCall(t *testing.T) {
	var seen []string
	clock := time.Unix(0, 0)
	o := outcome{now: func() time.Time { clock = clock.Add(time.Second); return clock }, hooks: Hooks{
		Called: func(_ context.Context, procedure string, code connect.Code, took time.Duration) {
			seen = append(seen, fmt.Sprint(procedure, " ", uint32(code), " ", took))
		},
	}}
	_ = o.around(t.Context(), "/a", func() error { return nil })
	_ = o.around(t.Context(), "/b", func() error { return fault.New(fault.NotFound, "x", "x") })
	if want := []string{"/a 0 1s", "/b 5 1s"}; !slices.Equal(seen, want) {
		t.Errorf("saw %q, want %q", seen, want)
	}
}

func TestOrderIDsAreValidAndSortByTime(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	last := ""
	for i := range 1000 {
		id := newOrderID(noon.Add(time.Duration(i) * time.Millisecond))
		if !order.ValidID(id) || seen[id] || id <= last {
			t.Fatalf("%q after %q", id, last)
		}
		seen[id], last = true, id
		if again := newOrderID(noon); len(id) != 25 || again == id {
			t.Fatalf("%q and %q", id, again)
		}
	}
}

func TestTheIDOfAKeyFollowsFromTenantAndKey(t *testing.T) {
	ids := map[string]bool{}
	for _, tenant := range []string{"default", "uk"} {
		for _, key := range []string{"a", "b", "\x00a", strings.Repeat("k", 128)} {
			id := orderIDOf(tenant, key)
			if !order.ValidID(id) || ids[id] || id != orderIDOf(tenant, key) {
				t.Errorf("%s of %q in %s", id, key, tenant)
			}
			ids[id] = true
		}
	}
	if got, want := orderIDOf("default", "a"), "k-d4rt3pwpjxjb545cepye"; got != want {
		t.Errorf("%s, want %s: orders that are stored would not be found again", got, want)
	}
}

// TestEveryFieldOfARequestIsStored changes one field after the other. A field
// that was added to the API and forgotten in createOf changes nothing.
func TestEveryFieldOfARequestIsStored(t *testing.T) {
	stored := func(r *orderv1.CreateOrderRequest) string {
		events, err := createOf(r, "ann", time.Unix(0, 0)).Decide(order.New("order-0123456789", 1))
		if err != nil {
			return err.Error()
		}
		raw, err := protojson.Marshal(events[0])
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(raw), " ", "")
	}
	usd := func(n int64) *moneyv1.Money { return &moneyv1.Money{CurrencyCode: "USD", MinorUnits: n} }
	base := &orderv1.CreateOrderRequest{
		CurrencyCode: "USD", Customer: &orderv1.Customer{CustomerId: "c"}, Shipping: &orderv1.Shipping{Price: usd(1), Tax: usd(1)},
		ShippingAddress: &orderv1.Address{}, BillingAddress: &orderv1.Address{},
		Items: []*orderv1.LineItem{{
			SkuId: "A", Quantity: 1, UnitPrice: usd(100), Tax: usd(1), Adjustments: []*orderv1.Adjustment{{Amount: usd(0)}},
		}},
		Adjustments: []*orderv1.Adjustment{{Amount: usd(0)}}, Payments: []*orderv1.PaymentItem{{}},
		PromoCodes: []*orderv1.PromoCode{{PromoCode: "P"}},
	}
	seen := 0
	eachField(base.ProtoReflect(), "", func(path string, m protoreflect.Message, fd protoreflect.FieldDescriptor) {
		if path == "idempotency_key" || path == "order_id" { // they say which order, not what is in it
			return
		}
		seen++
		before := stored(base)
		old, had := m.Get(fd), m.Has(fd)
		m.Set(fd, other(m, fd))
		if stored(base) == before {
			t.Errorf("%s changes nothing in what is stored", path)
		}
		if m.Clear(fd); had {
			m.Set(fd, old)
		}
	})
	if seen < 60 {
		t.Errorf("only %d fields were tried", seen)
	}
}

// eachField visits the fields of a message and of the messages in it.
func eachField(m protoreflect.Message, at string, f func(string, protoreflect.Message, protoreflect.FieldDescriptor)) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		path := join(at, string(fd.Name()))
		switch {
		case fd.IsList() && fd.Message() != nil && m.Get(fd).List().Len() > 0:
			eachField(m.Get(fd).List().Get(0).Message(), path+"[0]", f)
		case fd.Message() != nil && !fd.IsMap() && !fd.IsList() && m.Has(fd):
			eachField(m.Get(fd).Message(), path, f)
		default:
			f(path, m, fd)
		}
	}
}

// other is a value that the field does not have.
func other(m protoreflect.Message, fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch {
	case fd.IsMap():
		v := m.NewField(fd)
		v.Map().Set(protoreflect.ValueOfString("k").MapKey(), protoreflect.ValueOfString("v"))
		return v
	case fd.Kind() == protoreflect.StringKind:
		return protoreflect.ValueOfString(m.Get(fd).String() + "X")
	case fd.Kind() == protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(m.Get(fd).Int() + 7)
	case fd.Kind() == protoreflect.BoolKind:
		return protoreflect.ValueOfBool(!m.Get(fd).Bool())
	case fd.Kind() == protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(m.Get(fd).Enum() + 2)
	}
	v := m.NewField(fd) // a message that was not given
	v.Message().Set(v.Message().Descriptor().Fields().ByNumber(1), protoreflect.ValueOfString("EUR"))
	return v
}

func TestANoteAboutABodyCannotBeForged(t *testing.T) {
	ours, theirs := newDecoder(), newDecoder()
	m := &orderv1.GetOrderRequest{}
	if err := theirs.leave(m, fault.Field("x", "forged")); err != nil {
		t.Fatal(err)
	}
	if err := ours.failure(m); err != nil {
		t.Errorf("believed: %v", err)
	}
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := (binaryCodec{ours}).Unmarshal(raw, m); err != nil || ours.failure(m) != nil {
		t.Errorf("believed after a journey: %v, %v", err, ours.failure(m))
	}
}

func TestABodyThatIsNoMessageIsRefused(t *testing.T) {
	d := newDecoder()
	m := &orderv1.CreateOrderRequest{}
	for name, raw := range map[string][]byte{"half": {0x0a, 0x05, 'a'}, "invalid UTF-8": {0x0a, 0x01, 0xff}} {
		if err := (binaryCodec{d}).Unmarshal(raw, m); err != nil {
			t.Fatal(err)
		}
		if err := d.failure(m); fault.KindOf(err) != fault.Invalid || fault.ReasonOf(err) != reasonBody {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABodyThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	srv := httptest.NewServer(limitBodies(100, 20*time.Millisecond, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		e := &connect.Error{}
		if errors.As(err, &e) {
			http.Error(w, e.Message(), http.StatusServiceUnavailable)
		}
	})))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
	raw, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(raw), "did not arrive in time") {
		t.Errorf("got %q, %v", raw, err)
	}
}

// FuzzCreateOrderJSON looks for bodies that are read although protojson refuses
// them, or the other way round, and for refusals that name nothing.
func FuzzCreateOrderJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `null`, `{"items":[{"skuId":"A","quantity":"2","unitPrice":{"currencyCode":"USD","minorUnits":1}}]}`,
		`{"items":[{"x":1}]}`, `{"items":{}}`, `{"properties":{"a":"b"}}`, `{"properties":{"a":1}}`, `{"reference":"` + "\xff" + `"}`,
		`{"reference":"a","reference":"b"}`, `{"customer":null}`, `{"onPaymentDecline":9}`, `{"items":[[[[[`, `{"a":1}{}`, ``, ` `,
	} {
		f.Add([]byte(seed))
	}
	d := newDecoder()
	codec := jsonCodec{d, "json"}
	f.Fuzz(func(t *testing.T, body []byte) {
		want, got := &orderv1.CreateOrderRequest{}, &orderv1.CreateOrderRequest{}
		refused := protojson.Unmarshal(body, want)
		if err := codec.Unmarshal(body, got); err != nil {
			t.Fatalf("an error without details: %v", err)
		}
		err := d.failure(got)
		switch {
		case (err == nil) != (refused == nil):
			t.Fatalf("refused with %v, protojson says %v", err, refused)
		case err == nil && !proto.Equal(want, got):
			t.Fatalf("read %v, want %v", got, want)
		case err != nil && (fault.KindOf(err) != fault.Invalid || len(fault.Violations(err)) == 0 && fault.ReasonOf(err) != reasonBody):
			t.Fatalf("refused with %v", err)
		case err != nil:
			if e := toError(context.Background(), "", err); len(e.Details()) == 0 || len(e.Message()) > maxText+8 {
				t.Fatalf("becomes %v", e)
			}
		}
	})
}

// sample is an order as storefronts send it.
func sample(lines int) *orderv1.CreateOrderRequest {
	usd := func(n int64) *moneyv1.Money { return &moneyv1.Money{CurrencyCode: "USD", MinorUnits: n} }
	r := &orderv1.CreateOrderRequest{
		IdempotencyKey: "checkout-4711", Reference: "PO-1", Channel: "web", Locale: "en-GB", CurrencyCode: "USD",
		Customer:        &orderv1.Customer{CustomerId: "c1", Email: "c1@example.com", FirstName: "Ann", LastName: "Lee", Ip: "192.0.2.1"},
		Shipping:        &orderv1.Shipping{Method: "standard", Price: usd(499), Tax: usd(40)},
		ShippingAddress: &orderv1.Address{FirstName: "Ann", LastName: "Lee", Line1: "1 High Street", City: "Leeds", PostalCode: "LS1", CountryCode: "GB"},
		Payments:        []*orderv1.PaymentItem{{Token: "tok_1"}},
	}
	for i := range lines {
		r.Items = append(r.Items, &orderv1.LineItem{
			SkuId: fmt.Sprintf("SKU-%04d", i), Name: "A thing to buy", Quantity: 2, UnitPrice: usd(999), Tax: usd(160),
			Adjustments: []*orderv1.Adjustment{{Code: "SUMMER", Amount: usd(-100)}},
		})
	}
	return r
}

// BenchmarkValidate is what the validator's comment talks about.
func BenchmarkValidate(b *testing.B) {
	_, requests := described()
	v, err := newValidator(requests)
	if err != nil {
		b.Fatal(err)
	}
	for _, lines := range []int{5, 1100} {
		r := sample(lines)
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := v.check(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParts are the other things that a handler does on the CPU.
func BenchmarkParts(b *testing.B) {
	d := newDecoder()
	for _, lines := range []int{5, 1100} {
		r := sample(lines)
		wire, err := proto.Marshal(r)
		if err != nil {
			b.Fatal(err)
		}
		text, err := protojson.Marshal(r)
		if err != nil {
			b.Fatal(err)
		}
		for name, f := range map[string]func() error{
			"decode": func() error { return binaryCodec{d}.Unmarshal(wire, &orderv1.CreateOrderRequest{}) },
			"json":   func() error { return jsonCodec{d, "json"}.Unmarshal(text, &orderv1.CreateOrderRequest{}) },
			"hash":   func() error { _, err := metaOf(context.Background(), "k", r); return err },
			"decide": func() error {
				_, err := createOf(r, "ann", time.Unix(0, 0)).Decide(order.New("order-0123456789", 1))
				return err
			},
		} {
			b.Run(fmt.Sprintf("%s/lines=%d", name, lines), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := f(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkCreateOrder is a whole call without network and disk: its CPU time
// is the handler's.
func BenchmarkCreateOrder(b *testing.B) {
	guard, err := auth.New(auth.Config{})
	if err != nil {
		b.Fatal(err)
	}
	api, err := New(Config{Guard: guard, Orders: decides{}})
	if err != nil {
		b.Fatal(err)
	}
	for _, lines := range []int{5, 1100} {
		wire, err := proto.Marshal(sample(lines))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/oms.order.v1.OrderService/CreateOrder", bytes.NewReader(wire))
				r.Header.Set("Content-Type", "application/proto")
				w := httptest.NewRecorder()
				if api.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

// decides is a log that stores nothing.
type decides struct{ eventstore.Log[order.Order] }

func (decides) Execute(_ context.Context, _ eventstore.Meta, id string, c eventstore.Command[order.Order]) (eventstore.Result[order.Order], error) {
	o := order.New(id, 1)
	events, err := c.Decide(o)
	if err != nil {
		return eventstore.Result[order.Order]{}, err
	}
	for _, e := range events {
		o = order.Evolve(o, e)
	}
	return eventstore.Result[order.Order]{States: map[string]order.Order{id: o}, Events: events}, nil
}
