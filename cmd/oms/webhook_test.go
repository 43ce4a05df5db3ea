package main

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orderstream/oms/delivery/signature"
)

// sunk is a message that the sink of a test took.
type sunk struct {
	header http.Header
	body   []byte
}

// kind is the type of the event.
func (s sunk) kind() string {
	var e struct{ EventType string }
	_ = json.Unmarshal(s.body, &e)
	return e.EventType
}

// sink is a receiver of webhooks on this machine; while it is broken it fails.
type sink struct {
	*httptest.Server
	took   chan sunk
	broken atomic.Bool
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{took: make(chan sunk, 100)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.broken.Load() {
			http.Error(w, "not today", http.StatusTeapot)
			return
		}
		body, _ := io.ReadAll(r.Body)
		s.took <- sunk{r.Header, body}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(s.Close)
	return s
}

// next is what comes next.
func (s *sink) next(t *testing.T) sunk {
	t.Helper()
	select {
	case m := <-s.took:
		return m
	case <-time.After(30 * time.Second):
		t.Fatal("nothing arrives")
		return sunk{}
	}
}

// allowLocal lets endpoints be on this machine.
func allowLocal(cfg *serveConfig) { cfg.DeliveryAllow = []string{"127.0.0.1"} }

// match is what a pattern captures of a text.
func match(t *testing.T, pattern, text string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in\n%s", pattern, text)
	}
	return m[1]
}

func verified(t *testing.T, m sunk, secret string) {
	t.Helper()
	key, err := signature.ParseKey("secret", secret)
	if err == nil {
		err = signature.Verify([]*signature.Key{key}, m.header, m.body, time.Now(), 0)
	}
	if err != nil {
		t.Errorf("the signature of %s: %v", m.kind(), err)
	}
}

func TestEventsArriveSignedAtAnEndpointFromTheCommandLine(t *testing.T) {
	t.Parallel()
	c, s := newCLI(t, allowLocal), newSink(t)
	out := c.want("webhook create --url "+s.URL+"/hook --header X-Shop:mine --ordered --key w1", `(?s)Endpoint:.*Status:\s+enabled\n.*Signing secret:\s+whsec_`)
	id, secret := match(t, `Endpoint:\s+(\S+)`, out), match(t, `Signing secret:\s+(\S+)`, out)
	c.want("webhook create --url "+s.URL+"/hook --header X-Shop:mine --ordered --key w1", `Repeated:\s+yes`)

	c.want("stock add A 5", `main`)
	m := s.next(t)
	verified(t, m, secret)
	if m.kind() != "StockLevelEvent" {
		t.Errorf("first came %s", m.body)
	}
	c.want("webhook update "+id+" --url "+s.URL+"/other --rate 500", `(?s)To:\s+http://\S+/other\n.*Header:\s+X-Shop`)
	order := match(t, `Order: +(\S+)`, c.want("order create --sku A=2@9.99 --currency USD", `Order:`))
	m = s.next(t)
	verified(t, m, secret)
	if m.kind() != "CreateOrderEvent" || m.header.Get("X-Shop") != "mine" || m.header.Get("X-Directscale-Message-Id") == "" {
		t.Errorf("then came %s with %v", m.body, m.header)
	}
	c.eventually("delivery list --order "+order+" --event CreateOrderEvent", `CreateOrderEvent\s+`+order)

	out = c.want("webhook rotate-secret "+id+" --overlap 0s", `Signing secret:\s+whsec_`)
	c.want("webhook test "+id+" --event VoidOrderEvent", `(?s)Notice:\s+\d+\.\d+\nMessage id:\s+test-`)
	for m = s.next(t); m.kind() != "VoidOrderEvent"; {
		m = s.next(t)
	}
	verified(t, m, match(t, `Signing secret:\s+(\S+)`, out))
	c.nowhere(secret, strings.TrimPrefix(secret, "whsec_"))
}

// nowhere fails when a text is in a file of the data folder.
func (c *cli) nowhere(texts ...string) {
	c.Helper()
	err := filepath.WalkDir(c.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(raw, []byte(text)) {
				c.Errorf("%s has a secret", path)
			}
		}
		return err
	})
	if err != nil {
		c.Error(err)
	}
}

func TestDeliveriesAreRetriedAndReplayedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	c, s := newCLI(t, allowLocal), newSink(t)
	id := match(t, `Endpoint:\s+(\S+)`, c.want("webhook create --url "+s.URL+" --event CreateOrderEvent --retry 1ms", `Events:\s+CreateOrderEvent\n`))
	s.broken.Store(true)
	notice := match(t, `Notice:\s+(\S+)`, c.want("webhook test "+id, `Notice:`))
	c.eventually("delivery get "+id+" "+notice, `(?s)Status:\s+parked\n.*Body:\s+\{"OrderNumber":1001.*Attempts:\s+2\n.*http_418.*not today`)
	c.want("delivery list "+id+" --status parked", notice)
	c.want("webhook get "+id, `(?s)Parked:\s+1\n.*Failing:\s+2 in a row`)
	s.broken.Store(false)
	c.want("webhook replay "+id+" --from 1h --dry-run", `Deliveries:\s+1; nothing is delivered`)
	c.want("webhook replay "+id+" --from 1h --parked-only", `Deliveries:\s+1\n`)
	first := s.next(t)
	c.eventually("delivery list "+id+" --status delivered", notice)
	c.want("delivery retry "+id+" "+notice, `Queued:\s+`+notice)
	if again := s.next(t); again.header.Get("webhook-id") != first.header.Get("webhook-id") {
		t.Errorf("it came again as %s", again.header.Get("webhook-id"))
	}
	c.want("webhook suspend "+id+" --message holiday", `(?s)Status:\s+suspended\nReason:\s+operator`)
	c.want("webhook list --status suspended --min-position 1", ``)
	c.want("webhook test "+id, `Notice:`)
	c.want("webhook enable "+id, `Status:\s+enabled`)
	s.next(t)
	c.want("webhook disable "+id, `Status:\s+disabled`)
	c.want("webhook delete "+id, `Deleted:`)
}

// eventually runs a command until it prints something.
func (c *cli) eventually(line, text string) {
	c.Helper()
	pattern := regexp.MustCompile(text)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		r := c.oms(line)
		if pattern.MatchString(r.out) {
			return
		}
		if time.Now().After(deadline) {
			c.Fatalf("oms %s does not print %s but\n%s%s", line, text, r.out, r.err)
		}
	}
}

func TestEventsOfYourOwnFromTheCommandLine(t *testing.T) {
	t.Parallel()
	c, s := newCLI(t, allowLocal), newSink(t)
	c.want("webhook event define PartyBooked --description party", `Event:\s+PartyBooked`)
	c.want("webhook create --file - --url "+s.URL, `Events:\s+PartyBooked\n`, `{"vocabulary":"VOCABULARY_DIRECTSCALE","eventTypes":["PartyBooked"]}`)
	c.want("webhook event publish PartyBooked --data - --key p1", `Event:\s+PartyBooked`, `{"Guests":12}`)
	c.want("webhook event publish PartyBooked --data - --key p1", `Repeated`, `{"Guests":12}`)
	if m := s.next(t); m.kind() != "PartyBooked" || !bytes.Contains(m.body, []byte(`"Guests":12`)) {
		t.Errorf("came %s", m.body)
	}
	c.want("webhook list --json", `^\{"endpoint":\{`)
	for args, want := range map[string]int{
		"webhook create":                                          exitInvalid,
		"webhook create --url http://10.0.0.1":                    exitInvalid,
		"webhook create --url http://127.0.0.1 --event Nope":      exitInvalid,
		"webhook create --url http://127.0.0.1 --vocabulary x":    exitInvalid,
		"webhook create --url http://127.0.0.1 --header x":        exitInvalid,
		"webhook create --url http://127.0.0.1 --retry soon":      exitInvalid,
		"webhook create --file /no/such/file":                     exitInvalid,
		"webhook update nope --rate 3":                            exitNotFound,
		"webhook get nope":                                        exitNotFound,
		"webhook get":                                             exitInvalid,
		"webhook list --status x":                                 exitInvalid,
		"webhook list --limit -1":                                 exitInvalid,
		"webhook enable nope":                                     exitNotFound,
		"webhook rotate-secret nope":                              exitNotFound,
		"webhook test nope":                                       exitNotFound,
		"webhook replay nope --from 1h":                           exitNotFound,
		"webhook replay nope --from yesterday":                    exitInvalid,
		"webhook event define CreateOrderEvent":                   exitInvalid,
		"webhook event publish Nope":                              exitNotFound,
		"webhook event publish PartyBooked --environment nowhere": exitInvalid,
		"delivery list --status x":                                exitInvalid,
		"delivery list --limit -1":                                exitInvalid,
		"delivery get nope 1.0":                                   exitNotFound,
		"delivery get nope x":                                     exitInvalid,
		"delivery retry nope 1":                                   exitNotFound,
	} {
		if r := c.oms(args); r.code != want {
			t.Errorf("oms %s: exit %d, want %d: %s", args, r.code, want, r.err)
		}
	}
}
