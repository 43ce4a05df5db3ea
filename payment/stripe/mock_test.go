package stripe_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/orderstream/oms/payment/gateway"
	"github.com/orderstream/oms/payment/gatewaytest"
	"github.com/orderstream/oms/payment/stripe"
	"github.com/orderstream/oms/payment/stripe/stripetest"
)

// stripe-mock is Stripe's own server of its published API. It checks requests
// and keeps nothing, so it answers nobody here: it is shown every request of
// the contract suite, and the double answers.
func TestStripeMockAcceptsEveryRequest(t *testing.T) {
	m := &mock{url: startMock(t)}
	gatewaytest.Run(t, func(t *testing.T) gateway.Gateway {
		t.Helper()
		double := stripetest.Open(t)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil { // the caller left
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			kept := httptest.NewRecorder()
			double.ServeHTTP(kept, r)
			m.show(context.WithoutCancel(r.Context()), t, r, body, kept)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(kept.Code)
			_, _ = w.Write(kept.Body.Bytes())
		}))
		t.Cleanup(srv.Close)
		g, err := stripe.Open(stripe.Config{Key: stripetest.Key, URL: srv.URL})
		if err != nil {
			t.Fatal(err)
		}
		return cards{g}
	})
	want := []string{
		"GET /v1/payment_intents/ID", "GET /v1/payment_intents/search", "GET /v1/refunds",
		"POST /v1/payment_intents", "POST /v1/payment_intents/ID", "POST /v1/payment_intents/ID/cancel", "POST /v1/payment_intents/ID/capture", "POST /v1/refunds",
	}
	slices.Sort(m.seen)
	if got := slices.Compact(m.seen); !slices.Equal(got, want) {
		t.Errorf("stripe-mock was shown %q, want %q", got, want)
	}
}

// mock is a running stripe-mock and what it was shown.
type mock struct {
	url  string
	mu   sync.Mutex
	seen []string
}

var ids = regexp.MustCompile(`/(pi|re|ch)_\w+`)

// show lets stripe-mock judge a request, and the shape of the double's answer.
func (m *mock) show(ctx context.Context, t *testing.T, r *http.Request, body []byte, kept *httptest.ResponseRecorder) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, r.Method, m.url+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	req.Header = r.Header.Clone()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Errorf("%s %s %s: stripe-mock says %s", r.Method, r.URL, body, answer)
	}
	if kept.Code == http.StatusOK {
		sameShape(t, r.URL.Path, kept.Body.Bytes(), answer)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, r.Method+" "+ids.ReplaceAllString(r.URL.Path, "/ID"))
}

// sameShape checks that a field of the double is one that Stripe has, of the
// same kind. A field that is null says nothing of its kind.
func sameShape(t *testing.T, at string, double, real []byte) {
	t.Helper()
	var d, s map[string]any
	if err := json.Unmarshal(double, &d); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal(real, &s); err != nil {
		t.Error(err)
	}
	for name, v := range d {
		other, known := s[name]
		switch {
		case !known:
			t.Errorf("%s: Stripe has no field %s", at, name)
		case v != nil && other != nil && fmt.Sprintf("%T", v) != fmt.Sprintf("%T", other):
			t.Errorf("%s: %s is a %T at Stripe, not a %T", at, name, other, v)
		}
	}
}

// startMock builds and runs stripe-mock until the test ends.
func startMock(t *testing.T) (url string) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "stripe-mock")
	build := exec.CommandContext(t.Context(), "go", "build", "-modfile=../../tools/go.mod", "-o", bin, "github.com/stripe/stripe-mock")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build stripe-mock: %v\n%s", err, out)
	}
	run := exec.Command(bin, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if addr, found := strings.CutPrefix(lines.Text(), "Listening for HTTP at address: "); found {
			return "http://" + addr
		}
	}
	t.Fatal("stripe-mock did not say where it listens")
	return ""
}
