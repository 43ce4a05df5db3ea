package outbound_test

import (
	"bufio"
	"iter"
	"net/http"
	"net/textproto"
	"strings"
	"testing"

	"github.com/orderstream/oms/internal/outbound"
)

func pairs(of ...string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := 0; i < len(of); i += 2 {
			if !yield(of[i], of[i+1]) {
				return
			}
		}
	}
}

func TestHeadersAreJudgedBeforeTheyAreKept(t *testing.T) {
	for name, tt := range map[string]struct {
		headers []string
		want    string
	}{
		"none":               {},
		"common":             {headers: []string{"X-Api-Key", "k3y", "Authorization", "Basic dXNlcjpwYXNz", "User-Agent", "shop 1.0"}},
		"empty value":        {headers: []string{"X-Empty", ""}},
		"tab inside":         {headers: []string{"X-Tab", "a\tb"}},
		"no name":            {headers: []string{"", "x"}, want: "headers[0].name"},
		"space in the name":  {headers: []string{"X A", "x"}, want: "headers[0].name"},
		"colon in the name":  {headers: []string{"X:", "x"}, want: "headers[0].name"},
		"line in the name":   {headers: []string{"X\r\nY", "x"}, want: "headers[0].name"},
		"line in the value":  {headers: []string{"X-A", "a", "X-B", "hunter2\r\nX-C: d"}, want: "headers[1].value"},
		"bare line feed":     {headers: []string{"X-A", "a\nb"}, want: "headers[0].value"},
		"zero in the value":  {headers: []string{"X-A", "a\x00b"}, want: "headers[0].value"},
		"not ASCII":          {headers: []string{"X-A", "ä"}, want: "headers[0].value"},
		"space at the end":   {headers: []string{"X-A", "a "}, want: "headers[0].value"},
		"twice":              {headers: []string{"X-A", "a", "x-a", "b"}, want: "twice"},
		"host":               {headers: []string{"Host", "x"}, want: "set by the sender"},
		"content length":     {headers: []string{"content-length", "0"}, want: "set by the sender"},
		"transfer encoding":  {headers: []string{"Transfer-Encoding", "chunked"}, want: "set by the sender"},
		"connection":         {headers: []string{"CONNECTION", "close"}, want: "set by the sender"},
		"webhook id":         {headers: []string{"Webhook-Id", "x"}, want: "set by the sender"},
		"webhook signature":  {headers: []string{"webhook-signature", "v1,x"}, want: "set by the sender"},
		"cloud event":        {headers: []string{"ce-id", "x"}, want: "set by the sender"},
		"proxy":              {headers: []string{"Proxy-Authorization", "x"}, want: "set by the sender"},
		"content type":       {headers: []string{"Content-Type", "x"}, want: "set by the sender"},
		"too long together":  {headers: []string{"X-A", strings.Repeat("a", 7000)}, want: "in all"},
		"too long in a name": {headers: []string{strings.Repeat("a", 129), "a"}, want: "headers[0].name"},
	} {
		err := outbound.CheckHeaders("headers", pairs(tt.headers...))
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats the value", name)
		}
	}
	many := make([]string, 0, 66)
	for i := range 33 {
		many = append(many, "X-"+strings.Repeat("a", i), "")
	}
	if err := outbound.CheckHeaders("headers", pairs(many...)); err == nil {
		t.Error("33 headers are accepted")
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add("X-Api-Key", "secret")
	f.Add("X\r\n", "a\r\nb")
	f.Add("x", " a\t")
	f.Fuzz(func(t *testing.T, name, value string) {
		if outbound.CheckHeaders("h", pairs(name, value)) != nil {
			return
		}
		var b strings.Builder
		h := http.Header{name: {value}}
		if err := h.Write(&b); err != nil {
			t.Fatal(err)
		}
		got, err := textproto.NewReader(bufio.NewReader(strings.NewReader(b.String() + "\r\n"))).ReadMIMEHeader()
		if err != nil || len(got) != 1 || got.Get(name) != value || outbound.Reserved(name) {
			t.Fatalf("%q: %q is read as %q: %v", name, value, got, err)
		}
	})
}
