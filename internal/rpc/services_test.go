package rpc_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/eventstore"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/gen/oms/inventory/v1/inventoryv1connect"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/gen/oms/payment/v1/paymentv1connect"
	projectionv1 "github.com/orderstream/oms/gen/oms/projection/v1"
	"github.com/orderstream/oms/gen/oms/projection/v1/projectionv1connect"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/gen/oms/promotion/v1/promotionv1connect"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
	"github.com/orderstream/oms/gen/oms/saga/v1/sagav1connect"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/payment"
)

func add(sku, bin string, units int64) *inventoryv1.StockLine {
	return &inventoryv1.StockLine{Movement: inventoryv1.StockMovement_STOCK_MOVEMENT_ADD, SkuId: sku, BinName: bin, Quantity: units}
}

func TestStockIsMovedAndRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, inventoryv1connect.NewInventoryServiceClient)
	req := &inventoryv1.AdjustStockRequest{IdempotencyKey: "delivery-1", Lines: []*inventoryv1.StockLine{
		add("A", "", 10), add("A", "main", 5), add("B", "leeds", 7),
		{Movement: inventoryv1.StockMovement_STOCK_MOVEMENT_TRANSFER, SkuId: "B", BinName: "leeds", ToBinName: "main", Quantity: 2},
	}}
	want := &inventoryv1.AdjustStockResponse{Position: 1, Stock: []*inventoryv1.Stock{
		{CollectionId: 1, BinName: "main", SkuId: "A", OnHand: 15, Available: 15, Status: inventoryv1.StockStatus_STOCK_STATUS_IN_STOCK},
		{CollectionId: 1, BinName: "leeds", SkuId: "B", OnHand: 5, Available: 5, Status: inventoryv1.StockStatus_STOCK_STATUS_IN_STOCK},
		{CollectionId: 1, BinName: "main", SkuId: "B", OnHand: 2, Available: 2, Status: inventoryv1.StockStatus_STOCK_STATUS_IN_STOCK},
	}}
	for range 2 { // a repeat is answered alike
		got, err := client.AdjustStock(t.Context(), req)
		must(t, err)
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("adjusted (-want +got):\n%s", diff)
		}
		want.Repeated = true
	}
	got, err := client.GetStock(t.Context(), &inventoryv1.GetStockRequest{SkuId: "B"})
	if err != nil || len(got.GetStock()) != 2 {
		t.Errorf("stock of B: %v, %v", got, err)
	}
	page, err := client.ListStock(t.Context(), &inventoryv1.ListStockRequest{PageSize: 2, MinPosition: 1})
	must(t, err)
	rest, err := client.ListStock(t.Context(), &inventoryv1.ListStockRequest{PageSize: 2, PageToken: page.GetNextPageToken()})
	if err != nil || len(page.GetStock()) != 2 || len(rest.GetStock()) != 1 || rest.GetNextPageToken() != "" {
		t.Errorf("pages: %v, then %v, %v", page, rest, err)
	}
}

func TestStockThatIsNotThereIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, inventoryv1connect.NewInventoryServiceClient)
	_, err := client.GetStock(t.Context(), &inventoryv1.GetStockRequest{SkuId: "A"})
	if code, reason := reasonOf(t, err); code != connect.CodeNotFound || reason != "unknown_sku" {
		t.Errorf("reading it: %v, %s", code, reason)
	}
	_, err = client.AdjustStock(t.Context(), &inventoryv1.AdjustStockRequest{Lines: []*inventoryv1.StockLine{add("A", "", 1)}})
	must(t, err)
	_, err = client.AdjustStock(t.Context(), &inventoryv1.AdjustStockRequest{Lines: []*inventoryv1.StockLine{
		{Movement: inventoryv1.StockMovement_STOCK_MOVEMENT_REMOVE, SkuId: "A", Quantity: 2},
	}})
	if code, reason := reasonOf(t, err); code != connect.CodeFailedPrecondition || reason != "out_of_stock" {
		t.Errorf("removing too many: %v, %s", code, reason)
	}
}

func TestPromoCodesAreManaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, promotionv1connect.NewPromotionServiceClient)
	_, err := client.GetPromoCode(t.Context(), &promotionv1.GetPromoCodeRequest{PromoCode: "SUMMER"})
	if code, reason := reasonOf(t, err); code != connect.CodeNotFound || reason != "unknown_code" {
		t.Errorf("unknown code: %v, %s", code, reason)
	}
	req := &promotionv1.CreatePromoCodeRequest{
		PromoCode: "SUMMER", UsageLimit: 3, CustomerLimit: 1, Description: "sun", IdempotencyKey: "k",
		StartsAt: &timestamppb.Timestamp{Seconds: 100}, EndsAt: &timestamppb.Timestamp{Seconds: 200},
	}
	want := &promotionv1.PromoCodeUsage{
		CollectionId: 1, PromoCode: "SUMMER", UsageLimit: 3, CustomerLimit: 1, Enabled: true, Description: "sun",
		StartsAt: req.GetStartsAt(), EndsAt: req.GetEndsAt(),
	}
	for range 2 { // a repeat is answered alike
		created, err := client.CreatePromoCode(t.Context(), req)
		must(t, err)
		if diff := cmp.Diff(want, created.GetPromoCode(), protocmp.Transform()); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
	}
	_, err = client.CreatePromoCode(t.Context(), &promotionv1.CreatePromoCodeRequest{PromoCode: "SUMMER"})
	if code, reason := reasonOf(t, err); code != connect.CodeAlreadyExists || reason != "promo_code_exists" {
		t.Errorf("other terms: %v, %s", code, reason)
	}
	disabled, err := client.DisablePromoCode(t.Context(), &promotionv1.DisablePromoCodeRequest{PromoCode: "SUMMER"})
	if err != nil || disabled.GetPromoCode().GetEnabled() {
		t.Errorf("disabled: %v, %v", disabled, err)
	}
}

// authorized stores that a transaction was authorized.
type authorized struct{ tx *paymentv1.Transaction }

func (a authorized) Decide(payment.Payment) ([]proto.Message, error) {
	return []proto.Message{&paymentv1.PaymentAuthorized{Transaction: a.tx}}, nil
}

func TestPaymentsAreShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, paymentv1connect.NewPaymentServiceClient)
	_, err := client.GetPayment(t.Context(), &paymentv1.GetPaymentRequest{OrderId: "o1"})
	if code, reason := reasonOf(t, err); code != connect.CodeNotFound || reason != "payment_not_found" {
		t.Errorf("no payment: %v, %s", code, reason)
	}
	usd := func(n int64) *moneyv1.Money { return &moneyv1.Money{CurrencyCode: "USD", MinorUnits: n} }
	tx := &paymentv1.Transaction{
		TransactionId: "t1", PaymentItemId: "p1", Operation: paymentv1.Operation_OPERATION_AUTHORIZE, AmountMinor: 500, CurrencyCode: "USD",
		Gateway: "simulated", GatewayReference: "r1", ResponseCode: "200", At: &timestamppb.Timestamp{Seconds: 100},
	}
	_, err = w.pays.Execute(t.Context(), eventstore.Meta{Tenant: "default"}, "o1", authorized{tx})
	must(t, err)
	got, err := client.GetPayment(t.Context(), &paymentv1.GetPaymentRequest{OrderId: "o1"})
	must(t, err)
	want := &paymentv1.Payment{
		OrderId: "o1", Paid: usd(0),
		Items: []*paymentv1.PaymentItemLedger{{PaymentItemId: "p1", Gateway: "simulated", Authorized: usd(500), Captured: usd(0), Refunded: usd(0)}},
		Transactions: []*paymentv1.LedgerTransaction{{
			TransactionId: "t1", PaymentItemId: "p1", Operation: paymentv1.Operation_OPERATION_AUTHORIZE, Amount: usd(500), Succeeded: true,
			ResponseCode: "200", At: tx.GetAt(),
		}},
	}
	if diff := cmp.Diff(want, got.GetPayment(), protocmp.Transform()); diff != "" {
		t.Errorf("payment (-want +got):\n%s", diff)
	}
}

func TestTheSimulatedGatewayIsScriptedWhereItIsEnabled(t *testing.T) {
	t.Parallel()
	script := scripts{}
	req := &paymentv1.ScriptGatewayRequest{Token: "tok_1", Outcomes: []paymentv1.ScriptedOutcome{
		paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_DECLINE, paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_APPROVE,
	}}
	on := dial(newWorld(t, setup{script: script}), paymentv1connect.NewPaymentServiceClient)
	if _, err := on.ScriptGateway(t.Context(), req); err != nil || !cmp.Equal(script["tok_1"], req.GetOutcomes()) {
		t.Errorf("script is %v, %v", script, err)
	}
	off := dial(newWorld(t, setup{}), paymentv1connect.NewPaymentServiceClient)
	_, err := off.ScriptGateway(t.Context(), req)
	if code, reason := reasonOf(t, err); code != connect.CodeFailedPrecondition || reason != "simulated_gateway_off" {
		t.Errorf("%v, %s", code, reason)
	}
}

func TestSagasAreShownAndSteered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	orders, client := dial(w, orderv1connect.NewOrderServiceClient), dial(w, sagav1connect.NewSagaServiceClient)
	created, err := orders.CreateOrder(t.Context(), anOrder(1))
	must(t, err)
	id := created.GetOrderId()
	list := func(stuck bool) int {
		t.Helper()
		res, err := client.ListSagas(t.Context(), &sagav1.ListSagasRequest{Stuck: stuck})
		must(t, err)
		return len(res.GetSagas())
	}
	if running, stuck := list(false), list(true); running != 1 || stuck != 0 {
		t.Errorf("%d run and %d are stuck", running, stuck)
	}
	got, err := client.GetSaga(t.Context(), &sagav1.GetSagaRequest{OrderId: id})
	must(t, err)
	if s := got.GetSaga(); s.GetStatus() != orderv1.OrderStatus_ORDER_STATUS_CREATED || len(s.GetSteps()) != 1 || s.GetWakesAt() == nil ||
		s.GetSteps()[0].GetState() != orderv1.StepState_STEP_STATE_PENDING {
		t.Errorf("got %v", s)
	}
	_, err = client.RetrySaga(t.Context(), &sagav1.RetrySagaRequest{OrderId: id, Reason: "again"})
	must(t, err)
	skipped, err := client.SkipStep(t.Context(), &sagav1.SkipStepRequest{OrderId: id, Reason: "by hand"})
	if err != nil || skipped.GetSaga().GetSteps()[0].GetState() != orderv1.StepState_STEP_STATE_SKIPPED {
		t.Errorf("skipped: %v, %v", skipped, err)
	}
	undone, err := client.CompensateSaga(t.Context(), &sagav1.CompensateSagaRequest{OrderId: id, Reason: "no"})
	if err != nil || !undone.GetSaga().GetCompensating() || undone.GetSaga().GetReason() != order.ReasonOperator {
		t.Errorf("undone: %v, %v", undone, err)
	}
	// Three refusals of the release park it.
	for range 3 {
		w.answer("default", id, func(a *order.Answer) { a.Succeeded = false })
	}
	if n := list(true); n != 1 {
		t.Errorf("%d are stuck", n)
	}
	parked, err := client.GetSaga(t.Context(), &sagav1.GetSagaRequest{OrderId: id})
	must(t, err)
	steps := parked.GetSaga().GetSteps()
	if !parked.GetSaga().GetParked() || steps[len(steps)-1].GetState() != orderv1.StepState_STEP_STATE_PARKED {
		t.Errorf("got %v", parked)
	}
	_, err = client.GetSaga(t.Context(), &sagav1.GetSagaRequest{OrderId: "nope"})
	if code, reason := reasonOf(t, err); code != connect.CodeNotFound || reason != "order_not_found" {
		t.Errorf("%v, %s", code, reason)
	}
}

func TestAListOfSagasHasALimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	orders, client := dial(w, orderv1connect.NewOrderServiceClient), dial(w, sagav1connect.NewSagaServiceClient)
	for range 5 {
		_, err := orders.CreateOrder(t.Context(), anOrder(1))
		must(t, err)
	}
	for limit, want := range map[int32]int{0: 5, 2: 2, 5: 5, 9: 5} {
		res, err := client.ListSagas(t.Context(), &sagav1.ListSagasRequest{Limit: limit})
		if err != nil || len(res.GetSagas()) != want {
			t.Errorf("limit %d: %d, %v", limit, len(res.GetSagas()), err)
		}
	}
}

func TestProjectionsAreListedAndRebuilt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	orders, client := dial(w, orderv1connect.NewOrderServiceClient), dial(w, projectionv1connect.NewProjectionServiceClient)
	created, err := orders.CreateOrder(t.Context(), anOrder(1))
	must(t, err)
	must(t, w.views.orders.View().WaitFor(t.Context(), created.GetPosition()))
	list, err := client.ListProjections(t.Context(), &projectionv1.ListProjectionsRequest{})
	must(t, err)
	if p := list.GetProjections()[0]; p.GetName() != "orders" || p.GetPosition() != 1 || p.GetHead() != 1 || p.GetLag() != 0 || p.GetRows() != 1 || p.GetBytes() == 0 {
		t.Errorf("got %v", p)
	}
	stream, err := client.RebuildProjection(t.Context(), &projectionv1.RebuildProjectionRequest{Name: "orders", Verify: true})
	must(t, err)
	var last *projectionv1.RebuildProjectionResponse
	for stream.Receive() {
		last = stream.Msg()
	}
	if stream.Err() != nil || !last.GetDone() || last.GetEvents() != 2 || len(last.GetDifferences()) != 0 {
		t.Errorf("ended with %v, %v", last, stream.Err())
	}
	stream, err = client.RebuildProjection(t.Context(), &projectionv1.RebuildProjectionRequest{Name: "nope"})
	must(t, err)
	if stream.Receive() {
		t.Error("an unknown projection was rebuilt")
	}
	if code, reason := reasonOf(t, stream.Err()); code != connect.CodeNotFound || reason != "projection_not_found" {
		t.Errorf("%v, %s", code, reason)
	}
}

func TestTheProcessSaysHowItIs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ready  error
		status int
		body   string
		health string
	}{
		"ready":     {status: http.StatusOK, body: "ready\n", health: `{"status":"SERVING_STATUS_SERVING"}`},
		"not ready": {ready: fault.New(fault.Unavailable, "building", "the view orders is being built"), status: http.StatusServiceUnavailable, body: "the view orders is being built\n", health: `{"status":"SERVING_STATUS_NOT_SERVING"}`},
		"broken":    {ready: errors.New("disk /dev/sda1 is on fire"), status: http.StatusServiceUnavailable, body: "internal error\n", health: `{"status":"SERVING_STATUS_NOT_SERVING"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{ready: func(context.Context) error { return tt.ready }})
			if status, body := w.get("/healthz"); status != http.StatusOK || body != "ok\n" {
				t.Errorf("/healthz: %d %q", status, body)
			}
			if status, body := w.get("/readyz"); status != tt.status || body != tt.body {
				t.Errorf("/readyz: %d %q", status, body)
			}
			if got := w.post("/grpc.health.v1.Health/Check", `{"service":"oms.order.v1.OrderService"}`); compact(t, got.body) != tt.health {
				t.Errorf("health: %s", got.body)
			}
			if got := w.post("/grpc.health.v1.Health/Check", `{"service":"nope"}`); got.status != http.StatusNotFound {
				t.Errorf("health of nothing: %s", got.body)
			}
		})
	}
}

func TestTheAPIDescribesItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	if status, body := w.get("/openapi.yaml"); status != http.StatusOK || !strings.HasPrefix(body, "openapi:") {
		t.Errorf("/openapi.yaml: %d %q", status, body)
	}
	stream := grpcreflect.NewClient(h2c(), w.url, connect.WithGRPC()).NewStream(t.Context())
	names, err := stream.ListServices()
	must(t, err)
	if _, err := stream.Close(); err != nil {
		t.Error(err)
	}
	if len(names) != 15 {
		t.Errorf("reflection lists %v", names)
	}
}

func (w *world) get(path string) (int, string) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.url+path, nil)
	must(w, err)
	res, err := http.DefaultClient.Do(req)
	must(w, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(w, err)
	return res.StatusCode, string(body)
}
