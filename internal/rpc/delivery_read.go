package rpc

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/projections"
)

// clocks is how far the clock of the log may be behind that of who stored an
// event.
const clocks = time.Minute

func (s deliveries) ListDeliveries(ctx context.Context, req *deliveryv1.ListDeliveriesRequest) (*deliveryv1.ListDeliveriesResponse, error) {
	if err := await(ctx, s.View, req.GetMinPosition()); err != nil {
		return nil, err
	}
	f := projections.DeliveryFilter{
		EndpointID: req.GetEndpointId(), OrderID: req.GetOrderId(), Type: req.GetType(), Status: req.GetStatus(),
		From: timeOf(req.GetFrom()), Before: timeOf(req.GetBefore()), PageSize: int(req.GetPageSize()), PageToken: req.GetPageToken(),
	}
	if !f.From.IsZero() { // nothing is queued before it happens
		first, err := s.positionAt(ctx, f.From.Add(-clocks))
		if err != nil {
			return nil, err
		}
		f.Behind = first - 1
	}
	page, next, err := s.View.List(callOf(ctx).Tenant, f)
	if err != nil {
		return nil, err
	}
	for i, d := range page {
		page[i] = withoutResponses(d)
	}
	return &deliveryv1.ListDeliveriesResponse{Deliveries: page, NextPageToken: next}, nil
}

func withoutResponses(d *deliveryv1.Delivery) *deliveryv1.Delivery {
	d = proto.CloneOf(d)
	for _, a := range d.GetAttempts() {
		a.Response = nil
	}
	return d
}

// positionAt is the first position of the log of deliveries that was stored at a
// time or later; the one behind its end when there is none.
func (s deliveries) positionAt(ctx context.Context, at time.Time) (uint64, error) {
	head, err := s.events.Head(ctx, endpoint.Log)
	if err != nil {
		return 0, err
	}
	first, behind := uint64(1), head+1
	for first < behind {
		middle := first + (behind-first)/2
		b, ok, err := s.events.At(ctx, endpoint.Log, middle)
		if err != nil {
			return 0, err
		}
		if ok && len(b.Commits) > 0 && !b.Commits[0].Stored.Before(at) {
			behind = middle
		} else {
			first = middle + 1
		}
	}
	return first, nil
}

// GetDelivery reads a delivery from the view, and what was told from the log.
func (s deliveries) GetDelivery(ctx context.Context, req *deliveryv1.GetDeliveryRequest) (*deliveryv1.GetDeliveryResponse, error) {
	if err := await(ctx, s.View, req.GetMinPosition()); err != nil {
		return nil, err
	}
	d, err := s.delivery(ctx, req.GetEndpointId(), req.GetNotice())
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx, refOf(req.GetNotice()))
	if err != nil {
		return nil, err
	}
	snap, err := s.Log.Read(ctx, callOf(ctx).Tenant, endpoint.Scope, endpoint.ID(req.GetEndpointId()))
	if err != nil {
		return nil, err
	}
	body := n.GetBody()
	if snap.State.Config.GetDetail() == deliveryv1.Detail_DETAIL_FAT && len(n.GetFatBody()) > 0 {
		body = n.GetFatBody()
	}
	return &deliveryv1.GetDeliveryResponse{Delivery: d, Body: body}, nil
}

// notice reads a notice from the log.
func (s deliveries) notice(ctx context.Context, r endpoint.Ref) (*deliveryv1.Notice, error) {
	all, err := s.notices(ctx, r.Position)
	if err == nil && all[r.Place] == nil {
		err = fmt.Errorf("the log of deliveries has no notice %d at %d", r.Place, r.Position)
	}
	return all[r.Place], err
}

// notices are those of a message of the log, by their places.
func (s deliveries) notices(ctx context.Context, position uint64) (map[uint32]*deliveryv1.Notice, error) {
	b, _, err := s.events.At(ctx, endpoint.Log, position)
	if err != nil {
		return nil, err
	}
	return delivery.NoticesOf(b)
}
