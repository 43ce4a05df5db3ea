package publisher

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderwire"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/order"
)

// saidAt is where, when and by whom something happened.
type saidAt struct {
	place place
	when  time.Time
	actor string
}

// saying is one message to publish.
type saying struct {
	channel skava.Channel
	payload any
}

// sayings maps each stored event to what it says in the words of the Skava
// order microservice (mapping table C4). Events that are not named say nothing.
var sayings = map[string]func(order.Order, proto.Message, saidAt) []saying{
	name(&orderv1.OrderCreated{}):   created,
	name(&orderv1.OrderCancelled{}): cancelled,
	name(&orderv1.StepRequested{}):  requested,
	name(&orderv1.StepAnswered{}):   answered,
}

func name(m proto.Message) string { return string(m.ProtoReflect().Descriptor().FullName()) }

// say names the channel by its subject, which is one of skava.Channels.
func say(subject string, payload any) []saying {
	c, ok := skava.ChannelOf(subject)
	if !ok {
		panic("no channel " + subject)
	}
	return []saying{{channel: c, payload: payload}}
}

// created: Skava Order Created.
func created(o order.Order, e proto.Message, at saidAt) []saying {
	by := e.(*orderv1.OrderCreated).GetCreatedBy()
	return say(skava.SubjectCreated, notification(o, skava.OrderCreated, "Created", "Order is created.", by, at))
}

// cancelled: Skava Order Canceled.
func cancelled(o order.Order, e proto.Message, at saidAt) []saying {
	c := e.(*orderv1.OrderCancelled)
	n := notification(o, skava.OrderCancelled, "Cancelled", "Order is cancelled.", c.GetCancelledBy(), at)
	n.Properties["reason"] = c.GetReason()
	return say(skava.SubjectCancelled, n)
}

// requested: the preprocess events, once per request however often it is sent.
func requested(o order.Order, e proto.Message, _ saidAt) []saying {
	r := e.(*orderv1.StepRequested)
	if r.GetAttempt() > 1 {
		return nil
	}
	switch r.GetStep() { //nolint:exhaustive // the other steps have no outside form
	case orderv1.Step_STEP_RESERVE_INVENTORY:
		return say(skava.SubjectPreProcessInventory, orderwire.PreProcessInventory(o, skava.InventoryRemove))
	case orderv1.Step_STEP_RELEASE_INVENTORY:
		return say(skava.SubjectUndoPreProcessInventory, orderwire.PreProcessInventory(o, skava.InventoryAdd))
	case orderv1.Step_STEP_BLOCK_PROMOTION:
		return say(skava.SubjectPreProcessPromotion, orderwire.PreProcessPromotion(o))
	case orderv1.Step_STEP_AUTHORIZE_PAYMENT:
		return say(skava.SubjectPreProcessPayment, orderwire.PreProcessPayment(o, r.GetTransactions()))
	case orderv1.Step_STEP_VOID_PAYMENT:
		return say(skava.SubjectUndoPreProcessPayment, orderwire.PreProcessPayment(o, r.GetTransactions()))
	default:
		return nil
	}
}

// answered: Skava Check Fraud.
func answered(o order.Order, e proto.Message, _ saidAt) []saying {
	a := e.(*orderv1.StepAnswered)
	if a.GetStep() != orderv1.Step_STEP_CHECK_FRAUD {
		return nil
	}
	return say(skava.SubjectCheckFraud, skava.CheckFraud{
		OrderID: o.ID, Status: "Created", Fraud: a.GetVerdict() != orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT,
	})
}

// notification fills the Skava Notification; the order is named in its
// properties, since the model has no field for it.
func notification(o order.Order, kind, status, text, by string, at saidAt) skava.Notification {
	return skava.Notification{
		ID: at.place.number(), CreatedTime: at.when.UnixMilli(), CreatedBy: by,
		Status: status, Description: text, Type: kind,
		Properties: map[string]string{"orderId": o.ID, "orderNumber": strconv.FormatUint(o.Number, 10)},
	}
}

// message makes the NATS message of a saying.
func (s saying) message(c eventstore.Commit, e eventstore.Recorded, at place) (*nats.Msg, error) {
	data, err := json.Marshal(s.payload)
	if err != nil {
		return nil, fmt.Errorf("payload of %s: %w", s.channel.Subject, err)
	}
	subject := s.channel.Subject
	if c.GetTenant() != workqueue.DefaultTenant {
		subject = "t." + c.GetTenant() + "." + subject
	}
	m := nats.NewMsg(subject)
	m.Data = data
	m.Header = nats.Header{
		headerSource:                  {at.String()},
		"Oms-Event-Id":                {e.ID},
		workqueue.HeaderTenant:        {c.GetTenant()},
		skava.HeaderOrderID:           {e.Aggregate},
		"Order-Revision":              {strconv.FormatUint(e.Revision, 10)},
		workqueue.HeaderCorrelationID: {c.GetCorrelationId()},
		workqueue.HeaderCausationID:   {c.GetId()},
	}
	if c.GetTraceparent() != "" {
		m.Header["traceparent"] = []string{c.GetTraceparent()}
	}
	for k, v := range s.channel.Headers() {
		m.Header[k] = []string{v}
	}
	return m, nil
}
