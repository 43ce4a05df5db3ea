package projections_test

import (
	"context"
	"os"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/orderstream/oms/projections"
)

func TestZZ(t *testing.T) {
	w := newWorld(t)
	l, v, _ := w.orders()
	sell(l, 40000)
	l.follow(v)
	f, _ := os.Create("/tmp/z.cpu")
	pprof.StartCPUProfile(f)
	for range 4 {
		st := time.Now()
		if err := v.Rebuild(context.Background(), projections.RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Log(time.Since(st), 40000*15/time.Since(st).Seconds())
	}
	pprof.StopCPUProfile()
	f.Close()
}
