package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/gen/oms/inventory/v1/inventoryv1connect"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	"github.com/orderstream/oms/internal/money"
)

// placing sends many orders to a service and keeps the books about it.
type placing struct {
	orders    orderv1connect.OrderServiceClient
	inventory inventoryv1connect.InventoryServiceClient
	callers   int
	progress  func(done, total int) // called by one at a time

	mu        sync.Mutex
	Sent      int            // orders the service answered yes to
	Repeated  int            // of them, known from an earlier run
	Confirmed int            // that ended well
	OnHold    int            // that wait for a person
	Cancelled map[string]int // that did not, by reason
	Refused   map[string]int // requests the service did not take, by reason
	Minor     int64          // money of the orders taken
	Paid      int64          // money of the orders confirmed
	IDs       []string       // of the orders, empty for those not taken
	answers   []time.Duration
	checkouts []time.Duration
	took      time.Duration
}

// stockUp puts units into the main bin; the same units are put there once.
func (p *placing) stockUp(ctx context.Context, name string, units map[string]int64) error {
	skus := slices.Sorted(maps.Keys(units))
	for chunk := range slices.Chunk(skus, 1000) {
		req := &inventoryv1.AdjustStockRequest{}
		for _, sku := range chunk {
			req.Lines = append(req.Lines, &inventoryv1.StockLine{
				Movement: inventoryv1.StockMovement_STOCK_MOVEMENT_ADD, SkuId: sku, Quantity: units[sku],
			})
		}
		data, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		req.IdempotencyKey = name + "/" + hex.EncodeToString(sum[:12])
		if _, err := p.inventory.AdjustStock(ctx, req); err != nil {
			return fmt.Errorf("stock: %w", err)
		}
	}
	return nil
}

// place sends the orders, and then waits until each has ended.
func (p *placing) place(ctx context.Context, reqs []*orderv1.CreateOrderRequest) error {
	p.Cancelled, p.Refused = map[string]int{}, map[string]int{}
	started := time.Now()
	ids := make([]string, len(reqs))
	p.IDs = ids
	err := p.each(ctx, len(reqs), func(ctx context.Context, i int) error {
		id, err := p.create(ctx, reqs[i])
		ids[i] = id
		return err
	})
	if err != nil {
		return err
	}
	err = p.each(ctx, len(ids), func(ctx context.Context, i int) error {
		if ids[i] == "" {
			return nil
		}
		return p.follow(ctx, ids[i])
	})
	p.took = time.Since(started)
	return err
}

// each runs f for 0 to n-1 from several callers, and stops at the first error.
func (p *placing) each(ctx context.Context, n int, f func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, done int
	var wg sync.WaitGroup
	for range p.callers {
		wg.Go(func() {
			for {
				p.mu.Lock()
				i := next
				next++
				p.mu.Unlock()
				if i >= n || ctx.Err() != nil {
					return
				}
				if err := f(ctx, i); err != nil {
					cancel(err)
					return
				}
				p.mu.Lock()
				done++
				if p.progress != nil {
					p.progress(done, n)
				}
				p.mu.Unlock()
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// create sends one order. A request that the service finds wrong is counted; a
// service that cannot answer is asked again, which is safe: the key is the same.
func (p *placing) create(ctx context.Context, req *orderv1.CreateOrderRequest) (string, error) {
	for try := 1; ; try++ {
		started := time.Now()
		res, err := p.orders.CreateOrder(ctx, req)
		took := time.Since(started)
		switch code := connect.CodeOf(err); {
		case err == nil:
			p.taken(res, took)
			return res.GetOrderId(), nil
		case code == connect.CodeInvalidArgument, code == connect.CodeResourceExhausted, code == connect.CodeAborted, code == connect.CodeAlreadyExists:
			p.mu.Lock()
			p.Refused[why(err)]++
			p.mu.Unlock()
			return "", nil
		case code != connect.CodeUnavailable, try == 5:
			return "", err
		}
		select {
		case <-time.After(time.Duration(try) * 200 * time.Millisecond):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (p *placing) taken(res *orderv1.CreateOrderResponse, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Sent++
	if res.GetRepeated() {
		p.Repeated++
	}
	p.Minor += res.GetTotal().GetMinorUnits()
	p.answers = append(p.answers, took)
}

// follow waits until an order has ended and notes how.
func (p *placing) follow(ctx context.Context, id string) error {
	stream, err := p.orders.WatchOrder(ctx, &orderv1.WatchOrderRequest{OrderId: id})
	if err != nil {
		return err
	}
	defer stream.Close()
	for stream.Receive() {
		if o := stream.Msg().GetOrder(); p.ended(o) {
			return nil
		}
	}
	return stream.Err()
}

// ended counts an order that is final or waits for a person.
func (p *placing) ended(o *orderv1.Order) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch o.GetStatus() {
	case orderv1.OrderStatus_ORDER_STATUS_SUBMITTED, orderv1.OrderStatus_ORDER_STATUS_READY_TO_EDIT,
		orderv1.OrderStatus_ORDER_STATUS_FREEZE_EDIT, orderv1.OrderStatus_ORDER_STATUS_READY_TO_SHIP,
		orderv1.OrderStatus_ORDER_STATUS_SUBMITTED_TO_FULFILLMENT, orderv1.OrderStatus_ORDER_STATUS_PARTIALLY_SHIPPED,
		orderv1.OrderStatus_ORDER_STATUS_UNABLE_TO_SHIP, orderv1.OrderStatus_ORDER_STATUS_SHIPPED,
		orderv1.OrderStatus_ORDER_STATUS_UNABLE_TO_DELIVER, orderv1.OrderStatus_ORDER_STATUS_DELIVERED,
		orderv1.OrderStatus_ORDER_STATUS_RETURN_SUBMITTED, orderv1.OrderStatus_ORDER_STATUS_RETURNED,
		orderv1.OrderStatus_ORDER_STATUS_DELETED:
		p.Confirmed++
		p.Paid += o.GetTotals().GetTotal().GetMinorUnits()
		p.checkouts = append(p.checkouts, o.GetUpdatedAt().AsTime().Sub(o.GetCreatedAt().AsTime()))
	case orderv1.OrderStatus_ORDER_STATUS_CANCELLED:
		p.Cancelled[cmp.Or(o.GetStatusReason(), "unknown")]++
	case orderv1.OrderStatus_ORDER_STATUS_ON_HOLD:
		p.OnHold++
	case orderv1.OrderStatus_ORDER_STATUS_UNSPECIFIED, orderv1.OrderStatus_ORDER_STATUS_CREATED, orderv1.OrderStatus_ORDER_STATUS_CANCELLING:
		return false
	}
	return true
}

// why is the reason of an error, or else its code.
func why(err error) string { return cmp.Or(reasonOf(err), connect.CodeOf(err).String()) }

// summary prints what became of the orders.
func (p *placing) summary(w io.Writer, currency string) {
	field(w, "orders taken", fmt.Sprintf("%d, %d of them known from an earlier run", p.Sent, p.Repeated))
	field(w, "confirmed", p.Confirmed)
	for _, why := range slices.Sorted(maps.Keys(p.Cancelled)) {
		field(w, "cancelled, "+why, p.Cancelled[why])
	}
	if p.OnHold > 0 {
		field(w, "on hold", p.OnHold)
	}
	for _, why := range slices.Sorted(maps.Keys(p.Refused)) {
		field(w, "refused, "+why, p.Refused[why])
	}
	field(w, "money taken in", money.Amount{Currency: currency, Minor: p.Minor})
	field(w, "money confirmed", money.Amount{Currency: currency, Minor: p.Paid})
	field(w, "time", p.took.Round(time.Millisecond))
	field(w, "orders per second", fmt.Sprintf("%.0f", float64(p.Confirmed)/p.took.Seconds()))
	field(w, "create answered", quantiles(p.answers))
	field(w, "create to confirmed", quantiles(p.checkouts))
}

// columns prints the fields of f in two columns.
func columns(out io.Writer, f func(w io.Writer)) error {
	w := aligned(out)
	f(w)
	return w.Flush()
}

func quantiles(ds []time.Duration) string {
	if len(ds) == 0 {
		return ""
	}
	slices.Sort(ds)
	at := func(q float64) time.Duration { return ds[int(q*float64(len(ds)-1))].Round(10 * time.Microsecond) }
	return fmt.Sprintf("p50 %v, p99 %v", at(0.50), at(0.99))
}
