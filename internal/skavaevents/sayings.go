// Package skavaevents says what happens to orders in the words of the Skava order
// microservice: to subscribers of its subjects, and to target systems outside.
// Whoever tells it, on subjects or to endpoints, says the same.
package skavaevents

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderhistory"
	"github.com/orderstream/oms/internal/orderwire"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/order"
)

// At is where, when and by whom something happened.
type At struct {
	// Number of the place in the log, for notifications.
	Number int64
	When   time.Time
	Actor  string
}

// Saying is one thing to say, on its channel.
type Saying struct {
	Channel skava.Channel
	Payload any
}

// Subject is the order that an event is about.
type Subject struct {
	// Created is the order as it was created.
	Created order.Order
	// Whole returns the order right after the event; nil when this process
	// cannot know it.
	Whole func() (*orderhistory.Order, error)
}

// Says reports whether events of a type say something to subscribers.
func Says(eventType string) bool { return sayings[eventType] != nil }

// Say is what an event says to subscribers.
func Say(s Subject, e eventstore.Recorded, at At) ([]Saying, error) {
	say := sayings[e.Type]
	if say == nil || e.Event == nil {
		return nil, nil
	}
	return say(s, e.Event, at)
}

// say is what an event says in the words of the Skava order microservice.
type say func(Subject, proto.Message, At) ([]Saying, error)

// sayings maps each stored event to what it says (mapping table C4). Events
// that are not named say nothing.
var sayings = map[string]say{
	name(&orderv1.OrderCreated{}):   plain(created),
	name(&orderv1.OrderCancelled{}): plain(cancelled),
	name(&orderv1.StepRequested{}):  requested,
	name(&orderv1.StepAnswered{}):   plain(answered),

	name(&orderv1.OrderItemsCancelled{}):  plain(itemsCancelled),
	name(&orderv1.OrderDeleted{}):         plain(deleted),
	name(&orderv1.OrderItemsShipped{}):    plain(shipped),
	name(&orderv1.ReturnSubmitted{}):      plain(returnSubmitted),
	name(&orderv1.ReturnAccepted{}):       plain(returnAccepted),
	name(&orderv1.ExchangeOrderCreated{}): plain(exchanged),
	name(&orderv1.ReplaceOrderCreated{}):  plain(replaced),
	name(&orderv1.PackageUpdated{}):       shipmentUpdated,
	name(&orderv1.PackageUnitsRemoved{}):  shipmentUpdated,
	name(&orderv1.PackageStatusChanged{}): shipmentUpdated,
}

// plain says something that needs no more than the order as it was created.
func plain(f func(order.Order, proto.Message, At) []Saying) say {
	return func(s Subject, e proto.Message, at At) ([]Saying, error) { return f(s.Created, e, at), nil }
}

func name(m proto.Message) string { return string(m.ProtoReflect().Descriptor().FullName()) }

// on names the channel by its subject, which is one of skava.Channels.
func on(subject string, payload any) []Saying {
	c, ok := skava.ChannelOf(subject)
	if !ok {
		panic("no channel " + subject)
	}
	return []Saying{{Channel: c, Payload: payload}}
}

// created: Skava Order Created.
func created(o order.Order, e proto.Message, at At) []Saying {
	by := e.(*orderv1.OrderCreated).GetCreatedBy()
	return on(skava.SubjectCreated, notification(o, skava.OrderCreated, "Created", "Order is created.", by, at))
}

// cancelled: Skava Order Canceled.
func cancelled(o order.Order, e proto.Message, at At) []Saying {
	c := e.(*orderv1.OrderCancelled)
	n := notification(o, skava.OrderCancelled, "Cancelled", "Order is cancelled.", c.GetCancelledBy(), at)
	n.Properties["reason"] = c.GetReason()
	return on(skava.SubjectCancelled, n)
}

// requested: the preprocess events, once per request however often it is sent.
func requested(s Subject, e proto.Message, _ At) ([]Saying, error) {
	r, o := e.(*orderv1.StepRequested), s.Created
	if r.GetAttempt() > 1 {
		return nil, nil
	}
	switch r.GetStep() { //nolint:exhaustive // the other steps have no outside form
	case orderv1.Step_STEP_RESERVE_INVENTORY:
		return on(skava.SubjectPreProcessInventory, orderwire.PreProcessInventory(o, skava.InventoryRemove)), nil
	case orderv1.Step_STEP_RELEASE_INVENTORY:
		return on(skava.SubjectUndoPreProcessInventory, orderwire.PreProcessInventory(o, skava.InventoryAdd)), nil
	case orderv1.Step_STEP_BLOCK_PROMOTION:
		return on(skava.SubjectPreProcessPromotion, orderwire.PreProcessPromotion(o)), nil
	case orderv1.Step_STEP_AUTHORIZE_PAYMENT, orderv1.Step_STEP_AUTHORIZE_UNITS:
		return on(skava.SubjectPreProcessPayment, orderwire.PreProcessPayment(o, r.GetTransactions())), nil
	case orderv1.Step_STEP_VOID_PAYMENT, orderv1.Step_STEP_VOID_UNITS:
		return on(skava.SubjectUndoPreProcessPayment, orderwire.PreProcessPayment(o, r.GetTransactions())), nil
	case orderv1.Step_STEP_RESERVE_UNITS:
		return s.units(skava.SubjectPreProcessInventory, skava.InventoryRemove, func(w order.Work) []order.Units { return w.Reserve })
	case orderv1.Step_STEP_RELEASE_UNITS:
		return s.units(skava.SubjectUndoPreProcessInventory, skava.InventoryAdd, func(w order.Work) []order.Units {
			if w.Rejected {
				return w.Reserve
			}
			return w.Release
		})
	default:
		return nil, nil
	}
}

// answered: Skava Check Fraud.
func answered(o order.Order, e proto.Message, _ At) []Saying {
	a := e.(*orderv1.StepAnswered)
	if a.GetStep() != orderv1.Step_STEP_CHECK_FRAUD {
		return nil
	}
	return on(skava.SubjectCheckFraud, skava.CheckFraud{
		OrderID: o.ID, Status: "Created", Fraud: a.GetVerdict() != orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT,
	})
}

// notification fills the Skava Notification; the order is named in its
// properties, since the model has no field for it.
func notification(o order.Order, kind, status, text, by string, at At) skava.Notification {
	payment := "" // the one to look at, when there is only one
	if len(o.Payments) == 1 {
		payment = o.Payments[0].ItemID
	}
	return skava.Notification{
		PaymentItemID: payment,
		ID:            at.Number, CreatedTime: at.When.UnixMilli(), CreatedBy: by,
		Status: status, Description: text, Type: kind,
		Properties: map[string]string{"orderId": o.ID, "orderNumber": strconv.FormatUint(o.Number, 10)},
	}
}
