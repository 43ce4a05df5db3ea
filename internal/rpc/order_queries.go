package rpc

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order/document"
)

// queries serves OrderQueryService.
type queries struct{ orderReads }

// at is an order of which the view has seen a position.
func (s queries) at(ctx context.Context, id string, position uint64) (*orderv1.Order, error) {
	if err := await(ctx, s.view, position); err != nil {
		return nil, err
	}
	return s.byID(ctx, callOf(ctx).Tenant, id)
}

func (s queries) ListPackages(ctx context.Context, req *orderv1.ListPackagesRequest) (*orderv1.ListPackagesResponse, error) {
	o, err := s.at(ctx, req.GetOrderId(), req.GetMinPosition())
	return &orderv1.ListPackagesResponse{Packages: inStatus(o.GetPackages(), req.GetStatus())}, err
}

func (s queries) ListReturns(ctx context.Context, req *orderv1.ListReturnsRequest) (*orderv1.ListReturnsResponse, error) {
	o, err := s.at(ctx, req.GetOrderId(), req.GetMinPosition())
	return &orderv1.ListReturnsResponse{Returns: inStatus(o.GetReturns(), req.GetStatus())}, err
}

func (s queries) ListInvoices(ctx context.Context, req *orderv1.ListInvoicesRequest) (*orderv1.ListInvoicesResponse, error) {
	o, err := s.at(ctx, req.GetOrderId(), req.GetMinPosition())
	return &orderv1.ListInvoicesResponse{Invoices: o.GetInvoices()}, err
}

// inStatus are those that have a status; all when none is asked for.
func inStatus[T interface{ GetStatus() string }](all []T, status string) []T {
	if status == "" {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(one T) bool { return one.GetStatus() != status })
}

// GetTimeline tells the commits of an order. What the saga asks in one breath
// with what somebody did belongs to it.
func (s queries) GetTimeline(ctx context.Context, req *orderv1.GetTimelineRequest) (*orderv1.GetTimelineResponse, error) {
	res, currency := &orderv1.GetTimelineResponse{}, ""
	var last *orderv1.TimelineEntry
	commit := ""
	err := s.eachEvent(ctx, callOf(ctx).Tenant, req.GetOrderId(), func(c eventstore.Commit, r eventstore.Recorded) error {
		if created, ok := r.Event.(*orderv1.OrderCreated); ok {
			currency = created.GetCurrencyCode()
		}
		if req.GetPeopleOnly() && ofSaga(r.Event) {
			return nil
		}
		if last == nil || c.GetId() != commit {
			commit = c.GetId()
			last = &orderv1.TimelineEntry{At: c.GetTime(), Actor: c.GetActor(), Command: c.GetCommand(), Position: c.Position}
			res.Entries = append(res.Entries, last)
		}
		last.Revision = r.Revision
		last.Events = append(last.Events, &orderv1.TimelineEvent{Type: strings.TrimPrefix(r.Type, "oms.order.v1."), Text: document.Words(r.Event, currency)})
		return nil
	})
	return res, err
}

// ofSaga reports whether an event is between the saga and a participant.
func ofSaga(e proto.Message) bool {
	switch e.(type) {
	case *orderv1.StepRequested, *orderv1.StepAnswered, *orderv1.ShipmentSettled, *orderv1.WorkDone, *orderv1.WorkRejected, *orderv1.OrderFinalized:
		return true
	}
	return false
}
