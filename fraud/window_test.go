package fraud_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orderstream/oms/fraud"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestWindowForgetsWhatLiesBehindIt(t *testing.T) {
	w := fraud.NewWindow(fraud.WindowConfig{Span: time.Hour})
	w.Add("c1", noon)
	w.Add("c1", noon.Add(30*time.Minute))
	w.Add("c2", noon)
	w.Add("", noon)
	for after, want := range map[time.Duration]int{
		-time.Minute: 0, 0: 1, 30 * time.Minute: 2, time.Hour: 2, 65 * time.Minute: 1, 90 * time.Minute: 1, 95 * time.Minute: 0, 24 * time.Hour: 0,
	} {
		if got := w.Count("c1", noon.Add(after)); got != want {
			t.Errorf("%v later %d are counted, want %d", after, got, want)
		}
	}
	if w.Count("", noon) != 0 || w.Count("c9", noon) != 0 {
		t.Error("nobody was counted")
	}
	w.Add("c1", noon.Add(48*time.Hour))
	w.Add("c1", noon) // too late to matter
	if got := w.Count("c1", noon.Add(48*time.Hour)); got != 1 {
		t.Errorf("%d are counted after a long pause, want 1", got)
	}
}

func TestWindowIsBounded(t *testing.T) {
	w := fraud.NewWindow(fraud.WindowConfig{Span: time.Hour, MaxKeys: 3})
	for n := range 100 {
		w.Add("regular", noon)
		w.Add(fmt.Sprint("c", n), noon)
		if w.Len() > 3 {
			t.Fatalf("%d keys are remembered, want at most 3", w.Len())
		}
	}
	if w.Count("regular", noon) != 100 || w.Count("c99", noon) != 1 || w.Count("c1", noon) != 0 {
		t.Error("not the quietest keys were forgotten")
	}
	w.Add("c99", noon.Add(2*time.Hour))
	w.Prune(noon.Add(2 * time.Hour))
	if w.Len() != 1 || w.Count("c99", noon.Add(2*time.Hour)) != 1 {
		t.Errorf("%d keys are left after pruning, want c99", w.Len())
	}
}

// TestWindowCountsTheSpanAndAtMostOneSlotMore compares with plain counting.
func TestWindowCountsTheSpanAndAtMostOneSlotMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 7).Draw(t, "slots")
		span := time.Duration(rapid.Int64Range(int64(slots), 100).Draw(t, "span"))
		slot := (span + time.Duration(slots) - 1) / time.Duration(slots)
		w := fraud.NewWindow(fraud.WindowConfig{Span: span, Slots: slots})
		added := map[string][]time.Time{}
		now := noon
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "passes")))
			key := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
			if rapid.Bool().Draw(t, "add") {
				w.Add(key, now)
				added[key] = append(added[key], now)
			}
			if rapid.IntRange(0, 9).Draw(t, "prune") == 0 {
				w.Prune(now)
			}
			var least, most int
			for _, at := range added[key] {
				if at.After(now.Add(-span)) {
					least++
				}
				if at.After(now.Add(-slot * time.Duration(slots+1))) {
					most++
				}
			}
			if got := w.Count(key, now); got < least || got > most {
				t.Fatalf("%d are counted, want %d to %d", got, least, most)
			}
		}
	})
}
