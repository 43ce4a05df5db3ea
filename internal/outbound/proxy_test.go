package outbound_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/orderstream/oms/internal/outbound"
)

// proxyTo is a proxy that answers a CONNECT with status and, when that is 200,
// connects to where it is told.
func proxyTo(t *testing.T, status int, calls *atomic.Int64) string {
	t.Helper()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if r.Method != http.MethodConnect || status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
		go func() { _, _ = io.Copy(here, there); _ = here.Close() }()
	})
	return s.URL
}

func TestTheProxysFailureIsNotTheEndpoints(t *testing.T) {
	target := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(target.Close)
	closed := serve(t, nil)
	closed.Close()
	for name, tt := range map[string]struct {
		status int
		url    string
		reason string
		ours   bool
	}{
		"proxy down":          {reason: "proxy", ours: true, url: target.URL},
		"proxy down, no TLS":  {reason: "proxy", ours: true, url: "http://example.com/"},
		"proxy wants a login": {status: http.StatusProxyAuthRequired, url: target.URL, reason: "proxy", ours: true},
		"proxy broken":        {status: http.StatusInternalServerError, url: target.URL, reason: "proxy", ours: true},
		"proxy forbids":       {status: http.StatusForbidden, url: target.URL, reason: "address_not_allowed"},
		"endpoint down":       {status: http.StatusBadGateway, url: target.URL, reason: "unreachable"},
		"endpoint hangs":      {status: http.StatusGatewayTimeout, url: target.URL, reason: "unreachable"},
		"endpoint's TLS":      {status: http.StatusOK, url: target.URL, reason: "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			proxy := closed.URL
			if tt.status != 0 {
				proxy = proxyTo(t, tt.status, &calls)
			}
			// The gate lets no private address through, but the operator named the proxy.
			g := outbound.New(outbound.Policy{Proxies: []string{proxy}})
			_, _, err := call(t, transport(t, g, outbound.Options{Proxy: proxy}), tt.url)
			if f := outbound.Explain(err); f.Reason != tt.reason || f.Ours != tt.ours {
				t.Errorf("%+v of %v, want %s, ours %v", f, err, tt.reason, tt.ours)
			}
			if tt.status != 0 && calls.Load() != 1 {
				t.Errorf("the proxy was called %d times", calls.Load())
			}
		})
	}
}

func TestCallsPassThroughTheProxy(t *testing.T) {
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Proxy-Authorization"); got != "Basic dXNlcjpwYXNz" {
			t.Errorf("the proxy sees %q", got)
		}
		_, _ = io.WriteString(w, "by proxy to "+r.URL.Host)
	})
	g := outbound.New(outbound.Policy{Proxies: []string{strings.Replace(proxy.URL, "//", "//user:pass@", 1)}})
	if _, body, err := call(t, transport(t, g, outbound.Options{Proxy: proxy.URL}), "http://example.com/"); body != "by proxy to example.com" {
		t.Errorf("answered %q, %v", body, err)
	}
}

func TestOnlyTheOperatorsProxiesMayBeNamed(t *testing.T) {
	g := outbound.New(outbound.Policy{Proxies: []string{"http://proxy.internal:3128", "socks5://proxy.internal"}})
	for proxy, want := range map[string]bool{
		"http://proxy.internal:3128": true, "http://proxy.internal:3129": false, "http://127.0.0.1:6379": false, "socks5://proxy.internal": false,
	} {
		if _, err := g.Transport(outbound.Options{Proxy: proxy}); (err == nil) != want {
			t.Errorf("%s: %v", proxy, err)
		}
	}
}
