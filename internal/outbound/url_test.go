package outbound_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/outbound"
)

// urls and what is wrong with each.
var urls = map[string]string{
	"https://example.com":                               "",
	"http://example.com/a?type=ordercreated&x=%20":      "",
	"https://example.com:8443/events":                   "",
	"https://xn--bcher-kva.example/":                    "",
	"https://a_b.example.com/~u/(x);y=1,2":              "",
	"https://1.1.1.1/":                                  "",
	"https://[2606:4700::1111]:443/":                    "",
	"HTTPS://Example.COM/":                              "",
	"":                                                  "characters",
	"https://" + strings.Repeat("a.", 1100) + "com":     "characters",
	"example.com/events":                                "such as",
	"//example.com/":                                    "begin with",
	"ftp://example.com":                                 "begin with",
	"file:///etc/passwd":                                "such as",
	"gopher://example.com:70/":                          "begin with",
	"javascript:alert(1)":                               "such as",
	"http:example.com":                                  "such as",
	"http:///x":                                         "such as",
	"https://user:secret@example.com/":                  "user",
	"https://user@example.com/":                         "user",
	"https://@example.com/":                             "user",
	"https://example.com/#f":                            "fragment",
	"https://example.com/#":                             "fragment",
	"https://example.com/a b":                           "ASCII",
	"https://example.com/\r\nHost: x":                   "ASCII",
	"https://example.com/\x00":                          "ASCII",
	"https://bücher.example/":                           "punycode",
	"https://example.com\\@127.0.0.1/":                  "ASCII",
	"https://exa%6dple.com/":                            "such as",
	"https://%31%32%37.0.0.1/":                          "such as",
	"https://example.com:/":                             "colon",
	"https://example.com:0/":                            "port",
	"https://example.com:65536/":                        "port",
	"https://example.com:080/":                          "port",
	"https://example.com:http/":                         "such as",
	"https://example.com./":                             "host of labels",
	"https://.example.com/":                             "host of labels",
	"https://exam..ple.com/":                            "host of labels",
	"https://-a.com/":                                   "host of labels",
	"https://a,b.com/":                                  "host of labels",
	"https://" + strings.Repeat("a", 64) + ".com/":      "host of labels",
	"https://" + strings.Repeat("abc.", 80) + "com/":    "253",
	"http://localhost:80/":                              "loopback",
	"http://LOCALHOST/":                                 "loopback",
	"http://app.localhost/":                             "loopback",
	"http://127.0.0.1/":                                 "loopback",
	"http://2130706433/":                                "four decimal",
	"http://0x7f000001/":                                "four decimal",
	"http://0x7f.1/":                                    "four decimal",
	"http://0177.0.0.1/":                                "four decimal",
	"http://127.1/":                                     "four decimal",
	"http://127.0.0.1.5/":                               "four decimal",
	"http://1.2.3.0x4/":                                 "four decimal",
	"http://256.256.256.256/":                           "four decimal",
	"http://169.254.169.254/latest/meta-data/":          "metadata",
	"http://[::1]/":                                     "loopback",
	"http://[::ffff:127.0.0.1]/":                        "loopback",
	"http://[::ffff:a9fe:a9fe]/":                        "metadata",
	"http://[fd00:ec2::254]/":                           "metadata",
	"http://[64:ff9b::10.0.0.1]/":                       "private",
	"http://[fe80::1%25eth0]/":                          "such as",
	"http://[::1/":                                      "such as",
	"http://10.0.0.1:6379/":                             "private",
	"http://0/":                                         "four decimal",
	"http://100.64.1.1/":                                "carrier-grade",
	"https://hooks.example.com/?next=http://127.0.0.1/": "",
}

func TestURLsAreJudgedBeforeTheyAreKept(t *testing.T) {
	g := outbound.New(outbound.Policy{})
	for raw, want := range urls {
		err := g.CheckURL("callback_url", raw)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", raw, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", raw, err, want)
			continue
		}
		if v := fault.Violations(err); fault.KindOf(err) != fault.Invalid || v[0].Field != "callback_url" {
			t.Errorf("%q: %v does not name the field", raw, err)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error repeats the password", raw)
		}
	}
}

func TestURLsInsideTheOperatorsRangesAreAccepted(t *testing.T) {
	allow, err := outbound.ParseAllow("127.0.0.0/8", "10.1.0.0/16")
	if err != nil {
		t.Fatal(err)
	}
	g := outbound.New(outbound.Policy{Allow: allow, Ports: []uint16{443, 8080}})
	for raw, want := range map[string]bool{
		"http://localhost:8080/": true, "http://127.0.0.1:8080/": true, "https://10.1.2.3/": true, "https://example.com/": true,
		"http://example.com/": false, "https://example.com:22/": false, "https://10.2.0.1/": false,
	} {
		if err := g.CheckURL("url", raw); (err == nil) != want {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://example.com/a?b=c", "http://127.1", "http://[::ffff:1.2.3.4]:80/", "http://a@b", "https://0x1/", "http://[fe80::1%25a]/"} {
		f.Add(s)
	}
	g := outbound.New(outbound.Policy{})
	f.Fuzz(func(t *testing.T, raw string) {
		if g.CheckURL("url", raw) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatalf("accepted %q, which does not parse: %v", raw, err)
		}
		if _, err := http.NewRequest(http.MethodPost, raw, http.NoBody); err != nil {
			t.Fatalf("accepted %q, which cannot be called: %v", raw, err)
		}
		if u.User != nil || u.Fragment != "" || strings.ContainsAny(raw, " \r\n\x00#\\") {
			t.Fatalf("accepted %q", raw)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && g.CheckAddr(a) != nil {
			t.Fatalf("accepted %q", raw)
		}
	})
}
