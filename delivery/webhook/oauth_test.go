package webhook_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/sendtest"
	"github.com/orderstream/oms/delivery/webhook"
	"github.com/orderstream/oms/internal/outbound"
)

// issue starts a token server that numbers its tokens, and returns the
// configuration that asks it.
func issue(t *testing.T, asked *atomic.Int64) *webhook.OAuth {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "client" || secret != "s3cret" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("audience") != "shop" {
			t.Errorf("asked with %s %v", r.Header, r.Form)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":"t%d","token_type":"bearer","expires_in":3600}`, asked.Add(1))
	}))
	t.Cleanup(s.Close)
	return &webhook.OAuth{TokenURL: s.URL, ClientID: "client", ClientSecret: "s3cret", Audience: "shop"}
}

func TestATokenIsAskedForOnceAndAgainWhenItIsTurnedAway(t *testing.T) {
	var asked atomic.Int64
	good := "Bearer t1"
	var mu sync.Mutex
	r := receive(t, func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if req.Header.Get("Authorization") != good {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	s := open(t, webhook.Config{URL: r.URL, OAuth: issue(t, &asked)})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if v := s.Send(t.Context(), []send.Message{sendtest.Message(fmt.Sprint("m", i))})[0]; v.Outcome != send.Delivered {
				t.Errorf("%+v", v)
			}
		})
	}
	wg.Wait()
	if asked.Load() != 1 {
		t.Errorf("asked for %d tokens", asked.Load())
	}
	mu.Lock()
	good = "Bearer t2"
	mu.Unlock()
	if v := one(t, s); v.Outcome != send.Failed || v.Reason != "http_401" {
		t.Errorf("a token that has ended: %+v", v)
	}
	if v := one(t, s); v.Outcome != send.Delivered || asked.Load() != 2 {
		t.Errorf("a new token: %+v after %d", v, asked.Load())
	}
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	for name, tt := range map[string]struct {
		handle http.HandlerFunc
		url    string
		detail string
	}{
		"refused": {handle: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"invalid_client","error_description":"s3cret 10.0.0.1"}`))
		}, detail: "answered 401 invalid_client"},
		"broken":   {handle: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, detail: "answered 502"},
		"redirect": {handle: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, detail: "answered 302"},
		"not JSON": {handle: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`<html>`))
		}, detail: "no token"},
		"no token": {handle: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"token_type":"bearer"}`))
		}, detail: "no token"},
		"a token of two lines": {handle: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"a\r\nX-Evil: b","token_type":"bearer"}`))
		}, detail: "no token"},
		"silent": {handle: func(_ http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			<-r.Context().Done()
		}, detail: "in time"},
		"down": {url: "http://127.0.0.1:1/", detail: "nobody listens"},
	} {
		t.Run(name, func(t *testing.T) {
			url := tt.url
			if url == "" {
				server := httptest.NewServer(tt.handle)
				t.Cleanup(server.Close)
				url = server.URL
			}
			patience := webhook.DefaultTimeout
			if name == "silent" {
				patience = 300 * time.Millisecond
			}
			r := receive(t, nil)
			v := one(t, open(t, webhook.Config{
				URL: r.URL, Timeout: patience, OAuth: &webhook.OAuth{TokenURL: url, ClientID: "client", ClientSecret: "s3cret"},
			}))
			if v.Outcome != send.Unsent || v.Reason != "oauth_token" || !strings.Contains(v.Detail, tt.detail) || strings.Contains(v.Detail, "s3cret") || strings.Contains(v.Detail, ".0.0.1") {
				t.Errorf("%+v, want %q", v, tt.detail)
			}
			if len(r.arrived()) > 0 {
				t.Error("the message arrived")
			}
		})
	}
}

func TestTheProxysOutageCostsNoAttempt(t *testing.T) {
	r := receive(t, nil)
	down := httptest.NewServer(nil)
	down.Close()
	v := one(t, open(t, webhook.Config{URL: r.URL, Gate: gate(t, down.URL), Options: outbound.Options{Proxy: down.URL}}))
	if v.Outcome != send.Unsent || v.Reason != "proxy" {
		t.Errorf("%+v", v)
	}
}
