// Package cloudevents puts messages into the form of CloudEvents 1.0, for the
// endpoints that ask for it: as one JSON document, or as headers beside the body.
//
// The mapping is ours, not the SDK's, which deviates from the bindings where
// headers must be percent-encoded and where NATS names the content type.
package cloudevents

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/orderstream/oms/delivery/send"
)

const (
	// ContentType of a structured event.
	ContentType = "application/cloudevents+json; charset=utf-8"
	// Prefix of attributes in headers.
	Prefix      = "ce-"
	specVersion = "1.0"
)

// Attributes of a message as an event from source, without that of the content
// type: the four that are required, then those that the message has. Tenant and
// environment are extensions.
func Attributes(m *send.Message, source string) []send.Header {
	all := []send.Header{{Name: "specversion", Value: specVersion}, {Name: "id", Value: m.ID}, {Name: "source", Value: source}, {Name: "type", Value: m.Type}}
	if !m.Time.IsZero() {
		all = append(all, send.Header{Name: "time", Value: m.Time.UTC().Format(time.RFC3339Nano)})
	}
	for _, h := range []send.Header{{Name: "subject", Value: m.Subject}, {Name: "tenant", Value: m.Tenant}, {Name: "environment", Value: m.Environment}} {
		if h.Value != "" {
			all = append(all, h)
		}
	}
	return all
}

// Binary returns the message with the attributes as HTTP headers; its body and
// content type stay as they are.
func Binary(m send.Message, source string) send.Message {
	headers := slices.Clip(m.Headers)
	for _, a := range Attributes(&m, source) {
		headers = append(headers, send.Header{Name: Prefix + a.Name, Value: Escape(a.Value)})
	}
	m.Headers = headers
	return m
}

// Structured returns the message with one JSON document as its body, which has
// the attributes and what was the body: JSON as it is, all else in base64.
func Structured(m send.Message, source string) send.Message {
	b := make([]byte, 0, len(m.Body)+512)
	b = append(b, '{')
	attributes := Attributes(&m, source)
	if m.ContentType != "" {
		attributes = append(attributes, send.Header{Name: "datacontenttype", Value: m.ContentType})
	}
	for i, a := range attributes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, a.Name)
		b = append(b, ':')
		b = appendString(b, a.Value)
	}
	switch {
	case len(m.Body) == 0:
	case isJSON(&m):
		b = append(b, `,"data":`...)
		b = append(b, bytes.TrimSpace(m.Body)...)
	default:
		b = append(b, `,"data_base64":"`...)
		b = base64.StdEncoding.AppendEncode(b, m.Body)
		b = append(b, '"')
	}
	b = append(b, '}')
	m.Body, m.ContentType = b, ContentType
	return m
}

func isJSON(m *send.Message) bool {
	media, _, err := mime.ParseMediaType(m.ContentType)
	is := m.ContentType == "" || err == nil && (media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json"))
	return is && utf8.Valid(m.Body) && json.Valid(m.Body)
}

// appendString never fails: encoding/json takes any string.
func appendString(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s)
	return append(b, quoted...)
}

// Escape is a value of an attribute as headers carry it: space, quote, percent
// and all that is not printable ASCII are percent-encoded by their bytes.
func Escape(value string) string {
	const hex = "0123456789ABCDEF"
	value = strings.ToValidUTF8(value, "\uFFFD")
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		if c > ' ' && c < 0x7f && c != '"' && c != '%' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}
