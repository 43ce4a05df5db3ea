package participants

import (
	"fmt"
	"sync"
	"testing"
)

func TestRequestsOfOneOrderRunOneAtATime(t *testing.T) {
	var l lanes
	var wg sync.WaitGroup
	inside := make([]int, 4)
	for n := range 400 {
		wg.Go(func() {
			order := n % len(inside)
			defer l.enter(fmt.Sprint(order))()
			inside[order]++ // the race detector looks on
		})
	}
	wg.Wait()
	for order, n := range inside {
		if n != 100 {
			t.Errorf("order %d: %d requests ran", order, n)
		}
	}
	if len(l.busy) != 0 {
		t.Errorf("%d lanes are kept for nobody", len(l.busy))
	}
}

func TestASlowOrderHoldsUpNobodyElse(t *testing.T) {
	var l lanes
	leave := l.enter("slow")
	for n := range 10_000 {
		l.enter(fmt.Sprint("order-", n))()
	}
	leave()
	l.enter("slow")()
}
