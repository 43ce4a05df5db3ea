package testkit

import (
	"context"
	"math/rand/v2"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Change is something that is asked of an order. Sent again, it is the same
// request under the same key.
type Change struct {
	// Name is the procedure.
	Name string
	// Send asks it of a process, which says what is stored by then.
	Send func(ctx context.Context, p *Process) (Stored, error)
	// Stale says that it expects a revision that the order has left behind.
	Stale bool
	// Later says that what it does to units follows later, or not at all.
	Later bool
	// Does moves the units of an order as one that is obeyed must; nil moves
	// none.
	Does func(*orderv1.Order)
}

// Stored is what an answer says: the order has the revision, and the log it up
// to the position.
type Stored struct{ Revision, Position uint64 }

// changer draws changes of one order.
type changer struct {
	*rand.Rand
	o   *orderv1.Order
	key string
}

// draws are the changes, each with how often of ten it is drawn; fits says whether
// an order looks as if it could be done, and is nil when it always can.
var draws = []struct {
	weight int
	draw   func(changer) Change
	fits   func(*orderv1.Order) bool
}{
	{8, changer.cancelItems, some(free)},
	{1, changer.cancel, some(open)},
	{8, changer.ship, some(free)},
	{7, changer.pack, some(free)},
	{10, changer.movePackage, func(o *orderv1.Order) bool { return len(o.GetPackages()) > 0 }},
	{2, changer.movePackages, func(o *orderv1.Order) bool { return len(o.GetPackages()) > 0 }},
	{7, changer.sendBack, some(kept)},
	{8, changer.answerReturn, func(o *orderv1.Order) bool { return o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_RETURN_SUBMITTED }},
	{3, changer.replace, some(kept)},
	{8, changer.edit, editable},
	{2, changer.hold, some(open)},
	{2, changer.release, held},
	{4, changer.patch, nil},
	{3, changer.describe, nil},
	{1, changer.remove, nil},
	{3, changer.decide, func(o *orderv1.Order) bool { return held(o) || o.GetPaymentDue() != nil }},
}

// some says of an order whether one of its lines has units of a kind.
func some(room func(*orderv1.OrderItem) int64) func(*orderv1.Order) bool {
	return func(o *orderv1.Order) bool {
		return Sold(o) && !held(o) && slices.ContainsFunc(o.GetItems(), func(i *orderv1.OrderItem) bool { return room(i) > 0 })
	}
}

func editable(o *orderv1.Order) bool {
	return o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_SUBMITTED || o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_READY_TO_EDIT
}

func held(o *orderv1.Order) bool { return o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_ON_HOLD }

// AnyChange draws anything that may be asked of an order, most often something
// that fits how it is shown.
func AnyChange(r *rand.Rand, o *orderv1.Order, key string) Change {
	c := changer{r, o, key}
	if held(o) && c.IntN(2) == 0 {
		if Sold(o) {
			return c.release()
		}
		return c.decide()
	}
	d := c.IntN(len(draws))
	for range 8 {
		if fits := draws[d].fits; c.IntN(10) < draws[d].weight && (fits == nil || fits(o) || c.IntN(8) == 0) {
			break
		}
		d = c.IntN(len(draws))
	}
	return draws[d].draw(c)
}

// request is what every request about an order is.
type request interface {
	proto.Message
	GetOrderId() string
}

// change is a request to a procedure. One in eight expects the revision that
// the order is shown with, and one in sixteen an older one.
func change[Q request, R proto.Message](c changer, name string, req Q, call func(*Process) func(context.Context, Q) (R, error)) Change {
	m, fields := req.ProtoReflect(), req.ProtoReflect().Descriptor().Fields()
	m.Set(fields.ByName("order_id"), protoreflect.ValueOfString(c.o.GetOrderId()))
	m.Set(fields.ByName("idempotency_key"), protoreflect.ValueOfString(c.key))
	out := Change{Name: name, Send: func(ctx context.Context, p *Process) (Stored, error) {
		res, err := call(p)(ctx, req)
		if err != nil {
			return Stored{}, err
		}
		return stored(res.ProtoReflect()), nil
	}}
	if expects, now := fields.ByName("expected_revision"), c.o.GetRevision(); expects != nil && now > 1 {
		switch c.IntN(16) {
		case 0, 1:
			m.Set(expects, protoreflect.ValueOfUint64(now))
		case 2:
			m.Set(expects, protoreflect.ValueOfUint64(1+c.Uint64N(now-1)))
			out.Stale = true
		}
	}
	return out
}

// stored is what a response says, or the receipt in it; a preview has none.
func stored(res protoreflect.Message) Stored {
	fields := res.Descriptor().Fields()
	if receipt := fields.ByName("receipt"); receipt != nil {
		return stored(res.Get(receipt).Message())
	}
	return Stored{res.Get(fields.ByName("revision")).Uint(), res.Get(fields.ByName("position")).Uint()}
}

// later is a change of which nobody knows yet what it does to units.
func later(c Change) Change {
	c.Later = true
	return c
}

// doing is a change that moves units.
func (ch Change) doing(ls []*orderv1.ItemQuantity, move func(i *orderv1.OrderItem, n int64)) Change {
	ch.Does = func(o *orderv1.Order) {
		for _, l := range ls {
			for _, i := range o.GetItems() {
				if i.GetItemId() == l.GetItemId() {
					move(i, l.GetQuantity())
				}
			}
		}
	}
	return ch
}

// lines are some units of some lines, most often as many as there is room for.
func (c changer) lines(room func(*orderv1.OrderItem) int64) (ls []*orderv1.ItemQuantity) {
	for n, i := range c.o.GetItems() {
		most := room(i)
		if c.IntN(16) == 0 {
			most = i.GetQuantity() + 1
		}
		if most > 0 && (c.IntN(2) == 0 || n == len(c.o.GetItems())-1) {
			ls = append(ls, &orderv1.ItemQuantity{ItemId: i.GetItemId(), Quantity: 1 + c.Int64N(most)})
		}
	}
	if len(ls) == 0 {
		ls = append(ls, &orderv1.ItemQuantity{ItemId: c.o.GetItems()[0].GetItemId(), Quantity: 1})
	}
	return ls
}

// all are as many units of every line as there is room for.
func (c changer) all(room func(*orderv1.OrderItem) int64) (ls []*orderv1.ItemQuantity) {
	for _, i := range c.o.GetItems() {
		if n := room(i); n > 0 {
			ls = append(ls, &orderv1.ItemQuantity{ItemId: i.GetItemId(), Quantity: n})
		}
	}
	return ls
}

// open units are still to be shipped, free ones are in no package either; kept
// ones are with the customer.
func open(i *orderv1.OrderItem) int64 { return i.GetQuantity() - i.GetCancelled() - i.GetShipped() }

func free(i *orderv1.OrderItem) int64 { return open(i) - i.GetPacked() }

func kept(i *orderv1.OrderItem) int64 {
	return i.GetShipped() - i.GetReturned() - i.GetReturnPending()
}
