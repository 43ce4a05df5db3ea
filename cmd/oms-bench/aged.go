package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

// ages are the orders on which commands are timed: by lines of an order whose
// history is short, and by commits of an order of ten lines. Of the commits
// every tenth is a shipment of one unit, the others are notes.
var ages = []struct {
	name           string
	lines, commits int
}{
	{"lines_10", 10, 10},
	{"lines_100", 100, 10},
	{"lines_1000", 1000, 10},
	{"commits_100", 10, 100},
	{"commits_1000", 10, 1000},
}

// agedOrders is how many orders there are of each age.
const agedOrders = 16

// acts are the commands that are timed.
var acts = []string{"cancel", "ship", "return"}

// benchAged times commands on sales of different ages, one after the other and
// the ages in turn, as the caller sees them: with the disk, the network of this
// machine and everything that the answer waits for.
func benchAged(r *report, _ time.Duration) error {
	ctx := context.Background()
	s, err := startOMS(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	a := aged{
		running: s, changes: orderv1connect.NewChangeServiceClient(s.http, s.url),
		fulfilment: orderv1connect.NewFulfilmentServiceClient(s.http, s.url), returns: orderv1connect.NewReturnServiceClient(s.http, s.url),
	}
	ids, err := a.grow(ctx)
	if err != nil {
		return err
	}
	took := map[string][]time.Duration{}
	for n := range agedOrders {
		for k, age := range ages {
			if err := a.time(ctx, ids[k][n], func(act string, d time.Duration) { took[age.name+"."+act] = append(took[age.name+"."+act], d) }); err != nil {
				return fmt.Errorf("%s: %w", age.name, err)
			}
		}
	}
	for _, age := range ages {
		for _, act := range acts {
			p50 := percentile(took[age.name+"."+act], 0.5)
			r.set("aged."+age.name+"."+act+"_p50_ms", p50)
			r.set("aged."+age.name+"."+act+"_growth", p50/percentile(took[ages[0].name+"."+act], 0.5))
		}
	}
	return nil
}

// aged is the service with the clients that change orders.
type aged struct {
	*running
	changes    orderv1connect.ChangeServiceClient
	fulfilment orderv1connect.FulfilmentServiceClient
	returns    orderv1connect.ReturnServiceClient
}

// grow makes the orders of all ages, many at once.
func (a aged) grow(ctx context.Context) ([][]string, error) {
	ids := make([][]string, len(ages))
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	for k, age := range ages {
		ids[k] = make([]string, agedOrders)
		for n := range agedOrders {
			wg.Go(func() {
				id, err := a.order(ctx, fmt.Sprintf("aged-%s-%d", age.name, n), age.lines, age.commits)
				mu.Lock()
				defer mu.Unlock()
				if ids[k][n] = id; err != nil {
					failed = err
				}
			})
		}
	}
	wg.Wait()
	return ids, failed
}

// order is a sale of some lines to which so many commands happened.
func (a aged) order(ctx context.Context, key string, lines, commits int) (string, error) {
	req := benchOrder(key, false)
	req.Items = nil
	for n := range lines {
		req.Items = append(req.Items, &orderv1.LineItem{
			SkuId: "sku-" + strconv.Itoa(n%spread), Quantity: 1000, UnitPrice: &moneyv1.Money{CurrencyCode: "EUR", MinorUnits: 1},
		})
	}
	res, err := a.orders.CreateOrder(ctx, req)
	if err != nil {
		return "", err
	}
	id := res.GetOrderId()
	if err := a.confirmed.wait(ctx, id); err != nil {
		return "", err
	}
	for n := range commits {
		if n%10 == 0 {
			_, err = a.fulfilment.ShipOrder(ctx, &orderv1.ShipOrderRequest{OrderId: id, Lines: units("2")})
		} else {
			_, err = a.changes.AddNote(ctx, &orderv1.AddNoteRequest{OrderId: id, Text: "one more"})
		}
		if err != nil {
			return "", err
		}
	}
	return id, a.settled(ctx, id)
}

// settled waits until nothing is left to do for an order.
func (a aged) settled(ctx context.Context, id string) error {
	for {
		res, err := a.orders.GetOrder(ctx, &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: id}})
		if err != nil || res.GetOrder().GetOpenWork() == 0 {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// time tells how long each command takes on an order.
func (a aged) time(ctx context.Context, id string, tell func(act string, took time.Duration)) error {
	var back string
	for _, step := range []struct {
		act string
		do  func() error
	}{
		{"cancel", func() error {
			_, err := a.changes.CancelItems(ctx, &orderv1.CancelItemsRequest{OrderId: id, Lines: units("1")})
			return err
		}},
		{"ship", func() error {
			_, err := a.fulfilment.ShipOrder(ctx, &orderv1.ShipOrderRequest{OrderId: id, Lines: units("1")})
			return err
		}},
		{"", func() error {
			res, err := a.returns.SubmitReturn(ctx, &orderv1.SubmitReturnRequest{OrderId: id, Lines: []*orderv1.ReturnLine{{ItemId: "1", Quantity: 1}}})
			back = res.GetReturnId()
			return err
		}},
		{"return", func() error {
			_, err := a.returns.AcceptReturn(ctx, &orderv1.AcceptReturnRequest{OrderId: id, ReturnId: back, Restock: true})
			return err
		}},
	} {
		started := time.Now()
		if err := step.do(); err != nil {
			return err
		}
		if took := time.Since(started); step.act != "" {
			tell(step.act, took)
		}
		if err := a.settled(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func units(item string) []*orderv1.ItemQuantity {
	return []*orderv1.ItemQuantity{{ItemId: item, Quantity: 1}}
}
