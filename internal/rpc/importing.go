package rpc

import (
	"context"
	"io"

	"connectrpc.com/connect"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
)

// maxRefusals bounds the refusals that an answer names.
const maxRefusals = 1000

func (s orders) ImportOrder(ctx context.Context, req *orderv1.ImportOrderRequest) (*orderv1.ImportOrderResponse, error) {
	id, res, err := s.takeOver(ctx, req)
	if err != nil {
		return nil, err
	}
	return &orderv1.ImportOrderResponse{
		OrderId: id, OrderNumber: res.States[id].Number, Revision: res.Revision, Position: res.Position, Repeated: res.Repeated,
	}, nil
}

// takeOver imports one order. Its id is found as that of a created one.
func (s orders) takeOver(ctx context.Context, req *orderv1.ImportOrderRequest) (string, eventstore.Result[order.Order], error) {
	in := req.GetOrder()
	meta, err := metaOf(ctx, in.GetIdempotencyKey(), req)
	if err != nil {
		return "", eventstore.Result[order.Order]{}, err
	}
	now := s.now()
	id := s.nameOf(meta, in.GetOrderId(), now)
	c := order.Import{Create: createOf(in, meta.Actor, now), Settled: map[string]money.Amount{}}
	if c.Create.Associate, err = s.associate(ctx, meta.Tenant, in.GetAssociateId()); err != nil {
		return "", eventstore.Result[order.Order]{}, err
	}
	for item, paid := range req.GetSettled() {
		c.Settled[item] = amountOf(paid)
	}
	res, err := s.log.Execute(ctx, meta, id, c)
	return id, res, err
}

// ImportOrders imports one order after the other. One that is refused is named
// in the answer and stops nothing; what cannot be decided now ends the stream,
// and sending it again with the same keys imports nothing twice.
func (s orders) ImportOrders(ctx context.Context, stream *connect.ClientStream[orderv1.ImportOrdersRequest]) (*orderv1.ImportOrdersResponse, error) {
	out := &orderv1.ImportOrdersResponse{}
	for n := int64(0); stream.Receive(); n++ {
		req := stream.Msg().GetOrder()
		_, res, err := s.takeOver(ctx, req)
		switch kind := fault.KindOf(err); {
		case err == nil && res.Repeated:
			out.Repeated++
		case err == nil:
			out.Imported++
		case kind == fault.Invalid || kind == fault.Precondition || kind == fault.Conflict || kind == fault.NotFound:
			if out.Refused++; out.Refused <= maxRefusals {
				out.Refusals = append(out.Refusals, &orderv1.ImportRefusal{
					Index: n, Reference: req.GetOrder().GetReference(), Reason: fault.ReasonOf(err), Message: fault.Public(err),
				})
			}
		default:
			return nil, err
		}
		out.Position = max(out.Position, res.Position)
	}
	if err := stream.Err(); err != nil && err != io.EOF { //nolint:errorlint // connect returns it bare
		return nil, err
	}
	return out, nil
}
