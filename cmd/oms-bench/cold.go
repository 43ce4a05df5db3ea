package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
)

// coldOrders is how many orders the log holds when the old ones are touched
// again.
const coldOrders = 1_000_000

// benchCold fills a log with a million orders, opens it anew so that nothing
// is in memory, and appends to orders untouched since the beginning, and to
// fresh ones; and again to fresh ones while others touch old ones.
func benchCold(r *report, d time.Duration) error {
	n, err := startNode()
	if err != nil {
		return err
	}
	defer removeNodes()
	defer n.stop()
	took, err := fill(n)
	if err != nil {
		return err
	}
	r.set("cold.orders", coldOrders)
	r.set("cold.fill_commits_per_s", coldOrders/took.Seconds())
	opened := time.Now()
	log, done, err := openBenchLog(n)
	if err != nil {
		return err
	}
	defer done()
	r.set("cold.open_ms", float64(time.Since(opened))/float64(time.Millisecond))
	touch := func(prefix string, stride int) func(int, int) error {
		bodies := payloads()
		return func(c, i int) error {
			id := prefix + strconv.Itoa((c*7919+i*stride)%coldOrders)
			_, err := log.Execute(context.Background(), eventstore.Meta{Tenant: "default", Actor: "bench"}, id, advance{bodies[1]})
			return err
		}
	}
	fresh, err := drive(1, d, touch("fresh-", 1))
	if err != nil {
		return err
	}
	cold, err := drive(1, d, touch("o", 9973))
	if err != nil {
		return err
	}
	r.set("cold.fresh_p50_ms", fresh.p50)
	r.set("cold.fresh_p99_ms", fresh.p99)
	r.set("cold.old_p50_ms", cold.p50)
	r.set("cold.old_p99_ms", cold.p99)
	r.set("cold.old_to_fresh_p50", cold.p50/fresh.p50)
	alone, err := drive(8, d, touch("alone-", 1))
	if err != nil {
		return err
	}
	beside, err := besideCold(touch, d)
	if err != nil {
		return err
	}
	r.set("cold.others_alone_per_s", alone.perSecond)
	r.set("cold.others_beside_old_per_s", beside.perSecond)
	return nil
}

// besideCold measures eight callers on fresh orders while one touches old ones.
func besideCold(touch func(string, int) func(int, int) error, d time.Duration) (rate, error) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		f := touch("o", 9967)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				_ = f(1, i)
			}
		}
	})
	beside, err := drive(8, d, touch("beside-", 1))
	close(stop)
	wg.Wait()
	return beside, err
}

func openBenchLog(n *node) (*jsstore.Log[benchState], func(), error) {
	nc, err := n.srv.Connect()
	if err != nil {
		return nil, nil, err
	}
	s, err := jsstore.Open(jsstore.Config{Conn: nc, Dir: filepath.Join(n.dir, "state")})
	if err != nil {
		return nil, nil, err
	}
	log, err := jsstore.OpenLog(context.Background(), s, benchDefinition(), nil)
	if err != nil {
		return nil, nil, err
	}
	return log, func() { s.Close(); nc.Close() }, nil
}

// fill stores the first commit of every order, from many callers.
func fill(n *node) (time.Duration, error) {
	log, done, err := openBenchLog(n)
	if err != nil {
		return 0, err
	}
	defer done()
	body := payloads()[0]
	started := time.Now()
	const callers = 512
	errs := make(chan error, callers)
	for c := range callers {
		go func() {
			for i := c; i < coldOrders; i += callers {
				if _, err := log.Execute(context.Background(), eventstore.Meta{Tenant: "default", Actor: "bench"}, "o"+strconv.Itoa(i), advance{body}); err != nil {
					errs <- fmt.Errorf("fill: %w", err)
					return
				}
			}
			errs <- nil
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			return 0, err
		}
	}
	return time.Since(started), nil
}
