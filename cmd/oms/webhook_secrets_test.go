package main

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/orderstream/oms/internal/obs"
)

// kept is a writer that many use at once.
type kept struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write implements io.Writer.
func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all.Write(p)
}

func (k *kept) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all.String()
}

// Secrets of an endpoint are in no log, whatever its level and whatever fails, in
// no file under the data folder, and in no answer but the one that makes them.
func TestSecretsAreInNoLogNoFileAndNoAnswer(t *testing.T) {
	before := slog.Default()
	logged := &kept{}
	slog.SetDefault(obs.Logger(logged, "debug", "json"))
	t.Cleanup(func() { slog.SetDefault(before) })
	c, s := newCLI(t, allowLocal), newSink(t)
	secrets := []string{"bearer-3d2c1b0a", "header-3d2c1b0a", "client-3d2c1b0a"}
	settings := `{"vocabulary":"VOCABULARY_DIRECTSCALE","eventTypes":["*"],"pace":{"retries":["0.001s"]},"destination":{"webhook":{"url":"` + s.URL + `",
		"headers":[{"name":"X-Key","value":"header-3d2c1b0a"}],` // and who calls
	token := `"oauth2":{"tokenUrl":"` + s.URL + `","clientId":"me","clientSecret":"client-3d2c1b0a"}}}}`
	bearer := `"bearerToken":"bearer-3d2c1b0a"}}}`
	c.want("webhook create -f -", `Endpoint:`, settings+token)
	out := c.want("webhook create -f - --key k", `Endpoint:`, settings+bearer)
	id := match(t, `Endpoint:\s+(\S+)`, out)
	secrets = append(secrets, match(t, `Signing secret:\s+(\S+)`, out))
	secrets = append(secrets, match(t, `Signing secret:\s+(\S+)`, c.want("webhook rotate-secret "+id, `Signing`)))
	if r := c.oms("webhook create -f -", settings+strings.Replace(bearer, `"bearerToken"`, `"signingSecret":"client-3d2c1b0a","bearerToken"`, 1)); r.code != exitInvalid || strings.Contains(r.err, "3d2c1b0a") {
		t.Errorf("%d: %s", r.code, r.err)
	}
	s.broken.Store(true)
	notice := match(t, `Notice:\s+(\S+)`, c.want("webhook test "+id, `Notice:`))
	c.eventually("delivery get "+id+" "+notice, `Status:\s+parked`)
	s.broken.Store(false)
	c.want("delivery retry "+id+" "+notice, `Queued`)
	if m := s.next(t); m.header.Get("Authorization") != "Bearer bearer-3d2c1b0a" || m.header.Get("X-Key") != "header-3d2c1b0a" || m.header.Get("webhook-signature") == "" {
		t.Errorf("the receiver got %v", m.header)
	}
	all := c.want("webhook list --json", `^\{`) + c.want("delivery get "+id+" "+notice+" --json", `^\{`) +
		c.want("events tail --log delivery --after 0 --until-head --json", `EndpointCreated`) + logged.String()
	for _, text := range secrets {
		if strings.Contains(all, text) {
			t.Errorf("%s is in a log or an answer", text)
		}
	}
	c.nowhere(secrets...)
}
