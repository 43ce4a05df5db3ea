package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/orderstream/oms/delivery/signature"
)

// post is a signed event as a receiver gets it.
func post(k *signature.Key, id, body string, at time.Time) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "/events", strings.NewReader(body))
	req.Header.Set(signature.HeaderID, id)
	req.Header.Set(signature.HeaderTimestamp, signature.Timestamp(at))
	req.Header.Set(signature.HeaderSignature, signature.Sign([]*signature.Key{k}, id, at, []byte(body)))
	return req
}

func answerTo(r http.Handler, req *http.Request) int {
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w.Code
}

func TestAnEventIsTakenOnceAndOnlyFromWhoSignsIt(t *testing.T) {
	k, now := signature.NewSecret(), time.Now()
	taken, failing := 0, true
	r := newReceiver([]*signature.Key{signature.NewSecret(), k}, time.Now, func(string, []byte) error {
		if failing {
			return errors.New("no room")
		}
		taken++
		return nil
	})
	changed := post(k, "m1", "{}", now)
	changed.Body = http.NoBody
	get := post(k, "m1", "{}", now)
	get.Method = http.MethodGet
	for name, tt := range map[string]struct {
		req  *http.Request
		want int
	}{
		"of somebody else": {post(signature.NewSecret(), "m1", "{}", now), http.StatusUnauthorized},
		"long ago":         {post(k, "m1", "{}", now.Add(-time.Hour)), http.StatusUnauthorized},
		"not signed":       {httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")), http.StatusUnauthorized},
		"changed":          {changed, http.StatusUnauthorized},
		"not posted":       {get, http.StatusMethodNotAllowed},
		"endless":          {post(k, "m1", strings.Repeat("x", maxBody+1), now), http.StatusRequestEntityTooLarge},
		"too early":        {post(k, "m1", "{}", now), http.StatusInternalServerError},
	} {
		if got := answerTo(r, tt.req); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
	failing = false
	for range 3 {
		if got := answerTo(r, post(k, "m1", "{}", now)); got != http.StatusNoContent {
			t.Errorf("answered %d", got)
		}
	}
	if taken != 1 {
		t.Errorf("taken %d times", taken)
	}
}

func TestAReceiverNeedsASecret(t *testing.T) {
	if err := run(context.Background(), "127.0.0.1:0", ""); err == nil {
		t.Error("it starts without a secret")
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := run(ctx, "127.0.0.1:0", signature.NewSecret().Encode()); err != nil {
		t.Error(err)
	}
}
