package aws_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderstream/oms/delivery/aws"
	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/sendtest"
)

// event is an entry of PutEvents on the wire.
type event struct {
	Source, DetailType, Detail, EventBusName string
	Resources                                []string
	Time                                     float64
}

// fakeBus takes PutEvents as EventBridge documents it. There is no published
// double; what it knows is what its author knows.
type fakeBus struct {
	*httptest.Server
	// fail names the error of a detail; empty takes it.
	fail func(detail string) string
	// refuse answers the whole request with a status and an error.
	refuse func() (status int, code string)

	mu       sync.Mutex
	events   []event
	requests int
}

func startBus(t *testing.T) *fakeBus {
	t.Helper()
	b := &fakeBus{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.serve(t, w, r) }))
	t.Cleanup(b.Close)
	return b
}

func (b *fakeBus) serve(t *testing.T, w http.ResponseWriter, r *http.Request) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	if got := r.Header.Get("X-Amz-Target"); got != "AWSEvents.PutEvents" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		t.Errorf("target %q, content type %q", got, r.Header.Get("Content-Type"))
	}
	auth := r.Header.Get("Authorization")
	if !strings.HasPrefix(auth, "AWS4-HMAC-SHA256 Credential=AKIACUSTOMER/") || !strings.Contains(auth, "/eu-west-1/events/aws4_request") ||
		!strings.Contains(auth, "Signature=") || r.Header.Get("X-Amz-Date") == "" {
		t.Errorf("not signed: %q", auth)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if b.refuse != nil {
		status, code := b.refuse()
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.events#%s","message":"no"}`, code)
		return
	}
	var in struct{ Entries []event }
	if err := json.Unmarshal(body, &in); err != nil || len(in.Entries) > 10 || len(body) > 1_100_000 {
		t.Errorf("%d entries in %d bytes: %v", len(in.Entries), len(body), err)
	}
	entries, failed := make([]map[string]string, 0, len(in.Entries)), 0
	for _, e := range in.Entries {
		if b.fail != nil {
			if code := b.fail(e.Detail); code != "" {
				failed++
				entries = append(entries, map[string]string{"ErrorCode": code, "ErrorMessage": "because"})
				continue
			}
		}
		b.events = append(b.events, e)
		entries = append(entries, map[string]string{"EventId": fmt.Sprint(len(b.events))})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"FailedEntryCount": failed, "Entries": entries})
}

// arrived tells the messages by what their bodies say, or by their place.
func (b *fakeBus) arrived() (all []sendtest.Arrived) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		said := struct{ ID string }{strings.TrimPrefix(e.Resources[0], "order-")}
		_ = json.Unmarshal([]byte(e.Detail), &said)
		all = append(all, sendtest.Arrived{ID: said.ID, Body: []byte(e.Detail)})
	}
	b.events = nil
	return all
}

func TestBusesKeepTheContractOfSenders(t *testing.T) {
	sendtest.Run(t, sendtest.Suite{
		Open: func(t *testing.T) (send.Sender, func() []sendtest.Arrived) {
			t.Helper()
			b := startBus(t)
			return openBus(t, aws.EventBridge{Account: account(t, b.URL), Source: "com.example"}), b.arrived
		},
		At: func(t *testing.T, url string, patience time.Duration) send.Sender {
			t.Helper()
			return openBus(t, aws.EventBridge{Account: hurried(t, url, patience), Source: "com.example"})
		},
		Unlike: unlike,
	})
}

func TestAnEventCarriesWhatTheMessageSays(t *testing.T) {
	b := startBus(t)
	s := openBus(t, aws.EventBridge{Account: account(t, b.URL), Source: "com.example.orders", Bus: "shop"})
	if v := s.Send(t.Context(), []send.Message{sendtest.Message("m1")})[0]; v.Outcome != send.Delivered {
		t.Fatalf("%+v", v)
	}
	want := event{
		Source: "com.example.orders", DetailType: "CreateOrderEvent", Detail: `{"id":"m1"}`, EventBusName: "shop", Resources: []string{"order-m1"}, Time: 1772366400.123,
	}
	if diff := cmp.Diff([]event{want}, b.events); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEachEntryHasItsOwnVerdict(t *testing.T) {
	codes := []string{
		"", "ThrottlingException", "InternalFailure", "MalformedDetail", "AccessDeniedException", "", "NotAuthorizedForSourceException", "<script>", "LimitExceededException", "",
	}
	want := []string{
		"delivered ", "throttled throttling", "failed internal_failure", "refused malformed_detail", "failed access_denied", "delivered ",
		"failed not_authorized_for_source", "failed service_error", "throttled limit_exceeded", "delivered ", "delivered ",
	}
	b := startBus(t)
	at := 0
	b.fail = func(string) string {
		at++
		if at > len(codes) {
			return ""
		}
		return codes[at-1]
	}
	s := openBus(t, aws.EventBridge{Account: account(t, b.URL), Source: "a"})
	var ms []send.Message
	for i := range 11 {
		ms = append(ms, sendtest.Message(fmt.Sprint("m", i)))
	}
	var got []string
	for _, v := range s.Send(t.Context(), ms) {
		got = append(got, v.Outcome.String()+" "+v.Reason)
	}
	if diff := cmp.Diff(want, got); diff != "" || b.requests != 2 {
		t.Errorf("%d requests (-want +got):\n%s", b.requests, diff)
	}
}

func TestARequestThatFailsFailsForAll(t *testing.T) {
	for _, tt := range []struct {
		status  int
		code    string
		outcome send.Outcome
		reason  string
	}{
		{400, "AccessDeniedException", send.Failed, "access_denied"},
		{400, "UnrecognizedClientException", send.Failed, "unrecognized_client"},
		{400, "InvalidSignatureException", send.Failed, "invalid_signature"},
		{400, "ThrottlingException", send.Throttled, "throttling"},
		{400, "ResourceNotFoundException", send.Failed, "resource_not_found"},
		{500, "InternalException", send.Failed, "internal"},
	} {
		b := startBus(t)
		b.refuse = func() (int, string) { return tt.status, tt.code }
		s := openBus(t, aws.EventBridge{Account: account(t, b.URL), Source: "a"})
		for _, v := range s.Send(t.Context(), []send.Message{sendtest.Message("m1"), sendtest.Message("m2")}) {
			if v.Outcome != tt.outcome || v.Reason != tt.reason || v.Status != tt.status || (string(v.Response) == "no") == strings.Contains(tt.code, "Signature") {
				t.Errorf("%s: %+v", tt.code, v)
			}
		}
		if b.requests != 1 {
			t.Errorf("%s: %d requests", tt.code, b.requests)
		}
	}
}

func TestABatchIsNoLargerThanTheServiceTakes(t *testing.T) {
	b := startBus(t)
	s := openBus(t, aws.EventBridge{Account: account(t, b.URL), Source: "a"})
	var ms []send.Message
	for i := range 4 {
		m := sendtest.Message(fmt.Sprint("m", i))
		m.Body = []byte(`{"x":"` + strings.Repeat("x", 400_000) + `"}`)
		ms = append(ms, m)
	}
	for _, v := range s.Send(t.Context(), ms) {
		if v.Outcome != send.Delivered {
			t.Errorf("%+v", v)
		}
	}
	if b.requests != 2 || len(b.events) != 4 {
		t.Errorf("%d events in %d requests", len(b.events), b.requests)
	}
}

func TestWhatABusDoesNotTakeIsRefusedHere(t *testing.T) {
	b := startBus(t)
	s := openBus(t, aws.EventBridge{Account: account(t, b.URL), Source: "a"})
	for _, change := range []func(*send.Message){
		func(m *send.Message) { m.Body = []byte(`[1]`) },
		func(m *send.Message) { m.Body = []byte(`{"a":`) },
		func(m *send.Message) { m.Body = nil },
		func(m *send.Message) { m.Type = strings.Repeat("x", 129) },
		func(m *send.Message) { m.ID = "" },
	} {
		m := sendtest.Message("m1")
		change(&m)
		if v := s.Send(t.Context(), []send.Message{m})[0]; v.Outcome != send.Refused {
			t.Errorf("%+v", v)
		}
	}
	if b.requests != 0 {
		t.Errorf("%d requests", b.requests)
	}
}
