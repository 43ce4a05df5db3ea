// Package skava says what happens in the words of the Skava order microservice,
// to endpoints: what its subjects carry, under their names ("order.created"), and
// the details of its events for target systems outside, under their types
// ("omsservices/orders/create"). Those are thin, and whole for endpoints that
// want them so when the status of the order changed (SK-FE-07).
//
// An EventBridge destination gives them its bus and region (SK-FE-04 to 06).
package skava

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/orderhistory"
	"github.com/orderstream/oms/internal/skavaevents"
	"github.com/orderstream/oms/internal/skavaevents/external"
	"github.com/orderstream/oms/order"
)

const words = deliveryv1.Vocabulary_VOCABULARY_SKAVA

// Types lists the events.
func Types() []string { return skavaevents.Types() }

// Config of a translator; all but External is required.
type Config struct {
	// Order reads an order. What is told takes from it what never changes.
	Order func(ctx context.Context, tenant, id string) (order.Order, error)
	// Read reads the history of an order that began long ago.
	Read orderhistory.Read
	// External says how events outside are made; whether they are whole is up to
	// each endpoint.
	External external.Config
}

// Orders translates the log of orders.
type Orders struct {
	cfg       Config
	histories *orderhistory.Histories
}

// NewOrders remembers nothing yet.
func NewOrders(cfg Config) *Orders {
	cfg.External.Fat = true
	return &Orders{cfg, orderhistory.New(cfg.Read)}
}

// Log implements delivery.Translator.
func (*Orders) Log() string { return "order" }

// Translate implements delivery.Translator.
func (o *Orders) Translate(ctx context.Context, c eventstore.Commit, wanted func(deliveryv1.Vocabulary) bool) (told []delivery.Told, err error) {
	events, err := c.Recorded()
	if err != nil {
		return nil, err
	}
	for i, e := range events {
		if e.Event == nil {
			continue
		}
		o.histories.Note(c.GetTenant(), e, c.GetTime())
		if !wanted(words) || !skavaevents.Says(e.Type) && !skavaevents.TellsOutside(e.Type) {
			continue
		}
		more, err := o.event(ctx, c, e, i)
		if err != nil {
			return nil, err
		}
		told = append(told, more...)
	}
	return told, nil
}

func (o *Orders) event(ctx context.Context, c eventstore.Commit, e eventstore.Recorded, place int) (told []delivery.Told, err error) {
	about := skavaevents.Subject{
		Whole: func() (*orderhistory.Order, error) { return o.histories.After(ctx, c.GetTenant(), e, c.Position) },
	}
	if about.Created, err = o.cfg.Order(ctx, c.GetTenant(), e.Aggregate); err != nil {
		return nil, err
	}
	at := skavaevents.At{
		Number: int64(c.Position)*1_000_000 + int64(c.Index)*1_000 + int64(place), //nolint:gosec // positions are far below 2^43
		When:   c.GetTime().AsTime(), Actor: c.GetActor(),
	}
	said, err := skavaevents.Say(about, e, at)
	if err != nil {
		return nil, err
	}
	for n, s := range said {
		one, err := tell(c, e, s.Channel.Subject, n, s.Payload)
		if err != nil {
			return nil, err
		}
		told = append(told, one)
	}
	if !skavaevents.TellsOutside(e.Type) {
		return told, nil
	}
	thin, fat, err := skavaevents.Outside(o.cfg.External, about, e, at)
	if err != nil {
		return nil, err
	}
	one, err := tell(c, e, thin.DetailType, len(said), thin.Detail)
	if fat != nil {
		one.Fat = func() ([]byte, error) { return json.Marshal(fat.Detail) }
	}
	return append(told, one), err
}

// tell makes the nth thing that an event says.
func tell(c eventstore.Commit, e eventstore.Recorded, kind string, n int, body any) (delivery.Told, error) {
	data, err := json.Marshal(body)
	id := e.ID + ".sk"
	if n > 0 {
		id += strconv.Itoa(n)
	}
	return delivery.Told{Facts: endpoint.Facts{Vocabulary: words, Type: kind}, Notice: &deliveryv1.Notice{
		NoticeId: id, Subject: e.Aggregate, OrderId: e.Aggregate, At: c.GetTime(), Body: data, Actor: c.GetActor(), Traceparent: c.GetTraceparent(),
	}}, err
}
