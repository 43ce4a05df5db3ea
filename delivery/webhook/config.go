package webhook

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/signature"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/outbound"
)

const (
	// DefaultTimeout and MaxTimeout of an attempt.
	DefaultTimeout = 15 * time.Second
	MaxTimeout     = 60 * time.Second
	// DefaultBytes of a message's body.
	DefaultBytes = 256 << 10
	userAgent    = "oms-webhook/1"
)

// Config of an endpoint. URL and Gate are required. Secrets are open here.
type Config struct {
	// URL of the endpoint.
	URL string
	// Headers sent with every message.
	Headers []send.Header
	// Bearer is a token sent with every message; empty means none.
	Bearer string
	// OAuth gets such tokens; nil means none.
	OAuth *OAuth
	// Keys that are valid now; every message is signed with each. None, no
	// signature.
	Keys []*signature.Key
	// SignatureHeader instead of webhook-signature, for receivers that know the
	// signature by another name.
	SignatureHeader string
	// Options of the connection: proxy, client certificate, authorities.
	Options outbound.Options
	// Timeout of an attempt, from the token to the end of the answer; default
	// DefaultTimeout.
	Timeout time.Duration
	// MaxBytes of a message's body; default DefaultBytes.
	MaxBytes int
	// Gate that all calls go through.
	Gate *outbound.Gate
	// Now is the clock of signatures; default time.Now.
	Now func() time.Time
}

// Check says all that is wrong with a configuration, each with its field.
func (c *Config) Check() error {
	var f fault.Fields
	note := func(err error) {
		for _, v := range fault.Violations(err) {
			f.Add(v.Field, "%s", v.Message)
		}
	}
	note(c.Gate.CheckURL("url", c.URL))
	note(outbound.CheckHeaders("headers", func(yield func(string, string) bool) {
		for _, h := range c.Headers {
			if !yield(h.Name, h.Value) {
				return
			}
		}
	}))
	c.checkAuthorization(&f)
	if c.OAuth != nil {
		note(c.OAuth.check(c.Gate))
	}
	for i, k := range c.Keys {
		if !k.Signs() {
			f.Add(fmt.Sprintf("keys[%d]", i), "must be able to sign")
		}
	}
	if s := c.SignatureHeader; s != "" && (!outbound.IsToken(s) || outbound.Reserved(s) && http.CanonicalHeaderKey(s) != "Webhook-Signature") {
		f.Add("signature_header", "must be a header that is not set already")
	}
	if c.Timeout < 0 || c.Timeout > MaxTimeout {
		f.Add("timeout", "must be at most %v", MaxTimeout)
	}
	_, err := c.Gate.Transport(c.Options)
	note(err)
	return f.Err()
}

// checkAuthorization lets one of three say who calls.
func (c *Config) checkAuthorization(f *fault.Fields) {
	if c.Bearer != "" && !outbound.IsFieldValue(c.Bearer) {
		f.Add("bearer", "must be of printable ASCII characters")
	}
	ways := 0
	if c.Bearer != "" {
		ways++
	}
	if c.OAuth != nil {
		ways++
	}
	for _, h := range c.Headers {
		if http.CanonicalHeaderKey(h.Name) == "Authorization" {
			ways++
		}
	}
	if ways > 1 {
		f.Add("bearer", "must be alone: a bearer token, OAuth and an Authorization header exclude each other")
	}
}

// Open returns the sender of an endpoint, or what Check says.
func Open(c Config) (*Sender, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	to, err := url.Parse(c.URL)
	if err != nil {
		return nil, fault.Field("url", "must be a URL")
	}
	transport, err := c.Gate.Transport(c.Options)
	if err != nil {
		return nil, err
	}
	s := &Sender{
		url: to, transport: transport, keys: c.Keys, timeout: c.Timeout, bytes: c.MaxBytes, now: c.Now,
		base: http.Header{"User-Agent": {userAgent}}, signature: "Webhook-Signature",
	}
	for _, h := range c.Headers {
		s.base.Set(h.Name, h.Value)
	}
	if c.Bearer != "" {
		s.base.Set("Authorization", "Bearer "+c.Bearer)
	}
	if c.SignatureHeader != "" {
		s.signature = http.CanonicalHeaderKey(c.SignatureHeader)
	}
	if c.OAuth != nil {
		s.tokens = c.OAuth.open(transport)
	}
	if s.timeout == 0 {
		s.timeout = DefaultTimeout
	}
	if s.bytes == 0 {
		s.bytes = DefaultBytes
	}
	if s.now == nil {
		s.now = time.Now //nolint:forbidigo // the one place where the clock comes from
	}
	return s, nil
}
