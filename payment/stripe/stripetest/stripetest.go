// Package stripetest is a double of Stripe for tests: a server with the shapes
// of Stripe's API, and with the state that stripe-mock has not. It keeps
// PaymentIntents, charges and refunds, answers a repeated idempotency key with
// the first answer, and fails when it is told to.
//
// It knows what its author knows of Stripe, no more: what Stripe accepts is
// checked against stripe-mock.
package stripetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Key is the API key that the server accepts.
const Key = "sk_test_double"

// Fault is how a request fails.
type Fault int

// The faults.
const (
	// None lets the request pass.
	None Fault = iota
	// Before closes the connection before anything is done.
	Before
	// After does the work and closes the connection instead of answering.
	After
	// Busy answers 429.
	Busy
	// Broken answers 500 and does nothing.
	Broken
)

// Server is the double.
type Server struct {
	// URL of the server.
	URL string
	// SingleCapture makes every card one that can be captured once only; to be
	// set before the first request.
	SingleCapture bool

	mu      sync.Mutex
	fail    func(*http.Request) Fault
	kept    map[string]answer
	intents map[string]*intent
	refunds []*refund
	events  [][]byte
	ids     int
}

// answer is what a request was answered with.
type answer struct {
	request string
	status  int
	body    []byte
}

type intent struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"`
	Amount           int64             `json:"amount"`
	AmountCapturable int64             `json:"amount_capturable"`
	AmountReceived   int64             `json:"amount_received"`
	CaptureMethod    string            `json:"capture_method"`
	Currency         string            `json:"currency"`
	Status           string            `json:"status"`
	Metadata         map[string]string `json:"metadata"`
	LastPaymentError *fault            `json:"last_payment_error"`
	LatestCharge     *charge           `json:"latest_charge"`
}

type charge struct {
	ID             string         `json:"id"`
	Object         string         `json:"object"`
	PaymentIntent  string         `json:"payment_intent"`
	Status         string         `json:"status"`
	Captured       bool           `json:"captured"`
	AmountRefunded int64          `json:"amount_refunded"`
	Details        map[string]any `json:"payment_method_details"`
}

type refund struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	Amount        int64             `json:"amount"`
	Currency      string            `json:"currency"`
	PaymentIntent string            `json:"payment_intent"`
	Status        string            `json:"status"`
	Metadata      map[string]string `json:"metadata"`
}

// fault is Stripe's error object.
type fault struct {
	status        int
	Type          string  `json:"type"`
	Code          string  `json:"code,omitempty"`
	DeclineCode   string  `json:"decline_code,omitempty"`
	Message       string  `json:"message"`
	PaymentIntent *intent `json:"payment_intent,omitempty"`
}

// Open starts a server that ends with the test.
func Open(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{kept: map[string]answer{}, intents: map[string]*intent{}}
	srv := httptest.NewServer(s)
	tb.Cleanup(srv.Close)
	s.URL = srv.URL
	return s
}

// Fail says how requests fail from now on; nil lets all pass.
func (s *Server) Fail(how func(*http.Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = how
}

// ServeHTTP answers a request as Stripe would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	fail := s.fail
	s.mu.Unlock()
	f := None
	if fail != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		f = fail(r)
	}
	switch f {
	case Before:
		panic(http.ErrAbortHandler)
	case Busy:
		send(w, encode(&fault{status: http.StatusTooManyRequests, Type: "invalid_request_error", Code: "rate_limit", Message: "Too many requests"}))
		return
	case Broken:
		send(w, encode(&fault{status: http.StatusInternalServerError, Type: "api_error", Message: "An error"}))
		return
	case None, After:
	}
	a := s.answer(r, string(body))
	if f == After {
		panic(http.ErrAbortHandler)
	}
	send(w, a)
}

func send(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// answer does what is asked, once for each idempotency key.
func (s *Server) answer(r *http.Request, body string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+Key {
		return encode(&fault{status: http.StatusUnauthorized, Type: "invalid_request_error", Message: "Invalid API Key provided"})
	}
	key, request := r.Header.Get("Idempotency-Key"), r.Method+" "+r.URL.Path+" "+body
	if r.Method == http.MethodGet {
		return encode(s.route(r, r.URL.Query()))
	}
	form, err := url.ParseQuery(body)
	if err != nil {
		return encode(invalid("", err.Error()))
	}
	switch {
	case key == "" && (strings.HasSuffix(r.URL.Path, "/cancel") || form.Get("amount_to_capture") == "0"): // harmless twice
		return encode(s.route(r, form))
	case key == "":
		return encode(&fault{status: http.StatusBadRequest, Type: "invalid_request_error", Message: "a test wants idempotency keys"})
	}
	if a, found := s.kept[key]; found {
		if a.request != request {
			return encode(&fault{status: http.StatusBadRequest, Type: "idempotency_error", Message: "Keys for idempotent requests can only be used with the same parameters they were first used with."})
		}
		return a
	}
	a := encode(s.route(r, form))
	a.request = request
	s.kept[key] = a
	return a
}

func encode(v any) answer {
	a := answer{status: http.StatusOK}
	if f, failed := v.(*fault); failed {
		a.status, v = f.status, map[string]any{"error": f}
	}
	var err error
	if a.body, err = json.Marshal(v); err != nil {
		panic(err) // plain structs always encode
	}
	return a
}

func (s *Server) route(r *http.Request, form url.Values) any {
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	switch route := r.Method + " " + path[0]; {
	case route == "POST payment_intents" && len(path) == 1:
		return s.create(form)
	case route == "GET payment_intents" && len(path) == 2 && path[1] == "search":
		return s.search(form.Get("query"))
	case route == "POST refunds" && len(path) == 1:
		return s.refund(form)
	case route == "GET refunds" && len(path) == 1:
		return list(slices.DeleteFunc(slices.Clone(s.refunds), func(x *refund) bool { return x.PaymentIntent != form.Get("payment_intent") }))
	case path[0] != "payment_intents" || len(path) < 2:
		return &fault{status: http.StatusNotFound, Type: "invalid_request_error", Message: "Unrecognized request URL"}
	}
	pi, found := s.intents[path[1]]
	switch {
	case !found:
		return missing("No such payment_intent: '" + path[1] + "'")
	case r.Method == http.MethodGet:
		return pi
	case len(path) == 2:
		maps.Copy(pi.Metadata, metadata(form))
		return pi
	case path[2] == "capture":
		return s.capture(pi, form)
	case path[2] == "cancel":
		return s.cancel(pi)
	}
	return missing("Unrecognized request URL")
}

func invalid(code, text string) *fault {
	return &fault{status: http.StatusBadRequest, Type: "invalid_request_error", Code: code, Message: text}
}

func missing(text string) *fault {
	return &fault{status: http.StatusNotFound, Type: "invalid_request_error", Code: "resource_missing", Message: text}
}

func list[T any](of []T) any {
	slices.Reverse(of)
	return map[string]any{"object": "list", "has_more": false, "data": of}
}

func (s *Server) id(prefix string) string {
	s.ids++
	return fmt.Sprintf("%s_%06d", prefix, s.ids)
}

// metadata reads metadata[name]=value.
func metadata(form url.Values) map[string]string {
	m := map[string]string{}
	for name := range form {
		if inner, is := strings.CutPrefix(name, "metadata["); is {
			m[strings.TrimSuffix(inner, "]")] = form.Get(name)
		}
	}
	return m
}

func number(form url.Values, name string, otherwise int64) int64 {
	n, err := strconv.ParseInt(form.Get(name), 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}
