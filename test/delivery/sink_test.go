package delivery

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// sink is an endpoint that remembers what it took.
type sink struct {
	*httptest.Server
	mu    sync.Mutex
	taken map[string]int // by id
	order map[string][]string
	ids   []string
	more  *sync.Cond
	// answer says what to answer to the n-th request; 0 takes it.
	answer func(n int, id string) int
	calls  int
}

func newSink(tb testing.TB, answer func(n int, id string) int) *sink {
	tb.Helper()
	s := &sink{taken: map[string]int{}, order: map[string][]string{}, answer: answer}
	s.more = sync.NewCond(&s.mu)
	s.Server = httptest.NewServer(s)
	tb.Cleanup(s.Close)
	return s
}

// ServeHTTP implements http.Handler.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct{ Subject string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	id, subject := r.Header.Get("webhook-id"), body.Subject
	s.mu.Lock()
	n, answer := s.calls, s.answer
	s.calls++
	s.mu.Unlock()
	if answer != nil {
		if code := answer(n, id); code != 0 {
			w.WriteHeader(code)
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[id]++
	s.ids = append(s.ids, id)
	s.order[subject] = append(s.order[subject], id)
	s.more.Broadcast()
	w.WriteHeader(http.StatusNoContent)
}

// await waits until so many different events were taken.
func (s *sink) await(tb testing.TB, n int, within time.Duration) {
	tb.Helper()
	late := time.AfterFunc(within, func() { s.mu.Lock(); s.more.Broadcast(); s.mu.Unlock() })
	defer late.Stop()
	until := time.Now().Add(within)
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.taken) < n {
		if time.Now().After(until) {
			tb.Fatalf("%d of %d events were taken, in %d calls", len(s.taken), n, s.calls)
		}
		s.more.Wait()
	}
}
