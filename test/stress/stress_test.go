package stress_test

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
)

var full = flag.Bool("full", false, "run at full size")

// sized is the size of a test: large with -full.
func sized(small, large int) int {
	if *full {
		return large
	}
	return small
}

func order(key string, lines map[string]int64) *orderv1.CreateOrderRequest {
	req := &orderv1.CreateOrderRequest{
		IdempotencyKey: key, Reference: key, CurrencyCode: "EUR", Customer: &orderv1.Customer{CustomerId: key},
	}
	for sku, n := range lines {
		req.Items = append(req.Items, &orderv1.LineItem{
			SkuId: sku, Quantity: n, UnitPrice: &moneyv1.Money{CurrencyCode: "EUR", MinorUnits: 1000},
		})
	}
	return req
}

func count(orders map[string]*orderv1.Order, s orderv1.OrderStatus) (n int) {
	for _, o := range orders {
		if o.GetStatus() == s {
			n++
		}
	}
	return n
}

const (
	submitted = orderv1.OrderStatus_ORDER_STATUS_SUBMITTED
	cancelled = orderv1.OrderStatus_ORDER_STATUS_CANCELLED
)

func TestTwentyUnitsAndSixtyBuyersAtOnce(t *testing.T) {
	for round := range 3 {
		t.Run(fmt.Sprint("round ", round+1), func(t *testing.T) {
			dir := t.TempDir()
			p := testkit.Start(t, dir)
			stock := map[string]int64{"last": 20}
			p.AddStock(t, stock)
			var wg sync.WaitGroup
			start := make(chan struct{})
			for i := range 60 {
				wg.Go(func() {
					<-start
					if _, err := p.Orders().CreateOrder(t.Context(), order(fmt.Sprint("buyer-", i), map[string]int64{"last": 1})); err != nil {
						t.Error(err)
					}
				})
			}
			close(start)
			wg.Wait()
			p.WaitForSagas(t, time.Minute)
			orders := p.AllOrders(t)
			if yes, no := count(orders, submitted), count(orders, cancelled); yes != 20 || no != 40 {
				t.Errorf("%d orders confirmed and %d cancelled, want 20 and 40", yes, no)
			}
			p.CheckStock(t, stock, orders)
			p.Audit(t)
			p.Stop(t)
			testkit.CheckCharges(t, dir, orders)
		})
	}
}

func TestTheSameOrderSentTwiceAtOnceIsOneOrderAndOnePayment(t *testing.T) {
	dir := t.TempDir()
	p := testkit.Start(t, dir)
	stock := map[string]int64{"twice": 10_000}
	p.AddStock(t, stock)
	pairs := sized(60, 600)
	var wg sync.WaitGroup
	for i := range pairs {
		for half := range 2 {
			wg.Go(func() {
				ctx, hangsUp := t.Context(), i%2 == 1 && half == 0
				if hangsUp { // before the answer
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Duration(i)*100*time.Microsecond)
					defer cancel()
				}
				_, err := p.Orders().CreateOrder(ctx, order(fmt.Sprint("pair-", i), map[string]int64{"twice": 2}))
				if err != nil && !hangsUp {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	p.WaitForSagas(t, time.Minute)
	orders := p.AllOrders(t)
	if len(orders) != pairs || count(orders, submitted) != pairs {
		t.Errorf("%d orders, %d confirmed, want %d", len(orders), count(orders, submitted), pairs)
	}
	p.CheckStock(t, stock, orders)
	p.Audit(t)
	p.Stop(t)
	testkit.CheckCharges(t, dir, orders)
}

func TestEverybodyOnTheSameTwoItemsWaitsForNobody(t *testing.T) {
	p := testkit.Start(t, t.TempDir())
	n := sized(600, 6000)
	stock := map[string]int64{"hot-1": int64(n), "hot-2": int64(n)}
	p.AddStock(t, stock)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(n) {
					return
				}
				if _, err := p.Orders().CreateOrder(t.Context(), order(fmt.Sprint("hot-", i), map[string]int64{"hot-1": 1, "hot-2": 1})); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	started := time.Now()
	wg.Wait()
	p.WaitForSagas(t, time.Minute)
	took := time.Since(started)
	orders := p.AllOrders(t)
	if got := count(orders, submitted); got != n {
		t.Errorf("%d orders confirmed, want all %d", got, n)
	}
	p.CheckStock(t, stock, orders)
	p.Audit(t)
	t.Logf("%d orders on the same two items at 32 callers: %.0f per second", n, float64(n)/took.Seconds())
}

func TestAKillWhileOrdersArePlacedLeavesNoOrphanAndNoDouble(t *testing.T) {
	dir := t.TempDir()
	p := testkit.Start(t, dir)
	stock := map[string]int64{"kill": 1_000_000}
	p.AddStock(t, stock)
	keys := map[string]bool{}
	var mu sync.Mutex
	for round := range sized(3, 10) {
		var wg sync.WaitGroup
		var answered atomic.Int64
		enough := make(chan struct{})
		for caller := range 16 {
			wg.Go(func() {
				for i := 0; ; i++ {
					key := fmt.Sprintf("kill-%d-%d-%d", round, caller, i)
					mu.Lock()
					keys[key] = true
					mu.Unlock()
					if _, err := p.Orders().CreateOrder(t.Context(), order(key, map[string]int64{"kill": 1})); err != nil {
						return
					}
					if answered.Add(1) == 200 {
						close(enough)
					}
				}
			})
		}
		<-enough
		p.Kill()
		wg.Wait()
		p = testkit.Start(t, dir)
	}
	for key := range keys { // what was cut is sent again; what was not is recognised
		if _, err := p.Orders().CreateOrder(t.Context(), order(key, map[string]int64{"kill": 1})); err != nil {
			t.Fatal(err)
		}
	}
	p.WaitForSagas(t, 2*time.Minute)
	orders := p.AllOrders(t)
	if len(orders) != len(keys) || count(orders, submitted) != len(keys) {
		t.Errorf("%d orders, %d confirmed, for %d keys", len(orders), count(orders, submitted), len(keys))
	}
	p.CheckStock(t, stock, orders)
	p.Audit(t)
	p.Stop(t)
	testkit.CheckCharges(t, dir, orders)
}
