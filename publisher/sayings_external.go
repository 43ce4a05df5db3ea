package publisher

import (
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderhistory"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/publisher/external"
)

// streamExternal has the events for target systems outside.
const streamExternal = "SKEXT"

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

// outside is what an event says to target systems; nothing when the
// installation does not want it.
func (p *Publisher) outside(s subject, e eventstore.Recorded, at saidAt) ([]saying, error) {
	kind, ok := externalOf[e.Type]
	if !ok || !p.external.Enabled {
		return nil, nil
	}
	h := external.Happening{Type: kind, EventID: e.ID, OrderID: e.Aggregate, Time: at.when, Actor: at.actor}
	envelope := p.external.Thin(h)
	if p.external.Fat && kind == external.OrderPatchUpdate {
		w, err := s.whole()
		if err != nil {
			return nil, err
		}
		if w != nil && changedStatus(w, e.Event) {
			if envelope, err = p.external.FatWith(h, external.OrderOf(w.Document, transactions(w))); err != nil {
				return nil, err
			}
		}
	}
	return []saying{{channel: skava.Channel{
		Stream: streamExternal, Subject: external.Subject(kind), Exchange: "external", RoutingKey: kind, Payload: "ExternalEvent",
	}, payload: envelope}}, nil
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
