package rpc_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	"github.com/orderstream/oms/gen/oms/log/v1/logv1connect"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

// history is the types of an order's events, a line each.
func (w *world) history(tenant, id string) string {
	w.Helper()
	a := w.post(logv1connect.LogServiceListOrderEventsProcedure, `{"orderId":"`+id+`"}`, "Oms-Tenant", tenant)
	var res struct{ Events []struct{ Type string } }
	must(w, json.Unmarshal([]byte(a.body), &res))
	var b strings.Builder
	for _, e := range res.Events {
		b.WriteString(e.Type + "\n")
	}
	return b.String()
}

// compact removes the spaces that protojson varies.
func compact(tb testing.TB, body string) string {
	tb.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(body)); err != nil {
		tb.Fatalf("%v: %s", err, body)
	}
	return b.String()
}

func TestEveryEventTellsWhoAskedAndWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	a := w.post(orderv1connect.OrderServiceCreateOrderProcedure,
		`{"orderId":"order-0123456789","currencyCode":"USD","items":[{"skuId":"A","quantity":1,"unitPrice":{"currencyCode":"USD","minorUnits":5}}]}`,
		"Oms-Actor", "ann", "Oms-Correlation-Id", "req-7", "Traceparent", trace)
	if got := a.header.Get("Oms-Correlation-Id"); got != "req-7" {
		t.Errorf("correlation id of the answer is %q", got)
	}
	client := dial(w, logv1connect.NewLogServiceClient)
	res, err := client.ListOrderEvents(t.Context(), &logv1.ListOrderEventsRequest{OrderId: "order-0123456789"})
	must(t, err)
	e := res.GetEvents()[0]
	data := e.GetData().AsMap()
	if e.GetActor() != "ann" || e.GetCorrelationId() != "req-7" || e.GetCommand() != "order.Create" || data["createdBy"] != "ann" ||
		e.GetType() != "oms.order.v1.OrderCreated" || e.GetLog() != "order" || e.GetRevision() != 1 || data["currencyCode"] != "USD" {
		t.Errorf("got %v", e)
	}
}

func TestACorrelationIDIsMadeWhereNoneIsGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	one := w.post(orderv1connect.OrderServiceListOrdersProcedure, `{}`).header.Get("Oms-Correlation-Id")
	two := w.post(orderv1connect.OrderServiceListOrdersProcedure, `{"nope":1}`).header.Get("Oms-Correlation-Id")
	if one == "" || two == "" || one == two {
		t.Errorf("got %q and %q", one, two)
	}
}

func TestTailingShowsWhatIsStoredAndThenWhatComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	orders, log := dial(w, orderv1connect.NewOrderServiceClient), dial(w, logv1connect.NewLogServiceClient)
	first, err := orders.CreateOrder(t.Context(), anOrder(1))
	must(t, err)
	stream, err := log.TailEvents(t.Context(), &logv1.TailEventsRequest{AfterPosition: proto.Uint64(0)})
	must(t, err)
	expect := func(id string) {
		t.Helper()
		for _, want := range []string{"oms.order.v1.OrderCreated", "oms.order.v1.StepRequested"} {
			if !stream.Receive() || stream.Msg().GetEvent().GetType() != want || stream.Msg().GetEvent().GetAggregate() != id {
				t.Fatalf("got %v, %v, want %s of %s", stream.Msg(), stream.Err(), want, id)
			}
		}
	}
	expect(first.GetOrderId())
	second, err := orders.CreateOrder(t.Context(), anOrder(1))
	must(t, err)
	expect(second.GetOrderId())
	must(t, stream.Close())
}

func TestTailingUntilTheHeadEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	orders, log := dial(w, orderv1connect.NewOrderServiceClient), dial(w, logv1connect.NewLogServiceClient)
	count := func(req *logv1.TailEventsRequest) int {
		t.Helper()
		stream, err := log.TailEvents(t.Context(), req)
		must(t, err)
		n := 0
		for stream.Receive() {
			n++
		}
		must(t, stream.Err())
		return n
	}
	if n := count(&logv1.TailEventsRequest{AfterPosition: proto.Uint64(0), UntilHead: true}); n != 0 {
		t.Errorf("%d events in an empty log", n)
	}
	for range 3 {
		_, err := orders.CreateOrder(t.Context(), anOrder(1))
		must(t, err)
	}
	for want, req := range map[int]*logv1.TailEventsRequest{
		6: {AfterPosition: proto.Uint64(0), UntilHead: true},
		4: {AfterPosition: proto.Uint64(1), UntilHead: true},
		0: {UntilHead: true},
	} {
		if n := count(req); n != want {
			t.Errorf("%v: %d events, want %d", req, n, want)
		}
	}
	if n := count(&logv1.TailEventsRequest{AfterPosition: proto.Uint64(99), UntilHead: true}); n != 0 {
		t.Errorf("%d events behind the end", n)
	}
}
