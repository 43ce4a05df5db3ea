package participants

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/order"
)

// Orders serves the queue of linked orders: exchanges and replacements that a
// piece of another order's work asks for, and the credit that an exchange brings
// back.
type Orders struct {
	Queues *workqueue.Queues
	Log    eventstore.Log[order.Order]
	Now    func() time.Time
	// Hooks see the work.
	Hooks Hooks
}

// Run serves until the context ends.
func (p Orders) Run(ctx context.Context) error {
	return serve(ctx, p.Queues, skava.QueueLinkedOrders, p.Hooks, p.handle)
}

func (p Orders) handle(ctx context.Context, r request, m jetstream.Msg) (any, error) {
	body, err := decode[skava.LinkedOrder](m)
	if err != nil {
		return nil, err
	}
	reply := skava.LinkedOrderReply{RequestID: r.id, ResponseCode: skava.CodeDone}
	var c eventstore.Command[order.Order] = order.CreateLinked{Stored: body.Stored, Now: p.Now()}
	if body.CreditMinor > 0 {
		c = order.GiveBackCredit{RequestID: r.id, From: r.order, Minor: body.CreditMinor, Now: p.Now()}
	}
	res, err := p.Log.Execute(ctx, r.meta("orders"), body.OrderID, c)
	switch kind := fault.KindOf(err); {
	case err == nil:
		reply.OrderNumber = res.States[body.OrderID].Number
	case kind == fault.Conflict || kind == fault.Invalid || kind == fault.Precondition || kind == fault.NotFound:
		reply.ResponseCode, reply.ResponseMessage = skava.CodeRefused, fault.ReasonOf(err)
	default:
		return nil, err
	}
	return reply, nil
}
