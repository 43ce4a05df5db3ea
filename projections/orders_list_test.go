package projections_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/projections"
)

// listed is what the tests know of an order.
type listed struct {
	id, customer, associate string
	status                  orderv1.OrderStatus
	created                 time.Time
	due                     bool
}

func (o listed) fits(f projections.OrderFilter) bool {
	return (f.CustomerID == "" || f.CustomerID == o.customer) &&
		(f.AssociateID == "" || f.AssociateID == o.associate) &&
		(!f.PaymentDue || o.due) &&
		(f.Status == 0 || f.Status == o.status) &&
		(f.From.IsZero() || !o.created.Before(f.From)) &&
		(f.Before.IsZero() || o.created.Before(f.Before))
}

// newest sorts as pages do.
func newest(a, b listed) int {
	if c := b.created.Compare(a.created); c != 0 {
		return c
	}
	return strings.Compare(b.id, a.id)
}

// ending is what brings a new order to a status.
var ending = map[orderv1.OrderStatus][]proto.Message{ //nolint:exhaustive // the statuses of the checkout
	orderv1.OrderStatus_ORDER_STATUS_UNSPECIFIED: nil,
	orderv1.OrderStatus_ORDER_STATUS_CREATED:     nil,
	orderv1.OrderStatus_ORDER_STATUS_ON_HOLD:     {&orderv1.OrderHeld{}},
	orderv1.OrderStatus_ORDER_STATUS_SUBMITTED:   {&orderv1.OrderConfirmed{}},
	orderv1.OrderStatus_ORDER_STATUS_CANCELLING:  {&orderv1.OrderHeld{}, &orderv1.OrderCancelRequested{}},
	orderv1.OrderStatus_ORDER_STATUS_CANCELLED:   {&orderv1.OrderCancelled{}},
}

// anyOrder draws an order that is as good as sure to share its customer,
// status or second with another one.
func anyOrder(t *rapid.T, number uint64) (listed, []proto.Message) {
	o := listed{
		id:        fmt.Sprintf("order-%s-%09d", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "id"), number),
		customer:  rapid.SampledFrom([]string{"", "c", "c\x00\x01", "cc"}).Draw(t, "customer"),
		associate: rapid.SampledFrom([]string{"", "ann", "an"}).Draw(t, "associate"), due: rapid.Bool().Draw(t, "due"),
		status:  orderv1.OrderStatus(rapid.IntRange(1, 5).Draw(t, "status")),
		created: noon.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "second")) * time.Second),
	}
	e := placed(o.id, number)
	e.CreatedAt, e.Customer.CustomerId = timestamppb.New(o.created), o.customer
	if o.associate != "" {
		e.Associate = &orderv1.OrderAssociate{AssociateId: o.associate, AssociateNumber: 17}
	}
	events := append([]proto.Message{e}, ending[o.status]...)
	switch {
	case o.due:
		events = append(events, &orderv1.PaymentDue{AmountMinor: 5})
	case rapid.Bool().Draw(t, "was due"):
		events = append(events, &orderv1.PaymentDue{AmountMinor: 5}, &orderv1.PaymentRetried{PaidMinor: 5})
	}
	return o, events
}

func anyFilter(t *rapid.T) projections.OrderFilter {
	f := projections.OrderFilter{
		CustomerID:  rapid.SampledFrom([]string{"", "c", "c\x00\x01", "nobody"}).Draw(t, "of customer"),
		AssociateID: rapid.SampledFrom([]string{"", "", "ann", "nobody"}).Draw(t, "of associate"), PaymentDue: rapid.Bool().Draw(t, "with a payment due"),
		Status:   orderv1.OrderStatus(rapid.IntRange(0, 5).Draw(t, "in status")),
		PageSize: rapid.IntRange(1, 7).Draw(t, "page size"),
	}
	bound := rapid.Custom(func(t *rapid.T) time.Time {
		if n := rapid.IntRange(-5, 10).Draw(t, "bound"); n >= 0 {
			return noon.Add(time.Duration(n) * time.Second)
		}
		return time.Time{}
	})
	f.From, f.Before = bound.Draw(t, "from"), bound.Draw(t, "before")
	return f
}

// Whatever is asked for, the pages together are what a look at every order
// finds, in order and without doubles, and orders that are placed while
// somebody turns the pages shift nothing.
func TestPagesAreWhole(t *testing.T) {
	l, v, orders := newWorld(t).orders()
	number, runs := uint64(0), 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		l.tenant = fmt.Sprint("t", runs) // who sees none of the others' orders
		var all []listed
		place := func() {
			number++
			o, events := anyOrder(rt, number)
			all = append(all, o)
			if rapid.Bool().Draw(rt, "at once") {
				l.put(o.id, events...)
				return
			}
			for _, e := range events {
				l.put(o.id, e)
			}
		}
		for range rapid.IntRange(0, 25).Draw(rt, "orders") {
			place()
		}
		l.follow(v)

		f := anyFilter(rt)
		before := slices.DeleteFunc(slices.Clone(all), func(o listed) bool { return !o.fits(f) })
		var got []listed
		for page := 0; ; page++ {
			os, next, err := orders.List(l.tenant, f)
			if err != nil {
				rt.Fatal(err)
			}
			if len(os) > f.PageSize {
				rt.Errorf("a page of %d orders, want %d at most", len(os), f.PageSize)
			}
			for _, o := range os {
				got = append(got, listed{
					o.GetOrderId(), o.GetCustomer().GetCustomerId(), o.GetAssociate().GetAssociateId(), o.GetStatus(), o.GetCreatedAt().AsTime(), o.GetPaymentDue() != nil,
				})
			}
			if f.PageToken = next; next == "" {
				break
			}
			if rapid.Bool().Draw(rt, "another order") {
				place()
				l.follow(v)
			}
		}
		if !slices.IsSortedFunc(got, newest) || len(slices.Compact(slices.Clone(got))) != len(got) {
			rt.Errorf("pages are out of order, or have doubles: %v", got)
		}
		// What was placed meanwhile may be among them, if its place was still to come.
		old := slices.DeleteFunc(slices.Clone(got), func(o listed) bool { return !slices.Contains(before, o) })
		slices.SortFunc(before, newest)
		if diff := cmp.Diff(before, old, cmp.AllowUnexported(listed{}), cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("orders (-want +got):\n%s", diff)
		}
		for _, o := range got {
			if !o.fits(f) || !slices.Contains(all, o) {
				rt.Errorf("%v was not asked for", o)
			}
		}
	})
}

// A page looks at a bounded number of entries: a filter that fits few of many
// orders gives short pages that go on.
func TestAPageIsBounded(t *testing.T) {
	l, v, orders := newWorld(t).orders()
	const placedOrders = 2300
	l.putMany(placedOrders, func(i int) (string, [][]proto.Message) {
		id := fmt.Sprintf("order-%09d", i+1)
		events := []proto.Message{placed(id, uint64(i+1))}
		if i == 0 { // the oldest
			events = append(events, &orderv1.OrderHeld{})
		}
		return id, [][]proto.Message{events}
	})
	l.follow(v)
	f := projections.OrderFilter{CustomerID: "c1", Status: orderv1.OrderStatus_ORDER_STATUS_ON_HOLD}
	os, next, err := orders.List(tenant, f)
	if err != nil || len(os) != 0 || next == "" {
		t.Fatalf("first page: %d orders, cursor %q, %v", len(os), next, err)
	}
	f.PageToken = next
	os, next, err = orders.List(tenant, f)
	if err != nil || len(os) != 1 || next != "" || os[0].GetOrderNumber() != 1 {
		t.Errorf("second page: %v, cursor %q, %v", os, next, err)
	}
	os, next, err = orders.List(tenant, projections.OrderFilter{})
	if err != nil || len(os) != 25 || next == "" || os[0].GetOrderNumber() != placedOrders {
		t.Errorf("without a filter: %d orders, cursor %q, %v", len(os), next, err)
	}
}

func TestACursorOfOurOwnIsAskedFor(t *testing.T) {
	_, _, orders := newWorld(t).orders()
	for _, token := range []string{"%%%", "AAAA"} {
		_, _, err := orders.List(tenant, projections.OrderFilter{PageToken: token})
		if fault.KindOf(err) != fault.Invalid || fault.Violations(err)[0].Field != "page_token" {
			t.Errorf("%q: error %v, want one that names page_token", token, err)
		}
	}
}
