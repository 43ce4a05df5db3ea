package signature_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	svix "github.com/svix/svix-webhooks/go"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/delivery/signature"
	"github.com/orderstream/oms/internal/fault"
)

func parse(t *testing.T, text string) *signature.Key {
	t.Helper()
	k, err := signature.ParseKey("key", text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func headers(keys []*signature.Key, id string, at time.Time, body []byte) http.Header {
	h := http.Header{}
	h.Set(signature.HeaderID, id)
	h.Set(signature.HeaderTimestamp, signature.Timestamp(at))
	h.Set(signature.HeaderSignature, signature.Sign(keys, id, at, body))
	return h
}

// The example of the specification.
func TestSignaturesAreThoseOfTheSpecification(t *testing.T) {
	k := parse(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	got := signature.Sign([]*signature.Key{k}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signed %q, want %q", got, want)
	}
}

// Both libraries are of others, and written apart from each other.
func TestReceiversLibrariesAcceptEverySignature(t *testing.T) {
	now := time.Now()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[a-zA-Z0-9_-]{1,40}`).Draw(t, "id")
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		at := now.Add(time.Duration(rapid.IntRange(-290, 290).Draw(t, "seconds")) * time.Second)
		keys := []*signature.Key{signature.NewSecret(), signature.NewPair(), signature.NewSecret()}
		h := headers(keys, id, at, body)
		for i, k := range []*signature.Key{keys[0], keys[2]} {
			standard, err := standardwebhooks.NewWebhook(k.Encode())
			if err != nil {
				t.Fatal(err)
			}
			if err := standard.Verify(body, h); err != nil {
				t.Errorf("key %d: Standard Webhooks: %v", i, err)
			}
			other, err := svix.NewWebhook(k.Encode())
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Verify(body, h); err != nil {
				t.Errorf("key %d: Svix: %v", i, err)
			}
		}
		for i, k := range []*signature.Key{keys[0], keys[1], keys[1].Public(), keys[2]} {
			if err := signature.Verify([]*signature.Key{k}, h, body, now, 0); err != nil {
				t.Errorf("key %d: %v", i, err)
			}
		}
		stranger := []*signature.Key{signature.NewSecret(), signature.NewPair().Public()}
		if err := signature.Verify(stranger, h, body, now, 0); !errors.Is(err, signature.ErrSignature) {
			t.Errorf("a stranger's key: %v", err)
		}
	})
}

func TestNothingOfASignedMessageCanBeChanged(t *testing.T) {
	now, body := time.Unix(1_700_000_000, 0), []byte(`{"a":1}`)
	for name, k := range map[string]*signature.Key{"symmetric": signature.NewSecret(), "asymmetric": signature.NewPair()} {
		keys := []*signature.Key{k}
		for what, tt := range map[string]struct {
			change func(http.Header) []byte
			want   error
		}{
			"nothing":       {func(http.Header) []byte { return body }, nil},
			"body":          {func(http.Header) []byte { return []byte(`{"a":2}`) }, signature.ErrSignature},
			"empty body":    {func(http.Header) []byte { return nil }, signature.ErrSignature},
			"id":            {func(h http.Header) []byte { h.Set("webhook-id", "m2"); return body }, signature.ErrSignature},
			"no id":         {func(h http.Header) []byte { h.Del("webhook-id"); return body }, signature.ErrHeaders},
			"time":          {func(h http.Header) []byte { h.Set("webhook-timestamp", "1700000001"); return body }, signature.ErrSignature},
			"late":          {func(h http.Header) []byte { h.Set("webhook-timestamp", "1700000301"); return body }, signature.ErrTimestamp},
			"early":         {func(h http.Header) []byte { h.Set("webhook-timestamp", "1699999699"); return body }, signature.ErrTimestamp},
			"never":         {func(h http.Header) []byte { h.Set("webhook-timestamp", "yesterday"); return body }, signature.ErrHeaders},
			"overflow":      {func(h http.Header) []byte { h.Set("webhook-timestamp", "9223372036854775807"); return body }, signature.ErrTimestamp},
			"no signature":  {func(h http.Header) []byte { h.Del("webhook-signature"); return body }, signature.ErrHeaders},
			"other version": {func(h http.Header) []byte { h.Set("webhook-signature", "v2,"+h.Get("webhook-signature")); return body }, signature.ErrSignature},
			"not base64":    {func(h http.Header) []byte { h.Set("webhook-signature", "v1,!! v1a,!!"); return body }, signature.ErrSignature},
			"half": {func(h http.Header) []byte {
				s := h.Get("webhook-signature")
				h.Set("webhook-signature", s[:len(s)/2])
				return body
			}, signature.ErrSignature},
		} {
			h := headers(keys, "m1", now, body)
			changed := tt.change(h)
			if err := signature.Verify(keys, h, changed, now, 0); !errors.Is(err, tt.want) {
				t.Errorf("%s, %s: %v, want %v", name, what, err, tt.want)
			}
		}
	}
}

func TestTheTimeMayBeLeftOut(t *testing.T) {
	keys := []*signature.Key{signature.NewSecret()}
	sent := time.Unix(1_600_000_000, 0)
	h := headers(keys, "m1", sent, nil)
	if err := signature.Verify(keys, h, nil, sent.Add(1000*time.Hour), -1); err != nil {
		t.Error(err)
	}
	if err := signature.Verify(keys, h, nil, sent.Add(time.Hour), 2*time.Hour); err != nil {
		t.Error(err)
	}
}

func TestKeysAreReadAsTheyAreWritten(t *testing.T) {
	for _, k := range []*signature.Key{signature.NewSecret(), signature.NewPair(), signature.NewPair().Public()} {
		again := parse(t, k.Encode())
		if again.Encode() != k.Encode() || again.Signs() != k.Signs() {
			t.Errorf("%s… is read as %s…", k.Encode()[:8], again.Encode()[:8])
		}
	}
	pair := signature.NewPair()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(pair.Encode(), "whsk_"))
	if err != nil {
		t.Fatal(err)
	}
	if seed := parse(t, "whsk_"+base64.StdEncoding.EncodeToString(raw[:32])); seed.Encode() != pair.Encode() {
		t.Error("a seed alone is another key")
	}
	if signature.NewSecret().Public() != nil {
		t.Error("a symmetric key has a public half")
	}
}

func TestWhatIsNoKeyIsNamedAndNotRepeated(t *testing.T) {
	zeros := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for _, text := range []string{
		"", "whsec_", "whsec_hunter2!", "hunter2", zeros(32), "whsec_" + zeros(23), "whsec_" + zeros(65), "whsk_" + zeros(31), "whsk_" + zeros(33),
		"whsk_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 64)), "whpk_" + zeros(31), "whxx_" + zeros(32),
	} {
		_, err := signature.ParseKey("keys[0]", text)
		if fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), "keys[0]: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestNoLogShowsAKey(t *testing.T) {
	for _, k := range []*signature.Key{signature.NewSecret(), signature.NewPair()} {
		var b bytes.Buffer
		slog.New(slog.NewJSONHandler(&b, nil)).LogAttrs(t.Context(), slog.LevelInfo, "x", slog.Any("key", k))
		_, _ = fmt.Fprintf(&b, "%v %s %+v %#v", k, k, k, k)
		if secret := k.Encode()[6:]; strings.Contains(b.String(), secret) || !strings.Contains(b.String(), "***") {
			t.Errorf("shown: %s", b.String())
		}
	}
}

func BenchmarkSign(b *testing.B) {
	body := make([]byte, 1<<10)
	at := time.Unix(1_700_000_000, 0)
	for name, keys := range map[string][]*signature.Key{"v1": {signature.NewSecret()}, "v1a": {signature.NewPair()}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				signature.Sign(keys, "msg_1", at, body)
			}
		})
	}
}
