// Package webhook sends messages to HTTP endpoints that customers run: one POST
// for each, signed by Standard Webhooks.
//
// Everything about an endpoint is a customer's word: its URL, its headers, its
// token server. All calls go through package outbound.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/signature"
	"github.com/orderstream/oms/internal/outbound"
)

// Sender hands messages to one endpoint.
type Sender struct {
	url       *url.URL
	transport *outbound.Transport
	base      http.Header // sent with every message; never changed
	keys      []*signature.Key
	signature string
	tokens    *tokens
	timeout   time.Duration
	bytes     int
	now       func() time.Time
}

// Limits are one message at a time, of MaxBytes.
func (s *Sender) Limits() send.Limits { return send.Limits{Messages: 1, Bytes: s.bytes} }

// Close gives back the endpoint's own connections.
func (s *Sender) Close() { s.transport.Close() }

// Send posts each message, one after the other.
func (s *Sender) Send(ctx context.Context, messages []send.Message) []send.Verdict {
	verdicts := make([]send.Verdict, len(messages))
	for i := range messages {
		verdicts[i] = s.attempt(ctx, &messages[i])
	}
	return verdicts
}

func (s *Sender) attempt(ctx context.Context, m *send.Message) send.Verdict {
	switch {
	case ctx.Err() != nil:
		return send.Verdict{Outcome: send.Unsent, Reason: "canceled", Detail: "the attempt was given up on this side"}
	case len(m.Body) > s.bytes:
		return send.Verdict{Outcome: send.TooLarge, Reason: "too_large", Detail: "the message is larger than is sent to this endpoint"}
	case m.ID == "" || !outbound.IsFieldValue(m.ID) || !outbound.IsFieldValue(m.ContentType):
		return send.Verdict{Outcome: send.Refused, Reason: "not_a_header", Detail: "the message's id or content type does not fit into a header"}
	}
	started := s.now()
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	v := s.post(limited, m, started)
	if v.Outcome != send.Delivered && errors.Is(ctx.Err(), context.Canceled) && v.Status == 0 {
		v = send.Verdict{Outcome: send.Unsent, Reason: "canceled", Detail: "the attempt was given up on this side"}
	}
	v.Took = s.now().Sub(started)
	return v
}

func (s *Sender) post(ctx context.Context, m *send.Message, at time.Time) send.Verdict {
	header := s.header(m, at)
	token, err := s.tokens.get(ctx)
	if err != nil {
		return send.Verdict{Outcome: send.Unsent, Reason: "oauth_token", Detail: tokenDetail(err)}
	}
	if token != nil {
		header["Authorization"] = []string{token.Type() + " " + token.AccessToken}
	}
	request := &http.Request{
		Method: http.MethodPost, URL: s.url, Host: s.url.Host, Header: header,
		Body: body(m.Body), ContentLength: int64(len(m.Body)),
		// Asked for only while nothing of the request has been sent.
		GetBody: func() (io.ReadCloser, error) { return body(m.Body), nil },
	}
	response, err := s.transport.RoundTrip(request.WithContext(ctx))
	if err != nil {
		f := outbound.Explain(err)
		v := send.Verdict{Reason: f.Reason, Detail: f.Detail}
		if f.Ours {
			v.Outcome = send.Unsent
		}
		return v
	}
	defer func() { _ = response.Body.Close() }()
	v := verdict(response, s.now)
	v.Response = excerpt(response)
	if response.StatusCode == http.StatusUnauthorized {
		s.tokens.drop(token)
	}
	return v
}

// body is empty rather than missing, so that a length of 0 is sent.
func body(b []byte) io.ReadCloser {
	if len(b) == 0 {
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(b))
}

// header puts the endpoint's headers, the vocabulary's and the signature's
// together; the later win.
func (s *Sender) header(m *send.Message, at time.Time) http.Header {
	h := make(http.Header, len(s.base)+len(m.Headers)+5)
	for name, values := range s.base {
		h[name] = values
	}
	for _, x := range m.Headers {
		if !outbound.IsToken(x.Name) || outbound.Reserved(x.Name) && !isCloudEvents(x.Name) {
			continue
		}
		h.Set(x.Name, oneLine(x.Value))
	}
	values := [...]string{m.ContentType, m.ID, signature.Timestamp(at), ""}
	if m.ContentType != "" {
		h["Content-Type"] = values[0:1:1]
	}
	h["Webhook-Id"], h["Webhook-Timestamp"] = values[1:2:2], values[2:3:3]
	if len(s.keys) > 0 {
		values[3] = signature.Sign(s.keys, m.ID, at, m.Body)
		h[s.signature] = values[3:4:4]
	}
	return h
}

func isCloudEvents(name string) bool { return len(name) > 3 && strings.EqualFold(name[:3], "ce-") }

// oneLine keeps a value from ending its header.
func oneLine(value string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, value))
}
