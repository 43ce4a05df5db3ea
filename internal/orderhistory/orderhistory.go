// Package orderhistory tells the whole order right after each of its events, to
// those who follow the order log and say outside what happened.
//
// It remembers the events of the orders to which something happened lately and
// folds them when somebody asks: most of a checkout needs no more than what was
// ordered. What it does not remember is read again.
package orderhistory

import (
	"context"
	"fmt"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/order/document"
)

// kept is how many orders are remembered: those in checkout, and those that
// something happened to lately.
const kept = 4_000

// Order is an order right after one of its events. It belongs to the caller.
type Order struct {
	// State is what decisions see; Document has names, addresses and prices.
	State    order.Order
	Document *orderv1.Order
	// Before is the status before the event.
	Before orderv1.OrderStatus
	// Finalized is how many payment attempts have ended.
	Finalized int
	// Confirmed says that the sale was made, whatever became of it.
	Confirmed bool
	// Cancelled are the units that a cancellation of the whole order took, when
	// that was the event.
	Cancelled []*orderv1.ItemQuantity
	// Paid are the payment operations that were answered so far.
	Paid []Operation
}

// Operation is a payment operation that was answered.
type Operation struct {
	*orderv1.PaymentTransaction
	// At is when it was.
	At *timestamppb.Timestamp
}

// Read returns the commits of an order up to a log position.
type Read func(ctx context.Context, tenant, id string, upTo uint64) ([]eventstore.Commit, error)

// Histories of orders. It is not safe for concurrent use: whoever follows the
// log has one.
type Histories struct {
	lru  *simplelru.LRU[string, *history]
	read Read
}

// history is one order's.
type history struct {
	folded   Order
	unseen   []happened
	revision uint64 // of the last event, seen or not
}

// happened is an event of an order with its time.
type happened struct {
	event proto.Message
	at    *timestamppb.Timestamp
}

// New remembers nothing yet. Without read, orders that began before are not
// known.
func New(read Read) *Histories {
	lru, err := simplelru.NewLRU[string, *history](kept, nil)
	if err != nil {
		panic(err) // the size is a constant above zero
	}
	return &Histories{lru, read}
}

func key(tenant, id string) string { return tenant + "\x1f" + id }

// Note remembers an event, if it is the order's first or those before it are
// remembered. Events that were noted before change nothing.
func (h *Histories) Note(tenant string, e eventstore.Recorded, at *timestamppb.Timestamp) {
	k := key(tenant, e.Aggregate)
	known, ok := h.lru.Get(k)
	switch {
	case e.Revision == 1 && (!ok || known.revision < 1):
		known = &history{}
		h.lru.Add(k, known)
	case !ok || e.Revision <= known.revision:
		return
	case e.Revision != known.revision+1: // some were not told
		h.lru.Remove(k)
		return
	}
	known.add(e, at)
}

func (h *history) add(e eventstore.Recorded, at *timestamppb.Timestamp) {
	h.revision = e.Revision
	if e.Event != nil {
		h.unseen = append(h.unseen, happened{e.Event, at})
	}
}

// After returns the order right after an event at a log position, which is the
// last one that was noted. It is nil when the history has no beginning, and
// there is no way to read it.
func (h *Histories) After(ctx context.Context, tenant string, e eventstore.Recorded, position uint64) (*Order, error) {
	k := key(tenant, e.Aggregate)
	known, ok := h.lru.Get(k)
	if !ok || known.revision != e.Revision {
		if h.read == nil {
			return nil, nil //nolint:nilnil // what can be said without it is said
		}
		commits, err := h.read(ctx, tenant, e.Aggregate, position)
		if err != nil {
			return nil, fmt.Errorf("history of order %s up to %d: %w", e.Aggregate, position, err)
		}
		known = &history{}
		if err := known.take(commits, e); err != nil {
			return nil, err
		}
		h.lru.Add(k, known)
	}
	return known.fold(tenant)
}

// take adds the events of an order up to one of them.
func (h *history) take(commits []eventstore.Commit, upTo eventstore.Recorded) error {
	for _, c := range commits {
		events, err := c.Recorded()
		if err != nil {
			return err
		}
		for _, e := range events {
			if e.Aggregate == upTo.Aggregate && e.Revision <= upTo.Revision {
				h.add(e, c.GetTime())
			}
		}
	}
	return nil
}

// fold brings the order to the last event that was noted.
func (h *history) fold(tenant string) (*Order, error) {
	for _, e := range h.unseen {
		if err := h.folded.fold(tenant, e); err != nil {
			return nil, err
		}
	}
	h.unseen = nil
	if h.folded.Document == nil {
		return nil, nil //nolint:nilnil // a history without a beginning tells nothing
	}
	o := h.folded
	o.Document = proto.CloneOf(o.Document) // the next event changes it
	return &o, nil
}

// open are the units of an order that were neither cancelled nor shipped.
func open(o *orderv1.Order) (units []*orderv1.ItemQuantity) {
	for _, i := range o.GetItems() {
		if n := i.GetQuantity() - i.GetCancelled() - i.GetShipped(); n > 0 {
			units = append(units, &orderv1.ItemQuantity{ItemId: i.GetItemId(), Quantity: n})
		}
	}
	return units
}

func (o *Order) fold(tenant string, e happened) (err error) {
	if created, ok := e.event.(*orderv1.OrderCreated); ok {
		o.State = order.Evolve(order.New(created.GetOrderId(), created.GetOrderNumber()), created)
		o.Document, err = document.New(tenant, proto.CloneOf(created))
		return err
	}
	if o.Document == nil {
		return nil
	}
	o.Cancelled = nil
	switch e.event.(type) {
	case *orderv1.OrderFinalized:
		o.Finalized++
	case *orderv1.OrderConfirmed:
		o.Confirmed = true
	case *orderv1.OrderCancelled:
		o.Cancelled = open(o.Document)
	}
	o.State = order.Evolve(o.State, e.event)
	o.Before = o.Document.GetStatus()
	document.Fold(o.Document, proto.Clone(e.event), e.at)
	o.Document.UpdatedAt = e.at
	if answered, ok := e.event.(*orderv1.StepAnswered); ok {
		for _, t := range answered.GetTransactions() {
			if err := document.Book(o.Document, t); err != nil {
				return err
			}
			o.Paid = append(o.Paid, Operation{t, e.at})
		}
	}
	o.Document.PaymentStatus = document.PaymentStatus(o.Document)
	return nil
}
