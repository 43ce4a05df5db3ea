package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// proxyError says that the proxy answered for itself, not for the endpoint behind
// it.
type proxyError struct{ status int }

func (e *proxyError) Error() string { return "the proxy answered " + strconv.Itoa(e.status) }

// errBehindProxy says that the proxy cannot reach the endpoint.
var errBehindProxy = errors.New("the proxy cannot reach the endpoint")

// proxyAnswered tells a proxy that fails from one that says what it met.
func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	switch res.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusForbidden:
		return &Refused{Class: byProxy}
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return errBehindProxy
	}
	return &proxyError{res.StatusCode}
}

// Failure says why a call has no answer.
type Failure struct {
	// Reason is a stable snake_case code.
	Reason string
	// Detail is for the owner of the endpoint; it names no address.
	Detail string
	// Ours is a failure on our side of the endpoint: the proxy's, or the end of
	// this process.
	Ours bool
}

// Explain tells why a call failed. What it does not know is "connection": the
// text of an error may name addresses, so none is passed on.
func Explain(err error) Failure {
	refused, ok := errors.AsType[*Refused](err)
	if ok {
		return Failure{Reason: "address_not_allowed", Detail: refused.Error()}
	}
	if proxy, ok := errors.AsType[*proxyError](err); ok {
		return Failure{Reason: "proxy", Detail: proxy.Error(), Ours: true}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" {
		return Failure{Reason: "proxy", Detail: "the proxy cannot be reached", Ours: true}
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return Failure{Reason: "dns", Detail: "there is no such host"}
		}
		return Failure{Reason: "dns", Detail: "the name of the host cannot be looked up now"}
	}
	if detail := explainTLS(err); detail != "" {
		return Failure{Reason: "tls", Detail: detail}
	}
	return explainConnection(err)
}

func explainTLS(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the certificate is from an authority that is not trusted"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate is for another host"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return "the certificate has expired, or is not valid yet"
		}
		return "the certificate is not valid"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the certificate is not valid"
	}
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		return "the receiver ended the handshake: " + alert.Error()
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the receiver does not speak TLS"
	}
	// The package names these by text alone, and no address is in it.
	for _, text := range []string{"tls: ", "TLS handshake timeout", "server gave HTTP response to HTTPS client"} {
		if strings.Contains(err.Error(), text) {
			return "the receiver and this client do not agree on TLS"
		}
	}
	return ""
}

func explainConnection(err error) Failure {
	timeout, _ := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		return Failure{Reason: "canceled", Detail: "the attempt was given up on this side", Ours: true}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), timeout != nil && timeout.Timeout():
		return Failure{Reason: "timeout", Detail: "the receiver did not answer in time"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return Failure{Reason: "connection_refused", Detail: "nobody listens there"}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, errBehindProxy):
		return Failure{Reason: "unreachable", Detail: "there is no way to the host"}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		strings.Contains(err.Error(), "server closed idle connection"):
		return Failure{Reason: "reset", Detail: "the receiver closed the connection instead of answering"}
	case errors.Is(err, ErrTooLong), strings.Contains(err.Error(), "server response headers exceeded"):
		return Failure{Reason: "answer_too_long", Detail: "the receiver's answer is too long"}
	case strings.Contains(err.Error(), "malformed HTTP"):
		return Failure{Reason: "protocol", Detail: "the receiver's answer is not HTTP"}
	}
	return Failure{Reason: "connection", Detail: "the connection failed"}
}
