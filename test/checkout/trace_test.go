package checkout_test

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"connectrpc.com/connect"
	coltracev1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// TestATraceShowsAnOrderFromCreateToConfirm has a collector take the spans of
// one order, which hang together.
func TestATraceShowsAnOrderFromCreateToConfirm(t *testing.T) {
	t.Parallel()
	c := collect(t)
	s := open(t, map[string]int64{"traced": 10}, "--otlp-endpoint", c.URL)
	req := order(line("traced", 1))
	req.Customer.Email, req.Payments = "secret@example.com", card("tok_secret")
	id := s.place(t, req)
	s.Await(t, id, submitted)
	s.closing.Do(func() { s.balance(t) }) // stops the process, which sends what is left

	spans := c.traceOf(t, id)
	want := []string{
		"oms.order.v1.OrderService/CreateOrder", "execute order.Create",
		"send reserve_inventory", "process inventory", "execute inventory.BulkTransaction", "answer reserve_inventory",
		"send check_fraud", "process fraud", "answer check_fraud",
		"send authorize_payment", "send capture_payment", "process payment", "execute payment.Record",
		"answer authorize_payment", "answer capture_payment", "execute order.Answer", "publish order.created",
	}
	for _, name := range want {
		if !slices.ContainsFunc(spans, func(sp *tracev1.Span) bool { return sp.GetName() == name }) {
			t.Errorf("the trace has no span %q", name)
		}
	}
	roots := connected(t, spans)
	if len(roots) != 1 || roots[0].GetName() != want[0] || len(roots[0].GetParentSpanId()) != 0 {
		t.Errorf("the trace begins with %v, want the call alone", names(roots))
	}
	execute := spans[slices.IndexFunc(spans, func(sp *tracev1.Span) bool { return sp.GetName() == "execute order.Create" })]
	if got := attribute(execute, "oms.revision"); got == "" || got == "0" {
		t.Errorf("the command has revision %q", got)
	}
	if attribute(execute, "oms.position") == "" || attribute(execute, "oms.tenant") != "default" {
		t.Errorf("the command has attributes %v", execute.GetAttributes())
	}
	for _, sp := range c.all() {
		if text := sp.String(); strings.Contains(text, "secret") {
			t.Errorf("a span tells what is nobody's business: %s", text)
		}
	}
}

// TestATraceGoesOnAfterAKill kills oms while an order waits for its payment.
func TestATraceGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	c := collect(t)
	traced := []string{"--otlp-endpoint", c.URL}
	s := open(t, map[string]int64{"traced": 10}, append(traced, everythingBut("payment")...)...)
	const id128 = "4bf92f3577b34da6a3ce929d0e0e4736"
	ctx, call := connect.NewClientContext(testkit.Lasting(t))
	call.RequestHeader().Set("Traceparent", "00-"+id128+"-00f067aa0ba902b7-01")
	res, err := s.Orders().CreateOrder(ctx, order(line("traced", 1)))
	if err != nil {
		t.Fatal(err)
	}
	id := res.GetOrderId()
	s.AwaitStep(t, id, orderv1.Step_STEP_AUTHORIZE_PAYMENT)
	s.kill(t, traced...)
	s.Await(t, id, submitted)
	s.closing.Do(func() { s.balance(t) })

	spans := c.traceOf(t, id)
	for _, sp := range spans {
		if got := hex.EncodeToString(sp.GetTraceId()); got != id128 {
			t.Errorf("span %s is in trace %s, want %s", sp.GetName(), got, id128)
		}
	}
	for _, name := range []string{"send authorize_payment", "process payment", "answer authorize_payment", "answer capture_payment"} {
		if !slices.Contains(names(spans), name) {
			t.Errorf("the trace has no span %q, only %v", name, names(spans))
		}
	}
}

// TestNoTraceIsKeptAtRatioZero when nobody else began it.
func TestNoTraceIsKeptAtRatioZero(t *testing.T) {
	t.Parallel()
	c := collect(t)
	s := open(t, map[string]int64{"traced": 10}, "--otlp-endpoint", c.URL, "--trace-ratio", "0")
	s.Await(t, s.place(t, order(line("traced", 1))), submitted)
	s.closing.Do(func() { s.balance(t) })
	if all := c.all(); len(all) != 0 {
		t.Errorf("%v were kept", names(all))
	}
}

// collector takes spans as OpenTelemetry collectors do.
type collector struct {
	*httptest.Server

	mu    sync.Mutex
	spans []*tracev1.Span
}

func collect(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		req := &coltracev1.ExportTraceServiceRequest{}
		if err == nil {
			err = proto.Unmarshal(body, req)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			t.Errorf("what came is not OTLP: %v", err)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, rs := range req.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				c.spans = append(c.spans, ss.GetSpans()...)
			}
		}
	})
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) all() []*tracev1.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// traceOf returns the spans of the one trace that an order is in.
func (c *collector) traceOf(t *testing.T, id string) (spans []*tracev1.Span) {
	t.Helper()
	traces := map[string]bool{}
	for _, sp := range c.all() {
		if attribute(sp, "oms.order.id") == id {
			traces[string(sp.GetTraceId())] = true
		}
	}
	if len(traces) != 1 {
		t.Fatalf("order %s is in %d traces", id, len(traces))
	}
	for _, sp := range c.all() {
		if traces[string(sp.GetTraceId())] {
			spans = append(spans, sp)
		}
	}
	return spans
}

// connected returns the spans whose parent is not among them.
func connected(t *testing.T, spans []*tracev1.Span) (roots []*tracev1.Span) {
	t.Helper()
	ids := map[string]bool{}
	for _, sp := range spans {
		ids[string(sp.GetSpanId())] = true
	}
	for _, sp := range spans {
		if !ids[string(sp.GetParentSpanId())] {
			roots = append(roots, sp)
		}
	}
	return roots
}

func attribute(sp *tracev1.Span, key string) string {
	for _, a := range sp.GetAttributes() {
		if a.GetKey() == key {
			if a.GetValue().GetStringValue() != "" {
				return a.GetValue().GetStringValue()
			}
			return a.GetValue().String()
		}
	}
	return ""
}

func names(spans []*tracev1.Span) (all []string) {
	for _, sp := range spans {
		all = append(all, sp.GetName())
	}
	return all
}
