package webhook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/signature"
	"github.com/orderstream/oms/delivery/webhook"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/outbound"
)

func TestAConfigurationIsJudgedAsAWhole(t *testing.T) {
	oauth := &webhook.OAuth{TokenURL: "https://example.com/token", ClientID: "c", ClientSecret: "s"}
	for name, tt := range map[string]struct {
		config webhook.Config
		fields string
	}{
		"plain":   {config: webhook.Config{URL: "https://example.com/"}},
		"full":    {config: webhook.Config{URL: "https://example.com/", OAuth: oauth, Headers: []send.Header{{Name: "X-A", Value: "b"}}, Timeout: time.Minute, SignatureHeader: "X-Signature"}},
		"private": {config: webhook.Config{URL: "http://10.0.0.1/"}, fields: "url"},
		"headers": {config: webhook.Config{URL: "https://example.com/", Headers: []send.Header{{Name: "Host", Value: "b"}}}, fields: "headers[0].name"},
		"token":   {config: webhook.Config{URL: "https://example.com/", Bearer: "a\nb"}, fields: "bearer"},
		"two who": {config: webhook.Config{URL: "https://example.com/", Bearer: "a", OAuth: oauth}, fields: "bearer"},
		"two who, by header": {
			config: webhook.Config{URL: "https://example.com/", Bearer: "a", Headers: []send.Header{{Name: "authorization", Value: "b"}}}, fields: "bearer",
		},
		"token server": {config: webhook.Config{URL: "https://example.com/", OAuth: &webhook.OAuth{TokenURL: "http://127.0.0.1/"}}, fields: "oauth.token_url oauth.client_id oauth.client_secret"},
		"public key":   {config: webhook.Config{URL: "https://example.com/", Keys: []*signature.Key{signature.NewSecret(), signature.NewPair().Public()}}, fields: "keys[1]"},
		"signature":    {config: webhook.Config{URL: "https://example.com/", SignatureHeader: "content-length"}, fields: "signature_header"},
		"timeout":      {config: webhook.Config{URL: "https://example.com/", Timeout: time.Hour}, fields: "timeout"},
		"proxy":        {config: webhook.Config{URL: "https://example.com/", Options: outbound.Options{Proxy: "http://127.0.0.1:3128"}}, fields: "proxy"},
		"everything":   {config: webhook.Config{URL: "x", Bearer: "\n", Timeout: -1, Options: outbound.Options{Roots: []byte("x")}}, fields: "url bearer timeout roots"},
	} {
		tt.config.Gate = outbound.New(outbound.Policy{})
		_, err := webhook.Open(tt.config)
		var fields []string
		for _, v := range fault.Violations(err) {
			fields = append(fields, v.Field)
		}
		if got := strings.Join(fields, " "); got != tt.fields || (err == nil) != (tt.fields == "") {
			t.Errorf("%s: %v, want %q", name, err, tt.fields)
		}
	}
}
