package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/orderstream/oms/delivery/signature"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/testkit/deliveries"
)

// benchDelivery measures deliveries of 1 KB from the log to the answer of an
// endpoint in the same process, with signatures, records and the view: as many
// as go, beside a bare client that signs and posts the same.
func benchDelivery(r *report, d time.Duration) error {
	ctx := context.Background()
	var bare, ours []float64
	for range 3 {
		b, err := bareClient(d / 2)
		if err != nil {
			return err
		}
		o, err := throughput(ctx, d)
		if err != nil {
			return err
		}
		bare, ours = append(bare, b), append(ours, o)
	}
	r.set("delivery/bare client/posts per s", middle(bare))
	r.set("delivery/ours/deliveries per s", middle(ours))
	r.set("delivery/ours by bare", middle(ours)/middle(bare))
	return nil
}

// benchLatency measures how long one takes at a hundred a second, alone and
// beside an endpoint that takes four seconds for each.
func benchLatency(r *report, d time.Duration) error {
	ctx := context.Background()
	if err := latency(ctx, r, "alone", d, 0, 0); err != nil {
		return err
	}
	return latency(ctx, r, "beside one of 4 s", d, 1, 4*time.Second)
}

// callers is how many post at once.
const callers = 64

func bareClient(d time.Duration) (float64, error) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer s.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	keys := []*signature.Key{signature.NewSecret()}
	body := bytes.Repeat([]byte("x"), 1000)
	var n atomic.Int64
	var failed error
	var g sync.WaitGroup
	until := time.Now().Add(d)
	for range callers {
		g.Go(func() {
			for time.Now().Before(until) {
				if err := post(client, s.URL, keys, body); err != nil {
					failed = err
					return
				}
				n.Add(1)
			}
		})
	}
	g.Wait()
	return float64(n.Load()) / d.Seconds(), failed
}

func post(client *http.Client, url string, keys []*signature.Key, body []byte) error {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body)) //nolint:noctx // it ends with the server
	if err != nil {
		return err
	}
	at := time.Now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", "id")
	req.Header.Set("Webhook-Timestamp", signature.Timestamp(at))
	req.Header.Set("Webhook-Signature", signature.Sign(keys, "id", at, body))
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.Body.Close()
}

// atEnd are folders that are removed when all is measured: a disk that is told
// of what is gone is slow to flush for a while.
var atEnd []string

// deliveryWorld runs everything on a folder that is removed at the end.
func deliveryWorld(f func(*deliveries.World) error) error {
	dir, err := os.MkdirTemp("", "oms-bench-")
	if err != nil {
		return err
	}
	atEnd = append(atEnd, dir)
	w := deliveries.New(dir, nil)
	defer w.End()
	return f(w)
}

// throughput keeps a queue in front of four endpoints and counts what they take.
func throughput(ctx context.Context, d time.Duration) (rate float64, err error) {
	var got, said atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		got.Add(1)
	}))
	defer s.Close()
	err = deliveryWorld(func(w *deliveries.World) error { //nolint:contextcheck // it ends when the function does
		for i := range 4 {
			if err := w.Endpoint(ctx, fmt.Sprint("e", i), s.URL, func(e *deliveryv1.Endpoint) {
				e.Pace.Concurrency, e.EventTypes = callers/4, []string{fmt.Sprint("t", i)}
			}); err != nil {
				return err
			}
		}
		started := time.Now()
		until := started.Add(d)
		var g sync.WaitGroup
		for c := range 8 {
			g.Go(func() {
				texts := make([]string, 25)
				for i := range texts {
					texts[i] = fmt.Sprintf("t%d order-%d", i%4, c)
				}
				for time.Now().Before(until) {
					if said.Load()-got.Load() > 4000 { // enough waits
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
		rate = float64(got.Load()) / time.Since(started).Seconds()
		return nil
	})
	return rate, err
}

// latency says a hundred texts a second to a fast endpoint, and as many to slow
// ones, and measures from before the append to the arrival.
func latency(ctx context.Context, r *report, name string, d time.Duration, slow int, pause time.Duration) error {
	var mu sync.Mutex
	sent := map[string]time.Time{}
	var took []time.Duration
	fast := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		at := time.Now()
		body, _ := io.ReadAll(req.Body)
		mu.Lock()
		if began, ok := sent[subjectOf(body)]; ok {
			took = append(took, at.Sub(began))
		}
		mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}))
	defer fast.Close()
	stop := make(chan struct{})
	hung := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		select {
		case <-time.After(pause):
		case <-stop:
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer hung.Close()
	defer close(stop)
	err := deliveryWorld(func(w *deliveries.World) error { //nolint:contextcheck // it ends when the function does
		if err := w.Endpoint(ctx, "fast", fast.URL, nil); err != nil {
			return err
		}
		for i := range slow {
			if err := w.Endpoint(ctx, fmt.Sprint("slow", i), hung.URL, nil); err != nil {
				return err
			}
		}
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for n, until := 0, time.Now().Add(max(d, 3*time.Second)); time.Now().Before(until); n++ {
			<-tick.C
			subject := fmt.Sprint("order-", n)
			mu.Lock()
			sent[subject] = time.Now()
			mu.Unlock()
			if err := w.Say(ctx, "event "+subject); err != nil {
				return err
			}
		}
		time.Sleep(200 * time.Millisecond)
		return nil
	})
	mu.Lock()
	defer mu.Unlock()
	r.set("delivery/100 per s, "+name+"/arrived", float64(len(took))/float64(len(sent)))
	r.set("delivery/100 per s, "+name+"/p50 ms", percentile(took, 0.5))
	r.set("delivery/100 per s, "+name+"/p99 ms", percentile(took, 0.99))
	return err
}

func subjectOf(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"Subject":"`))
	subject, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(subject)
}

// benchEndpoints compares the rate of 900 endpoints alone with their rate beside
// a hundred that hang, and the memory of both.
func benchEndpoints(r *report, d time.Duration) error {
	ctx := context.Background()
	alone, idle, _, err := many(ctx, d, 0)
	if err != nil {
		return err
	}
	beside, _, memory, err := many(ctx, d, 100)
	if err != nil {
		return err
	}
	r.set("delivery/900 endpoints/deliveries per s", alone)
	r.set("delivery/900 endpoints beside 100 that hang/deliveries per s", beside)
	r.set("delivery/900 endpoints beside 100 that hang/by alone", beside/alone)
	r.set("delivery/900 endpoints beside 100 that hang/MB more than idle", (memory-idle)/(1<<20))
	return nil
}

func many(ctx context.Context, d time.Duration, hanging int) (rate, idle, memory float64, err error) {
	var got, said atomic.Int64
	fast := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		got.Add(1)
	}))
	defer fast.Close()
	stop := make(chan struct{})
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		<-stop
	}))
	defer hung.Close()
	defer close(stop)
	err = deliveryWorld(func(w *deliveries.World) error { //nolint:contextcheck // it ends when the function does
		for i := range 900 + hanging {
			url, kind := fast.URL, fmt.Sprint("t", i%900)
			if i >= 900 {
				url, kind = hung.URL, fmt.Sprint("t", i-900)
			}
			if err := w.Endpoint(ctx, fmt.Sprint("e", i), url, func(e *deliveryv1.Endpoint) {
				e.EventTypes, e.Pace.Timeout = []string{kind}, durationpb.New(30*time.Second)
			}); err != nil {
				return err
			}
		}
		idle = heap()
		started := time.Now()
		for n := 0; time.Since(started) < d; {
			if said.Load()-got.Load() > 4000 {
				time.Sleep(time.Millisecond)
				continue
			}
			texts := make([]string, 100)
			for i := range texts {
				texts[i] = fmt.Sprintf("t%d order", n%900)
				n++
			}
			said.Add(int64(len(texts)))
			if err := w.Say(ctx, texts...); err != nil {
				return err
			}
		}
		rate = float64(got.Load()) / time.Since(started).Seconds()
		memory = heap()
		return nil
	})
	return rate, idle, memory, err
}

// heap is what is in use, with stacks, after a collection.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}

// middle is the median.
func middle(fs []float64) float64 {
	slices.Sort(fs)
	return fs[len(fs)/2]
}
