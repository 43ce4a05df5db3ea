package saga

import (
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/order"
)

// participantOf names who serves a queue, for reply subjects.
var participantOf = map[string]string{
	skava.QueueInventory: "inventory",
	skava.QueuePromotion: "promotion",
	skava.QueuePayment:   "payment",
	skava.QueueFraud:     "fraud",

	skava.QueueLinkedOrders: "orders",
}

// participant is who answers on a reply subject, reply.<participant>.<n>.
func participant(subject string) string {
	parts := strings.Split(subject, ".")
	if len(parts) != 3 {
		return ""
	}
	return parts[1]
}

// answerOf reads a reply message. Which order and step it answers is in the
// request id, which every reply repeats in a header.
func answerOf(m jetstream.Msg) (a order.Answer, tenant, orderID string, err error) {
	tenant = m.Headers().Get(workqueue.HeaderTenant)
	if tenant == "" {
		tenant = workqueue.DefaultTenant
	}
	id := m.Headers().Get(skava.HeaderRequestID)
	orderID, step, ok := RequestID(id)
	if !ok {
		return a, tenant, "", fault.Field(skava.HeaderRequestID, "%q is no request of a saga", id)
	}
	a, err = ReadReply(step, m.Data())
	if a.RequestID == "" {
		a.RequestID = id
	}
	return a, tenant, orderID, err
}
