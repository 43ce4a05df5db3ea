package rpc_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/gen/oms/delivery/v1/deliveryv1connect"
)

const (
	createHook  = deliveryv1connect.DeliveryServiceCreateEndpointProcedure
	updateHook  = deliveryv1connect.DeliveryServiceUpdateEndpointProcedure
	getHook     = deliveryv1connect.DeliveryServiceGetEndpointProcedure
	listHooks   = deliveryv1connect.DeliveryServiceListEndpointsProcedure
	enableHook  = deliveryv1connect.DeliveryServiceEnableEndpointProcedure
	disableHook = deliveryv1connect.DeliveryServiceDisableEndpointProcedure
	suspendHook = deliveryv1connect.DeliveryServiceSuspendEndpointProcedure
	deleteHook  = deliveryv1connect.DeliveryServiceDeleteEndpointProcedure
	rotateHook  = deliveryv1connect.DeliveryServiceRotateSecretProcedure
	testHook    = deliveryv1connect.DeliveryServiceTestEndpointProcedure
	listDlv     = deliveryv1connect.DeliveryServiceListDeliveriesProcedure
	getDlv      = deliveryv1connect.DeliveryServiceGetDeliveryProcedure
	retryDlv    = deliveryv1connect.DeliveryServiceRetryDeliveryProcedure
	replayHook  = deliveryv1connect.DeliveryServiceReplayEndpointProcedure
	defineEvent = deliveryv1connect.DeliveryServiceDefineCustomEventProcedure
	publish     = deliveryv1connect.DeliveryServicePublishCustomEventProcedure
)

// endpointBody is a request for an endpoint at a URL, with more members of its
// webhook, and of its settings.
func endpointBody(url, webhook, settings string) string {
	return `{"endpointId":"ID","settings":{"vocabulary":"VOCABULARY_DIRECTSCALE","eventTypes":["*"]` + settings +
		`,"destination":{"webhook":{"url":"` + url + `"` + webhook + `}}}}`
}

func at(url string) string         { return endpointBody(url, "", "") }
func asking(webhook string) string { return endpointBody("https://example.com", ","+webhook, "") }

func settling(settings string) string { return endpointBody("https://example.com", "", ","+settings) }

// sentTo is a request for an endpoint elsewhere than at a URL.
func sentTo(destination string) string {
	return `{"settings":{"vocabulary":"VOCABULARY_DIRECTSCALE","eventTypes":["*"],"destination":{` + destination + `}}}`
}

const (
	web      = "settings.destination.webhook."
	noHook   = "endpoint_not_found"
	notFound = "not_found"
	awsKeys  = `"region":"eu-west-1","accessKeyId":"AKIAIOSFODNN7EXAMPLE","secretAccessKey":"s3cret"`
)

// hostileHooks are to be told exactly what is wrong with them; ID stands for an
// endpoint that is there.
var hostileHooks = map[string]hostile{
	"loopback":              {procedure: createHook, body: at("http://127.0.0.1/x"), code: invalid, reason: fields, field: web + "url"},
	"loopback by name":      {procedure: createHook, body: at("http://localhost:8080/x"), code: invalid, reason: fields, field: web + "url"},
	"loopback as IPv6":      {procedure: createHook, body: at("http://[::1]/x"), code: invalid, reason: fields, field: web + "url"},
	"loopback in IPv6":      {procedure: createHook, body: at("http://[::ffff:127.0.0.1]/x"), code: invalid, reason: fields, field: web + "url"},
	"loopback in octal":     {procedure: createHook, body: at("http://0177.0.0.1/x"), code: invalid, reason: fields, field: web + "url"},
	"loopback as a number":  {procedure: createHook, body: at("http://2130706433/x"), code: invalid, reason: fields, field: web + "url"},
	"private":               {procedure: createHook, body: at("https://10.0.0.1"), code: invalid, reason: fields, field: web + "url"},
	"metadata of a cloud":   {procedure: createHook, body: at("http://169.254.169.254/latest/meta-data"), code: invalid, reason: fields, field: web + "url"},
	"a file":                {procedure: createHook, body: at("file:///etc/passwd"), code: invalid, reason: fields, field: web + "url", hints: "https"},
	"no URL":                {procedure: createHook, body: at(""), code: invalid, reason: fields, field: web + "url"},
	"relative":              {procedure: createHook, body: at("/hook"), code: invalid, reason: fields, field: web + "url"},
	"user and password":     {procedure: createHook, body: at("https://me:secret@example.com"), code: invalid, reason: fields, field: web + "url", hints: "user or password"},
	"URL with a line":       {procedure: createHook, body: at(`https://example.com/\r\nX: y`), code: invalid, reason: fields, field: web + "url"},
	"endless URL":           {procedure: createHook, body: at("https://example.com/" + strings.Repeat("x", 3000)), code: invalid, reason: fields, field: web + "url"},
	"token service private": {procedure: createHook, body: asking(`"oauth2":{"tokenUrl":"http://10.1.1.1","clientId":"a","clientSecret":"b"}`), code: invalid, reason: fields, field: web + "oauth2.token_url"},
	"no client secret":      {procedure: createHook, body: asking(`"oauth2":{"tokenUrl":"https://example.com","clientId":"a"}`), code: invalid, reason: fields, field: web + "oauth2.client_secret"},
	"proxy of his own":      {procedure: createHook, body: asking(`"proxyUrl":"http://10.0.0.1:3128"`), code: invalid, reason: fields, field: web + "proxy_url", hints: "operator"},
	"header with a line":    {procedure: createHook, body: asking(`"headers":[{"name":"X-A","value":"a\r\nX-Evil: 1"}]`), code: invalid, reason: fields, field: web + "headers[0].value"},
	"header name of two":    {procedure: createHook, body: asking(`"headers":[{"name":"X-A: b\r\nX-C","value":"a"}]`), code: invalid, reason: fields, field: web + "headers[0].name"},
	"header of the sender":  {procedure: createHook, body: asking(`"headers":[{"name":"Host","value":"a"}]`), code: invalid, reason: fields, field: web + "headers[0].name", hints: "set by the sender"},
	"header without value":  {procedure: createHook, body: asking(`"headers":[{"name":"X-A"}]`), code: invalid, reason: fields, field: web + "headers[0].value"},
	"header there twice":    {procedure: createHook, body: asking(`"headers":[{"name":"X-A","value":"a"},{"name":"x-a","value":"b"}]`), code: invalid, reason: fields, field: web + "headers[1].name", hints: "twice"},
	"token with a line":     {procedure: createHook, body: asking(`"bearerToken":"a\nb"`), code: invalid, reason: fields, field: web + "bearer_token"},
	"two ways of entry":     {procedure: createHook, body: asking(`"bearerToken":"a","headers":[{"name":"Authorization","value":"b"}]`), code: invalid, reason: fields, field: web + "bearer_token"},
	"secret that is none":   {procedure: createHook, body: asking(`"signingSecret":"hunter2"`), code: invalid, reason: fields, field: web + "signing_secret"},
	"secret too short":      {procedure: createHook, body: asking(`"signingSecret":"whsec_c2hvcnQ="`), code: invalid, reason: fields, field: web + "signing_secret"},
	"secret of another":     {procedure: createHook, body: asking(`"signature":"ed25519","signingSecret":"whsec_` + strings.Repeat("A", 32) + `"`), code: invalid, reason: fields, field: web + "signing_secret", hints: "ed25519"},
	"secret for nothing":    {procedure: createHook, body: asking(`"signature":"none","signingSecret":"whsec_` + strings.Repeat("A", 32) + `"`), code: invalid, reason: fields, field: web + "signing_secret"},
	"algorithm none has":    {procedure: createHook, body: asking(`"signature":"md5"`), code: invalid, reason: fields, field: web + "signature"},
	"header of signature":   {procedure: createHook, body: asking(`"signatureHeader":"content-type"`), code: invalid, reason: fields, field: web + "signature_header"},
	"certificate of air":    {procedure: createHook, body: asking(`"clientCertificate":"x","clientKey":"y"`), code: invalid, reason: fields, field: web + "client_certificate"},
	"authorities of air":    {procedure: createHook, body: asking(`"authorities":"x"`), code: invalid, reason: fields, field: web + "authorities"},
	"marker with a query":   {procedure: createHook, body: asking(`"environmentMarker":"a&b=c"`), code: invalid, reason: fields, field: web + "environment_marker"},

	"no settings":          {procedure: createHook, body: `{}`, code: invalid, reason: fields, field: "settings"},
	"no vocabulary":        {procedure: createHook, body: `{"settings":{"eventTypes":["*"]}}`, code: invalid, reason: fields, field: "settings.vocabulary"},
	"vocabulary not there": {procedure: createHook, body: `{"settings":{"vocabulary":"VOCABULARY_COLLECTOR","eventTypes":["*"]}}`, code: invalid, reason: fields, field: "settings.vocabulary", hints: "not offered"},
	"vocabulary of none":   {procedure: createHook, body: `{"settings":{"vocabulary":99}}`, code: invalid, reason: fields, field: "settings.vocabulary"},
	"no destination":       {procedure: createHook, body: `{"settings":{"vocabulary":"VOCABULARY_DIRECTSCALE","eventTypes":["*"]}}`, code: invalid, reason: fields, field: "settings.destination"},
	"no types":             {procedure: createHook, body: strings.Replace(at("https://example.com"), `["*"]`, `[]`, 1), code: invalid, reason: fields, field: "settings.event_types"},
	"type that is none":    {procedure: createHook, body: strings.Replace(at("https://example.com"), `"*"`, `"*","OrderExploded"`, 1), code: invalid, reason: fields, field: "settings.event_types[1]", hints: "OrderExploded"},
	"type of 65":           {procedure: createHook, body: strings.Replace(at("https://example.com"), `"*"`, `"`+strings.Repeat("x", 65)+`"`, 1), code: invalid, reason: fields, field: "settings.event_types[0]"},
	"type as a number":     {procedure: createHook, body: strings.Replace(at("https://example.com"), `"*"`, `7`, 1), code: invalid, reason: fields, field: "settings.event_types[0]", hints: "text"},
	"a thousand at once":   {procedure: createHook, body: settling(`"pace":{"concurrency":1000}`), code: invalid, reason: fields, field: "settings.pace.concurrency"},
	"a negative rate":      {procedure: createHook, body: settling(`"pace":{"ratePerSecond":-1}`), code: invalid, reason: fields, field: "settings.pace.rate_per_second"},
	"a rate that is none":  {procedure: createHook, body: settling(`"pace":{"ratePerSecond":"NaN"}`), code: invalid, reason: fields, field: "settings.pace.rate_per_second"},
	"an hour to answer":    {procedure: createHook, body: settling(`"pace":{"timeout":"3600s"}`), code: invalid, reason: fields, field: "settings.pace.timeout"},
	"a minute and a half":  {procedure: createHook, body: settling(`"pace":{"timeout":"90s"}`), code: invalid, reason: fields, field: "settings.pace.timeout"},
	"a wait of nothing":    {procedure: createHook, body: settling(`"pace":{"retries":["1s","0s"]}`), code: invalid, reason: fields, field: "settings.pace.retries[1]"},
	"endless description":  {procedure: createHook, body: settling(`"description":"` + strings.Repeat("x", 1001) + `"`), code: invalid, reason: fields, field: "settings.description"},
	"member that is none":  {procedure: createHook, body: settling(`"colour":"red"`), code: invalid, reason: fields, field: "settings.colour"},
	"key of 129":           {procedure: createHook, body: `{"idempotencyKey":"` + strings.Repeat("k", 129) + `"}`, code: invalid, reason: fields, field: "idempotency_key"},

	"queue of no AWS":         {procedure: createHook, body: sentTo(`"sqs":{"access":{` + awsKeys + `},"queueUrl":"nope"}`), code: invalid, reason: fields, field: "settings.destination.sqs.queue_url"},
	"queue of nobody":         {procedure: createHook, body: sentTo(`"sqs":{"queueUrl":"nope"}`), code: invalid, reason: fields, field: "settings.destination.sqs.access"},
	"queue without secret":    {procedure: createHook, body: sentTo(`"sqs":{"access":{"region":"eu-west-1","accessKeyId":"AKIAIOSFODNN7EXAMPLE"},"queueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/q"}`), code: invalid, reason: fields, field: "settings.destination.sqs.access.secret_access_key"},
	"region of no AWS":        {procedure: createHook, body: sentTo(`"sns":{"access":{"region":"evil.example","accessKeyId":"AKIAIOSFODNN7EXAMPLE"},"topicArn":"x"}`), code: invalid, reason: fields, field: "settings.destination.sns.access.region"},
	"topic that is none":      {procedure: createHook, body: sentTo(`"sns":{"access":{` + awsKeys + `},"topicArn":"x"}`), code: invalid, reason: fields, field: "settings.destination.sns.topic_arn"},
	"bus with a space":        {procedure: createHook, body: sentTo(`"eventBridge":{"access":{` + awsKeys + `},"eventBusName":"a b"}`), code: invalid, reason: fields, field: "settings.destination.event_bridge.event_bus_name"},
	"source of AWS":           {procedure: createHook, body: sentTo(`"eventBridge":{"access":{` + awsKeys + `},"source":"aws.s3"}`), code: invalid, reason: fields, field: "settings.destination.event_bridge.source"},
	"emulator inside":         {procedure: createHook, body: sentTo(`"sqs":{"access":{` + awsKeys + `,"baseUrl":"http://127.0.0.1:4566"},"queueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/q"}`), code: invalid, reason: fields, field: "settings.destination.sqs.access.base_url"},
	"subject of the log":      {procedure: createHook, body: sentTo(`"nats":{"subject":"log.order.created"}`), code: invalid, reason: fields, field: "settings.destination.nats.subject"},
	"subject of the system":   {procedure: createHook, body: sentTo(`"nats":{"subject":"$JS.API.STREAM.DELETE.x"}`), code: invalid, reason: fields, field: "settings.destination.nats.subject"},
	"subject with a wildcard": {procedure: createHook, body: sentTo(`"nats":{"subject":"events.>"}`), code: invalid, reason: fields, field: "settings.destination.nats.subject"},

	"update of none":        {procedure: updateHook, body: strings.Replace(at("https://example.com"), "ID", "nope", 1), code: notFound, reason: noHook},
	"update to inside":      {procedure: updateHook, body: at("http://10.0.0.1"), code: invalid, reason: fields, field: web + "url"},
	"update of the secret":  {procedure: updateHook, body: asking(`"signingSecret":"whsec_` + strings.Repeat("A", 32) + `"`), code: invalid, reason: fields, field: web + "signing_secret", hints: "RotateSecret"},
	"update of algorithm":   {procedure: updateHook, body: asking(`"signature":"ed25519"`), code: invalid, reason: fields, field: web + "signature", hints: "RotateSecret"},
	"update without id":     {procedure: updateHook, body: `{"settings":{}}`, code: invalid, reason: fields, field: "endpoint_id"},
	"get none":              {procedure: getHook, body: `{"endpointId":"nope"}`, code: notFound, reason: noHook},
	"get a wildcard":        {procedure: getHook, body: `{"endpointId":"*"}`, code: notFound, reason: noHook},
	"get another aggregate": {procedure: getHook, body: `{"endpointId":"../feed/order"}`, code: notFound, reason: noHook},
	"get nothing":           {procedure: getHook, body: `{}`, code: invalid, reason: fields, field: "endpoint_id"},
	"get of 65":             {procedure: getHook, body: `{"endpointId":"` + strings.Repeat("x", 65) + `"}`, code: invalid, reason: fields, field: "endpoint_id"},
	"list too many":         {procedure: listHooks, body: `{"pageSize":501}`, code: invalid, reason: fields, field: "page_size"},
	"list from no cursor":   {procedure: listHooks, body: `{"pageToken":"!"}`, code: invalid, reason: fields, field: "page_token"},
	"list no status":        {procedure: listHooks, body: `{"status":"MAYBE"}`, code: invalid, reason: fields, field: "status"},
	"enable none":           {procedure: enableHook, body: `{"endpointId":"nope"}`, code: notFound, reason: noHook},
	"disable none":          {procedure: disableHook, body: `{"endpointId":"nope"}`, code: notFound, reason: noHook},
	"suspend none":          {procedure: suspendHook, body: `{"endpointId":"nope"}`, code: notFound, reason: noHook},
	"suspend at length":     {procedure: suspendHook, body: `{"endpointId":"ID","message":"` + strings.Repeat("x", 501) + `"}`, code: invalid, reason: fields, field: "message"},
	"delete none":           {procedure: deleteHook, body: `{"endpointId":"nope"}`, code: notFound, reason: noHook},
	"rotate none":           {procedure: rotateHook, body: `{"endpointId":"nope"}`, code: notFound, reason: noHook},
	"rotate backwards":      {procedure: rotateHook, body: `{"endpointId":"ID","overlap":"-1s"}`, code: invalid, reason: fields, field: "overlap"},
	"rotate for ever":       {procedure: rotateHook, body: `{"endpointId":"ID","overlap":"9999999s"}`, code: invalid, reason: fields, field: "overlap"},
	"rotate to md5":         {procedure: rotateHook, body: `{"endpointId":"ID","algorithm":"md5"}`, code: invalid, reason: fields, field: "algorithm"},
	"test none":             {procedure: testHook, body: `{"endpointId":"nope"}`, code: notFound, reason: noHook},
	"test of no type":       {procedure: testHook, body: `{"endpointId":"ID","type":"Nope"}`, code: invalid, reason: fields, field: "type"},
	"test with a list":      {procedure: testHook, body: `{"endpointId":"ID","body":[]}`, code: invalid, reason: fields, field: "body"},
	"test of a megabyte":    {procedure: testHook, body: `{"endpointId":"ID","type":"CreateOrderEvent","body":{"a":"` + strings.Repeat("x", 200<<10) + `"}}`, code: invalid, reason: fields, field: "body", hints: "bytes"},

	"deliveries too many":     {procedure: listDlv, body: `{"pageSize":501}`, code: invalid, reason: fields, field: "page_size"},
	"deliveries of no cursor": {procedure: listDlv, body: `{"pageToken":"AAAA"}`, code: invalid, reason: fields, field: "page_token"},
	"deliveries of no time":   {procedure: listDlv, body: `{"from":"yesterday"}`, code: invalid, reason: fields, field: "from"},
	"delivery of none":        {procedure: getDlv, body: `{"endpointId":"nope","notice":{"position":"1"}}`, code: notFound, reason: "delivery_not_found"},
	"delivery of the future":  {procedure: getDlv, body: `{"endpointId":"ID","notice":{"position":"18446744073709551615"}}`, code: notFound, reason: "delivery_not_found"},
	"delivery of nothing":     {procedure: getDlv, body: `{"endpointId":"ID"}`, code: invalid, reason: fields, field: "notice"},
	"position below zero":     {procedure: getDlv, body: `{"endpointId":"ID","notice":{"position":"-1"}}`, code: invalid, reason: fields, field: "notice.position"},
	"retry of none":           {procedure: retryDlv, body: `{"endpointId":"nope","notice":{"position":"1"}}`, code: notFound, reason: noHook},
	"retry what never was":    {procedure: retryDlv, body: `{"endpointId":"ID","notice":{"position":"1"}}`, code: notFound, reason: "delivery_not_found"},
	"retry the future":        {procedure: retryDlv, body: `{"endpointId":"ID","notice":{"position":"99999"}}`, code: notFound, reason: "delivery_not_found"},
	"replay none":             {procedure: replayHook, body: `{"endpointId":"nope","fromPosition":"1"}`, code: notFound, reason: noHook},
	"replay from nowhere":     {procedure: replayHook, body: `{"endpointId":"ID"}`, code: invalid, reason: fields, field: "from_position"},
	"replay backwards":        {procedure: replayHook, body: `{"endpointId":"ID","fromPosition":"2","toPosition":"1"}`, code: invalid, reason: fields, field: "from_position"},
	"replay the future":       {procedure: replayHook, body: `{"endpointId":"ID","fromPosition":"99999"}`, code: invalid, reason: fields, field: "from_position"},
	"replay from two places":  {procedure: replayHook, body: `{"endpointId":"ID","fromPosition":"1","from":"2026-01-01T00:00:00Z"}`, code: invalid, reason: fields, field: "from"},
	"replay to two places":    {procedure: replayHook, body: `{"endpointId":"ID","fromPosition":"1","toPosition":"1","before":"2026-01-01T00:00:00Z"}`, code: invalid, reason: fields, field: "before"},

	"event of spaces":         {procedure: defineEvent, body: `{"type":"a b"}`, code: invalid, reason: fields, field: "type"},
	"event of a wildcard":     {procedure: defineEvent, body: `{"type":"*"}`, code: invalid, reason: fields, field: "type"},
	"event that is there":     {procedure: defineEvent, body: `{"type":"CreateOrderEvent"}`, code: invalid, reason: fields, field: "type", hints: "default"},
	"publish what is none":    {procedure: publish, body: `{"type":"Nope"}`, code: notFound, reason: "event_not_defined"},
	"publish a default one":   {procedure: publish, body: `{"type":"CreateOrderEvent"}`, code: notFound, reason: "event_not_defined"},
	"publish a list":          {procedure: publish, body: `{"type":"Nope","data":[1]}`, code: invalid, reason: fields, field: "data"},
	"publish a megabyte":      {procedure: publish, body: `{"type":"Nope","data":{"a":"` + strings.Repeat("x", 200<<10) + `"}}`, code: invalid, reason: fields, field: "data", hints: "bytes"},
	"publish to nowhere":      {procedure: publish, body: `{"type":"Nope","environment":7}`, code: invalid, reason: fields, field: "environment"},
	"publish of a long order": {procedure: publish, body: `{"type":"Nope","orderId":"` + strings.Repeat("x", 65) + `"}`, code: invalid, reason: fields, field: "order_id"},
}

func TestEveryHostileRequestAboutDeliveriesIsToldWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	made := w.post(createHook, strings.Replace(at("https://example.com/hook"), `"endpointId":"ID",`, ``, 1))
	var there deliveryv1.CreateEndpointResponse
	must(t, protojson.Unmarshal([]byte(made.body), &there))
	for name, tt := range hostileHooks {
		t.Run(name, func(t *testing.T) {
			body := strings.Replace(tt.body, `"endpointId":"ID"`, `"endpointId":"`+there.GetEndpoint().GetEndpointId()+`"`, 1)
			if tt.procedure == createHook {
				body = strings.Replace(tt.body, `"endpointId":"ID",`, ``, 1)
			}
			got := w.post(tt.procedure, body)
			if got.code != tt.code || got.reason != tt.reason {
				t.Errorf("code %q, reason %q: %.300s", got.code, got.reason, got.body)
			}
			if text, named := got.fields[tt.field]; tt.field != "" && (!named || !strings.Contains(text, tt.hints)) {
				t.Errorf("fields %q, want %s with %q", got.fields, tt.field, tt.hints)
			}
			for _, secret := range []string{"hunter2", "s3cret", "me:secret"} {
				if strings.Contains(got.body, secret) {
					t.Errorf("the answer repeats %s", secret)
				}
			}
		})
	}
	if got := w.post(listHooks, `{}`); got.status != http.StatusOK || strings.Count(got.body, `"endpointId"`) > 1 {
		t.Errorf("something was stored: %s", got.body)
	}
}

func TestOnlyWhoMayManageSubscriptionsDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{
		tokens:  token("r", "reader default read") + token("w", "writer default read,write,operate") + token("s", "sub uk event-subscriptions:write") + token("b", "both * read,event-subscriptions:write"),
		tenants: []string{"default", "uk"},
	})
	opens := map[string]string{
		createHook: "sb", updateHook: "sb", enableHook: "sb", disableHook: "sb", suspendHook: "sb", deleteHook: "sb", rotateHook: "sb", testHook: "sb",
		retryDlv: "sb", replayHook: "sb", defineEvent: "sb", publish: "sb", getHook: "rwb", listHooks: "rwb", listDlv: "rwb", getDlv: "rwb",
	}
	for procedure, may := range opens {
		for _, secret := range []string{"r", "w", "s", "b"} {
			got := w.post(procedure, `{"endpointId":"x"}`, "Authorization", "Bearer "+secret)
			if refused := got.reason == "scope_missing"; refused == strings.Contains(may, secret) {
				t.Errorf("%s with %q: %s", procedure, secret, got.body)
			}
		}
	}
	made := w.post(createHook, strings.Replace(at("https://example.com"), `"endpointId":"ID",`, ``, 1), "Authorization", "Bearer s")
	var there deliveryv1.CreateEndpointResponse
	must(t, protojson.Unmarshal([]byte(made.body), &there))
	id := there.GetEndpoint().GetEndpointId()
	if got := w.post(getHook, `{"endpointId":"`+id+`"}`, "Authorization", "Bearer b"); got.reason != noHook {
		t.Errorf("another tenant sees it: %s", got.body)
	}
	if got := w.post(getHook, `{"endpointId":"`+id+`"}`, "Authorization", "Bearer b", "Oms-Tenant", "uk"); got.status != http.StatusOK {
		t.Errorf("its tenant does not: %s", got.body)
	}
}
