// Package sendtest is what every sender must pass, whatever it sends to. A bug
// found in one sender becomes a case for all.
package sendtest

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/orderstream/oms/delivery/send"
)

// soon is how much later than it must a sender may return on a machine that is
// busy with other things; one that never returns is what is looked for.
const soon = 90 * time.Second

// Arrived is a message as the receiver has it.
type Arrived struct {
	ID   string
	Body []byte
}

// Suite is a sender and the double of what it sends to.
type Suite struct {
	// Open returns a sender to a receiver that works, and a function that returns
	// all that has arrived there since it was called last.
	Open func(t *testing.T) (send.Sender, func() []Arrived)
	// At returns a sender whose receiver is at an HTTP address, and whose attempts
	// last no longer than patience. Nil for what does not speak HTTP.
	At func(t *testing.T, url string, patience time.Duration) send.Sender
	// Unlike Usual is what the sender makes of these.
	Unlike []Exception
}

// Exception is what a sender makes of one behaviour.
type Exception struct {
	When Behaviour
	Want send.Outcome
}

// Run holds a sender to what package send says.
func Run(t *testing.T, s Suite) {
	t.Helper()
	t.Run("every message has its verdict and arrives unchanged", s.arrives)
	t.Run("messages arrive up to the limits and no further", s.limits)
	t.Run("an id is the same at every attempt", s.repeats)
	t.Run("messages of a subject keep their order", s.order)
	t.Run("nothing is sent after the context", s.late)
	t.Run("many send at once", s.concurrent)
	if s.At != nil {
		t.Run("hostile receivers", s.hostile)
		t.Run("a context that ends ends the attempt", s.givenUp)
	}
}

// Message returns a message with an id and a body of its own.
func Message(id string) send.Message {
	return send.Message{
		ID: id, Type: "CreateOrderEvent", Subject: "order-" + id, Tenant: "acme", Environment: "live",
		Time: time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC), ContentType: "application/json",
		Body:    []byte(`{"id":"` + id + `"}`),
		Headers: []send.Header{{Name: "X-Event-Kind", Value: "order"}}, Attempt: 1,
	}
}

// bodies are JSON objects that a careless receiver or encoder would change.
var bodies = []string{
	`{}`,
	`{"text":"ü € 𝄞 \u0000 \ud83d\ude00"}`,
	`{"markup":"<a href='x'>&amp; & </a>\\\" \r\n\t"}`,
	" {\n  \"spaces\" : [ 1.0 , 1e3, -0 ]\r\n}\n",
	`{"twice":1,"twice":2,"long":"` + strings.Repeat("x", 9000) + `"}`,
}

func (s Suite) arrives(t *testing.T) {
	sender, inbox := s.Open(t)
	defer sender.Close()
	if got := sender.Send(t.Context(), nil); len(got) != 0 {
		t.Errorf("%d verdicts for no message", len(got))
	}
	want := map[string]string{}
	batch := make([]send.Message, 0, len(bodies))
	flush := func() {
		delivered(t, batch, sender.Send(t.Context(), batch))
		batch = batch[:0]
	}
	for i, body := range bodies {
		m := Message(fmt.Sprintf("m%d", i))
		m.Body = []byte(body)
		want[m.ID] = body
		if batch = append(batch, m); len(batch) == sender.Limits().Messages {
			flush()
		}
	}
	flush()
	for _, a := range inbox() {
		if string(a.Body) != want[a.ID] {
			t.Errorf("%s arrived as %.100q, sent %.100q", a.ID, a.Body, want[a.ID])
		}
		delete(want, a.ID)
	}
	for id := range want {
		t.Errorf("%s did not arrive", id)
	}
}

func (s Suite) limits(t *testing.T) {
	sender, inbox := s.Open(t)
	defer sender.Close()
	limits := sender.Limits()
	if limits.Messages < 1 || limits.Bytes < 1 {
		t.Fatalf("limits %+v", limits)
	}
	body := func(n int) []byte { return []byte(`{"x":"` + strings.Repeat("x", n-8) + `"}`) }
	fits, tooLarge, small := Message("fits"), Message("large"), Message("small")
	fits.Body, tooLarge.Body = body(limits.Bytes), body(limits.Bytes+1)
	for _, m := range []send.Message{tooLarge, fits, small} {
		v := sender.Send(t.Context(), []send.Message{m})
		check(t, []send.Message{m}, v)
		if want := m.ID == "large"; (v[0].Outcome == send.TooLarge) != want || !want && v[0].Outcome != send.Delivered {
			t.Errorf("%s: %s", m.ID, shown(v[0]))
		}
	}
	arrived := inbox()
	if len(arrived) != 2 || arrived[0].ID != "fits" || !bytes.Equal(arrived[0].Body, fits.Body) {
		t.Errorf("%d arrived", len(arrived))
	}
}

func (s Suite) repeats(t *testing.T) {
	sender, inbox := s.Open(t)
	defer sender.Close()
	m := Message("again")
	for m.Attempt = 1; m.Attempt <= 3; m.Attempt++ {
		if v := sender.Send(t.Context(), []send.Message{m}); v[0].Outcome != send.Delivered {
			t.Fatalf("attempt %d: %s", m.Attempt, shown(v[0]))
		}
	}
	arrived := inbox()
	if len(arrived) == 0 {
		t.Fatal("nothing arrived")
	}
	for _, a := range arrived {
		if a.ID != "again" || !bytes.Equal(a.Body, m.Body) {
			t.Errorf("arrived %q: %q", a.ID, a.Body)
		}
	}
}

func (s Suite) order(t *testing.T) {
	sender, inbox := s.Open(t)
	defer sender.Close()
	var want []string
	var batch []send.Message
	for i := range 2*sender.Limits().Messages + 1 {
		m := Message(fmt.Sprintf("o%02d", i))
		m.Subject = "one-order"
		want = append(want, m.ID)
		if batch = append(batch, m); len(batch) == sender.Limits().Messages {
			delivered(t, batch, sender.Send(t.Context(), batch))
			batch = nil
		}
	}
	delivered(t, batch, sender.Send(t.Context(), batch))
	var got []string
	for _, a := range inbox() {
		got = append(got, a.ID)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("arrived %q, sent %q", got, want)
	}
}

func (s Suite) late(t *testing.T) {
	sender, inbox := s.Open(t)
	defer sender.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ms := []send.Message{Message("late")}
	v := sender.Send(ctx, ms)
	check(t, ms, v)
	if v[0].Outcome != send.Unsent || v[0].Reason != "canceled" {
		t.Error(shown(v[0]))
	}
	if arrived := inbox(); len(arrived) > 0 {
		t.Errorf("%q arrived", arrived[0].ID)
	}
}

func (s Suite) concurrent(t *testing.T) {
	sender, inbox := s.Open(t)
	defer sender.Close()
	const senders, each = 8, 10
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			for j := range each {
				m := Message(fmt.Sprintf("c%d-%d", i, j))
				if v := sender.Send(t.Context(), []send.Message{m}); v[0].Outcome != send.Delivered {
					t.Errorf("%s: %s", m.ID, shown(v[0]))
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, a := range inbox() {
		if want := `{"id":"` + a.ID + `"}`; string(a.Body) != want {
			t.Errorf("%s arrived as %s", a.ID, a.Body)
		}
		seen[a.ID] = true
	}
	if len(seen) != senders*each {
		t.Errorf("%d of %d arrived", len(seen), senders*each)
	}
}

// delivered is what holds for verdicts of a receiver that works.
func delivered(t *testing.T, ms []send.Message, vs []send.Verdict) {
	t.Helper()
	check(t, ms, vs)
	for i, v := range vs {
		if v.Outcome != send.Delivered {
			t.Errorf("%s: %s", ms[i].ID, shown(v))
		}
	}
}

func shown(v send.Verdict) string {
	return fmt.Sprintf("%s, status %d, reason %q, detail %q, answer %q", v.Outcome, v.Status, v.Reason, v.Detail, v.Response)
}

var snake = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// check is what holds for every verdict.
func check(t *testing.T, ms []send.Message, vs []send.Verdict) {
	t.Helper()
	if len(vs) != len(ms) {
		t.Fatalf("%d verdicts for %d messages", len(vs), len(ms))
	}
	for i, v := range vs {
		if (v.Outcome == send.Delivered) != (v.Reason == "") || v.Reason != "" && !snake.MatchString(v.Reason) {
			t.Errorf("%s: %s with reason %q", ms[i].ID, v.Outcome, v.Reason)
		}
		if len(v.Response) > 1<<10 || !utf8.Valid(v.Response) || !utf8.ValidString(v.Detail) || len(v.Detail) > 1<<10 {
			t.Errorf("%s: response of %d bytes, detail %q", ms[i].ID, len(v.Response), v.Detail)
		}
		if strings.Contains(v.Detail, "127.0.0.1") || strings.Contains(v.Detail, "[::1]") {
			t.Errorf("%s: the detail names an address: %q", ms[i].ID, v.Detail)
		}
		if v.Took < 0 || v.RetryAfter < 0 || v.RetryAfter > 24*time.Hour {
			t.Errorf("%s: took %v, retry after %v", ms[i].ID, v.Took, v.RetryAfter)
		}
	}
}
