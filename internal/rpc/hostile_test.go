package rpc_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/orderstream/oms/gen/oms/inventory/v1/inventoryv1connect"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

const (
	create = orderv1connect.OrderServiceCreateOrderProcedure
	get    = orderv1connect.OrderServiceGetOrderProcedure
	list   = orderv1connect.OrderServiceListOrdersProcedure
	cancel = orderv1connect.OrderServiceCancelOrderProcedure
	watch  = orderv1connect.OrderServiceWatchOrderProcedure
	adjust = inventoryv1connect.InventoryServiceAdjustStockProcedure
)

// body is an order with something changed: the second text takes the place of
// the first.
func body(change ...string) string {
	const good = `{"currencyCode":"USD","items":[{"skuId":"A","quantity":2,"unitPrice":{"currencyCode":"USD","minorUnits":"999"}}]}`
	if len(change) == 0 {
		return good
	}
	if !strings.Contains(good, change[0]) {
		panic("nothing to change: " + change[0])
	}
	return strings.Replace(good, change[0], change[1], 1)
}

// with is the good order with members added.
func with(members string) string { return body(`{"currencyCode"`, `{`+members+`,"currencyCode"`) }

// hostile is a request that is refused. What hints says is in the description
// of the field, or without a field somewhere in the answer.
type hostile struct {
	procedure, body            string
	header                     []string
	code, reason, field, hints string
}

const invalid, fields, whole = "invalid_argument", "invalid_fields", "invalid_body"

// hostileRequests are to be told exactly what is wrong with them.
var hostileRequests = map[string]hostile{
	"quantity of zero":         {body: body(`:2`, `:0`), code: invalid, reason: fields, field: "items[0].quantity", hints: "1"},
	"negative quantity":        {body: body(`:2`, `:-1`), code: invalid, reason: fields, field: "items[0].quantity", hints: "1"},
	"quantity not whole":       {body: body(`:2`, `:1.5`), code: invalid, reason: fields, field: "items[0].quantity", hints: "a whole number"},
	"quantity beyond 64 bits":  {body: body(`:2`, `:99999999999999999999`), code: invalid, reason: fields, field: "items[0].quantity", hints: "a whole number"},
	"quantity as text":         {body: body(`:2`, `:"two"`), code: invalid, reason: fields, field: "items[0].quantity", hints: "a whole number"},
	"negative price":           {body: body(`"999"`, `"-1"`), code: invalid, reason: fields, field: "items[0].unit_price.minor_units", hints: "zero or more"},
	"price beyond all":         {body: body(`"999"`, `"1000000000000001"`), code: invalid, reason: fields, field: "items[0].unit_price.minor_units"},
	"sum beyond 64 bits":       {body: overflow(), code: invalid, reason: fields, field: "items", hints: "more than can be counted"},
	"price missing":            {body: `{"currencyCode":"USD","items":[{"skuId":"A","quantity":1}]}`, code: invalid, reason: fields, field: "items[0].unit_price"},
	"no lines":                 {body: `{"currencyCode":"USD"}`, code: invalid, reason: fields, field: "items"},
	"mixed currencies":         {body: body(`{"currencyCode":"USD","minor`, `{"currencyCode":"GBP","minor`), code: invalid, reason: fields, field: "items[0].unit_price.currency_code", hints: `"USD"`},
	"unknown currency":         {body: strings.ReplaceAll(body(), "USD", "XXX"), code: invalid, reason: fields, field: "currency_code", hints: "known"},
	"currency in lower case":   {body: strings.ReplaceAll(body(), "USD", "usd"), code: invalid, reason: fields, field: "currency_code"},
	"wrong total":              {body: with(`"expectedTotal":{"currencyCode":"USD","minorUnits":1}`), code: invalid, reason: fields, field: "expected_total.minor_units", hints: "19.98 USD"},
	"doubled line ids":         {body: body(`[{"skuId":"A"`, `[{"itemId":"1","skuId":"B","quantity":1,"unitPrice":{"currencyCode":"USD"}},{"itemId":"1","skuId":"A"`), code: invalid, reason: fields, field: "items[1].item_id"},
	"order id with dots":       {body: with(`"orderId":"order.0123456789"`), code: invalid, reason: fields, field: "order_id"},
	"order id with spaces":     {body: with(`"orderId":"order 0123456789"`), code: invalid, reason: fields, field: "order_id"},
	"order id as wildcard":     {body: with(`"orderId":"order*0123456789>"`), code: invalid, reason: fields, field: "order_id"},
	"order id too short":       {body: with(`"orderId":"o1"`), code: invalid, reason: fields, field: "order_id"},
	"order id with a newline":  {body: with(`"orderId":"order-0123456789\n"`), code: invalid, reason: fields, field: "order_id"},
	"key too long":             {body: with(`"idempotencyKey":"` + strings.Repeat("k", 129) + `"`), code: invalid, reason: fields, field: "idempotency_key"},
	"unknown member":           {body: with(`"qantity":3`), code: invalid, reason: fields, field: "qantity", hints: "CreateOrderRequest"},
	"unknown member of a line": {body: body(`"skuId"`, `"qty":3,"skuId"`), code: invalid, reason: fields, field: "items[0].qty", hints: "LineItem"},
	"member given twice":       {body: with(`"currencyCode":"USD"`), code: invalid, reason: fields, field: "currency_code", hints: "twice"},
	"member in two spellings":  {body: with(`"currency_code":"USD"`), code: invalid, reason: fields, field: "currency_code", hints: "twice"},
	"text as a number":         {body: with(`"reference":7`), code: invalid, reason: fields, field: "reference", hints: "text"},
	"object as text":           {body: with(`"customer":"c1"`), code: invalid, reason: fields, field: "customer", hints: "object"},
	"list as an object":        {body: `{"currencyCode":"USD","items":{}}`, code: invalid, reason: fields, field: "items", hints: "list"},
	"unknown enum value":       {body: with(`"onPaymentDecline":"MAYBE"`), code: invalid, reason: fields, field: "on_payment_decline", hints: "PAYMENT_DECLINE_POLICY_UNDO"},
	"number of no enum value":  {body: with(`"onPaymentDecline":9`), code: invalid, reason: fields, field: "on_payment_decline"},
	"property not a text":      {body: with(`"properties":{"gift":true}`), code: invalid, reason: fields, field: `properties["gift"]`, hints: "text"},
	"time that is none":        {procedure: list, body: `{"createdFrom":"yesterday"}`, code: invalid, reason: fields, field: "created_from", hints: "a time like"},
	"invalid UTF-8":            {body: with("\"reference\":\"a\xff\""), code: invalid, reason: fields, field: "reference", hints: "UTF-8"},
	"invalid UTF-8 in a name":  {body: with("\"re\xff\":1"), code: invalid, reason: fields, field: "re\uFFFD"},
	"not JSON":                 {body: `<order/>`, code: invalid, reason: whole, hints: "not valid JSON"},
	"half of JSON":             {body: body()[:40], code: invalid, reason: whole, hints: "not valid JSON"},
	"JSON and more":            {body: body() + `{}`, code: invalid, reason: whole, hints: "something follows"},
	"a list":                   {body: `[]`, code: invalid, reason: fields, field: "body", hints: "object"},
	"null":                     {body: `null`, code: invalid, reason: fields, field: "body", hints: "object"},
	"nothing":                  {body: ``, code: invalid, reason: whole, hints: "empty"},
	"deeply nested":            {body: `{"items":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, code: invalid, reason: whole},
	"two keys of an order":     {procedure: get, body: `{"orderId":"a","orderNumber":"1"}`, code: invalid, reason: fields, field: "order_number", hints: "order_id"},
	"no key of an order":       {procedure: get, body: `{}`, code: invalid, reason: fields, field: "key"},
	"order as wildcard":        {procedure: get, body: `{"orderId":"*"}`, code: "not_found", reason: "order_not_found"},
	"order as subject":         {procedure: cancel, body: `{"orderId":"log.order.>"}`, code: "not_found", reason: "order_not_found"},
	"order with a separator":   {procedure: get, body: "{\"orderId\":\"a\\u001fb\"}", code: "not_found", reason: "order_not_found"},
	"negative page":            {procedure: list, body: `{"pageSize":-1}`, code: invalid, reason: fields, field: "page_size"},
	"cursor that is none":      {procedure: list, body: `{"pageToken":"!"}`, code: invalid, reason: fields, field: "page_token"},
	"movement that is none":    {procedure: adjust, body: `{"lines":[{"skuId":"A","quantity":1}]}`, code: invalid, reason: fields, field: "lines[0].movement"},
	"tenant not permitted":     {body: body(), header: []string{"Oms-Tenant", "uk"}, code: "permission_denied", reason: "tenant_not_permitted", hints: `\"uk\"`},
	"tenant as subject":        {body: body(), header: []string{"Oms-Tenant", "default.>"}, code: invalid, reason: fields, field: "Oms-Tenant"},
	"correlation with spaces":  {body: body(), header: []string{"Oms-Correlation-Id", "a b"}, code: invalid, reason: fields, field: "Oms-Correlation-Id"},
	"correlation too long":     {body: body(), header: []string{"Oms-Correlation-Id", strings.Repeat("x", 129)}, code: invalid, reason: fields, field: "Oms-Correlation-Id"},
}

func TestEveryHostileRequestIsToldWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	for name, tt := range hostileRequests {
		t.Run(name, func(t *testing.T) {
			if tt.procedure == "" {
				tt.procedure = create
			}
			got := w.post(tt.procedure, tt.body, tt.header...)
			if got.code != tt.code || got.reason != tt.reason {
				t.Errorf("code %q, reason %q: %s", got.code, got.reason, got.body)
			}
			said := got.body
			if tt.field != "" {
				said = got.fields[tt.field]
			}
			if said == "" || !strings.Contains(said, tt.hints) {
				t.Errorf("of %q it says %q, all it says: %v", tt.field, said, got.fields)
			}
		})
	}
	if a := w.post(list, `{}`); strings.Contains(a.body, "orderId") {
		t.Errorf("something was stored: %s", a.body)
	}
}

// overflow is an order whose lines are all fine and whose sum is not.
func overflow() string {
	line := `{"skuId":"A","quantity":1000000,"unitPrice":{"currencyCode":"USD","minorUnits":"1000000000000000"}}`
	return `{"currencyCode":"USD","items":[` + line + `]}`
}

func TestStrangeButLegalOrdersAreTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	for name, order := range map[string]string{
		"unknown SKU":           body(`"A"`, `"never seen"`), // the inventory says so, later
		"SKU with everything":   body(`"A"`, `"a/b.c>*\u0000\n\u001f 💥"`),
		"members as in .proto":  `{"currency_code":"USD","items":[{"sku_id":"A","quantity":"2","unit_price":{"currency_code":"USD"}}]}`,
		"null members":          with(`"customer":null`),
		"exponent":              body(`:2`, `:2e0`),
		"costs nothing":         body(`"999"`, `"0"`),
		"trace context is junk": body(),
	} {
		t.Run(name, func(t *testing.T) {
			if got := w.post(create, order, "Traceparent", "junk"); got.status != http.StatusOK {
				t.Errorf("%d: %s", got.status, got.body)
			}
		})
	}
}

func TestThousandsOfMistakesAreNotAllRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	line := `{"skuId":"A","unitPrice":{"currencyCode":"USD"}}`
	for name, body := range map[string]string{
		"rules":   `{"currencyCode":"USD","items":[` + strings.Repeat(line+`,`, 4999) + line + `]}`,
		"members": `{"items":[` + strings.Repeat(`{"x":1},`, 4999) + `{}]}`,
		"length":  `{"` + strings.Repeat("x", 1<<20) + `":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			got := w.post(create, body)
			if got.code != "invalid_argument" || len(got.fields) == 0 || len(got.fields) > 20 || len(got.body) > 16<<10 {
				t.Errorf("%d fields in %d bytes: %.300s", len(got.fields), len(got.body), got.body)
			}
		})
	}
}

func TestLargeRequestsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{maxBody: 64 << 10})
	large := with(`"reference":"` + strings.Repeat("x", 10<<20) + `"`)
	bomb := zipped(t, func(to io.Writer) io.WriteCloser { return gzip.NewWriter(to) }, 50<<20)
	for name, tt := range map[string]struct {
		body   io.Reader
		header []string
	}{
		"announced":     {body: strings.NewReader(large)},
		"not announced": {body: io.MultiReader(strings.NewReader(large))},
		"gzip bomb":     {body: bytes.NewReader(bomb), header: []string{"Content-Encoding", "gzip"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.send(create, tt.body, tt.header...)
			if got.status != http.StatusTooManyRequests || got.code != "resource_exhausted" || got.reason != "request_too_large" || !strings.Contains(got.body, "65536") {
				t.Errorf("%d: %s", got.status, got.body)
			}
		})
	}
	if got := w.post(create, body()); got.status != http.StatusOK {
		t.Errorf("a small one: %d: %s", got.status, got.body)
	}
}

func TestSomebodyWhoForgetsTheContentTypeIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	got := w.post(create, body(), "Content-Type", "application/x-www-form-urlencoded")
	if got.status != http.StatusUnsupportedMediaType || !strings.Contains(got.body, "Content-Type: application/json") {
		t.Errorf("%d: %q", got.status, got.body)
	}
}
