package cloudevents_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	ce "github.com/cloudevents/sdk-go/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/delivery/cloudevents"
	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/sendtest"
)

const source = "https://orders.example/acme"

// same says what the SDK, which is of others, reads differently from what the
// message says.
func same(t interface{ Errorf(string, ...any) }, e *ce.Event, m *send.Message) {
	want := []any{"1.0", m.ID, source, m.Type, m.Subject, m.Tenant, m.Environment, m.Time.UTC(), m.ContentType, string(m.Body)}
	extension := func(name string) string {
		s, _ := e.Extensions()[name].(string)
		return s
	}
	got := []any{e.SpecVersion(), e.ID(), e.Source(), e.Type(), e.Subject(), extension("tenant"), extension("environment"), e.Time().UTC(), e.DataContentType(), string(e.Data())}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := e.Validate(); err != nil {
		t.Errorf("not an event: %v", err)
	}
}

func TestOthersReadTheDocumentAsItIsMeant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`x[a-zA-Z0-9äöü€"\\<&> ._/-]{1,30}`)
		m := sendtest.Message("x")
		m.ID, m.Type, m.Subject = text.Draw(t, "id"), text.Draw(t, "type"), text.Draw(t, "subject")
		m.Time = time.Unix(0, rapid.Int64Range(0, 4e18).Draw(t, "time"))
		if rapid.Bool().Draw(t, "binary") {
			m.ContentType, m.Body = "application/octet-stream", rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "body")
		}
		original := m
		s := cloudevents.Structured(m, source)
		if !json.Valid(s.Body) || s.ContentType != cloudevents.ContentType || s.ID != m.ID {
			t.Fatalf("%q is %s", s.Body, s.ContentType)
		}
		e := ce.NewEvent()
		if err := json.Unmarshal(s.Body, &e); err != nil {
			t.Fatal(err)
		}
		same(t, &e, &original)
	})
}

func TestOthersReadTheHeadersAsTheyAreMeant(t *testing.T) {
	m := sendtest.Message("m1")
	b := cloudevents.Binary(m, source)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://example.com", bytes.NewReader(b.Body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", b.ContentType)
	for _, h := range b.Headers {
		r.Header.Set(h.Name, h.Value)
	}
	e, err := ce.NewEventFromHTTPRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	same(t, e, &m)
	if len(m.Headers) != 1 || len(b.Headers) != 9 || b.Headers[0] != m.Headers[0] {
		t.Errorf("headers %v", b.Headers)
	}
}

func TestJSONStaysAsItIs(t *testing.T) {
	for _, tt := range []struct{ contentType, body, want string }{
		{"application/json", `{"b":1.0,"a":"<&>"}`, `"data":{"b":1.0,"a":"<&>"}`},
		{"application/vnd.shop+json; charset=utf-8", ` [1] `, `"data":[1]`},
		{"", `1`, `"data":1`},
		{"application/json", `{"a":`, `"data_base64":"eyJhIjo="`},
		{"text/plain", `{}`, `"data_base64":"e30="`},
	} {
		m := sendtest.Message("m1")
		m.ContentType, m.Body = tt.contentType, []byte(tt.body)
		if s := cloudevents.Structured(m, source); !bytes.HasSuffix(s.Body, []byte(","+tt.want+"}")) {
			t.Errorf("%s %s: %s", tt.contentType, tt.body, s.Body)
		}
	}
	m := sendtest.Message("m1")
	m.Body = nil
	if s := cloudevents.Structured(m, source); !json.Valid(s.Body) || bytes.Contains(s.Body, []byte(`"data`+`"`)) {
		t.Errorf("no body: %s", s.Body)
	}
}

func TestHeadersAreEscapedAsTheBindingSays(t *testing.T) {
	for in, want := range map[string]string{
		"plain/a~b": "plain/a~b", "Euro € 😀": "Euro%20%E2%82%AC%20%F0%9F%98%80", `"100%"`: "%22100%25%22", "a\r\nb\x7f": "a%0D%0Ab%7F", "": "",
	} {
		if got := cloudevents.Escape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.String().Draw(t, "in")
		if back, err := url.PathUnescape(cloudevents.Escape(in)); err != nil || back != in {
			t.Errorf("%q comes back as %q: %v", in, back, err)
		}
	})
}
