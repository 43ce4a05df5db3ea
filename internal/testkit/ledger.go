package testkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	projectionv1 "github.com/orderstream/oms/gen/oms/projection/v1"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
	"github.com/orderstream/oms/payment/simulated"
)

// AddStock puts units of each SKU into the main bin, once.
func (p *Process) AddStock(t *testing.T, units map[string]int64) {
	t.Helper()
	req := &inventoryv1.AdjustStockRequest{IdempotencyKey: "testkit/stock"}
	for sku, n := range units {
		req.Lines = append(req.Lines, &inventoryv1.StockLine{
			Movement: inventoryv1.StockMovement_STOCK_MOVEMENT_ADD, SkuId: sku, Quantity: n,
		})
	}
	if _, err := p.Inventory().AdjustStock(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

// WaitForSagas waits until no checkout is running any more. Orders on hold
// wait for a person and count as ended.
func (p *Process) WaitForSagas(t *testing.T, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for {
		res, err := p.Sagas().ListSagas(ctx, &sagav1.ListSagasRequest{Limit: 1000})
		if err != nil {
			t.Fatalf("sagas did not end: %v", err)
		}
		open := 0
		for _, s := range res.GetSagas() {
			if s.GetStatus() != orderv1.OrderStatus_ORDER_STATUS_ON_HOLD {
				open++
			}
		}
		if open == 0 {
			p.waitForViews(ctx, t)
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d sagas did not end, the first is %v", open, res.GetSagas()[0])
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// waitForViews waits until every read model has seen the whole log.
func (p *Process) waitForViews(ctx context.Context, t *testing.T) {
	t.Helper()
	for {
		res, err := p.Projections().ListProjections(ctx, &projectionv1.ListProjectionsRequest{})
		if err != nil {
			t.Fatalf("the read models did not catch up: %v", err)
		}
		var lag uint64
		for _, v := range res.GetProjections() {
			lag += v.GetLag()
		}
		if lag == 0 {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the read models are %d positions behind", lag)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// AllOrders reads every order of the default tenant from the read model.
func (p *Process) AllOrders(t *testing.T) map[string]*orderv1.Order {
	t.Helper()
	all := map[string]*orderv1.Order{}
	req := &orderv1.ListOrdersRequest{PageSize: 200}
	for {
		res, err := p.Orders().ListOrders(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range res.GetOrders() {
			if all[o.GetOrderId()] != nil {
				t.Errorf("order %s is listed twice", o.GetOrderId())
			}
			all[o.GetOrderId()] = o
		}
		if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
			return all
		}
	}
}

// CheckStock proves that every unit is accounted for: what is reserved is what
// the orders that hold stock have on their lines, and nothing is oversold.
func (p *Process) CheckStock(t *testing.T, initial map[string]int64, orders map[string]*orderv1.Order) {
	t.Helper()
	want := map[string]int64{}
	for _, o := range orders {
		if o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_CANCELLED {
			continue
		}
		for _, it := range o.GetItems() {
			want[it.GetSkuId()] += it.GetQuantity()
		}
	}
	for sku, n := range initial {
		res, err := p.Inventory().GetStock(t.Context(), &inventoryv1.GetStockRequest{SkuId: sku})
		if err != nil {
			t.Fatal(err)
		}
		var onHand, reserved int64
		for _, s := range res.GetStock() {
			onHand += s.GetOnHand()
			reserved += s.GetReserved()
		}
		if onHand != n || reserved != want[sku] || reserved > onHand {
			t.Errorf("%s: on hand %d of %d, reserved %d, but orders hold %d", sku, onHand, n, reserved, want[sku])
		}
	}
}

// CheckView rebuilds a view and compares it with the live one row by row.
func (p *Process) CheckView(t *testing.T, name string) {
	t.Helper()
	stream, err := p.Projections().RebuildProjection(t.Context(), &projectionv1.RebuildProjectionRequest{Name: name, Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	done := false
	for stream.Receive() {
		for _, d := range stream.Msg().GetDifferences() {
			t.Errorf("view %s differs from its rebuild: %s", name, d)
		}
		done = done || stream.Msg().GetDone()
	}
	if err := stream.Err(); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if !done {
		t.Errorf("rebuild of %s did not end", name)
	}
}

// CheckCharges opens the books of the simulated gateway, after the process has
// ended, and proves that exactly the confirmed orders are paid, each once.
func CheckCharges(t *testing.T, dir string, orders map[string]*orderv1.Order) {
	t.Helper()
	g, err := simulated.Open(simulated.Config{Path: filepath.Join(dir, "simulated-gateway.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	charged, err := g.Charged()
	if err != nil {
		t.Fatal(err)
	}
	refunded, err := g.Refunded()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{}
	for _, o := range orders {
		if o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_SUBMITTED {
			want[o.GetCurrencyCode()] += o.GetTotals().GetTotal().GetMinorUnits()
		}
	}
	for currency, minor := range want {
		if got := charged[currency] - refunded[currency]; got != minor {
			t.Errorf("the gateway took %d %s net, but confirmed orders come to %d", got, currency, minor)
		}
	}
	for currency := range charged {
		if _, ok := want[currency]; !ok && charged[currency] != refunded[currency] {
			t.Errorf("the gateway holds %d %s that no order accounts for", charged[currency]-refunded[currency], currency)
		}
	}
}

// Published counts the messages of a published stream by subject and order.
func (p *Process) Published(t *testing.T, stream string) map[string]int {
	t.Helper()
	js := p.JetStream(t)
	st, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	last := st.CachedInfo().State.LastSeq
	counts := map[string]int{}
	if last == 0 {
		return counts
	}
	cons, err := st.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	it, err := cons.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer it.Stop()
	for {
		m, err := it.Next()
		if err != nil {
			t.Fatal(err)
		}
		counts[fmt.Sprint(m.Subject(), " ", m.Headers().Get("Order-Id"))]++
		if meta, err := m.Metadata(); err != nil || meta.Sequence.Stream >= last {
			return counts
		}
	}
}
