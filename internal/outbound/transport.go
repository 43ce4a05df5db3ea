package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/orderstream/oms/internal/fault"
)

const (
	// MaxBody is how much of an answer is read.
	MaxBody = 16 << 10
	// maxHeader is how long the head of an answer may be.
	maxHeader = 32 << 10
	// dialTimeout is below the shortest attempt, so that a proxy that does not
	// answer is told from an endpoint that does not.
	dialTimeout = 4 * time.Second
	// idleHost is how many connections to one host wait for the next message: as
	// many as one endpoint has under way.
	idleHost = 64
	idleAll  = 1024
	// idleFor is below what common receivers keep connections for, so that
	// messages rarely meet one that is being closed.
	idleFor = 30 * time.Second
)

// Options of one endpoint. The zero value shares connections with all other
// endpoints that have none.
type Options struct {
	// Proxy that the calls go through; empty means none. It must be one of the
	// policy's, without user and password.
	Proxy string
	// Certificate that the client shows.
	Certificate *tls.Certificate
	// Roots are certificates of authorities in PEM that are trusted beside those
	// of the system.
	Roots []byte
	// MaxBody is how much of an answer is read; default MaxBody.
	MaxBody int64
}

// Transport makes calls through the gate. It follows no redirect, unpacks no
// answer, and an answer's body ends with ErrTooLong after MaxBody. How long a
// call may take is the context's to say.
type Transport struct {
	http  *http.Transport
	max   int64
	owned bool
}

// ErrTooLong says that an answer is longer than is read.
var ErrTooLong = errors.New("the answer is too long")

// Transport returns a way to call an endpoint. It fails with a fault that names
// the option.
func (g *Gate) Transport(o Options) (*Transport, error) {
	if o.Proxy == "" && o.Certificate == nil && len(o.Roots) == 0 {
		return &Transport{http: g.plain.http, max: limit(o)}, nil
	}
	if o.Proxy != "" && g.proxies[o.Proxy] == nil {
		return nil, fault.Field("proxy", "must be one of the proxies that the operator permits")
	}
	if len(o.Roots) > 0 && !x509.NewCertPool().AppendCertsFromPEM(o.Roots) {
		return nil, fault.Field("roots", "must hold certificates in PEM")
	}
	t := g.transport(o)
	t.owned = true
	return t, nil
}

func limit(o Options) int64 {
	if o.MaxBody > 0 {
		return o.MaxBody
	}
	return MaxBody
}

// transport builds one from checked options.
func (g *Gate) transport(o Options) *Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: g.control}
	t := &http.Transport{
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(idleHost)},
		TLSHandshakeTimeout:    2 * dialTimeout,
		DisableCompression:     true,
		MaxIdleConns:           idleAll,
		MaxIdleConnsPerHost:    idleHost,
		IdleConnTimeout:        idleFor,
		MaxResponseHeaderBytes: maxHeader,
	}
	if o.Certificate != nil {
		t.TLSClientConfig.Certificates = []tls.Certificate{*o.Certificate}
	}
	if len(o.Roots) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		pool.AppendCertsFromPEM(o.Roots)
		t.TLSClientConfig.RootCAs = pool
	}
	if o.Proxy != "" {
		t.Proxy = http.ProxyURL(g.proxies[o.Proxy])
		t.OnProxyConnectResponse = proxyAnswered
		// Only the proxy is dialled now, and the operator named it.
		dialer.Control = nil
	}
	t.DialContext = dialer.DialContext
	return &Transport{http: t, max: limit(o)}
}

// control judges an address after DNS and before the first packet.
func (g *Gate) control(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return &Refused{Class: "invalid"}
	}
	if err := g.checkPort(a.Port()); err != nil {
		return err
	}
	return g.CheckAddr(a.Addr())
}

// RoundTrip makes one call. The body of the answer must be closed.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.http.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &capped{ReadCloser: res.Body, left: t.max}
	return res, nil
}

// Client returns an HTTP client for libraries that ask for one.
func (t *Transport) Client() *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Close gives back the connections that the endpoint shares with no other.
func (t *Transport) Close() {
	if t.owned {
		t.http.CloseIdleConnections()
	}
}

// capped is a body that ends too soon rather than never.
type capped struct {
	io.ReadCloser
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		if n, err := c.ReadCloser.Read(make([]byte, 1)); n == 0 && err != nil {
			return 0, err
		}
		return 0, ErrTooLong
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.ReadCloser.Read(p)
	c.left -= int64(n)
	return n, err
}
