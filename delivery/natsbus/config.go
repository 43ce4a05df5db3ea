package natsbus

import (
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/internal/fault"
)

const (
	// DefaultTimeout of one message.
	DefaultTimeout = 5 * time.Second
	maxSubject     = 512
	// extras is room beside a body for headers.
	extras = 16 << 10
)

// Config of an endpoint. Conn, Subject and Source are required.
type Config struct {
	// Conn stays its owner's; Close leaves it open.
	Conn *nats.Conn
	// Subject that messages are published on, such as
	// "events.{tenant}.{environment}.{type}.{subject}". Each placeholder is a token
	// of its own.
	Subject string
	// Roots are the first tokens that a subject may have; default "events". The
	// rest of the server's subjects belong to this system.
	Roots []string
	// JetStream waits until a stream has the message. Without it the server has
	// it, and whoever listens.
	JetStream bool
	// Source of the events: a URI, or the path of one.
	Source string
	// Timeout of one message; default DefaultTimeout.
	Timeout time.Duration
	// MaxBytes of a message's body; default what the server takes.
	MaxBytes int
	// Now is the clock of verdicts; default time.Now.
	Now func() time.Time
}

// internal are first tokens of this system's own subjects; those that begin
// with $ or _ are the server's.
var internal = []string{"log", "cmd", "order", "inventory", "promotion", "payment", "fraud", "linked", "reply", "tick", "t", "delivery"}

var placeholders = []string{"{tenant}", "{environment}", "{type}", "{subject}"}

// Check says all that is wrong with a configuration, each with its field.
func (c *Config) Check() error {
	var f fault.Fields
	tokens := strings.Split(c.Subject, ".")
	roots := c.Roots
	if len(roots) == 0 {
		roots = []string{"events"}
	}
	if root := tokens[0]; !slices.Contains(roots, root) || slices.Contains(internal, root) {
		f.Add("subject", "must begin with one of %s", strings.Join(roots, ", "))
	}
	for _, t := range tokens {
		if !isToken(t) && !slices.Contains(placeholders, t) {
			f.Add("subject", "must be of tokens of letters, digits, - and _, or %s, with dots between them", strings.Join(placeholders, " "))
			break
		}
	}
	if len(tokens) < 2 || len(c.Subject) > maxSubject/2 {
		f.Add("subject", "must have 2 tokens or more, and %d characters at most", maxSubject/2)
	}
	if c.Source == "" || strings.ContainsAny(c.Source, " \t\r\n") {
		f.Add("source", "must be a URI")
	}
	if c.Timeout < 0 || c.MaxBytes < 0 {
		f.Add("timeout", "must be at least 0, like max_bytes")
	}
	return f.Err()
}

// isToken reports whether a token holds nothing that means something to NATS.
func isToken(t string) bool {
	return t != "" && strings.Trim(t, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == "" && t[0] != '_'
}

// Open returns the sender of an endpoint, or what Check says.
func Open(c Config) (*Sender, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	s := &Sender{conn: c.Conn, template: strings.Split(c.Subject, "."), source: c.Source, timeout: c.Timeout, bytes: c.MaxBytes, now: c.Now}
	if c.JetStream {
		js, err := jetstream.New(c.Conn)
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "nats", "NATS is not there")
		}
		s.js = js
	}
	if s.timeout == 0 {
		s.timeout = DefaultTimeout
	}
	payload := int(c.Conn.MaxPayload())
	if payload <= 0 { // not connected yet
		payload = 1 << 20
	}
	if most := payload - min(extras, payload/2); s.bytes == 0 || s.bytes > most {
		s.bytes = most
	}
	if s.now == nil {
		s.now = time.Now //nolint:forbidigo // the one place where the clock comes from
	}
	return s, nil
}
