package auth_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/orderstream/oms/internal/auth"
	"github.com/orderstream/oms/internal/fault"
)

// line is a line of a token file.
func line(secret, rest string) string {
	return fmt.Sprintf("%x %s\n", sha256.Sum256([]byte(secret)), rest)
}

var file = "# who may call\n\n" +
	line("shop-secret", "storefront default read,write") +
	line("uk-secret", "uk-shop uk read") +
	line("ops-secret", "alice * read,write,operate")

func guard(t *testing.T, tokens string, tenants ...string) *auth.Guard {
	t.Helper()
	cfg := auth.Config{Tenants: tenants}
	if tokens != "" {
		ts, err := auth.ReadTokens(strings.NewReader(tokens))
		if err != nil {
			t.Fatal(err)
		}
		cfg.Tokens = ts
	}
	g, err := auth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestTokensSayWhoMayDoWhat(t *testing.T) {
	g := guard(t, file, "default", "uk")
	for name, tt := range map[string]struct {
		headers http.Header
		need    auth.Scope
		want    auth.Caller
		reason  string
	}{
		"own tenant":             {headers: headers("Authorization", "Bearer shop-secret"), need: auth.Write, want: auth.Caller{Actor: "storefront", Tenant: "default"}},
		"scheme in any case":     {headers: headers("Authorization", "bearer shop-secret"), need: auth.Read, want: auth.Caller{Actor: "storefront", Tenant: "default"}},
		"only tenant is implied": {headers: headers("Authorization", "Bearer uk-secret"), need: auth.Read, want: auth.Caller{Actor: "uk-shop", Tenant: "uk"}},
		"every tenant":           {headers: headers("Authorization", "Bearer ops-secret", "Oms-Tenant", "uk"), need: auth.Operate, want: auth.Caller{Actor: "alice", Tenant: "uk", Operator: true}},
		"actor is not believed":  {headers: headers("Authorization", "Bearer uk-secret", "Oms-Actor", "root"), need: auth.Read, want: auth.Caller{Actor: "uk-shop", Tenant: "uk"}},
		"no token":               {headers: headers(), need: auth.Read, reason: auth.ReasonUnauthenticated},
		"another scheme":         {headers: headers("Authorization", "Basic shop-secret"), need: auth.Read, reason: auth.ReasonUnauthenticated},
		"empty token":            {headers: headers("Authorization", "Bearer "), need: auth.Read, reason: auth.ReasonUnauthenticated},
		"unknown token":          {headers: headers("Authorization", "Bearer guess"), need: auth.Read, reason: auth.ReasonUnauthenticated},
		"hash instead of token":  {headers: headers("Authorization", "Bearer "+strings.Fields(line("shop-secret", ""))[0]), need: auth.Read, reason: auth.ReasonUnauthenticated},
		"scope missing":          {headers: headers("Authorization", "Bearer shop-secret"), need: auth.Operate, reason: auth.ReasonScope},
		"other tenant":           {headers: headers("Authorization", "Bearer shop-secret", "Oms-Tenant", "uk"), need: auth.Read, reason: auth.ReasonTenant},
		"tenant not served":      {headers: headers("Authorization", "Bearer ops-secret", "Oms-Tenant", "fr"), need: auth.Read, reason: auth.ReasonTenant},
		"no tenant":              {headers: headers("Authorization", "Bearer ops-secret", "Oms-Tenant", "UK.>"), need: auth.Read, reason: fault.ReasonInvalid},
	} {
		t.Run(name, func(t *testing.T) { check(t, g, tt.headers, tt.need, tt.want, tt.reason) })
	}
}

func TestWithoutTokensEverybodyMayDoEverything(t *testing.T) {
	g := guard(t, "")
	for name, tt := range map[string]struct {
		headers http.Header
		want    auth.Caller
		reason  string
	}{
		"nobody":             {headers: headers(), want: auth.Caller{Actor: auth.Anonymous, Tenant: auth.DefaultTenant, Operator: true}},
		"named":              {headers: headers("Oms-Actor", "alice@example.com"), want: auth.Caller{Actor: "alice@example.com", Tenant: auth.DefaultTenant, Operator: true}},
		"named badly":        {headers: headers("Oms-Actor", "al ice"), reason: fault.ReasonInvalid},
		"tenant not served":  {headers: headers("Oms-Tenant", "uk"), reason: auth.ReasonTenant},
		"tenant with a dot":  {headers: headers("Oms-Tenant", "default.x"), reason: fault.ReasonInvalid},
		"tenant as wildcard": {headers: headers("Oms-Tenant", ">"), reason: fault.ReasonInvalid},
		"tenant too long":    {headers: headers("Oms-Tenant", strings.Repeat("a", 33)), reason: fault.ReasonInvalid},
	} {
		t.Run(name, func(t *testing.T) { check(t, g, tt.headers, auth.Operate, tt.want, tt.reason) })
	}
}

func check(t *testing.T, g *auth.Guard, h http.Header, need auth.Scope, want auth.Caller, reason string) {
	t.Helper()
	got, err := g.Admit(h, need)
	switch {
	case reason == "" && (err != nil || got != want):
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	case reason != "" && (err == nil || fault.ReasonOf(err) != reason):
		t.Errorf("got %+v, %v, want reason %s", got, err, reason)
	}
}

func TestTokenFileWithAMistakeIsRefused(t *testing.T) {
	hash := strings.Fields(line("x", ""))[0]
	for name, text := range map[string]string{
		"empty":          "# nobody\n",
		"too few words":  hash + " alice default\n",
		"too many words": hash + " alice default read write\n",
		"plain token":    "secret alice default read\n",
		"short hash":     hash[:62] + " alice default read\n",
		"unknown scope":  hash + " alice default admin\n",
		"empty scope":    hash + " alice default read,\n",
		"bad tenant":     hash + " alice De.fault read\n",
		"token twice":    line("x", "alice default read") + line("x", "bob default read"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := auth.ReadTokens(strings.NewReader(text)); err == nil {
				t.Error("it was taken")
			}
		})
	}
}

func TestTenantsOfAnInstallationHaveTheRightForm(t *testing.T) {
	for _, tenant := range []string{"", "UK", "a.b", "*", ">", "a b", strings.Repeat("a", 33)} {
		if _, err := auth.New(auth.Config{Tenants: []string{tenant}}); err == nil {
			t.Errorf("tenant %q was taken", tenant)
		}
	}
}

func TestWithoutTokensOnlyLoopbackIsListenedOn(t *testing.T) {
	for addr, fine := range map[string]bool{
		"127.0.0.1:8480": true, "127.9.9.9:1": true, "[::1]:8480": true, "localhost:0": true, "[::ffff:127.0.0.1]:1": true,
		":8480": false, "0.0.0.0:8480": false, "[::]:8480": false, "10.0.0.1:80": false, "oms.example.com:80": false,
		"localhost.example.com:80": false, "127.0.0.1": false, "": false,
	} {
		if err := auth.CheckListen(addr, false); (err == nil) != fine {
			t.Errorf("%q: %v", addr, err)
		}
	}
	if err := auth.CheckListen("0.0.0.0:8480", true); err != nil {
		t.Errorf("with tokens: %v", err)
	}
}

func TestLocalOnlyKeepsOtherSitesAway(t *testing.T) {
	h := auth.LocalOnly(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for name, tt := range map[string]struct {
		host, origin, site string
		want               int
	}{
		"a program":             {host: "127.0.0.1:8480", want: 200},
		"by name":               {host: "localhost:8480", want: 200},
		"by IPv6":               {host: "[::1]:8480", want: 200},
		"no port":               {host: "[::1]", want: 200},
		"own page":              {host: "localhost:8480", origin: "http://localhost:8480", site: "same-origin", want: 200},
		"rebound name":          {host: "evil.example.com:8480", want: 421},
		"name that starts well": {host: "localhost.example.com", want: 421},
		"page of another site":  {host: "localhost:8480", origin: "https://evil.example.com", site: "cross-site", want: 403},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.Host = tt.host
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
				r.Header.Set("Sec-Fetch-Site", tt.site)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d", w.Code, tt.want)
			}
		})
	}
}
