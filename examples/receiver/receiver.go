package main

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/orderstream/oms/delivery/signature"
)

const (
	// maxBody is the largest event that is taken.
	maxBody = 1 << 20
	// remembered is how many ids are kept. A real receiver keeps them where it
	// keeps what it made of the events, in the same transaction.
	remembered = 100_000
)

// receiver takes events: each id once, and only what one of the keys signed.
type receiver struct {
	keys []*signature.Key
	take func(id string, body []byte) error
	now  func() time.Time

	mu    sync.Mutex
	seen  map[string]bool
	order []string // of what was seen, the oldest first
}

func newReceiver(keys []*signature.Key, now func() time.Time, take func(id string, body []byte) error) *receiver {
	return &receiver{keys: keys, take: take, now: now, seen: map[string]bool{}}
}

// ServeHTTP implements http.Handler. What it answers with 2xx is not sent again;
// anything else is, for as long as the endpoint's schedule says.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		http.Error(w, "events are posted", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if too := (*http.MaxBytesError)(nil); errors.As(err, &too) {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	} else if err != nil {
		return // the sender is gone
	}
	// The signature is that of the bytes: verify before anything reads them.
	if err := signature.Verify(r.keys, req.Header, body, r.now(), 0); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	if err := r.once(req.Header.Get(signature.HeaderID), body); err != nil {
		http.Error(w, "not taken", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// once takes an event unless it was taken before. One that failed is not
// remembered: it comes again.
func (r *receiver) once(id string, body []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[id] {
		return nil
	}
	if err := r.take(id, body); err != nil {
		return err
	}
	r.seen[id] = true
	if r.order = append(r.order, id); len(r.order) > remembered {
		delete(r.seen, r.order[0])
		r.order = r.order[1:]
	}
	return nil
}
