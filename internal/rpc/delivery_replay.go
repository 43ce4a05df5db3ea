package rpc

import (
	"context"

	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// What a replay is counted in, and up to where.
const (
	countedAtOnce = 500
	mostCounted   = 10_000
)

// ReplayEndpoint delivers a stretch of the log to an endpoint again. Times are
// those at which events were queued.
func (s deliveries) ReplayEndpoint(ctx context.Context, req *deliveryv1.ReplayEndpointRequest) (*deliveryv1.ReplayEndpointResponse, error) {
	if _, err := s.read(ctx, req.GetEndpointId()); err != nil {
		return nil, err
	}
	r, err := s.rangeOf(ctx, req)
	if err != nil {
		return nil, err
	}
	n, err := s.count(ctx, req.GetEndpointId(), r)
	if err != nil {
		return nil, err
	}
	res := &deliveryv1.ReplayEndpointResponse{Replay: r.Message(), Deliveries: n}
	if req.GetDryRun() || n == 0 {
		return res, nil
	}
	_, res.Position, err = s.change(ctx, req, endpoint.Replay{EndpointID: req.GetEndpointId(), Range: r, Now: s.now()})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// rangeOf is the stretch that a request names, inside what is stored.
func (s deliveries) rangeOf(ctx context.Context, req *deliveryv1.ReplayEndpointRequest) (endpoint.Range, error) {
	r := endpoint.Range{
		From: req.GetFromPosition(), To: req.GetToPosition(), ParkedOnly: req.GetParkedOnly(), Type: req.GetType(), OrderID: req.GetOrderId(),
	}
	switch {
	case r.From != 0 && req.GetFrom() != nil:
		return r, fault.Field("from", "must be absent when from_position is given")
	case r.To != 0 && req.GetBefore() != nil:
		return r, fault.Field("before", "must be absent when to_position is given")
	case r.From == 0 && req.GetFrom() == nil:
		return r, fault.Field("from_position", "is required, or else from")
	}
	head, err := s.events.Head(ctx, endpoint.Log)
	if err != nil {
		return r, err
	}
	if req.GetFrom() != nil {
		if r.From, err = s.positionAt(ctx, req.GetFrom().AsTime()); err != nil {
			return r, err
		}
	}
	if req.GetBefore() != nil {
		behind, err := s.positionAt(ctx, req.GetBefore().AsTime())
		if err != nil {
			return r, err
		}
		r.To = behind - 1
	} else if r.To == 0 || r.To > head {
		r.To = head
	}
	if r.From > r.To && (req.GetToPosition() != 0 || req.GetBefore() != nil || r.From > head+1) {
		return r, fault.Field("from_position", "must not be behind the end: nothing is there to be delivered again")
	}
	return r, nil
}

// count says how many deliveries a replay is, up to a bound.
func (s deliveries) count(ctx context.Context, id string, r endpoint.Range) (n int64, err error) {
	if r.From > r.To {
		return 0, nil
	}
	if err := await(ctx, s.View, r.To); err != nil {
		return 0, err
	}
	for rest := r; n < mostCounted; {
		refs, upTo, done, err := s.View.InRange(callOf(ctx).Tenant, id, rest, countedAtOnce)
		if err != nil {
			return 0, err
		}
		if n += int64(len(refs)); done {
			break
		}
		rest.From = upTo + 1
	}
	return min(n, mostCounted), nil
}
