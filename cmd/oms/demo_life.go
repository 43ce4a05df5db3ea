package main

import (
	"context"
	"fmt"
	"io"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/internal/onlineretail"
)

// afterwards is the life of the demo's orders after the sale.
type afterwards struct {
	*takingBack
	Exchanged tally
	due       map[string]int64 // of each confirmed order
}

// live lets things happen to some of the confirmed orders: every fifth loses a
// unit of its first line, every third ships; of every fourth of those a unit
// comes back, and of every second of these it is exchanged for a dearer one.
func (a *app) live(ctx context.Context, p *placing, s sale) (*afterwards, error) {
	t, err := a.newTakingBack(p, s)
	if err != nil {
		return nil, err
	}
	l := &afterwards{takingBack: t, due: map[string]int64{}}
	p.progress = nil
	err = p.each(ctx, len(p.IDs), func(ctx context.Context, n int) error {
		o, err := t.settledOrder(ctx, n)
		if err != nil || o == nil {
			return err
		}
		if o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_SUBMITTED { // else the demo ran here before
			if err := l.happen(ctx, o, n); err != nil {
				return fmt.Errorf("order %s: %w", o.GetOrderId(), err)
			}
		}
		o, err = t.settledOrder(ctx, n)
		if err == nil {
			p.mu.Lock()
			l.due[o.GetOrderId()] = o.GetDue().GetMinorUnits()
			p.mu.Unlock()
		}
		return err
	})
	return l, err
}

func (l *afterwards) happen(ctx context.Context, o *orderv1.Order, n int) error {
	first := o.GetItems()[0]
	one := []*orderv1.ItemQuantity{{ItemId: first.GetItemId(), Quantity: 1}}
	price := first.GetUnitPrice().GetMinorUnits()
	key := "demo/" + o.GetReference() + "/"
	if n%5 == 0 && first.GetQuantity() > 1 {
		res, err := l.changes.CancelItems(ctx, &orderv1.CancelItemsRequest{OrderId: o.GetOrderId(), IdempotencyKey: key + "cancel", Lines: one, Reason: "one too many"})
		if err != nil {
			return err
		}
		l.at[n] = res.GetReceipt().GetPosition()
		_ = l.note(nil, func() { l.Cancelled.add(1, price) })
	}
	if n%3 != 0 {
		return nil
	}
	shipped, err := l.fulfilment.ShipOrder(ctx, &orderv1.ShipOrderRequest{
		OrderId: o.GetOrderId(), IdempotencyKey: key + "ship", Transport: &orderv1.Transport{Carrier: "Parcel Force"},
	})
	if err != nil {
		return err
	}
	l.at[n] = shipped.GetReceipt().GetPosition()
	_ = l.note(nil, func() { l.Shipped.add(0, 0) })
	if n%12 != 0 {
		return nil
	}
	back, err := l.returns.SubmitReturn(ctx, &orderv1.SubmitReturnRequest{
		OrderId: o.GetOrderId(), IdempotencyKey: key + "return", Lines: []*orderv1.ReturnLine{{ItemId: first.GetItemId(), Quantity: 1, Reason: "broken"}},
	})
	if err != nil {
		return err
	}
	req := &orderv1.AcceptReturnRequest{OrderId: o.GetOrderId(), IdempotencyKey: key + "accept", ReturnId: back.GetReturnId(), Restock: true}
	if n%24 == 0 {
		dearer := &moneyv1.Money{CurrencyCode: onlineretail.Currency, MinorUnits: price + 50}
		req.Exchange = &orderv1.ExchangeOrder{Items: []*orderv1.LineItem{{SkuId: first.GetSkuId(), Name: first.GetName(), Quantity: 1, UnitPrice: dearer}}}
	}
	accepted, err := l.returns.AcceptReturn(ctx, req)
	if err != nil {
		return err
	}
	l.at[n] = accepted.GetReceipt().GetPosition()
	return l.note(nil, func() {
		if req.GetExchange() != nil {
			l.Exchanged.add(1, price)
			return
		}
		l.Returned.add(1, price)
	})
}

func (l *afterwards) summary(w io.Writer) {
	var due int64
	for _, n := range l.due {
		due += n
	}
	pounds := func(n int64) money.Amount { return money.Amount{Currency: onlineretail.Currency, Minor: n} }
	field(w, "then cancelled", fmt.Sprintf("a unit of %d orders, %v given back", l.Cancelled.rows, pounds(l.Cancelled.minor)))
	field(w, "shipped", fmt.Sprintf("%d orders", l.Shipped.rows))
	field(w, "returned", fmt.Sprintf("a unit of %d orders, %v given back", l.Returned.rows, pounds(l.Returned.minor)))
	field(w, "exchanged", fmt.Sprintf("a unit of %d orders, for one that costs 0.50 GBP more", l.Exchanged.rows))
	field(w, "money kept", fmt.Sprintf("%v in the original orders", pounds(due)))
}
