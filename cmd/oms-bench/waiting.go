package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/testkit/deliveries"
)

// benchWaiting compares the rate of an endpoint before and after very many
// deliveries wait for another one, which is suspended, and the memory of both.
func benchWaiting(r *report, d time.Duration) error {
	ctx := context.Background()
	var got, said atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		got.Add(1)
	}))
	defer s.Close()
	return deliveryWorld(func(w *deliveries.World) error {
		for _, id := range []string{"on", "off"} {
			if err := w.Endpoint(ctx, id, s.URL, func(e *deliveryv1.Endpoint) { e.EventTypes, e.Pace.Concurrency = []string{id}, callers }); err != nil {
				return err
			}
		}
		if err := w.Do(ctx, endpoint.SetStatus{EndpointID: "off", Status: endpoint.Suspended, Now: time.Now()}); err != nil {
			return err
		}
		measure := func() float64 {
			from, started := got.Load(), time.Now()
			until := started.Add(d)
			say(ctx, w, "on", func() bool { return time.Now().Before(until) }, func() bool { return said.Load()-got.Load() > 2000 }, &said)
			return float64(got.Load()-from) / time.Since(started).Seconds()
		}
		before, idle := measure(), heap()
		var waiting atomic.Int64
		say(ctx, w, "off", func() bool { return waiting.Load() < int64(million) }, func() bool { return false }, &waiting)
		head, err := w.Store.Head(ctx, endpoint.Log)
		if err != nil {
			return err
		}
		if err := w.View.View().WaitFor(ctx, head); err != nil {
			return err
		}
		after, full := measure(), heap()
		r.set("delivery/waiting", float64(waiting.Load()))
		r.set("delivery/waiting/rate of another endpoint by before", after/before)
		r.set("delivery/waiting/MB more than before", (full-idle)/(1<<20))
		return nil
	})
}

// say says events of a type while more holds, and rests while enough wait.
func say(ctx context.Context, w *deliveries.World, kind string, more, enough func() bool, said *atomic.Int64) {
	var g sync.WaitGroup
	for c := range 8 {
		g.Go(func() {
			texts := make([]string, 50)
			for i := range texts {
				texts[i] = fmt.Sprintf("%s order-%d", kind, c)
			}
			for more() {
				if enough() {
					time.Sleep(time.Millisecond)
					continue
				}
				said.Add(int64(len(texts)))
				if w.Say(ctx, texts...) != nil {
					return
				}
			}
		})
	}
	g.Wait()
}
