package life_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// customer is one who places orders and asks things of them. Nobody else does,
// so that each order is what its answers make of it.
type customer struct {
	*town
	*rand.Rand
	name  string
	knows map[string]*known
}

// known is what a customer knows of an order: as it was last shown, and as it
// must be shown next.
type known struct {
	shown, next *orderv1.Order
	// later says that something was asked of which nobody knows yet what it does
	// to units.
	later bool
	// stored is what the last answer said to be stored.
	stored testkit.Stored
}

// live places orders one after the other and changes each, and those that take
// the place of its units.
func (c *customer) live(t *testing.T) {
	t.Helper()
	for n := range *orders {
		c.knows = map[string]*known{}
		key := fmt.Sprintf("%s-%d", c.name, n)
		id := c.place(t, anyOrder(c.Rand, key))
		if id == "" {
			return
		}
		mine := []string{id}
		for k, looks := 0, 0; k < changes && !t.Failed(); looks++ {
			o := c.look(t, mine[c.IntN(len(mine))])
			if o == nil || o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_CREATED && looks < 20 && c.IntN(20) > 0 {
				time.Sleep(time.Duration(c.IntN(30)) * time.Millisecond)
				continue
			}
			if k++; o.GetStatus() == cancelled && c.IntN(6) > 0 {
				continue
			}
			c.change(t, testkit.AnyChange(c.Rand, o, fmt.Sprintf("%s/%d", key, k)), c.knows[o.GetOrderId()])
			for _, linked := range o.GetLinkedOrderIds() {
				if !slices.Contains(mine, linked) {
					mine = append(mine, linked)
				}
			}
			c.tell <- 1
		}
		for _, id := range mine {
			c.look(t, id)
		}
	}
}

// place orders, or brings in an order that was sold elsewhere.
func (c *customer) place(t *testing.T, req *orderv1.CreateOrderRequest) (id string) {
	t.Helper()
	if c.IntN(12) == 0 {
		bring := &orderv1.ImportOrderRequest{Order: req}
		req.Payments, req.PromoCodes = card(""), nil
		if c.IntN(2) == 0 {
			bring.Settled = map[string]*moneyv1.Money{"p1": cents(c.Int64N(1000))}
		}
		c.ask(t, "ImportOrder", func(ctx context.Context, p *testkit.Process) error {
			res, err := p.Orders().ImportOrder(ctx, bring)
			id = res.GetOrderId()
			return err
		})
		return id
	}
	c.ask(t, "CreateOrder", func(ctx context.Context, p *testkit.Process) error {
		res, err := p.Orders().CreateOrder(ctx, req)
		id = res.GetOrderId()
		return err
	})
	return id
}

// look reads an order and fails the test unless it is as it must be: its units
// add up and are where the answers put them, and what had ended is as it was.
func (c *customer) look(t *testing.T, id string) (o *orderv1.Order) {
	t.Helper()
	k := c.knows[id]
	req := &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: id}}
	if k != nil {
		req.MinPosition = k.stored.Position
	}
	c.ask(t, "GetOrder", func(ctx context.Context, p *testkit.Process) error {
		res, err := p.Orders().GetOrder(ctx, req)
		o = res.GetOrder()
		return err
	})
	if o == nil {
		return nil
	}
	testkit.CheckUnits(t, map[string]*orderv1.Order{id: o})
	if k == nil {
		c.knows[id] = &known{shown: o, next: o, later: true}
		return o
	}
	switch ended := k.shown.GetStatus() == cancelled || k.shown.GetStatus() == returned || k.shown.GetStatus() == deleted; {
	case o.GetRevision() < max(k.shown.GetRevision(), k.stored.Revision):
		t.Errorf("order %s was shown at revision %d and stored at %d, and is at %d", id, k.shown.GetRevision(), k.stored.Revision, o.GetRevision())
	case ended && (o.GetStatus() != k.shown.GetStatus() && o.GetStatus() != deleted || where(o) != where(k.shown)):
		t.Errorf("order %s had ended as %v, and is %v", id, k.shown, o)
	case !k.later && where(o) != where(k.next):
		t.Errorf("order %s has its units at\n%s, by the answers they are at\n%s", id, where(o), where(k.next))
	}
	k.shown, k.next = o, o
	if testkit.Settled(o) && (testkit.Sold(o) || o.GetStatus() != onHold) {
		k.later = false
	}
	return o
}

// where tells of each line where its units are.
func where(o *orderv1.Order) (all string) {
	for _, i := range o.GetItems() {
		all += fmt.Sprintf("line %s: %d ordered, %d cancelled, %d packed, %d shipped, %d to come back, %d returned\n",
			i.GetItemId(), i.GetQuantity(), i.GetCancelled(), i.GetPacked(), i.GetShipped(), i.GetReturnPending(), i.GetReturned())
	}
	return all
}

// change asks for a change, one in four twice at once, and notes what must have
// come of it: sent twice it is done once, and refused it does nothing.
func (c *customer) change(t *testing.T, ch testkit.Change, k *known) {
	t.Helper()
	var wg sync.WaitGroup
	var did, again bool
	var first, second testkit.Stored
	if c.IntN(4) == 0 {
		wg.Go(func() {
			again = c.ask(t, ch.Name+", again", func(ctx context.Context, p *testkit.Process) (err error) {
				second, err = ch.Send(ctx, p)
				return err
			})
		})
	}
	did = c.ask(t, ch.Name, func(ctx context.Context, p *testkit.Process) (err error) {
		first, err = ch.Send(ctx, p)
		return err
	})
	wg.Wait()
	k.stored.Position = max(k.stored.Position, first.Position, second.Position)
	k.stored.Revision = max(k.stored.Revision, first.Revision, second.Revision)
	if !did && !again {
		return
	}
	if ch.Stale {
		t.Errorf("%s of order %s was done, though it expected an old revision", ch.Name, k.shown.GetOrderId())
	}
	k.later = k.later || ch.Later
	if ch.Does != nil {
		k.next = proto.CloneOf(k.shown)
		ch.Does(k.next)
	}
}
