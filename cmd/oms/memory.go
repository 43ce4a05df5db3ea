package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The Go runtime may have this much memory, or half as much again as what is in
// use when that is more.
const memoryFloor = 320 << 20

// tuneMemory trades memory for speed where nobody has said otherwise: most of
// what an order allocates is garbage within milliseconds, and the live heap is
// small beside it. So the collector waits long, until it comes to a limit that
// keeps a distance from what is in use. GOGC and GOMEMLIMIT are obeyed as
// always.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryFloor)
		limit := int64(memoryFloor)
		afterEachCollection(func() {
			// A new limit stops the world for a moment: small changes do not.
			if want := memoryLimit(liveHeap()); want < limit/8*7 || want > limit {
				limit = want
				debug.SetMemoryLimit(limit)
			}
		})
	}
}

// memoryLimit is the limit while so many bytes are in use. A fixed one would
// have the collector run all the time once it is too small.
func memoryLimit(live int64) int64 {
	return max(memoryFloor, live/2*3)
}

// liveHeap is what the last collection left.
func liveHeap() int64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64()) //nolint:gosec // less than there is memory
}

// afterEachCollection calls f after each run of the garbage collector, which
// finds an object then that nobody holds.
func afterEachCollection(f func()) {
	type token struct{ _ *byte }
	var again func(*token)
	again = func(t *token) {
		f()
		runtime.SetFinalizer(t, again)
	}
	runtime.SetFinalizer(&token{new(byte)}, again)
}
