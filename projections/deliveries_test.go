package projections_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/projections"
)

const (
	isWaiting   = deliveryv1.DeliveryStatus_DELIVERY_STATUS_WAITING
	isRetrying  = deliveryv1.DeliveryStatus_DELIVERY_STATUS_RETRYING
	isDelivered = deliveryv1.DeliveryStatus_DELIVERY_STATUS_DELIVERED
	isParked    = deliveryv1.DeliveryStatus_DELIVERY_STATUS_PARKED
	isDropped   = deliveryv1.DeliveryStatus_DELIVERY_STATUS_DROPPED
)

// told is a log of deliveries and its view.
type told struct {
	*testing.T
	log  *log
	view *opened
	projections.Deliveries
	refs map[string]endpoint.Ref // of notices
}

func newTold(t *testing.T, endpoints ...string) *told {
	t.Helper()
	w := newWorld(t)
	p := projections.DeliveriesProjector()
	l := w.log(&p)
	v := w.run(w.TempDir(), p)
	l.follow(v)
	d := &told{t, l, v, projections.Deliveries{View: v.View()}, map[string]endpoint.Ref{}}
	for _, id := range endpoints {
		v.reach(l.put(endpoint.ID(id), &deliveryv1.EndpointCreated{Endpoint: &deliveryv1.Endpoint{EndpointId: id, Status: endpoint.Enabled}}))
	}
	return d
}

// queue queues a notice about an order that happened so many hours after noon.
func (d *told) queue(id, kind, order string, hour int, to ...string) {
	d.Helper()
	position := d.log.put(endpoint.FeedID("order"), &deliveryv1.NoticesQueued{Notices: []*deliveryv1.Notice{{
		NoticeId: id, Type: kind, OrderId: order, Subject: order, At: timestamppb.New(noon.Add(time.Duration(hour) * time.Hour)), EndpointIds: to,
	}}})
	d.refs[id] = endpoint.Ref{Position: position, Place: endpoint.FirstPlace(0)}
	d.view.reach(position)
}

// attempt stores what became of a notice at an endpoint; due is hours after
// noon.
func (d *told) attempt(id, to string, outcome endpoint.Outcome, due int) {
	d.Helper()
	a := &deliveryv1.Attempt{Position: d.refs[id].Position, Place: d.refs[id].Place, Number: 1, Outcome: outcome}
	if outcome == endpoint.Retry {
		a.NextAt = timestamppb.New(noon.Add(time.Duration(due) * time.Hour))
	}
	d.view.reach(d.log.put(endpoint.ID(to), &deliveryv1.AttemptsRecorded{EndpointId: to, Attempts: []*deliveryv1.Attempt{a}}))
}

// list is what a filter finds, over all pages.
func (d *told) list(f projections.DeliveryFilter) (ids []string) {
	d.Helper()
	for {
		page, next, err := d.List(tenant, f)
		if err != nil {
			d.Fatal(err)
		}
		for _, one := range page {
			ids = append(ids, one.GetNoticeId()+">"+one.GetEndpointId())
			if f.Status != 0 && one.GetStatus() != f.Status {
				d.Errorf("%s is %s", one.GetNoticeId(), one.GetStatus())
			}
		}
		if f.PageToken = next; next == "" {
			return ids
		}
	}
}

func TestDeliveriesAreFoundByAllThatTheyAre(t *testing.T) {
	d := newTold(t, "a", "b")
	d.queue("n1", "Create", "o1", 1, "a", "b")
	d.queue("n2", "Create", "o2", 2, "a")
	d.queue("n3", "Void", "o1", 3, "a", "b")
	d.queue("n4", "Void", "o3", 4, "a")
	d.queue("n5", "Create", "o3", 5, "a")
	d.attempt("n1", "a", endpoint.Delivered, 0)
	d.attempt("n2", "a", endpoint.Retry, 30)
	d.attempt("n3", "a", endpoint.Retry, 20)
	d.attempt("n4", "a", endpoint.Parked, 0)
	for name, tt := range map[string]struct {
		f    projections.DeliveryFilter
		want []string
	}{
		"all":                    {projections.DeliveryFilter{}, []string{"n5>a", "n4>a", "n3>b", "n3>a", "n2>a", "n1>b", "n1>a"}},
		"of an endpoint":         {projections.DeliveryFilter{EndpointID: "b"}, []string{"n3>b", "n1>b"}},
		"of an order":            {projections.DeliveryFilter{OrderID: "o1"}, []string{"n3>b", "n3>a", "n1>b", "n1>a"}},
		"of both":                {projections.DeliveryFilter{OrderID: "o1", EndpointID: "a"}, []string{"n3>a", "n1>a"}},
		"of a type":              {projections.DeliveryFilter{EndpointID: "a", Type: "Create"}, []string{"n5>a", "n2>a", "n1>a"}},
		"waiting":                {projections.DeliveryFilter{EndpointID: "a", Status: isWaiting}, []string{"n5>a"}},
		"due, the first first":   {projections.DeliveryFilter{EndpointID: "a", Status: isRetrying}, []string{"n3>a", "n2>a"}},
		"parked":                 {projections.DeliveryFilter{EndpointID: "a", Status: isParked}, []string{"n4>a"}},
		"delivered":              {projections.DeliveryFilter{EndpointID: "a", Status: isDelivered}, []string{"n1>a"}},
		"retried everywhere":     {projections.DeliveryFilter{Status: isRetrying}, []string{"n3>a", "n2>a"}},
		"from":                   {projections.DeliveryFilter{From: noon.Add(4 * time.Hour)}, []string{"n5>a", "n4>a"}},
		"before":                 {projections.DeliveryFilter{Before: noon.Add(2 * time.Hour)}, []string{"n1>b", "n1>a"}},
		"of none":                {projections.DeliveryFilter{EndpointID: "c"}, nil},
		"of an order that's not": {projections.DeliveryFilter{OrderID: "o"}, nil},
		"behind a position":      {projections.DeliveryFilter{Behind: d.refs["n4"].Position}, []string{"n5>a"}},
	} {
		for _, size := range []int{1, 2, 100} {
			tt.f.PageSize = size
			if got := d.list(tt.f); !slices.Equal(got, tt.want) {
				t.Errorf("%s, %d a page: %v, want %v", name, size, got, tt.want)
			}
		}
	}
	if all, _, err := d.List("other", projections.DeliveryFilter{}); err != nil || len(all) > 0 {
		t.Errorf("another tenant sees %v, %v", all, err)
	}
	d.log.sendAgain(d.view)
	d.view.mustEqualRebuilt()
}

func TestWhatWasLetGoOfIsDropped(t *testing.T) {
	d := newTold(t, "a")
	d.queue("n1", "Create", "o1", 1, "a")
	d.queue("n2", "Create", "o2", 2, "a")
	d.attempt("n2", "a", endpoint.Retry, 9)
	d.queue("n3", "Create", "o3", 3, "a")
	d.attempt("n3", "a", endpoint.Parked, 0)
	d.view.reach(d.log.put(endpoint.ID("a"), &deliveryv1.EndpointStatusChanged{Status: endpoint.Enabled, SkipKept: true}))
	d.queue("n4", "Create", "o4", 4, "a")
	for status, want := range map[deliveryv1.DeliveryStatus][]string{ //nolint:exhaustive // what there is
		isDropped: {"n2>a", "n1>a"}, isWaiting: {"n4>a"}, isRetrying: nil, isParked: {"n3>a"},
	} {
		if got := d.list(projections.DeliveryFilter{EndpointID: "a", Status: status}); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", status, got, want)
		}
	}
	got, ok, err := d.Delivery(tenant, "a", d.refs["n2"])
	if err != nil || !ok || got.GetStatus() != isDropped || got.GetNextAt() != nil {
		t.Errorf("n2 is %v, %v, %v", got, ok, err)
	}
	if _, ok, err := d.Delivery(tenant, "b", d.refs["n2"]); ok || err != nil {
		t.Errorf("n2 was for b: %v", err)
	}
}

// Deliveries that are queued, sent or retried between two pages change nothing
// about those that the pages have.
func TestPagesOfDeliveriesAreNotShiftedMeanwhile(t *testing.T) {
	d := newTold(t, "a")
	for i := range 10 {
		d.queue(fmt.Sprint("n", i), "Create", "o", i, "a")
	}
	f := projections.DeliveryFilter{EndpointID: "a", Status: isWaiting, PageSize: 4}
	first, next, err := d.List(tenant, f)
	if err != nil || len(first) != 4 || next == "" {
		t.Fatal(first, next, err)
	}
	d.queue("n10", "Create", "o", 10, "a")
	d.attempt("n6", "a", endpoint.Delivered, 0) // the last one of the page
	d.attempt("n3", "a", endpoint.Delivered, 0)
	f.PageToken = next
	if got, want := d.list(f), []string{"n5>a", "n4>a", "n2>a", "n1>a", "n0>a"}; !slices.Equal(got, want) {
		t.Errorf("then %v, want %v", got, want)
	}
	for _, token := range []string{"!", "AAAA"} {
		_, _, err := d.List(tenant, projections.DeliveryFilter{PageToken: token})
		if v := fault.Violations(err); len(v) != 1 || v[0].Field != "page_token" {
			t.Errorf("cursor %q: %v", token, err)
		}
	}
}

func TestEndpointsAreListedWithHowTheyHaveBeenDoing(t *testing.T) {
	d := newTold(t, "a", "b", "c")
	d.queue("n1", "Create", "o1", 1, "a", "b")
	d.attempt("n1", "a", endpoint.Delivered, 0)
	d.attempt("n1", "b", endpoint.Parked, 0)
	enabled := func(r *deliveryv1.EndpointRow) bool { return r.GetEndpoint().GetEndpointId() != "c" }
	first, next, err := d.Endpoints(tenant, enabled, 1, "")
	if err != nil || len(first) != 1 || first[0].GetHealth().GetDelivered() != 1 {
		t.Errorf("first %v, %v", first, err)
	}
	second, next, err := d.Endpoints(tenant, enabled, 1, next)
	if err != nil || next != "" || len(second) != 1 || second[0].GetHealth().GetParked() != 1 {
		t.Errorf("second %v, next %q, %v", second, next, err)
	}
	row, ok, err := d.Endpoint(tenant, "b")
	if err != nil || !ok || !proto.Equal(row, second[0]) {
		t.Errorf("b is %v, %v", row, err)
	}
}
