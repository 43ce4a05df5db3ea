package rpc

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

// orderRequest is what every request about one order says.
type orderRequest interface {
	proto.Message
	GetOrderId() string
	GetIdempotencyKey() string
	GetExpectedRevision() uint64
}

// result is what became of a command on an order.
type result struct {
	receipt *orderv1.OrderReceipt
	order   order.Order
	// events are those that were stored now; none of a repeat.
	events []proto.Message
}

// change runs a command on the order of a request.
func (s orders) change(ctx context.Context, req orderRequest, command func(by string) eventstore.Command[order.Order]) (result, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return result{}, err
	}
	meta.ExpectRevision = req.GetExpectedRevision()
	res, err := s.log.Execute(ctx, meta, req.GetOrderId(), command(meta.Actor))
	if err != nil {
		return result{}, err
	}
	status, err := s.statusAfter(ctx, meta.Tenant, req.GetOrderId(), res)
	return result{&orderv1.OrderReceipt{
		Status: status, Revision: res.Revision, Position: res.Position, Repeated: res.Repeated,
	}, res.States[req.GetOrderId()], res.Events}, err
}

// statusAfter is the status of an order right after a command. Of a repeat that
// is long ago, perhaps: the answer is what the first one was.
func (s orderReads) statusAfter(ctx context.Context, tenant, id string, res eventstore.Result[order.Order]) (orderv1.OrderStatus, error) {
	if !res.Repeated {
		return statusOf(res.States[id].Status), nil
	}
	o := order.New(id, 0)
	seen := uint64(0)
	err := s.eachEvent(ctx, tenant, id, func(_ eventstore.Commit, r eventstore.Recorded) error {
		if r.Revision <= res.Revision {
			o, seen = order.Evolve(o, r.Event), r.Revision
		}
		return nil
	})
	if err == nil && seen < res.Revision {
		err = fault.New(fault.Unavailable, "view_behind", "the read model has not seen revision %d of order %s yet: repeat the request", res.Revision, id)
	}
	return statusOf(o.Status), err
}

// madeID is the id of what a request makes in an order: the one that it asks
// for, or else with an idempotency key one that follows from the key, so that a
// repeat is answered with it whatever was made since. Without either the order
// chooses.
func madeID(ctx context.Context, prefix, asked string, req orderRequest) string {
	if asked != "" || req.GetIdempotencyKey() == "" {
		return asked
	}
	return prefix + orderIDOf(callOf(ctx).Tenant, "made\x00"+req.GetOrderId()+"\x00"+req.GetIdempotencyKey())[1:14]
}

// find returns the first event of a type that was stored; its zero value when
// there was none.
func find[E proto.Message](events []proto.Message) (found E) {
	for _, e := range events {
		if is, ok := e.(E); ok {
			return is
		}
	}
	return found
}

func unitsOf(lines []*orderv1.ItemQuantity) []order.Units {
	out := make([]order.Units, len(lines))
	for i, l := range lines {
		out[i] = order.Units{ItemID: l.GetItemId(), Quantity: l.GetQuantity()}
	}
	return out
}

func transportOf(t *orderv1.Transport) order.Transport {
	out := order.Transport{Bin: t.GetBinName(), Carrier: t.GetCarrier(), Tracking: t.GetTrackingNumber(), ShipMethodID: t.GetShipMethodId()}
	if t.GetShipBy() != nil {
		out.ShipBy = t.GetShipBy().AsTime()
	}
	return out
}
