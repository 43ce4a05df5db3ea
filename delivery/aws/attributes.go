package aws

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/orderstream/oms/delivery/send"
)

const (
	maxAttributes = 10
	maxAttribute  = 1 << 10
)

var attributeNames = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// attributes of a message on a queue or topic: who and what, then the headers of
// its vocabulary as long as there is room.
func attributes(m *send.Message) []send.Header {
	all := []send.Header{{Name: "id", Value: m.ID}, {Name: "type", Value: m.Type}, {Name: "environment", Value: m.Environment}, {Name: "tenant", Value: m.Tenant}}
	if m.ContentType != "" {
		all = append(all, send.Header{Name: "content-type", Value: m.ContentType})
	}
	all = append(all, m.Headers...)
	fit := make([]send.Header, 0, maxAttributes)
	seen := map[string]bool{}
	for _, h := range all {
		lower := strings.ToLower(h.Name)
		if len(fit) == maxAttributes {
			break
		}
		if h.Value == "" || len(h.Value) > maxAttribute || !isText(h.Value) || len(h.Name) > 128 || !attributeNames.MatchString(h.Name) ||
			seen[lower] || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon.") {
			continue
		}
		seen[lower] = true
		fit = append(fit, h)
	}
	return fit
}

// isText reports whether a service takes s as text: the characters of XML.
func isText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return false
		}
	}
	return true
}

// notText refuses what is no text, or empty.
func notText(m *send.Message) send.Verdict {
	if len(m.Body) > 0 && isText(string(m.Body)) {
		return send.Verdict{}
	}
	return send.Verdict{Outcome: send.Refused, Reason: "not_text", Detail: "the destination takes text, and not none"}
}

// token is s as a group or deduplication id: itself, or its hash when it has
// characters that such ids have not.
func token(s string) *string {
	ok := s != "" && len(s) <= 128
	for i := 0; ok && i < len(s); i++ {
		ok = s[i] > ' ' && s[i] < 0x7f
	}
	if !ok {
		sum := sha256.Sum256([]byte(s))
		s = hex.EncodeToString(sum[:])
	}
	return &s
}

// group keeps the order of a subject; what has none keeps no order.
func group(m *send.Message) *string {
	if m.Subject == "" {
		return token(m.ID)
	}
	return token(m.Subject)
}
