package main

import (
	"runtime"
	"testing"
	"time"
)

func TestTheMemoryLimitKeepsItsDistance(t *testing.T) {
	for live, want := range map[int64]int64{
		0:                   memoryFloor,
		memoryFloor / 2:     memoryFloor,
		memoryFloor:         memoryFloor / 2 * 3,
		10 * memoryFloor:    15 * memoryFloor,
		memoryFloor/3*2 - 2: memoryFloor,
	} {
		if got := memoryLimit(live); got != want {
			t.Errorf("memoryLimit(%d) = %d, want %d", live, got, want)
		}
	}
}

func TestEachCollectionIsHeardOf(t *testing.T) {
	heard := make(chan struct{}, 1)
	afterEachCollection(func() {
		select {
		case heard <- struct{}{}:
		default:
		}
	})
	for n := range 3 {
		runtime.GC()
		select {
		case <-heard:
		case <-time.After(30 * time.Second):
			t.Fatalf("collection %d was not heard of", n+1)
		}
	}
}
