package publisher

import (
	"context"
	"fmt"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderwire"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/order/document"
)

// keptHistories is how many orders the publisher has the history of: those in
// checkout, and those that something happened to lately.
const keptHistories = 4_000

// whole is an order right after one of its events.
type whole struct {
	// state is what decisions see; document has names, addresses and prices.
	state    order.Order
	document *orderv1.Order
	// before is the status before the event.
	before orderv1.OrderStatus
	// paid are the payment operations so far.
	paid []skava.PaymentTransaction
}

// happened is an event of an order with its time.
type happened struct {
	event proto.Message
	at    *timestamppb.Timestamp
	place place
}

// histories are what the publisher remembers of orders. Events are folded only
// when somebody asks for the whole order; most of a checkout needs no more than
// what was ordered.
type histories struct {
	lru *simplelru.LRU[string, *history]
	// read returns the commits of an order up to a log position; nil when this
	// process cannot.
	read func(ctx context.Context, tenant, id string, upTo uint64) ([]eventstore.Commit, error)
}

// history is one order's.
type history struct {
	folded  whole
	unseen  []happened
	reached place
}

func newHistories(read func(ctx context.Context, tenant, id string, upTo uint64) ([]eventstore.Commit, error)) *histories {
	lru, err := simplelru.NewLRU[string, *history](keptHistories, nil)
	if err != nil {
		panic(err) // the size is a constant above zero
	}
	return &histories{lru, read}
}

// note remembers an event, if it is the order's first or those before it are
// remembered.
func (h *histories) note(tenant string, e eventstore.Recorded, at *timestamppb.Timestamp, where place) {
	key := tenant + "\x1f" + e.Aggregate
	if _, created := e.Event.(*orderv1.OrderCreated); created {
		h.lru.Add(key, &history{})
	}
	if known, ok := h.lru.Get(key); ok && known.reached.before(where) {
		known.unseen = append(known.unseen, happened{e.Event, at, where})
		known.reached = where
	}
}

// whole returns the order right after an event that was noted. Without its
// history, and without a way to read it, there is none.
func (h *histories) whole(ctx context.Context, tenant, id string, where place) (*whole, error) {
	key := tenant + "\x1f" + id
	known, ok := h.lru.Get(key)
	if !ok {
		if h.read == nil {
			return nil, nil //nolint:nilnil // what can be said without it is said
		}
		commits, err := h.read(ctx, tenant, id, where.position)
		if err != nil {
			return nil, fmt.Errorf("history of order %s up to %d: %w", id, where.position, err)
		}
		known = &history{}
		if err := known.take(commits, id, where); err != nil {
			return nil, err
		}
		h.lru.Add(key, known)
	}
	return known.fold(tenant)
}

// take adds the events of an order up to a place.
func (h *history) take(commits []eventstore.Commit, id string, upTo place) error {
	for _, c := range commits {
		events, err := c.Recorded()
		if err != nil {
			return err
		}
		for i, e := range events {
			at := place{position: c.Position, commit: c.Index, event: i}
			if e.Aggregate == id && e.Event != nil && !upTo.before(at) {
				h.unseen = append(h.unseen, happened{e.Event, c.GetTime(), at})
				h.reached = at
			}
		}
	}
	return nil
}

// fold brings the order to the last event that was noted.
func (h *history) fold(tenant string) (*whole, error) {
	for _, e := range h.unseen {
		if err := h.folded.fold(tenant, e); err != nil {
			return nil, err
		}
	}
	h.unseen = nil
	if h.folded.document == nil {
		return nil, nil //nolint:nilnil // a history without a beginning tells nothing
	}
	w := h.folded
	w.document = proto.CloneOf(w.document) // the next event changes it
	return &w, nil
}

func (w *whole) fold(tenant string, e happened) (err error) {
	if created, ok := e.event.(*orderv1.OrderCreated); ok {
		w.state = order.Evolve(order.New(created.GetOrderId(), created.GetOrderNumber()), created)
		w.document, err = document.New(tenant, proto.CloneOf(created))
		return err
	}
	if w.document == nil {
		return nil
	}
	w.state = order.Evolve(w.state, e.event)
	w.before = w.document.GetStatus()
	document.Fold(w.document, proto.Clone(e.event), e.at)
	w.document.UpdatedAt = e.at
	if answered, ok := e.event.(*orderv1.StepAnswered); ok {
		for _, t := range answered.GetTransactions() {
			if err := document.Book(w.document, t); err != nil {
				return err
			}
			w.paid = append(w.paid, orderwire.Paid(t, w.document.GetCurrencyCode(), order.BySaga, e.at.AsTime().UnixMilli()))
		}
	}
	w.document.PaymentStatus = document.PaymentStatus(w.document)
	return nil
}
