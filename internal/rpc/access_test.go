package rpc_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	"github.com/orderstream/oms/gen/oms/log/v1/logv1connect"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	"github.com/orderstream/oms/gen/oms/payment/v1/paymentv1connect"
	"github.com/orderstream/oms/gen/oms/projection/v1/projectionv1connect"
	"github.com/orderstream/oms/gen/oms/saga/v1/sagav1connect"
)

// token is a line of a token file.
func token(secret, rest string) string {
	return fmt.Sprintf("%x %s\n", sha256.Sum256([]byte(secret)), rest)
}

func TestATokenOpensWhatItIsFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{
		tokens:  token("r", "reader default read") + token("w", "writer default write") + token("o", "operator * operate"),
		tenants: []string{"default", "uk"},
	})
	denied := map[string]string{"": "unauthenticated", "x": "unauthenticated"}
	for name, tt := range map[string]struct {
		procedure, body string
		opens           string // secrets that may
	}{
		"list":    {list, `{}`, "r"},
		"create":  {create, body(), "w"},
		"tail":    {logv1connect.LogServiceListOrderEventsProcedure, `{"orderId":"nope"}`, "o"},
		"rebuild": {projectionv1connect.ProjectionServiceListProjectionsProcedure, `{}`, "o"},
		"script":  {paymentv1connect.PaymentServiceScriptGatewayProcedure, `{"token":"t"}`, "o"},
		"saga":    {sagav1connect.SagaServiceRetrySagaProcedure, `{"orderId":"nope"}`, "o"},
	} {
		for _, secret := range []string{"", "x", "r", "w", "o"} {
			got := w.post(tt.procedure, tt.body, "Authorization", "Bearer "+secret)
			want := denied[secret]
			if want == "" {
				want = "scope_missing"
			}
			if refused := got.status == http.StatusUnauthorized || got.status == http.StatusForbidden; refused == (tt.opens == secret) ||
				refused && got.reason != want {
				t.Errorf("%s with %q: %d, %s", name, secret, got.status, got.body)
			}
			if got.status == http.StatusUnauthorized && got.header.Get("Www-Authenticate") != "Bearer" {
				t.Errorf("%s with %q does not ask for a token", name, secret)
			}
		}
	}
}

func TestTenantsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{tenants: []string{"default", "uk"}})
	mine := with(`"orderId":"order-of-default","reference":"PO-1"`)
	if got := w.post(create, mine); got.status != http.StatusOK {
		t.Fatal(got.body)
	}
	must(t, w.views.orders.View().WaitFor(t.Context(), 1))
	for _, tt := range []struct{ procedure, body, want string }{
		{get, `{"orderId":"order-of-default"}`, "order_not_found"},
		{get, `{"orderNumber":"1"}`, "order_not_found"},
		{get, `{"reference":"PO-1"}`, "order_not_found"},
		{cancel, `{"orderId":"order-of-default"}`, "order_not_found"},
		{sagav1connect.SagaServiceGetSagaProcedure, `{"orderId":"order-of-default"}`, "order_not_found"},
		{logv1connect.LogServiceListOrderEventsProcedure, `{"orderId":"order-of-default"}`, "order_not_found"},
		{paymentv1connect.PaymentServiceGetPaymentProcedure, `{"orderId":"order-of-default"}`, "payment_not_found"},
		{list, `{}`, ""},
		{sagav1connect.SagaServiceListSagasProcedure, `{}`, ""},
	} {
		got := w.post(tt.procedure, tt.body, "Oms-Tenant", "uk")
		if got.reason != tt.want || strings.Contains(got.body, "PO-1") || tt.want == "" && got.body != "{}" {
			t.Errorf("%s: %s", tt.procedure, got.body)
		}
	}
	stream, err := dial(w, logv1connect.NewLogServiceClient, inTenant("uk")).
		TailEvents(t.Context(), &logv1.TailEventsRequest{AfterPosition: proto.Uint64(0), UntilHead: true})
	must(t, err)
	if stream.Receive() {
		t.Errorf("the log shows %v", stream.Msg())
	}
	must(t, stream.Err())

	// The same id and key are free in the other tenant.
	if got := w.post(create, mine, "Oms-Tenant", "uk"); got.status != http.StatusOK {
		t.Errorf("%d: %s", got.status, got.body)
	}
	if got := w.post(orderv1connect.OrderServiceGetOrderProcedure, `{"orderId":"order-of-default"}`, "Oms-Tenant", "uk"); !strings.Contains(got.body, `"uk"`) {
		t.Errorf("%d: %s", got.status, got.body)
	}
}
