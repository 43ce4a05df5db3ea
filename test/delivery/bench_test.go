package delivery

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/orderstream/oms/delivery/send"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// Throughput from the log to the answer of the endpoint, events of 1 KB; beside
// it a bare client that posts the same bodies.
func BenchmarkDeliver(b *testing.B) {
	w := newWorld(b, b.TempDir())
	defer w.end()
	var got atomic.Int64
	all := make(chan struct{}, 1)
	var want int64
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(http.StatusNoContent)
		if got.Add(1) == atomic.LoadInt64(&want) {
			all <- struct{}{}
		}
	}))
	defer s.Close()
	for i := range 4 {
		w.endpoint(b, fmt.Sprint("e", i), s.URL, func(e *deliveryv1.Endpoint) { e.Pace.Concurrency = 16; e.EventTypes = []string{fmt.Sprint("t", i)} })
	}
	const batch = 5000
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		atomic.AddInt64(&want, batch)
		var g sync.WaitGroup
		for c := range 10 {
			g.Go(func() {
				for range batch / 10 / 50 {
					texts := make([]string, 50)
					for i := range texts {
						texts[i] = fmt.Sprintf("t%d order-%d", i%4, c)
					}
					w.say(b, texts...)
				}
			})
		}
		g.Wait()
		<-all
		n += batch
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "deliveries/s")
}

func BenchmarkBareClient(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) }))
	defer s.Close()
	p := post{&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}, s.URL}
	body := bytes.Repeat([]byte("x"), 1000)
	const batch = 5000
	n := 0
	for b.Loop() {
		var g sync.WaitGroup
		for range 64 {
			g.Go(func() {
				for range batch / 64 {
					p.Send(context.Background(), []send.Message{{ID: "id", Subject: "s", Body: body}})
				}
			})
		}
		g.Wait()
		n += batch / 64 * 64
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "posts/s")
}
