package customers_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/testkit"
)

// TestAnotherProcessTakesTheRunsOver kills the process that owns the customers
// when runs are under way; another one that begins to own them ends each with
// its one order.
func TestAnotherProcessTakesTheRunsOver(t *testing.T) {
	t.Parallel()
	const runs = 10
	dir := t.TempDir()
	srv, err := natsembed.Start(natsembed.Config{Dir: filepath.Join(dir, "nats"), Host: "127.0.0.1", SyncAlways: true})
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		must(t, srv.Stop(ctx))
	})
	start := func(name, roles string) *testkit.Process {
		return testkit.Start(t, filepath.Join(dir, name), "--nats-url", srv.URL(), "--replicas", "1", "--partitions", "4", "--roles", roles)
	}
	one := start("one", "customer")
	shop := start("shop", "api,projections,publisher,saga,payment,promotion,fraud,inventory")
	shop.AddStock(t, map[string]int64{"tea": 1000})
	enroll(t, shop)
	for n := range runs {
		subscribe(t, shop, fmt.Sprint("s", n), "tea", time.Now())
	}
	testkit.Until(t, testkit.Patience, func() string {
		for n := range runs {
			if s := get(t, shop, fmt.Sprint("s", n)); s.GetPendingOrderId() != "" || s.GetRuns() > 0 {
				return ""
			}
		}
		return "no run has begun"
	})
	one.Kill()
	start("two", "customer")
	for n := range runs {
		sub := awaitRun(t, shop, fmt.Sprint("s", n))
		shop.Await(t, sub.GetLastOrderId(), orderv1.OrderStatus_ORDER_STATUS_SUBMITTED)
	}
	shop.AwaitViews(t)
	if orders := shop.AllOrders(t); len(orders) != runs {
		t.Errorf("%d orders, want %d", len(orders), runs)
	}
}
