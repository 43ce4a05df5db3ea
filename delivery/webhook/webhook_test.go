package webhook_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/sendtest"
	"github.com/orderstream/oms/delivery/signature"
	"github.com/orderstream/oms/delivery/webhook"
	"github.com/orderstream/oms/internal/outbound"
)

// gate lets tests call their own servers.
func gate(tb testing.TB, proxies ...string) *outbound.Gate {
	tb.Helper()
	allow, err := outbound.ParseAllow("127.0.0.1")
	if err != nil {
		tb.Fatal(err)
	}
	return outbound.New(outbound.Policy{Allow: allow, Proxies: proxies})
}

func open(tb testing.TB, c webhook.Config) *webhook.Sender {
	tb.Helper()
	if c.Gate == nil {
		c.Gate = gate(tb)
	}
	s, err := webhook.Open(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// receiver keeps what it is sent.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	got  []sendtest.Arrived
	last http.Header
}

// receive starts a receiver that answers with handle, or 200.
func receive(tb testing.TB, handle http.HandlerFunc) *receiver {
	tb.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil || req.Method != http.MethodPost {
			tb.Errorf("%s: %v", req.Method, err)
		}
		r.mu.Lock()
		r.got, r.last = append(r.got, sendtest.Arrived{ID: req.Header.Get("Webhook-Id"), Body: body}), req.Header.Clone()
		r.mu.Unlock()
		if handle != nil {
			handle(w, req)
		}
	}))
	tb.Cleanup(r.Close)
	return r
}

func (r *receiver) arrived() []sendtest.Arrived {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// one sends a message alone.
func one(t *testing.T, s send.Sender) send.Verdict {
	t.Helper()
	return s.Send(t.Context(), []send.Message{sendtest.Message("m1")})[0]
}

func TestWebhooksKeepTheContractOfSenders(t *testing.T) {
	sendtest.Run(t, sendtest.Suite{
		Open: func(t *testing.T) (send.Sender, func() []sendtest.Arrived) {
			t.Helper()
			r := receive(t, nil)
			return open(t, webhook.Config{URL: r.URL, Keys: []*signature.Key{signature.NewSecret()}}), r.arrived
		},
		At: func(t *testing.T, url string, patience time.Duration) send.Sender {
			t.Helper()
			return open(t, webhook.Config{URL: url, Timeout: patience})
		},
		// The status came whole, and it was 200.
		Unlike: []sendtest.Exception{
			{When: sendtest.BreakingOff, Want: send.Delivered}, {When: sendtest.Endless, Want: send.Delivered}, {When: sendtest.SlowlyGiving, Want: send.Delivered},
		},
	})
}

func TestReceiversVerifyWhatTheyGet(t *testing.T) {
	keys := []*signature.Key{signature.NewSecret(), signature.NewPair(), signature.NewSecret()}
	r := receive(t, nil)
	s := open(t, webhook.Config{URL: r.URL, Keys: keys})
	if v := one(t, s); v.Outcome != send.Delivered || v.Status != http.StatusOK {
		t.Fatalf("%+v", v)
	}
	body := r.arrived()[0].Body
	for _, k := range []*signature.Key{keys[0], keys[2]} {
		standard, err := standardwebhooks.NewWebhook(k.Encode())
		if err != nil {
			t.Fatal(err)
		}
		other, err := svix.NewWebhook(k.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if err := standard.Verify(body, r.last); err != nil {
			t.Errorf("Standard Webhooks: %v", err)
		}
		if err := other.Verify(body, r.last); err != nil {
			t.Errorf("Svix: %v", err)
		}
	}
	if err := signature.Verify([]*signature.Key{keys[1].Public()}, r.last, body, time.Now(), 0); err != nil {
		t.Error(err)
	}
}

func TestHeadersAreThoseOfTheEndpointAndTheMessage(t *testing.T) {
	r := receive(t, nil)
	at := time.Unix(1_700_000_000, 0)
	key, err := signature.ParseKey("key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, webhook.Config{
		URL: r.URL + "/x?type=ordercreated", Headers: []send.Header{{Name: "X-Api-Key", Value: "k3y"}, {Name: "x-both", Value: "endpoint"}},
		Bearer: "t0ken", Keys: []*signature.Key{key}, SignatureHeader: "X-Shop-Signature", Now: func() time.Time { return at },
	})
	m := sendtest.Message("m1")
	m.Headers = []send.Header{
		{Name: "X-DirectScale-User", Value: "a\r\nX-Evil: yes"},
		{Name: "X-Both", Value: "message"},
		{Name: "ce-id", Value: "m1"},
		{Name: "Content-Length", Value: "3"},
		{Name: "Webhook-Id", Value: "other"},
		{Name: "Bad Name", Value: "x"},
		{Name: "Connection", Value: "close"},
	}
	for range 2 { // the second must not find the first's headers
		if v := s.Send(t.Context(), []send.Message{m})[0]; v.Outcome != send.Delivered {
			t.Fatalf("%+v", v)
		}
	}
	for name, want := range map[string]string{
		"X-Api-Key": "k3y", "X-Both": "message", "Authorization": "Bearer t0ken", "Ce-Id": "m1", "X-Directscale-User": "a  X-Evil: yes",
		"Webhook-Id": "m1", "Webhook-Timestamp": "1700000000", "Webhook-Signature": "", "X-Evil": "", "Connection": "", "Content-Type": "application/json",
		"Content-Length": "11", "Accept-Encoding": "", "X-Shop-Signature": signature.Sign([]*signature.Key{key}, "m1", at, m.Body), "User-Agent": "oms-webhook/1",
	} {
		if got := strings.Join(r.last.Values(name), " | "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestAMessageThatFitsNoHeaderIsRefused(t *testing.T) {
	r := receive(t, nil)
	s := open(t, webhook.Config{URL: r.URL})
	for _, id := range []string{"", "a\r\nb", "ä"} {
		m := sendtest.Message("x")
		m.ID = id
		if v := s.Send(t.Context(), []send.Message{m})[0]; v.Outcome != send.Refused {
			t.Errorf("%q: %+v", id, v)
		}
	}
	if len(r.arrived()) > 0 {
		t.Error("one arrived")
	}
}

func TestTheReceiversAnswerDecides(t *testing.T) {
	for name, tt := range map[string]struct {
		status  int
		after   string
		outcome send.Outcome
		reason  string
		wait    time.Duration
	}{
		"ok":                    {status: 200, outcome: send.Delivered},
		"accepted":              {status: 202, outcome: send.Delivered},
		"no content":            {status: 204, outcome: send.Delivered},
		"moved":                 {status: 301, reason: "http_301"},
		"not modified":          {status: 304, reason: "http_304"},
		"bad request":           {status: 400, reason: "http_400"},
		"unauthorized":          {status: 401, reason: "http_401"},
		"not found":             {status: 404, reason: "http_404"},
		"gone":                  {status: 410, outcome: send.Gone, reason: "http_410"},
		"too large":             {status: 413, outcome: send.TooLarge, reason: "http_413"},
		"throttled":             {status: 429, outcome: send.Throttled, reason: "http_429"},
		"throttled for":         {status: 429, after: "120", outcome: send.Throttled, reason: "http_429", wait: 2 * time.Minute},
		"throttled until":       {status: 429, after: "Tue, 14 Nov 2023 22:14:20 GMT", outcome: send.Throttled, reason: "http_429", wait: time.Minute},
		"throttled for ever":    {status: 429, after: "99999999999999999999", outcome: send.Throttled, reason: "http_429", wait: 24 * time.Hour},
		"throttled for years":   {status: 429, after: "Tue, 14 Nov 2033 22:14:20 GMT", outcome: send.Throttled, reason: "http_429", wait: 24 * time.Hour},
		"throttled until past":  {status: 429, after: "Tue, 14 Nov 2000 22:14:20 GMT", outcome: send.Throttled, reason: "http_429"},
		"throttled with words":  {status: 429, after: "soon", outcome: send.Throttled, reason: "http_429"},
		"throttled backwards":   {status: 429, after: "-5", outcome: send.Throttled, reason: "http_429"},
		"broken":                {status: 500, reason: "http_500"},
		"broken says when":      {status: 500, after: "5", reason: "http_500"},
		"restarting":            {status: 503, reason: "http_503"},
		"restarting until":      {status: 503, after: "5", outcome: send.Throttled, reason: "http_503", wait: 5 * time.Second},
		"restarting with words": {status: 503, after: "soon", reason: "http_503"},
		"gateway":               {status: 504, reason: "http_504"},
		"unheard of":            {status: 799, reason: "http_799"},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.after != "" {
					w.Header().Set("Retry-After", tt.after)
				}
				w.WriteHeader(tt.status)
				if tt.status != http.StatusNoContent && tt.status != http.StatusNotModified {
					_, _ = io.WriteString(w, "because")
				}
			})
			s := open(t, webhook.Config{URL: r.URL, Now: func() time.Time { return time.Unix(1_700_000_000, 0) }})
			v := one(t, s)
			if v.Outcome != tt.outcome || v.Reason != tt.reason || v.RetryAfter != tt.wait || v.Status != tt.status {
				t.Errorf("%+v, want %+v", v, tt)
			}
			if got := string(v.Response); got != "because" && tt.status != http.StatusNoContent && tt.status != http.StatusNotModified {
				t.Errorf("response %q", got)
			}
		})
	}
}

func TestOneConnectionServesManyMessages(t *testing.T) {
	peers := map[string]bool{}
	r := receive(t, func(w http.ResponseWriter, req *http.Request) {
		peers[req.RemoteAddr] = true
		_, _ = io.WriteString(w, strings.Repeat("x", outbound.MaxBody-1))
	})
	s := open(t, webhook.Config{URL: r.URL})
	for range 20 {
		if v := one(t, s); v.Outcome != send.Delivered || len(v.Response) != 1<<10 {
			t.Fatalf("%+v", v)
		}
	}
	if len(peers) != 1 {
		t.Errorf("%d connections", len(peers))
	}
}
