package rpc

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// reasonOperator is why an endpoint is not enabled when somebody said so.
const reasonOperator = "operator"

// about is a request about an endpoint.
type about interface {
	proto.Message
	GetEndpointId() string
}

// change runs a command on the endpoint of a request.
func (s deliveries) change(
	ctx context.Context, req about, c eventstore.Transaction[endpoint.State],
) (*deliveryv1.Endpoint, uint64, error) {
	meta, err := metaOf(ctx, "", req)
	if err != nil {
		return nil, 0, err
	}
	e, res, err := s.run(ctx, meta, req.GetEndpointId(), c)
	return shownEndpoint(e), res.Position, err
}

func (s deliveries) EnableEndpoint(ctx context.Context, req *deliveryv1.EnableEndpointRequest) (*deliveryv1.EnableEndpointResponse, error) {
	e, position, err := s.change(ctx, req, endpoint.SetStatus{
		EndpointID: req.GetEndpointId(), Status: endpoint.Enabled, SkipKept: req.GetSkipKept(), Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &deliveryv1.EnableEndpointResponse{Endpoint: e, Position: position}, nil
}

func (s deliveries) DisableEndpoint(ctx context.Context, req *deliveryv1.DisableEndpointRequest) (*deliveryv1.DisableEndpointResponse, error) {
	e, position, err := s.change(ctx, req, endpoint.SetStatus{
		EndpointID: req.GetEndpointId(), Status: endpoint.Disabled, Reason: reasonOperator, Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &deliveryv1.DisableEndpointResponse{Endpoint: e, Position: position}, nil
}

func (s deliveries) SuspendEndpoint(ctx context.Context, req *deliveryv1.SuspendEndpointRequest) (*deliveryv1.SuspendEndpointResponse, error) {
	e, position, err := s.change(ctx, req, endpoint.SetStatus{
		EndpointID: req.GetEndpointId(), Status: endpoint.Suspended, Reason: reasonOperator, Message: req.GetMessage(), Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &deliveryv1.SuspendEndpointResponse{Endpoint: e, Position: position}, nil
}

func (s deliveries) DeleteEndpoint(ctx context.Context, req *deliveryv1.DeleteEndpointRequest) (*deliveryv1.DeleteEndpointResponse, error) {
	_, position, err := s.change(ctx, req, endpoint.Delete{EndpointID: req.GetEndpointId(), Now: s.now()})
	if err != nil {
		return nil, err
	}
	return &deliveryv1.DeleteEndpointResponse{Position: position}, nil
}

// RetryDelivery delivers once more what was queued for the endpoint before.
func (s deliveries) RetryDelivery(ctx context.Context, req *deliveryv1.RetryDeliveryRequest) (*deliveryv1.RetryDeliveryResponse, error) {
	if _, err := s.read(ctx, req.GetEndpointId()); err != nil {
		return nil, err
	}
	if _, err := s.delivery(ctx, req.GetEndpointId(), req.GetNotice()); err != nil {
		return nil, err
	}
	_, position, err := s.change(ctx, req, endpoint.Requeue{
		EndpointID: req.GetEndpointId(), Notices: []endpoint.Ref{refOf(req.GetNotice())}, Now: s.now(),
	})
	if err != nil {
		return nil, err
	}
	return &deliveryv1.RetryDeliveryResponse{Position: position}, nil
}

func refOf(n *deliveryv1.NoticeRef) endpoint.Ref {
	return endpoint.Ref{Position: n.GetPosition(), Place: n.GetPlace()}
}

// delivery is what the view has of a notice at an endpoint, once it has seen the
// notice.
func (s deliveries) delivery(ctx context.Context, id string, n *deliveryv1.NoticeRef) (*deliveryv1.Delivery, error) {
	head, err := s.events.Head(ctx, endpoint.Log)
	if err != nil {
		return nil, err
	}
	if n.GetPosition() <= head {
		if err := await(ctx, s.View, n.GetPosition()); err != nil {
			return nil, err
		}
		if d, ok, err := s.View.Delivery(callOf(ctx).Tenant, id, refOf(n)); err != nil || ok {
			return d, err
		}
	}
	return nil, fault.New(fault.NotFound, "delivery_not_found", "notice: nothing at %d.%d was for endpoint %q, or it is forgotten", n.GetPosition(), n.GetPlace(), id)
}
