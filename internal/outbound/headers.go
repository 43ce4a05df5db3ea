package outbound

import (
	"iter"
	"strconv"
	"strings"

	"github.com/orderstream/oms/internal/fault"
)

// Headers at most, and bytes of their names and values together: what receivers
// take beside our own.
const (
	maxHeaders     = 32
	maxHeaderBytes = 6 << 10
)

// reserved are headers that the connection, the client or the event sets.
var reserved = map[string]bool{
	"accept-encoding": true, "connection": true, "content-encoding": true, "content-length": true, "content-type": true,
	"date": true, "expect": true, "host": true, "http2-settings": true, "keep-alive": true, "te": true, "trailer": true,
	"transfer-encoding": true, "upgrade": true, "idempotency-key": true, "x-idempotency-key": true,
}

// reservedPrefixes likewise: Standard Webhooks, CloudEvents, proxies.
var reservedPrefixes = []string{"webhook-", "ce-", "proxy-"}

// CheckHeaders says what is wrong with headers that somebody wants sent along:
// a fault that names field[i].name or field[i].value, or nil. A value is never
// repeated: it may be a password.
func CheckHeaders(field string, headers iter.Seq2[string, string]) error {
	var f fault.Fields
	seen, size, i := map[string]bool{}, 0, 0
	at := func(part string) string { return field + "[" + strconv.Itoa(i) + "]." + part }
	for name, value := range headers {
		lower := strings.ToLower(name)
		switch {
		case !IsToken(name):
			f.Add(at("name"), "must be of letters, digits and !#$%%&'*+-.^_`|~")
		case Reserved(name):
			f.Add(at("name"), "%s is set by the sender", name)
		case seen[lower]:
			f.Add(at("name"), "%s is there twice", name)
		}
		if !IsFieldValue(value) {
			f.Add(at("value"), "must be of printable ASCII characters, spaces inside")
		}
		seen[lower] = true
		size += len(name) + len(value)
		i++
	}
	if i > maxHeaders || size > maxHeaderBytes {
		f.Add(field, "must be at most %d with %d bytes in all", maxHeaders, maxHeaderBytes)
	}
	return f.Err()
}

// Reserved reports whether a header is not for customers to set.
func Reserved(name string) bool {
	name = strings.ToLower(name)
	for _, p := range reservedPrefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return reserved[name]
}

// IsToken reports whether s may be the name of a header.
func IsToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// IsFieldValue reports whether s may be the value of a header: nothing in it
// ends a line, and nothing is lost at its ends.
func IsFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return strings.Trim(s, " \t") == s
}
