package delivery

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// TestEveryEventReachesEveryEndpointOnce: nothing is lost, nothing comes twice,
// when nothing goes wrong.
func TestEveryEventReachesEveryEndpointOnce(t *testing.T) {
	w := newWorld(t, t.TempDir())
	a, b := newSink(t, nil), newSink(t, nil)
	w.endpoint(t, "a", a.URL, nil)
	w.endpoint(t, "b", b.URL, func(e *deliveryv1.Endpoint) { e.EventTypes = []string{"even"} })
	for i := range 1000 {
		w.say(t, fmt.Sprintf("%s order-%d", []string{"even", "odd"}[i%2], i))
	}
	a.await(t, 1000, 30*time.Second)
	b.await(t, 500, 30*time.Second)
	for id, n := range a.taken {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
}

// TestWhatFailsIsTriedAgain: an endpoint that fails is tried by its schedule.
func TestWhatFailsIsTriedAgain(t *testing.T) {
	w := newWorld(t, t.TempDir())
	s := newSink(t, func(n int, _ string) int {
		if n%3 == 0 {
			return http.StatusInternalServerError
		}
		return 0
	})
	w.endpoint(t, "a", s.URL, func(e *deliveryv1.Endpoint) {
		for range 10 {
			e.Pace.Retries = append(e.Pace.Retries, durationpb.New(20*time.Millisecond))
		}
	})
	for i := range 600 {
		w.say(t, fmt.Sprintf("event order-%d", i))
	}
	s.await(t, 600, 30*time.Second)
}

// TestEventsOfOneSubjectStayInOrder: of an ordered endpoint, also when it fails.
func TestEventsOfOneSubjectStayInOrder(t *testing.T) {
	w := newWorld(t, t.TempDir())
	s := newSink(t, func(n int, _ string) int {
		if n%5 == 0 {
			return http.StatusServiceUnavailable
		}
		return 0
	})
	w.endpoint(t, "a", s.URL, func(e *deliveryv1.Endpoint) {
		e.Ordered = true
		for range 20 {
			e.Pace.Retries = append(e.Pace.Retries, durationpb.New(10*time.Millisecond))
		}
	})
	for i := range 1500 {
		w.say(t, fmt.Sprintf("event order-%d", i%7))
	}
	s.await(t, 1500, 60*time.Second)
	for subject, ids := range s.order {
		for i := 1; i < len(ids); i++ {
			if ids[i] < ids[i-1] {
				t.Fatalf("%s: %s came after %s", subject, ids[i], ids[i-1])
			}
		}
	}
}
