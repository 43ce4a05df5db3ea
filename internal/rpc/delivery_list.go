package rpc

import (
	"cmp"
	"context"

	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// GetEndpoint reads an endpoint from the log's own state, and from the view how
// it has been doing.
func (s deliveries) GetEndpoint(ctx context.Context, req *deliveryv1.GetEndpointRequest) (*deliveryv1.GetEndpointResponse, error) {
	if err := await(ctx, s.View, req.GetMinPosition()); err != nil {
		return nil, err
	}
	st, err := s.read(ctx, req.GetEndpointId())
	if err != nil {
		return nil, err
	}
	row, _, err := s.View.Endpoint(callOf(ctx).Tenant, req.GetEndpointId())
	if err != nil {
		return nil, err
	}
	res := &deliveryv1.GetEndpointResponse{Endpoint: shownEndpoint(st.Config.Endpoint), Health: row.GetHealth()}
	if res.Health == nil { // the view is late
		res.Health = &deliveryv1.EndpointHealth{
			Failures: int32(min(st.Health.Failures, 1<<30)), FailingSince: timestampOf(st.Health.FailingSince), DeliveredAt: timestampOf(st.Health.DeliveredAt), //nolint:gosec // bounded here
		}
	}
	if st.Replay != (endpoint.Range{}) {
		res.Replay = st.Replay.Message()
	}
	return res, nil
}

func (s deliveries) ListEndpoints(ctx context.Context, req *deliveryv1.ListEndpointsRequest) (*deliveryv1.ListEndpointsResponse, error) {
	if err := await(ctx, s.View, req.GetMinPosition()); err != nil {
		return nil, err
	}
	shown := func(r *deliveryv1.EndpointRow) bool {
		e := r.GetEndpoint()
		gone := e.GetStatus() == endpoint.Deleted && req.GetStatus() != endpoint.Deleted
		return !gone && (req.GetVocabulary() == 0 || e.GetVocabulary() == req.GetVocabulary()) && (req.GetStatus() == 0 || e.GetStatus() == req.GetStatus())
	}
	page, next, err := s.View.Endpoints(callOf(ctx).Tenant, shown, cmp.Or(int(req.GetPageSize()), 25), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	res := &deliveryv1.ListEndpointsResponse{NextPageToken: next}
	for _, r := range page {
		res.Endpoints = append(res.Endpoints, &deliveryv1.GetEndpointResponse{
			Endpoint: shownEndpoint(r.GetEndpoint()), Health: r.GetHealth(), Replay: r.GetReplay(),
		})
	}
	return res, nil
}
