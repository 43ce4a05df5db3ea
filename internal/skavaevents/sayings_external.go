package skavaevents

import (
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderhistory"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/skavaevents/external"
)

// StreamExternal has the events for target systems outside.
const StreamExternal = "SKEXT"

// externalOf maps stored events to the types of external events (mapping table
// C4). Those about a patch are fat when they changed the status.
var externalOf = map[string]string{
	name(&orderv1.OrderCreated{}):         external.OrderCreate,
	name(&orderv1.OrderConfirmed{}):       external.OrderPatchUpdate,
	name(&orderv1.OrderStatusPatched{}):   external.OrderPatchUpdate,
	name(&orderv1.OrderItemsCancelled{}):  external.OrderPatchUpdate,
	name(&orderv1.OrderCancelled{}):       external.OrderPatchUpdate,
	name(&orderv1.OrderItemsShipped{}):    external.OrderPatchUpdate,
	name(&orderv1.OrderDelivered{}):       external.OrderPatchUpdate,
	name(&orderv1.ReturnRejected{}):       external.OrderPatchUpdate,
	name(&orderv1.OrderUpdated{}):         external.OrderUpdate,
	name(&orderv1.OrderMetadataUpdated{}): external.OrderUpdate,
	name(&orderv1.OrderNoteAdded{}):       external.NoteCreate,
	name(&orderv1.OrderDeleted{}):         external.OrderDelete,
}

// Types lists the subjects and the types of external events, which are the types
// of this vocabulary.
func Types() (all []string) {
	for _, c := range skava.Channels() {
		if c.Stream == skava.StreamNotifications || c.Stream == skava.StreamProcess {
			all = append(all, c.Subject)
		}
	}
	return append(all, external.Types...)
}

// TellsOutside reports whether events of a type are told to target systems.
func TellsOutside(eventType string) bool { return externalOf[eventType] != "" }

// Outside is what an event says to target systems: thin, and as a whole when it
// changed the status of its order, which is nil otherwise.
func Outside(cfg external.Config, s Subject, e eventstore.Recorded, at At) (thin external.Envelope, fat *external.Envelope, err error) {
	kind := externalOf[e.Type]
	h := external.Happening{Type: kind, EventID: e.ID, OrderID: e.Aggregate, Time: at.When, Actor: at.Actor}
	thin = cfg.Thin(h)
	if !cfg.Fat || kind != external.OrderPatchUpdate {
		return thin, nil, nil
	}
	w, err := s.Whole()
	if err != nil || w == nil || !changedStatus(w, e.Event) {
		return thin, nil, err
	}
	whole, err := cfg.FatWith(h, external.OrderOf(w.Document, transactions(w)))
	return thin, &whole, err
}

// ExternalChannel is where external events of a type are published.
func ExternalChannel(kind string) skava.Channel {
	return skava.Channel{Stream: StreamExternal, Subject: external.Subject(kind), Exchange: "external", RoutingKey: kind, Payload: "ExternalEvent"}
}

// changedStatus reports whether an event changed the status of its order. A
// cancellation of items changed it when it was asked for.
func changedStatus(w *orderhistory.Order, e proto.Message) bool {
	switch e.(type) {
	case *orderv1.OrderItemsCancelled:
		return true
	default:
		return w.Before != w.Document.GetStatus()
	}
}
