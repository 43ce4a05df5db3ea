package delivery

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/projections"
)

func (w world) do(t *testing.T, tx eventstore.Transaction[endpoint.State]) {
	t.Helper()
	if err := w.Do(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
}

func (w world) status(t *testing.T, id string, s endpoint.Status, skip bool) {
	t.Helper()
	w.do(t, endpoint.SetStatus{EndpointID: id, Status: s, SkipKept: skip, Now: time.Now()})
}

// sayMany says so many events in commits of ten.
func (w world) sayMany(t *testing.T, n int) {
	t.Helper()
	for i := 0; i < n; i += 10 {
		texts := make([]string, min(10, n-i))
		for k := range texts {
			texts[k] = fmt.Sprintf("event order-%d", (i+k)%50)
		}
		w.say(t, texts...)
	}
}

// queued waits until the view has seen that everything said was queued.
func (w world) queued(t *testing.T, id string, n int) []endpoint.Ref {
	t.Helper()
	view := projections.Deliveries{View: w.View.View()}
	changed, stop := w.View.View().Subscribe("")
	defer stop()
	late := time.After(30 * time.Second)
	for {
		refs, err := view.Waiting("default", id, endpoint.Ref{}, n+1)
		if err == nil && len(refs) >= n {
			return refs
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d of %d deliveries wait, %v", len(refs), n, err)
		}
	}
}

// TestASuspendedEndpointIsToldLater: what happened meanwhile is kept, more than
// fits into memory, and sent when the endpoint is enabled.
func TestASuspendedEndpointIsToldLater(t *testing.T) {
	w := newWorld(t, t.TempDir())
	s := newSink(t, nil)
	w.endpoint(t, "a", s.URL, nil)
	w.status(t, "a", endpoint.Suspended, false)
	w.sayMany(t, 3000)
	w.queued(t, "a", 3000)
	if n := s.count(); n != 0 {
		t.Fatalf("%d were sent to a suspended endpoint", n)
	}
	w.status(t, "a", endpoint.Enabled, false)
	s.await(t, 3000, 30*time.Second)
	s.onlyOnce(t)
}

// TestWhatWasKeptCanBeSkipped: then only what happens later is told.
func TestWhatWasKeptCanBeSkipped(t *testing.T) {
	w := newWorld(t, t.TempDir())
	s := newSink(t, nil)
	w.endpoint(t, "a", s.URL, nil)
	w.status(t, "a", endpoint.Suspended, false)
	w.sayMany(t, 2000)
	w.queued(t, "a", 2000)
	w.status(t, "a", endpoint.Enabled, true)
	w.sayMany(t, 10)
	s.await(t, 10, 30*time.Second)
	if n := s.count(); n != 10 {
		t.Errorf("%d were told, not the 10 that came later", n)
	}
}

// TestADisabledEndpointIsToldNothing: and nothing is kept for it (DC-CN-09).
func TestADisabledEndpointIsToldNothing(t *testing.T) {
	w := newWorld(t, t.TempDir())
	off, on := newSink(t, nil), newSink(t, nil)
	w.endpoint(t, "off", off.URL, nil)
	w.endpoint(t, "on", on.URL, nil)
	w.status(t, "off", endpoint.Disabled, false)
	w.sayMany(t, 100)
	on.await(t, 100, 30*time.Second)
	w.status(t, "off", endpoint.Enabled, false)
	w.sayMany(t, 10)
	off.await(t, 10, 30*time.Second)
	if n := off.count(); n != 10 {
		t.Errorf("%d were told, not the 10 that came later", n)
	}
}

// TestAReceiverThatWantsNothingMoreIsSuspended: HTTP 410.
func TestAReceiverThatWantsNothingMoreIsSuspended(t *testing.T) {
	w := newWorld(t, t.TempDir())
	gone := true
	s := newSink(t, func(int, string) int {
		if gone {
			return http.StatusGone
		}
		return 0
	})
	w.endpoint(t, "a", s.URL, nil)
	w.sayMany(t, 1)
	w.until(t, "suspended", func(r *deliveryv1.EndpointRow) bool { return r.GetEndpoint().GetStatus() == endpoint.Suspended })
	s.mu.Lock()
	gone = false
	s.mu.Unlock()
	w.sayMany(t, 5)
	w.status(t, "a", endpoint.Enabled, false)
	s.await(t, 5, 30*time.Second)
}

// TestAParkedDeliveryCanBeReplayed: after the last retry it waits for somebody.
func TestAParkedDeliveryCanBeReplayed(t *testing.T) {
	w := newWorld(t, t.TempDir())
	broken := true
	s := newSink(t, func(int, string) int {
		if broken {
			return http.StatusInternalServerError
		}
		return 0
	})
	w.endpoint(t, "a", s.URL, func(e *deliveryv1.Endpoint) {
		e.Pace.Retries = []*durationpb.Duration{durationpb.New(time.Millisecond)}
	})
	w.say(t, "event one", "event two")
	row := w.until(t, "parked", func(r *deliveryv1.EndpointRow) bool { return r.GetHealth().GetParked() == 2 })
	if row.GetHealth().GetFailed() != 4 {
		t.Errorf("%d attempts failed, not 2 of each", row.GetHealth().GetFailed())
	}
	s.mu.Lock()
	broken = false
	s.mu.Unlock()
	head, err := w.Store.Head(t.Context(), endpoint.Log)
	if err != nil {
		t.Fatal(err)
	}
	w.do(t, endpoint.Replay{EndpointID: "a", Range: endpoint.Range{From: 1, To: head, ParkedOnly: true}, Now: time.Now()})
	s.await(t, 2, 30*time.Second)
}

// TestAReplayTellsAllOfItAgain: under the same ids, more than fits into memory.
func TestAReplayTellsAllOfItAgain(t *testing.T) {
	w := newWorld(t, t.TempDir())
	s := newSink(t, nil)
	w.endpoint(t, "a", s.URL, nil)
	w.sayMany(t, 2500)
	s.await(t, 2500, 30*time.Second)
	w.until(t, "delivered", func(r *deliveryv1.EndpointRow) bool { return r.GetHealth().GetDelivered() == 2500 })
	head, err := w.Store.Head(t.Context(), endpoint.Log)
	if err != nil {
		t.Fatal(err)
	}
	w.do(t, endpoint.Replay{EndpointID: "a", Range: endpoint.Range{From: 1, To: head}, Now: time.Now()})
	row := w.until(t, "delivered again", func(r *deliveryv1.EndpointRow) bool { return r.GetHealth().GetDelivered() == 5000 })
	if row.GetReplay() != nil {
		t.Errorf("the replay is still %v", row.GetReplay())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.taken {
		if n != 2 {
			t.Fatalf("%s came %d times, not twice", id, n)
		}
	}
}

// TestAnEndpointThatHangsHoldsUpNobody: another one is told at once.
func TestAnEndpointThatHangsHoldsUpNobody(t *testing.T) {
	w := newWorld(t, t.TempDir())
	stop := make(chan struct{})
	hung := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer close(stop)
	s := newSink(t, nil)
	w.endpoint(t, "hung", hung, nil)
	w.endpoint(t, "a", s.URL, nil)
	w.sayMany(t, 2000)
	s.await(t, 2000, 20*time.Second)
}

// TestTheViewFollowsFromTheLog: rebuilt, it is the same.
func TestTheViewFollowsFromTheLog(t *testing.T) {
	w := newWorld(t, t.TempDir())
	s := newSink(t, func(n int, _ string) int {
		if n%4 == 0 {
			return http.StatusBadGateway
		}
		return 0
	})
	w.endpoint(t, "a", s.URL, func(e *deliveryv1.Endpoint) {
		for range 20 {
			e.Pace.Retries = append(e.Pace.Retries, durationpb.New(5*time.Millisecond))
		}
	})
	w.sayMany(t, 200)
	s.await(t, 200, 30*time.Second)
	w.until(t, "delivered", func(r *deliveryv1.EndpointRow) bool { return r.GetHealth().GetDelivered() == 200 })
	var differences []string
	err := w.View.Rebuild(t.Context(), projections.RebuildOptions{Verify: true, Progress: func(p projections.Progress) { differences = p.Differences }})
	if err != nil || len(differences) > 0 {
		t.Errorf("rebuilt: %v, differences %v", err, differences)
	}
}

// until waits until the row of endpoint a is as wanted.
func (w world) until(t *testing.T, what string, ok func(*deliveryv1.EndpointRow) bool) *deliveryv1.EndpointRow {
	t.Helper()
	changed, stop := w.View.View().Subscribe("")
	defer stop()
	late := time.After(30 * time.Second)
	for {
		row, there, err := projections.Deliveries{View: w.View.View()}.Endpoint("default", "a")
		if err == nil && there && ok(row) {
			return row
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("not %s: %v, %v", what, row, err)
		}
	}
}
