package outbound_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/orderstream/oms/internal/outbound"
)

// home lets tests call their own servers.
func home(t *testing.T, p outbound.Policy) *outbound.Gate {
	t.Helper()
	allow, err := outbound.ParseAllow("127.0.0.1", "::1")
	if err != nil {
		t.Fatal(err)
	}
	p.Allow = allow
	return outbound.New(p)
}

func transport(t *testing.T, g *outbound.Gate, o outbound.Options) *outbound.Transport {
	t.Helper()
	tr, err := g.Transport(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return tr
}

// call returns the answer with its body read, or the error.
func call(t *testing.T, tr *outbound.Transport, url string) (status int, body string, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := tr.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestEveryConnectionIsJudgedWhenItIsDialled(t *testing.T) {
	called := false
	s := serve(t, func(http.ResponseWriter, *http.Request) { called = true })
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	tr := transport(t, outbound.New(outbound.Policy{}), outbound.Options{})
	// A name passes every check that does not ask DNS.
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "2130706433"} {
		_, _, err := call(t, tr, "http://"+host+":"+port)
		f := outbound.Explain(err)
		if host == "2130706433" && f.Reason == "dns" { // some resolvers know numbers, others do not
			continue
		}
		if f.Reason != "address_not_allowed" || f.Ours || !strings.Contains(f.Detail, outbound.Setting) {
			t.Errorf("%s: %+v of %v", host, f, err)
		}
	}
	for _, url := range []string{"http://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/", "http://10.0.0.1/", "http://[fe80::1%25lo]/"} {
		if _, _, err := call(t, tr, url); outbound.Explain(err).Reason != "address_not_allowed" {
			t.Errorf("%s: %v", url, err)
		}
	}
	if called {
		t.Error("the server was called")
	}
	ported := transport(t, home(t, outbound.Policy{Ports: []uint16{443}}), outbound.Options{})
	if _, _, err := call(t, ported, s.URL); outbound.Explain(err).Reason != "address_not_allowed" || called {
		t.Errorf("a port that may not be called: %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Error("the redirect was followed")
		}
		http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
	})
	tr := transport(t, home(t, outbound.Policy{}), outbound.Options{})
	if status, _, err := call(t, tr, s.URL); status != http.StatusTemporaryRedirect || err != nil {
		t.Errorf("answered %d, %v", status, err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := tr.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("the client answers %d", res.StatusCode)
	}
}

func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	if status, _, err := call(t, transport(t, home(t, outbound.Policy{}), outbound.Options{}), s.URL); status != http.StatusOK {
		t.Errorf("answered %d, %v", status, err)
	}
}

func TestAnswersAreCutOff(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fits":
			_, _ = io.WriteString(w, strings.Repeat("x", outbound.MaxBody))
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
					return
				}
			}
		case "/head":
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 1<<20))
			_ = z.Close()
		}
	})
	tr := transport(t, home(t, outbound.Policy{}), outbound.Options{})
	if _, body, err := call(t, tr, s.URL+"/fits"); len(body) != outbound.MaxBody || err != nil {
		t.Errorf("an answer that fits: %d bytes, %v", len(body), err)
	}
	if _, body, err := call(t, tr, s.URL+"/endless"); len(body) != outbound.MaxBody || !errors.Is(err, outbound.ErrTooLong) {
		t.Errorf("an endless answer: %d bytes, %v", len(body), err)
	}
	if _, _, err := call(t, tr, s.URL+"/head"); outbound.Explain(err).Reason != "answer_too_long" {
		t.Errorf("an endless head: %v", err)
	}
	if _, body, err := call(t, tr, s.URL+"/bomb"); len(body) > 4<<10 || err != nil {
		t.Errorf("a packed answer: %d bytes, %v", len(body), err)
	}
}

func TestEndpointsWithoutOptionsShareConnections(t *testing.T) {
	peers := map[string]bool{}
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { peers[r.RemoteAddr] = true })
	g := home(t, outbound.Policy{})
	for range 5 {
		tr := transport(t, g, outbound.Options{})
		if _, _, err := call(t, tr, s.URL); err != nil {
			t.Fatal(err)
		}
		tr.Close()
	}
	if len(peers) != 1 {
		t.Errorf("%d connections for 5 endpoints", len(peers))
	}
}
