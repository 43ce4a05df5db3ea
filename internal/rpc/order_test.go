package rpc_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	"github.com/orderstream/oms/order"
)

// h2c speaks HTTP/2 without TLS, as gRPC clients do.
func h2c() *http.Client {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: p}}
}

func TestEveryProtocolServesOrders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	for name, tt := range map[string]struct {
		http *http.Client
		opts []connect.ClientOption
	}{
		"connect":      {http: http.DefaultClient},
		"connect gzip": {http: http.DefaultClient, opts: []connect.ClientOption{connect.WithSendGzip()}},
		"connect json": {http: http.DefaultClient, opts: []connect.ClientOption{connect.WithProtoJSON()}},
		"connect get":  {http: http.DefaultClient, opts: []connect.ClientOption{connect.WithHTTPGet()}},
		"connect h2c":  {http: h2c()},
		"grpc":         {http: h2c(), opts: []connect.ClientOption{connect.WithGRPC()}},
		"grpc gzip":    {http: h2c(), opts: []connect.ClientOption{connect.WithGRPC(), connect.WithSendGzip()}},
		"grpc-web":     {http: http.DefaultClient, opts: []connect.ClientOption{connect.WithGRPCWeb()}},
	} {
		t.Run(name, func(t *testing.T) {
			client := orderv1connect.NewOrderServiceClient(tt.http, w.url, tt.opts...)
			created, err := client.CreateOrder(t.Context(), anOrder(2))
			must(t, err)
			got, err := client.GetOrder(t.Context(), &orderv1.GetOrderRequest{
				Key: &orderv1.GetOrderRequest_OrderId{OrderId: created.GetOrderId()}, MinPosition: created.GetPosition(),
			})
			must(t, err)
			if o := got.GetOrder(); o.GetOrderNumber() != created.GetOrderNumber() || o.GetTotals().GetTotal().GetMinorUnits() != created.GetTotal().GetMinorUnits() {
				t.Errorf("created %v, got %v", created, o)
			}
			stream, err := client.WatchOrder(t.Context(), &orderv1.WatchOrderRequest{OrderId: created.GetOrderId()})
			must(t, err)
			if !stream.Receive() || stream.Msg().GetOrder().GetOrderId() != created.GetOrderId() {
				t.Errorf("watching gave %v, %v", stream.Msg(), stream.Err())
			}
			must(t, stream.Close())
			_, err = client.CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: "no.such.order"})
			if code, reason := reasonOf(t, err); code != connect.CodeNotFound || reason != "order_not_found" {
				t.Errorf("cancelling nothing: %v, %s", code, reason)
			}
		})
	}
}

func TestTheCreatedOrderIsAnsweredAndShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	a := w.post(orderv1connect.OrderServiceCreateOrderProcedure,
		`{"orderId":"order-0123456789","currencyCode":"USD","reference":"PO-1","items":[{"skuId":"A","quantity":"2","unitPrice":{"currencyCode":"USD","minorUnits":"999"}}]}`)
	if want := `{"orderId":"order-0123456789","orderNumber":"1","status":"ORDER_STATUS_CREATED","total":{"currencyCode":"USD","minorUnits":"1998"},"revision":"2","position":"1"}`; compact(t, a.body) != want {
		t.Errorf("got  %s\nwant %s", compact(t, a.body), want)
	}
	client := dial(w, orderv1connect.NewOrderServiceClient)
	for name, key := range map[string]*orderv1.GetOrderRequest{
		"id":        {Key: &orderv1.GetOrderRequest_OrderId{OrderId: "order-0123456789"}},
		"number":    {Key: &orderv1.GetOrderRequest_OrderNumber{OrderNumber: 1}},
		"reference": {Key: &orderv1.GetOrderRequest_Reference{Reference: "PO-1"}},
	} {
		key.MinPosition = 1
		got, err := client.GetOrder(t.Context(), key)
		if err != nil || got.GetOrder().GetCreatedBy() != "anonymous" {
			t.Errorf("by %s: %v, %v", name, got, err)
		}
	}
	list, err := client.ListOrders(t.Context(), &orderv1.ListOrdersRequest{Status: orderv1.OrderStatus_ORDER_STATUS_CREATED, MinPosition: 1})
	if err != nil || len(list.GetOrders()) != 1 {
		t.Errorf("list: %v, %v", list, err)
	}
}

func TestTheSameRequestTwiceIsOneOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, orderv1connect.NewOrderServiceClient)
	req := anOrder(1)
	req.IdempotencyKey = "checkout-1"
	const callers = 16
	answers := make([]*orderv1.CreateOrderResponse, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			var err error
			if answers[i], err = client.CreateOrder(t.Context(), req); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	first := 0
	for _, a := range answers {
		if !a.GetRepeated() {
			first++
		}
		a.Repeated = false
		if diff := cmp.Diff(answers[0].String(), a.String()); diff != "" {
			t.Errorf("answers differ (-one +other):\n%s", diff)
		}
	}
	if first != 1 {
		t.Errorf("%d answers say that they are the first", first)
	}
	if id := answers[0].GetOrderId(); !order.ValidID(id) || !strings.HasPrefix(id, "k-") {
		t.Errorf("order id %q", id)
	}
}

func TestAKeyBelongsToItsRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, orderv1connect.NewOrderServiceClient)
	req := anOrder(1)
	req.IdempotencyKey = "checkout-1"
	created, err := client.CreateOrder(t.Context(), req)
	must(t, err)
	for name, call := range map[string]func() error{
		"other quantity": func() error {
			other := anOrder(1)
			other.IdempotencyKey, other.Items[0].Quantity = "checkout-1", 7
			_, err := client.CreateOrder(t.Context(), other)
			return err
		},
		"other call": func() error {
			_, err := client.CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: created.GetOrderId(), IdempotencyKey: "checkout-1"})
			return err
		},
	} {
		if code, reason := reasonOf(t, call()); code != connect.CodeAlreadyExists || reason != "idempotency_key_reused" {
			t.Errorf("%s: %v, %s", name, code, reason)
		}
	}
}

func TestAnOrderIDIsTakenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, orderv1connect.NewOrderServiceClient)
	req := anOrder(1)
	req.OrderId = "order-0123456789"
	_, err := client.CreateOrder(t.Context(), req)
	must(t, err)
	_, err = client.CreateOrder(t.Context(), req)
	if code, reason := reasonOf(t, err); code != connect.CodeAlreadyExists || reason != "order_exists" {
		t.Errorf("%v, %s", code, reason)
	}
}

func TestConcurrentCancelsAreOneEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, orderv1connect.NewOrderServiceClient)
	created, err := client.CreateOrder(t.Context(), anOrder(1))
	must(t, err)
	id := created.GetOrderId()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			res, err := client.CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: id, Reason: "changed my mind"})
			if err != nil || res.GetStatus() != orderv1.OrderStatus_ORDER_STATUS_CANCELLING {
				t.Errorf("%v, %v", res, err)
			}
		})
	}
	all.Wait()
	if n := strings.Count(w.history("", id), "OrderCancelRequested"); n != 1 {
		t.Errorf("%d cancellations are stored", n)
	}
}

func TestARevisionThatIsNotTheOrdersIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, orderv1connect.NewOrderServiceClient)
	created, err := client.CreateOrder(t.Context(), anOrder(1))
	must(t, err)
	_, err = client.CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: created.GetOrderId(), ExpectedRevision: created.GetRevision() + 1})
	if code, reason := reasonOf(t, err); code != connect.CodeAborted || reason != "revision_mismatch" {
		t.Errorf("%v, %s", code, reason)
	}
	_, err = client.CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: created.GetOrderId(), ExpectedRevision: created.GetRevision()})
	must(t, err)
}

func TestAHeldOrderIsReviewedOrPaidAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, orderv1connect.NewOrderServiceClient)
	created, err := client.CreateOrder(t.Context(), anOrder(1))
	must(t, err)
	id := created.GetOrderId()

	_, err = client.ReviewOrder(t.Context(), &orderv1.ReviewOrderRequest{OrderId: id, Accept: true})
	if code, reason := reasonOf(t, err); code != connect.CodeFailedPrecondition || reason != "order_not_held" {
		t.Errorf("review of an order that is not held: %v, %s", code, reason)
	}
	w.answer("default", id, nil) // stock
	w.answer("default", id, func(a *order.Answer) { a.Verdict = orderv1.FraudVerdict_FRAUD_VERDICT_REVIEW })
	reviewed, err := client.ReviewOrder(t.Context(), &orderv1.ReviewOrderRequest{OrderId: id, Accept: true, Reason: "known"})
	if err != nil || reviewed.GetStatus() != orderv1.OrderStatus_ORDER_STATUS_CREATED {
		t.Errorf("review: %v, %v", reviewed, err)
	}
	w.answer("default", id, func(a *order.Answer) { a.Succeeded, a.Code = false, "402" })
	paid, err := client.RetryPayment(t.Context(), &orderv1.RetryPaymentRequest{
		OrderId: id, Payments: []*orderv1.PaymentItem{{Token: "tok_other"}},
	})
	if err != nil || paid.GetStatus() != orderv1.OrderStatus_ORDER_STATUS_CREATED {
		t.Errorf("retry: %v, %v", paid, err)
	}
}

func TestAnOrderOfAThousandLinesIsOrdinary(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, orderv1connect.NewOrderServiceClient)
	created, err := client.CreateOrder(t.Context(), anOrder(1100))
	must(t, err)
	got, err := client.GetOrder(t.Context(), &orderv1.GetOrderRequest{
		Key: &orderv1.GetOrderRequest_OrderId{OrderId: created.GetOrderId()}, MinPosition: created.GetPosition(),
	})
	if err != nil || len(got.GetOrder().GetItems()) != 1100 {
		t.Errorf("%d lines, %v", len(got.GetOrder().GetItems()), err)
	}
}

func TestAnOrderThatWasJustStoredIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{lateViews: true})
	client := dial(w, orderv1connect.NewOrderServiceClient)
	created, err := client.CreateOrder(t.Context(), anOrder(1))
	must(t, err)
	_, err = client.GetOrder(t.Context(), &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: created.GetOrderId()}})
	if code, _ := reasonOf(t, err); code != connect.CodeUnavailable {
		t.Errorf("while there is no view: %v", err)
	}
	w.views.start()
	must(t, w.views.orders.View().WaitFor(t.Context(), created.GetPosition()))
	const orders = 20
	for range orders {
		created, err := client.CreateOrder(t.Context(), anOrder(1))
		must(t, err)
		_, err = client.GetOrder(t.Context(), &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: created.GetOrderId()}})
		must(t, err)
	}
}

func TestWatchingEndsWithTheOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, orderv1connect.NewOrderServiceClient)
	created, err := client.CreateOrder(t.Context(), anOrder(1))
	must(t, err)
	stream, err := client.WatchOrder(t.Context(), &orderv1.WatchOrderRequest{OrderId: created.GetOrderId()})
	must(t, err)
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	_, err = client.CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderId: created.GetOrderId()})
	must(t, err)
	w.answer("default", created.GetOrderId(), nil) // stock is released
	var last *orderv1.Order
	for stream.Receive() {
		last = stream.Msg().GetOrder()
	}
	if stream.Err() != nil || last.GetStatus() != orderv1.OrderStatus_ORDER_STATUS_CANCELLED {
		t.Errorf("ended with %v at %v", stream.Err(), last.GetStatus())
	}
}

func TestWatchingEndsWithTheService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, orderv1connect.NewOrderServiceClient)
	created, err := client.CreateOrder(t.Context(), anOrder(1))
	must(t, err)
	stream, err := client.WatchOrder(t.Context(), &orderv1.WatchOrderRequest{OrderId: created.GetOrderId()})
	must(t, err)
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	w.api.Stop()
	for stream.Receive() {
	}
	if code, reason := reasonOf(t, stream.Err()); code != connect.CodeUnavailable || reason != "shutting_down" {
		t.Errorf("%v, %s", code, reason)
	}
}

func TestACallerThatGoesEndsItsWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, orderv1connect.NewOrderServiceClient)
	created, err := client.CreateOrder(t.Context(), anOrder(1))
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := client.WatchOrder(ctx, &orderv1.WatchOrderRequest{OrderId: created.GetOrderId()})
	must(t, err)
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	cancel() // the end of the world waits for every call
}
