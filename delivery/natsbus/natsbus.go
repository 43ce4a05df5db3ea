// Package natsbus publishes messages on NATS subjects, as CloudEvents in the
// binary mode of the binding: the attributes are headers, and the body is the
// message's.
//
// It publishes on the server that this system itself runs on. Which subject a
// message gets is decided by a template and by words of the event, so neither
// can lead out of the subjects that are for others.
package natsbus

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/delivery/cloudevents"
	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/internal/outbound"
)

// perSend bounds how long one Send takes.
const perSend = 64

// Sender hands messages to the subjects of one template.
type Sender struct {
	conn     *nats.Conn
	js       jetstream.JetStream // nil without acknowledgement
	template []string
	source   string
	timeout  time.Duration
	bytes    int
	now      func() time.Time
}

// Limits are those of the server.
func (s *Sender) Limits() send.Limits { return send.Limits{Messages: perSend, Bytes: s.bytes} }

// Close leaves the connection to its owner.
func (s *Sender) Close() {}

// Send publishes the messages in their order. After one that failed the others
// of its subject are Unsent: none overtakes another.
func (s *Sender) Send(ctx context.Context, messages []send.Message) []send.Verdict {
	verdicts := make([]send.Verdict, len(messages))
	held := map[string]bool{}
	for i := range messages {
		m := &messages[i]
		if m.Subject != "" && held[m.Subject] {
			verdicts[i] = send.Verdict{Outcome: send.Unsent, Reason: "order_kept", Detail: "an earlier message of the same subject was not delivered"}
			continue
		}
		started := s.now()
		verdicts[i] = s.attempt(ctx, m)
		verdicts[i].Took = s.now().Sub(started)
		held[m.Subject] = held[m.Subject] || verdicts[i].Outcome != send.Delivered && verdicts[i].Outcome != send.Refused
	}
	return verdicts
}

func (s *Sender) attempt(ctx context.Context, m *send.Message) send.Verdict {
	switch {
	case ctx.Err() != nil:
		return canceled
	case len(m.Body) > s.bytes:
		return tooLarge
	case m.ID == "" || m.ID != cloudevents.Escape(m.ID):
		return send.Verdict{Outcome: send.Refused, Reason: "not_a_header", Detail: "the message's id does not fit into a header"}
	}
	subject, ok := s.subject(m)
	if !ok {
		return send.Verdict{Outcome: send.Refused, Reason: "no_subject", Detail: "the message lacks a word that the subject needs, or the subject becomes too long"}
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	msg := &nats.Msg{Subject: subject, Data: m.Body, Header: s.header(m)}
	var err error
	if s.js != nil {
		_, err = s.js.PublishMsg(limited, msg, jetstream.WithRetryAttempts(0))
	} else if err = s.conn.PublishMsg(msg); err == nil {
		err = s.conn.FlushWithContext(limited)
	}
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return canceled
	}
	return s.verdict(err)
}

var (
	canceled = send.Verdict{Outcome: send.Unsent, Reason: "canceled", Detail: "the attempt was given up on this side"}
	tooLarge = send.Verdict{Outcome: send.TooLarge, Reason: "too_large", Detail: "the message is larger than the destination takes"}
)

// tooLargeForStream is the server's code for what the binding of nats.go has no
// name for.
const tooLargeForStream jetstream.ErrorCode = 10054

func (s *Sender) verdict(err error) send.Verdict {
	api, ok := errors.AsType[*jetstream.APIError](err)
	switch {
	case err == nil:
		return send.Verdict{Outcome: send.Delivered}
	case errors.Is(err, nats.ErrMaxPayload), ok && api.ErrorCode == tooLargeForStream:
		return tooLarge
	case ok:
		return send.Verdict{Reason: "stream", Status: int(api.ErrorCode), Detail: "the stream does not take it: " + api.Description}
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return send.Verdict{Reason: "no_stream", Detail: "no stream keeps this subject"}
	case !s.conn.IsConnected(): // our own server
		return send.Verdict{Outcome: send.Unsent, Reason: "nats", Detail: "NATS is not there"}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return send.Verdict{Reason: "timeout", Detail: "the stream did not answer in time"}
	}
	return send.Verdict{Reason: "connection", Detail: "the connection failed"}
}

// subject fills the template. Every word becomes a token that holds none of
// NATS's signs, and different words become different tokens; only the type may
// be several, when its dots are between words.
func (s *Sender) subject(m *send.Message) (string, bool) {
	tokens := make([]string, len(s.template))
	for i, t := range s.template {
		switch t {
		case "{tenant}":
			t = escape(m.Tenant)
		case "{environment}":
			t = escape(m.Environment)
		case "{subject}":
			t = escape(m.Subject)
		case "{type}":
			words := strings.Split(m.Type, ".")
			for j, w := range words {
				if words[j] = escape(w); w == "" {
					return "", false
				}
			}
			t = strings.Join(words, ".")
		}
		if t == "" {
			return "", false
		}
		tokens[i] = t
	}
	subject := strings.Join(tokens, ".")
	return subject, len(subject) <= maxSubject
}

// escape percent-encodes all that is no letter, digit, - or _.
func escape(word string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(word) {
		c := word[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// header is the event's attributes, the id by which streams know a repeat, and
// what the vocabulary asks for. Headers of the server's own are none of that.
func (s *Sender) header(m *send.Message) nats.Header {
	h := nats.Header{}
	for _, x := range m.Headers {
		lower := strings.ToLower(x.Name)
		if outbound.IsToken(x.Name) && !strings.HasPrefix(lower, "nats-") && !strings.HasPrefix(lower, cloudevents.Prefix) {
			h[x.Name] = []string{cloudevents.Escape(x.Value)}
		}
	}
	for _, a := range cloudevents.Attributes(m, s.source) {
		h[cloudevents.Prefix+a.Name] = []string{cloudevents.Escape(a.Value)}
	}
	if m.ContentType != "" {
		h[cloudevents.Prefix+"datacontenttype"] = []string{cloudevents.Escape(m.ContentType)}
	}
	h[nats.MsgIdHdr] = []string{m.ID}
	return h
}
