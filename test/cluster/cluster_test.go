package cluster_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/testkit"
)

// stock is scarce for one SKU, so that some orders are refused and undone.
var stock = map[string]int64{"plenty": 1_000_000, "scarce": 60}

const (
	callers = 8
	orders  = 200
	workers = "saga,inventory,promotion,fraud,customer,publisher"
)

// TestAKilledWorkerLosesNoOrder runs the shop, with API, views and payment, and
// two workers that share everything else. One worker is killed under load.
func TestAKilledWorkerLosesNoOrder(t *testing.T) {
	dir := t.TempDir()
	url := startNATS(t, dir)
	start := func(name, roles string) *testkit.Process {
		return testkit.Start(t, filepath.Join(dir, name), "--nats-url", url, "--replicas", "1", "--partitions", "4", "--roles", roles, "--log-level", "info")
	}
	one := start("one", workers)
	two := start("two", workers)
	shop := start("shop", "api,projections,payment")
	shop.NATSURL = url
	shop.AddStock(t, stock)

	acked := place(t, shop, func() { one.Kill() })
	all := settled(t, shop, len(acked), 80*time.Second)
	for key, id := range acked {
		if all[id] == nil {
			t.Errorf("%s was acknowledged as %s and is lost", key, id)
		}
	}
	shop.CheckStock(t, stock, all)
	shop.CheckView(t, "orders")
	two.Stop(t)
	shop.Stop(t)
	testkit.CheckCharges(t, filepath.Join(dir, "shop"), all)
}

// startNATS runs the server that the processes share.
func startNATS(t *testing.T, dir string) string {
	t.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: filepath.Join(dir, "nats"), Host: "127.0.0.1", SyncAlways: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := srv.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return srv.URL()
}

// place sends orders until each is answered, and calls half when half of them
// are. A call without an answer is sent again under its key.
func place(t *testing.T, p *testkit.Process, half func()) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	acked := map[string]string{}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for n := next.Add(1); n <= orders; n = next.Add(1) {
				req := request(int(n))
				id, err := insist(ctx, p, req)
				if err != nil {
					t.Errorf("order %d: %v", n, err)
					return
				}
				mu.Lock()
				acked[req.GetIdempotencyKey()] = id
				now := len(acked) == orders/2
				mu.Unlock()
				if now {
					half()
				}
			}
		})
	}
	wg.Wait()
	return acked
}

// callWait is how long a caller waits for an answer before it asks again: what
// was on its way through a server that was killed never comes.
const callWait = 5 * time.Second

// insist places an order until it is told that it was.
func insist(ctx context.Context, p *testkit.Process, req *orderv1.CreateOrderRequest) (string, error) {
	for {
		once, cancel := context.WithTimeout(ctx, callWait)
		res, err := p.Orders().CreateOrder(once, req)
		cancel()
		if err == nil || ctx.Err() != nil {
			return res.GetOrderId(), err
		}
	}
}

// pending counts the steps whose answer open orders wait for.
func pending(all map[string]*orderv1.Order) map[string]int {
	steps := map[string]int{}
	for _, o := range all {
		for _, s := range o.GetSteps() {
			if s.GetState() == orderv1.StepState_STEP_STATE_PENDING {
				steps[s.GetStep().String()]++
			}
		}
	}
	return steps
}

// request is the n-th order; every third wants what is scarce.
func request(n int) *orderv1.CreateOrderRequest {
	sku := "plenty"
	if n%3 == 0 {
		sku = "scarce"
	}
	return &orderv1.CreateOrderRequest{
		IdempotencyKey: fmt.Sprint("cluster/", n), CurrencyCode: "EUR", Reference: fmt.Sprint(n),
		Customer: &orderv1.Customer{CustomerId: fmt.Sprint("customer-", n)},
		Items: []*orderv1.LineItem{{
			SkuId: sku, Quantity: 1, UnitPrice: &moneyv1.Money{CurrencyCode: "EUR", MinorUnits: int64(100 + n)},
		}},
	}
}

// settled waits until every order has ended.
func settled(t *testing.T, p *testkit.Process, n int, within time.Duration) map[string]*orderv1.Order {
	t.Helper()
	started := time.Now()
	for {
		all, open := p.AllOrders(t), 0
		for _, o := range all {
			if s := o.GetStatus(); s != orderv1.OrderStatus_ORDER_STATUS_SUBMITTED && s != orderv1.OrderStatus_ORDER_STATUS_CANCELLED {
				open++
			}
		}
		if open == 0 && len(all) == n {
			t.Logf("all %d orders ended %v after the last was taken", n, time.Since(started).Round(time.Millisecond))
			return all
		}
		if time.Since(started) > within {
			t.Fatalf("%d orders of %d are there, %d are open, waiting for %v", len(all), n, open, pending(all))
		}
		select {
		case <-t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}
