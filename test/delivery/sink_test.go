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
	defer s.mu.Unlock()
	n := s.calls
	s.calls++
	if s.answer != nil {
		if code := s.answer(n, id); code != 0 {
			w.WriteHeader(code)
			return
		}
	}
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

// serve runs a handler until the end of the test.
func serve(tb testing.TB, h http.Handler) (url string) {
	tb.Helper()
	s := httptest.NewServer(h)
	tb.Cleanup(s.Close)
	return s.URL
}

// count is how many requests were taken.
func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ids)
}

// onlyOnce fails when something was taken twice.
func (s *sink) onlyOnce(tb testing.TB) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.taken {
		if n != 1 {
			tb.Errorf("%s came %d times", id, n)
		}
	}
}
