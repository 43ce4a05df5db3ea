package jsstore

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPartitionsEndUpFairAndStayThere lets processes with the same view hand
// over and take, in any order, however the partitions were spread at first.
func TestPartitionsEndUpFairAndStayThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		partitions := rapid.IntRange(1, 40).Draw(t, "partitions")
		processes := rapid.IntRange(1, 9).Draw(t, "processes")
		holder := rapid.SliceOfN(rapid.IntRange(0, processes-1), partitions, partitions).Draw(t, "holders")
		for round := 0; ; round++ {
			moved := false
			for p := range processes {
				moved = handOver(t, p, processes, holder) || moved
			}
			if !moved {
				break
			}
			if round > 2*partitions {
				t.Fatalf("no end: %v", holder)
			}
		}
		counts := countOf(holder, processes)
		if slices.Max(counts)-slices.Min(counts) > 1 {
			t.Fatalf("unfair: %v", counts)
		}
	})
}

// handOver lets each keeper of a process decide; who holds least takes.
func handOver(t *rapid.T, p, processes int, holder []int) (moved bool) {
	now := time.Unix(1000, 0)
	ls := newLeases("l", len(holder), lease{Writer: name(p)}, nil, time.Minute, func() time.Time { return now }, &atomic.Bool{})
	for q := range processes {
		ls.members[name(q)] = now
	}
	for i, h := range holder {
		ls.set(i, name(h), 1)
	}
	ls.held = countOf(holder, processes)[p]
	for i, h := range holder {
		if h == p && ls.leaves() {
			counts := countOf(holder, processes)
			holder[i] = slices.Index(counts, slices.Min(counts))
			moved = true
			if holder[i] == p {
				t.Fatalf("process %d gives to itself: %v", p, counts)
			}
		}
	}
	return moved
}

func name(p int) string { return fmt.Sprint("w", p) }

func countOf(holder []int, processes int) []int {
	counts := make([]int, processes)
	for _, h := range holder {
		counts[h]++
	}
	return counts
}

func TestWhoHoldsMoreWaitsLonger(t *testing.T) {
	now := time.Unix(1000, 0)
	ls := newLeases("l", 16, lease{Writer: "me"}, nil, time.Minute, func() time.Time { return now }, &atomic.Bool{})
	none := ls.turn()
	ls.held = 8
	eight := ls.turn()
	ls.members["other"] = now
	ahead := ls.turn()
	if none >= eight || eight >= ahead {
		t.Errorf("waits %v with none, %v with eight, %v with eight beside one with none", none, eight, ahead)
	}
}
