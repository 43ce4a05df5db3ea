package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/internal/onlineretail"
)

// takingBack applies cancellation invoices to the orders of their sales.
type takingBack struct {
	*placing
	changes    orderv1connect.ChangeServiceClient
	fulfilment orderv1connect.FulfilmentServiceClient
	returns    orderv1connect.ReturnServiceClient

	at        []uint64 // log position of the last change of each order
	taken     []onlineretail.Taken
	unmatched []onlineretail.Unmatched

	Shipped, Cancelled, Returned tally
	Refused                      map[string]int // rows that the service did not take, by reason
}

// tally counts rows, units and money.
type tally struct {
	rows, units, minor int64
}

func (t *tally) add(units, minor int64) {
	t.rows, t.units, t.minor = t.rows+1, t.units+units, t.minor+minor
}

func (t tally) String() string {
	return fmt.Sprintf("%d rows, %d units, %v", t.rows, t.units, money.Amount{Currency: onlineretail.Currency, Minor: t.minor})
}

func (a *app) newTakingBack(p *placing, s sale) (*takingBack, error) {
	t := &takingBack{placing: p, at: make([]uint64, len(s.orders)), Refused: map[string]int{}}
	t.taken, t.unmatched = onlineretail.TakeBack(s.orders, s.cancelled)
	var err error
	if t.changes, err = dial(a, orderv1connect.NewChangeServiceClient); err != nil {
		return nil, err
	}
	if t.fulfilment, err = dial(a, orderv1connect.NewFulfilmentServiceClient); err != nil {
		return nil, err
	}
	t.returns, err = dial(a, orderv1connect.NewReturnServiceClient)
	return t, err
}

// ship ships all open units of every order, once.
func (t *takingBack) ship(ctx context.Context) error {
	return t.each(ctx, len(t.IDs), func(ctx context.Context, i int) error {
		o, err := t.settledOrder(ctx, i)
		if err != nil || o == nil {
			return err
		}
		var open int64
		for _, it := range o.GetItems() {
			open += it.GetQuantity() - it.GetCancelled() - it.GetShipped() - it.GetPacked()
		}
		if open == 0 {
			return nil
		}
		res, err := again(ctx, func() (*orderv1.ShipOrderResponse, error) {
			return t.fulfilment.ShipOrder(ctx, &orderv1.ShipOrderRequest{OrderId: o.GetOrderId(), IdempotencyKey: "online-retail/ship/" + o.GetReference()})
		})
		t.at[i] = max(t.at[i], res.GetReceipt().GetPosition())
		return t.note(err, func() { t.Shipped.add(open, o.GetDue().GetMinorUnits()) })
	})
}

// run takes back what matches, the rows of one order one after the other.
func (t *takingBack) run(ctx context.Context) error {
	byOrder := map[int][]onlineretail.Taken{}
	for _, row := range t.taken {
		byOrder[row.Order] = append(byOrder[row.Order], row)
	}
	orders := slices.Sorted(maps.Keys(byOrder))
	err := t.each(ctx, len(orders), func(ctx context.Context, i int) error {
		o, err := t.settledOrder(ctx, orders[i])
		if err != nil || o == nil {
			return err
		}
		for _, row := range byOrder[orders[i]] {
			if err := t.takeBack(ctx, o, row); err != nil {
				return err
			}
		}
		_, err = t.settledOrder(ctx, orders[i])
		return err
	})
	return err
}

// takeBack cancels units of an order that has not shipped, and returns those of
// one that has. Both have the same key, so that a row counts once, whatever has
// become of the order since an earlier run.
func (t *takingBack) takeBack(ctx context.Context, o *orderv1.Order, row onlineretail.Taken) error {
	key := fmt.Sprintf("online-retail/%s/%d/%s", row.Invoice, row.Row, row.ItemID)
	var shipped int64
	for _, i := range o.GetItems() {
		if i.GetItemId() == row.ItemID {
			shipped = i.GetShipped()
		}
	}
	if shipped < row.Units {
		res, err := again(ctx, func() (*orderv1.CancelItemsResponse, error) {
			return t.changes.CancelItems(ctx, &orderv1.CancelItemsRequest{
				OrderId: o.GetOrderId(), IdempotencyKey: key, Reason: row.Invoice,
				Lines: []*orderv1.ItemQuantity{{ItemId: row.ItemID, Quantity: row.Units}},
			})
		})
		t.at[row.Order] = max(t.at[row.Order], res.GetReceipt().GetPosition())
		return t.note(err, func() { t.Cancelled.add(row.Units, row.Minor) })
	}
	res, err := again(ctx, func() (*orderv1.SubmitReturnResponse, error) {
		return t.returns.SubmitReturn(ctx, &orderv1.SubmitReturnRequest{
			OrderId: o.GetOrderId(), IdempotencyKey: key,
			Lines: []*orderv1.ReturnLine{{ItemId: row.ItemID, Quantity: row.Units, Reason: row.Invoice}},
		})
	})
	if connect.CodeOf(err) == connect.CodeAlreadyExists { // cancelled in an earlier run
		return t.note(nil, func() { t.Cancelled.add(row.Units, row.Minor) })
	}
	if err != nil {
		return t.note(err, nil)
	}
	accepted, err := again(ctx, func() (*orderv1.AcceptReturnResponse, error) {
		return t.returns.AcceptReturn(ctx, &orderv1.AcceptReturnRequest{
			OrderId: o.GetOrderId(), IdempotencyKey: key + "/accept", ReturnId: res.GetReturnId(), Restock: true,
		})
	})
	t.at[row.Order] = max(t.at[row.Order], accepted.GetReceipt().GetPosition())
	return t.note(err, func() { t.Returned.add(row.Units, row.Minor) })
}

// note counts what was done, or why the service did not do it. A service that
// does not answer ends the load.
func (t *takingBack) note(err error, done func()) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch connect.CodeOf(err) {
	case connect.CodeFailedPrecondition, connect.CodeInvalidArgument, connect.CodeAlreadyExists, connect.CodeAborted:
		t.Refused[why(err)]++
		return nil
	}
	if err == nil {
		done()
	}
	return err
}

// again asks a service that cannot answer once more, which is safe: the key is
// the same.
func again[R any](ctx context.Context, call func() (R, error)) (R, error) {
	for try := 1; ; try++ {
		res, err := call()
		if code := connect.CodeOf(err); err == nil || code != connect.CodeUnavailable && code != connect.CodeDeadlineExceeded || try == 20 {
			return res, err
		}
		select {
		case <-time.After(time.Duration(try) * 200 * time.Millisecond):
		case <-ctx.Done():
			return res, ctx.Err()
		}
	}
}

// settledOrder waits until nothing is left to do for an order; none for an
// invoice that became none.
func (t *takingBack) settledOrder(ctx context.Context, n int) (*orderv1.Order, error) {
	id := t.IDs[n]
	if id == "" {
		return nil, nil //nolint:nilnil // no order, and nothing wrong
	}
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		res, err := again(ctx, func() (*orderv1.GetOrderResponse, error) {
			return t.orders.GetOrder(ctx, &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: id}, MinPosition: t.at[n]})
		})
		if err != nil {
			return nil, err
		}
		o := res.GetOrder()
		if o.GetOpenWork() == 0 && o.GetStatus() != orderv1.OrderStatus_ORDER_STATUS_CREATED && o.GetStatus() != orderv1.OrderStatus_ORDER_STATUS_CANCELLING {
			return o, nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (t *takingBack) summary(w io.Writer) {
	if t.Shipped.rows > 0 {
		field(w, "orders shipped", fmt.Sprintf("%d, %d units", t.Shipped.rows, t.Shipped.units))
	}
	field(w, "cancelled", t.Cancelled)
	field(w, "returned", t.Returned)
	for _, why := range slices.Sorted(maps.Keys(t.Refused)) {
		field(w, "not taken back, "+why, t.Refused[why])
	}
	left := map[string]tally{}
	for _, u := range t.unmatched {
		n := left[u.Why]
		n.rows, n.units = n.rows+1, n.units+u.Units
		left[u.Why] = n
	}
	for _, why := range slices.Sorted(maps.Keys(left)) {
		field(w, "not matched, "+why, fmt.Sprintf("%d rows, %d units", left[why].rows, left[why].units))
	}
}

// list names every row that was not matched with its reason, in a file, or the
// first ones on the terminal.
func (t *takingBack) list(a *app, file string) error {
	if file != "" {
		f, err := os.Create(file) //nolint:gosec // the user names it
		if err != nil {
			return usageError("%w", err)
		}
		w := csv.NewWriter(f)
		_ = w.Write([]string{"InvoiceNo", "Row", "CustomerID", "StockCode", "Quantity", "UnitPrice", "Reason"})
		for _, u := range t.unmatched {
			_ = w.Write([]string{u.Invoice, fmt.Sprint(u.Row), u.Customer, u.StockCode, fmt.Sprint(u.Units), u.UnitPrice, u.Why})
		}
		w.Flush()
		return cmp.Or(w.Error(), f.Close())
	}
	const most = 10
	if len(t.unmatched) == 0 {
		return nil
	}
	return columns(a.out, func(w io.Writer) {
		fmt.Fprintln(w)
		row(w, "INVOICE", "ROW", "CUSTOMER", "STOCK CODE", "UNITS", "PRICE", "NOT MATCHED BECAUSE")
		for _, u := range t.unmatched[:min(most, len(t.unmatched))] {
			row(w, u.Invoice, u.Row, u.Customer, u.StockCode, u.Units, u.UnitPrice, u.Why)
		}
		if more := len(t.unmatched) - most; more > 0 {
			fmt.Fprintf(w, "and %d more; --unmatched FILE writes all\n", more)
		}
	})
}
