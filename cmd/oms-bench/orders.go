package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/gen/oms/inventory/v1/inventoryv1connect"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

// spread is the number of SKUs of the shop; hot orders are all on the first.
const spread = 500

// running is "oms serve" as a process of its own, with a client to it.
type running struct {
	cmd       *exec.Cmd
	dir       string
	url, nats string
	http      *http.Client
	orders    orderv1connect.OrderServiceClient
	confirmed *confirmations
}

// startOMS builds and starts the service as an operator would, and loads stock.
func startOMS(ctx context.Context) (*running, error) {
	dir, err := os.MkdirTemp("", "oms-bench-")
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(os.TempDir(), "oms-bench-oms")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/orderstream/oms/cmd/oms").CombinedOutput(); err != nil { //nolint:gosec // our own program
		return nil, fmt.Errorf("build oms: %w\n%s", err, out)
	}
	r := &running{dir: dir, http: &http.Client{Transport: &http.Transport{
		MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
	}}}
	r.cmd = exec.Command(binary, "serve", "--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--log-level", "warn", "--profile") //nolint:gosec // our own program
	r.cmd.Stderr = os.Stderr
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	if err := r.addresses(out); err != nil {
		return nil, err
	}
	r.orders = orderv1connect.NewOrderServiceClient(r.http, r.url)
	if err := r.stock(ctx); err != nil {
		return nil, err
	}
	r.confirmed, err = followConfirmations(ctx, r.nats)
	return r, err
}

func (r *running) addresses(out io.Reader) error {
	sc := bufio.NewScanner(out)
	for sc.Scan() {
		word, rest, _ := strings.Cut(sc.Text(), " ")
		switch rest = strings.TrimSpace(rest); word {
		case "api":
			r.url = rest
		case "nats":
			r.nats = rest
		case "ready":
			go io.Copy(io.Discard, out) //nolint:errcheck // nothing more of interest
			return nil
		}
	}
	return errors.New("oms serve ended before it was ready")
}

func (r *running) stock(ctx context.Context) error {
	req := &inventoryv1.AdjustStockRequest{IdempotencyKey: "bench"}
	for i := range spread {
		req.Lines = append(req.Lines, &inventoryv1.StockLine{
			Movement: inventoryv1.StockMovement_STOCK_MOVEMENT_ADD, SkuId: "sku-" + strconv.Itoa(i), Quantity: 1_000_000_000,
		})
	}
	_, err := inventoryv1connect.NewInventoryServiceClient(r.http, r.url).AdjustStock(ctx, req)
	return err
}

func (r *running) stop() {
	if r.confirmed != nil {
		r.confirmed.close()
	}
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	_ = r.cmd.Wait()
	_ = os.RemoveAll(r.dir)
}

// benchOrder is a small basket: two lines, a customer, one payment.
func benchOrder(key string, hot bool) *orderv1.CreateOrderRequest {
	req := &orderv1.CreateOrderRequest{
		IdempotencyKey: key, CurrencyCode: "EUR", Channel: "web", Locale: "de-DE",
		Customer:        &orderv1.Customer{CustomerId: key, Email: key + "@example.com", FirstName: "Ada", LastName: "Lovelace"},
		ShippingAddress: &orderv1.Address{FirstName: "Ada", LastName: "Lovelace", Line1: "1 Main St", City: "Berlin", PostalCode: "10115", CountryCode: "DE"},
	}
	lines := 2
	for i := range lines {
		sku := "sku-" + strconv.Itoa(rand.IntN(spread)) //nolint:gosec // any will do
		if hot {
			sku = "sku-0"
		}
		req.Items = append(req.Items, &orderv1.LineItem{
			SkuId: sku, Name: "A thing of beauty", Quantity: int64(i + 1), UnitPrice: &moneyv1.Money{CurrencyCode: "EUR", MinorUnits: 1999},
		})
	}
	return req
}

// orderRate is one closed-loop measurement: each caller creates an order and
// waits until it is confirmed.
type orderRate struct {
	perSecond float64
	create    rate
	confirm   rate
	orders    int
}

var runs int

func (r *running) measure(ctx context.Context, callers int, d time.Duration, hot bool) (orderRate, error) {
	runs++
	prefix := fmt.Sprintf("bench-%d-%d-", os.Getpid(), runs)
	creates := make([][]time.Duration, callers)
	whole, err := drive(callers, d, func(c, n int) error {
		started := time.Now()
		res, err := r.orders.CreateOrder(ctx, benchOrder(prefix+strconv.Itoa(c)+"-"+strconv.Itoa(n), hot))
		if err != nil {
			return err
		}
		creates[c] = append(creates[c], time.Since(started))
		return r.confirmed.wait(ctx, res.GetOrderId())
	})
	if err != nil {
		return orderRate{}, err
	}
	var all []time.Duration
	for _, c := range creates {
		all = append(all, c...)
	}
	return orderRate{
		perSecond: whole.perSecond, confirm: whole, orders: len(all),
		create: rate{p50: percentile(all, 0.50), p99: percentile(all, 0.99)},
	}, nil
}

func benchOrders(r *report, d time.Duration) error {
	ctx := context.Background()
	s, err := startOMS(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	if _, err := s.measure(ctx, 16, d/4, false); err != nil { // warm
		return err
	}
	for _, callers := range []int{1, 8, 64} {
		before, err := s.counters()
		if err != nil {
			return err
		}
		m, err := s.measure(ctx, callers, d, false)
		if err != nil {
			return err
		}
		after, err := s.counters()
		if err != nil {
			return err
		}
		name := fmt.Sprintf("orders.%dcallers.", callers)
		r.set(name+"confirmed_per_s", m.perSecond)
		r.set(name+"create_p50_ms", m.create.p50)
		r.set(name+"create_p99_ms", m.create.p99)
		r.set(name+"confirm_p50_ms", m.confirm.p50)
		r.set(name+"confirm_p99_ms", m.confirm.p99)
		after.perOrder(r, name, before, m.orders)
	}
	spreadRate := r.Figures["orders.64callers.confirmed_per_s"]
	hot, err := s.measure(ctx, 64, d, true)
	if err != nil {
		return err
	}
	r.set("orders.64callers_one_sku.confirmed_per_s", hot.perSecond)
	r.set("orders.64callers_one_sku.ratio_to_spread", hot.perSecond/spreadRate)
	return benchFsyncs(r, d)
}
