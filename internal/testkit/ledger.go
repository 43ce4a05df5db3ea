package testkit

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	projectionv1 "github.com/orderstream/oms/gen/oms/projection/v1"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
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
	if _, err := p.Inventory().AdjustStock(Lasting(t), req); err != nil {
		t.Fatal(err)
	}
}

// WaitForSagas waits until no checkout is running any more. Orders on hold
// wait for a person and count as ended.
func (p *Process) WaitForSagas(t *testing.T, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(Lasting(t), within)
	defer cancel()
	for {
		res, err := p.Sagas().ListSagas(ctx, &sagav1.ListSagasRequest{Limit: 1000})
		if err != nil {
			t.Fatalf("sagas did not end: %v", err)
		}
		open, first := 0, (*sagav1.Saga)(nil)
		for _, s := range res.GetSagas() {
			if s.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_ON_HOLD {
				continue
			}
			if open++; first == nil {
				first = s
			}
		}
		if open == 0 {
			p.AwaitViews(t)
			return
		}
		select {
		case <-ctx.Done():
			p.Tell(t, first.GetOrderId())
			t.Fatalf("%d sagas did not end, the first is %v", open, first)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Tell logs what happened to an order, for who has to find out why it is stuck.
func (p *Process) Tell(t *testing.T, id string) {
	t.Helper()
	if saga, err := p.Sagas().GetSaga(Lasting(t), &sagav1.GetSagaRequest{OrderId: id}); err == nil {
		t.Logf("saga of %s: %v", id, saga.GetSaga())
	}
	res, err := p.Events().ListOrderEvents(Lasting(t), &logv1.ListOrderEventsRequest{OrderId: id})
	if err != nil {
		t.Logf("history of %s: %v", id, err)
	}
	for _, e := range res.GetEvents() {
		data, _ := e.GetData().MarshalJSON()
		t.Logf("%d %s by %s: %s", e.GetRevision(), EventName(e), e.GetCommand(), data)
	}
}

// AllOrders reads every order of the default tenant from the read model, once
// that has seen everything.
func (p *Process) AllOrders(t *testing.T) map[string]*orderv1.Order {
	t.Helper()
	p.AwaitViews(t)
	all := map[string]*orderv1.Order{}
	req := &orderv1.ListOrdersRequest{PageSize: 200}
	for {
		res, err := p.Orders().ListOrders(Lasting(t), req)
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

// Units are those of one SKU, over all bins.
type Units struct{ OnHand, Reserved int64 }

// Stock reads the stock of every SKU, once the read model has seen everything.
func (p *Process) Stock(t *testing.T) map[string]Units {
	t.Helper()
	p.AwaitViews(t)
	all := map[string]Units{}
	req := &inventoryv1.ListStockRequest{PageSize: 1000}
	for {
		res, err := p.Inventory().ListStock(Lasting(t), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range res.GetStock() {
			u := all[s.GetSkuId()]
			all[s.GetSkuId()] = Units{u.OnHand + s.GetOnHand(), u.Reserved + s.GetReserved()}
		}
		if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
			return all
		}
	}
}

// CheckStock proves that every unit is accounted for: what is reserved is what
// the orders still have to ship, what is on hand is what there was without what
// has left and with what came back, and nothing is oversold. Orders that were
// sold elsewhere have no stock here.
func (p *Process) CheckStock(t *testing.T, initial map[string]int64, orders map[string]*orderv1.Order) {
	t.Helper()
	reserved, left := map[string]int64{}, map[string]int64{}
	for _, o := range orders {
		if o.GetImported() {
			continue
		}
		for _, it := range o.GetItems() {
			left[it.GetSkuId()] += it.GetShipped()
			if s := o.GetStatus(); s != orderv1.OrderStatus_ORDER_STATUS_CANCELLED && s != orderv1.OrderStatus_ORDER_STATUS_DELETED {
				reserved[it.GetSkuId()] += it.GetQuantity() - it.GetCancelled() - it.GetShipped()
			}
		}
	}
	stock, back := p.Stock(t), p.restocked(t, orders)
	for sku, n := range initial {
		onHand := n - left[sku] + back[sku]
		if u := stock[sku]; u.OnHand != onHand || u.Reserved != reserved[sku] || u.Reserved > u.OnHand || u.Reserved < 0 {
			t.Errorf("%s: %d on hand, but of %d have left %d and come back %d; %d reserved, but orders hold %d",
				sku, u.OnHand, n, left[sku], back[sku], u.Reserved, reserved[sku])
		}
	}
}

// CheckView rebuilds a view and compares it with the live one row by row.
func (p *Process) CheckView(t *testing.T, name string) {
	t.Helper()
	stream, err := p.Projections().RebuildProjection(Lasting(t), &projectionv1.RebuildProjectionRequest{Name: name, Verify: true})
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
