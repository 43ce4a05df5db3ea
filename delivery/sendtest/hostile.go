package sendtest

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orderstream/oms/delivery/send"
)

// Behaviour is how a receiver that speaks HTTP misbehaves.
type Behaviour string

// The behaviours.
const (
	Hanging      Behaviour = "hangs"
	Broken       Behaviour = "answers 500"
	Resetting    Behaviour = "closes the connection"
	BreakingOff  Behaviour = "breaks its answer off"
	Endless      Behaviour = "answers without end"
	EndlessHead  Behaviour = "sends headers without end"
	Redirecting  Behaviour = "redirects in a circle"
	Leaving      Behaviour = "answers 410"
	Busy         Behaviour = "answers 429"
	Restarting   Behaviour = "answers 503 and says when"
	Overwhelmed  Behaviour = "answers 413"
	Babbling     Behaviour = "answers what is not text"
	Untrusted    Behaviour = "has a certificate of nobody"
	SlowlyGiving Behaviour = "gives a byte now and then"
)

// Usual is what a sender makes of each.
var Usual = map[Behaviour]send.Outcome{
	Hanging: send.Failed, Broken: send.Failed, Resetting: send.Failed, BreakingOff: send.Failed, Endless: send.Failed, EndlessHead: send.Failed,
	Redirecting: send.Failed, Leaving: send.Gone, Busy: send.Throttled, Restarting: send.Throttled, Overwhelmed: send.TooLarge,
	Babbling: send.Failed, Untrusted: send.Failed, SlowlyGiving: send.Failed,
}

// patience is how long an attempt lasts: hardly for what never answers, and long
// enough on a busy machine for what does.
func patience(b Behaviour) time.Duration {
	if b == Hanging {
		return 300 * time.Millisecond
	}
	if b == SlowlyGiving {
		return time.Second
	}
	return 20 * time.Second
}

// retryAfter is what Busy and Restarting ask for.
const retryAfter = 7 * time.Second

func (s Suite) hostile(t *testing.T) {
	for b, want := range Usual {
		for _, e := range s.Unlike {
			if e.When == b {
				want = e.Want
			}
		}
		t.Run(string(b), func(t *testing.T) {
			var requests atomic.Int64
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				misbehave(b, w, r)
			}))
			srv.Config.ErrorLog = quiet
			if b == Untrusted {
				srv.StartTLS()
			} else {
				srv.Start()
			}
			t.Cleanup(srv.Close)
			sender := s.At(t, srv.URL, patience(b))
			defer sender.Close()

			ms := []send.Message{Message("hostile")}
			started := time.Now()
			v := sender.Send(t.Context(), ms)
			check(t, ms, v)
			if v[0].Outcome != want {
				t.Errorf("%s, want %s", shown(v[0]), want)
			}
			if took := time.Since(started); took > patience(b)+soon {
				t.Errorf("took %v", took)
			}
			if (b == Busy || b == Restarting) && want == send.Throttled && v[0].RetryAfter != retryAfter {
				t.Errorf("to be asked again after %v, not %v", retryAfter, v[0].RetryAfter)
			}
			if once := requests.Load(); once != 1 && b != Untrusted {
				t.Errorf("one attempt made %d requests", once)
			}
		})
	}
}

func (s Suite) givenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		misbehave(Hanging, w, r)
	}))
	t.Cleanup(srv.Close)
	sender := s.At(t, srv.URL, patience(Broken))
	defer sender.Close()
	ms := []send.Message{Message("given-up")}
	v := sender.Send(ctx, ms)
	check(t, ms, v)
	if v[0].Outcome != send.Unsent || v[0].Reason != "canceled" {
		t.Error(shown(v[0]))
	}
}

func misbehave(b Behaviour, w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	flush := func() { _ = http.NewResponseController(w).Flush() }
	switch b {
	case Hanging:
		<-r.Context().Done()
	case Broken:
		w.WriteHeader(http.StatusInternalServerError)
	case Resetting, Untrusted:
		panic(http.ErrAbortHandler)
	case BreakingOff:
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"half":`)
		flush()
		panic(http.ErrAbortHandler)
	case Endless:
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
				return
			}
		}
	case EndlessHead:
		for i := range 1 << 14 {
			w.Header().Add("X-Long", strings.Repeat("x", 64)+string(rune('a'+i%26)))
		}
	case Redirecting:
		http.Redirect(w, r, "/", http.StatusPermanentRedirect)
	case Leaving:
		w.WriteHeader(http.StatusGone)
	case Busy, Restarting:
		w.Header().Set("Retry-After", "7")
		if b == Busy {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	case Overwhelmed:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case Babbling:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, strings.Repeat("\xff\xfe\x00€", 500))
	case SlowlyGiving:
		flush()
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				_, _ = io.WriteString(w, " ")
				flush()
			}
		}
	}
}

// quiet keeps what servers think of clients that leave out of the tests' output.
var quiet = log.New(io.Discard, "", 0)
