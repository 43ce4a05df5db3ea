package outbound_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/orderstream/oms/internal/outbound"
)

func TestFailuresAreExplainedWithoutAddresses(t *testing.T) {
	silent := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	reset := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	closed := serve(t, nil)
	closed.Close()
	garbage := listen(t, func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH\r\n\r\n") })
	tr := transport(t, home(t, outbound.Policy{}), outbound.Options{})
	for name, tt := range map[string]struct{ url, reason string }{
		"silent":    {silent.URL, "timeout"},
		"reset":     {reset.URL, "reset"},
		"authority": {secure.URL, "tls"},
		"no TLS":    {strings.Replace(silent.URL, "http:", "https:", 1), "tls"},
		"closed":    {closed.URL, "connection_refused"},
		"no name":   {"http://nowhere.invalid/", "dns"},
		"not HTTP":  {garbage, "protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			patience := 20 * time.Second
			if name == "silent" {
				patience = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, tt.url, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			res, err := tr.RoundTrip(r)
			if err == nil {
				_ = res.Body.Close()
				t.Fatal("an answer came")
			}
			f := outbound.Explain(err)
			if f.Reason != tt.reason || f.Ours || f.Detail == "" || strings.Contains(f.Detail, "127.0.0.1") {
				t.Errorf("%+v of %v, want %s", f, err, tt.reason)
			}
		})
	}
	if f := outbound.Explain(context.Canceled); f.Reason != "canceled" || !f.Ours {
		t.Errorf("given up: %+v", f)
	}
}

// listen accepts connections and hands each to handle after its first bytes.
func listen(t *testing.T, handle func(net.Conn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = c.Read(make([]byte, 4096))
				handle(c)
				_ = c.Close()
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestAnEndpointMayHaveItsOwnAuthorityAndClientCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.Organization[0])
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	g := home(t, outbound.Policy{})

	with := transport(t, g, outbound.Options{Roots: roots, Certificate: &s.TLS.Certificates[0]})
	if _, body, err := call(t, with, s.URL); body != "Acme Co" {
		t.Errorf("with a certificate: %q, %v", body, err)
	}
	without := transport(t, g, outbound.Options{Roots: roots})
	if _, _, err := call(t, without, s.URL); outbound.Explain(err).Reason != "tls" {
		t.Errorf("without a certificate: %+v of %v", outbound.Explain(err), err)
	}
	if _, err := g.Transport(outbound.Options{Roots: []byte("none")}); err == nil {
		t.Error("roots without a certificate are accepted")
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	for version, want := range map[uint16]string{tls.VersionTLS11: "tls", tls.VersionTLS12: ""} {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.TLS = &tls.Config{MaxVersion: version, MinVersion: tls.VersionTLS10}
		s.StartTLS()
		t.Cleanup(s.Close)
		roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
		_, _, err := call(t, transport(t, home(t, outbound.Policy{}), outbound.Options{Roots: roots}), s.URL)
		if (err == nil) != (want == "") || err != nil && outbound.Explain(err).Reason != want {
			t.Errorf("TLS %x: %v", version, err)
		}
	}
}
