package testkit

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	"github.com/orderstream/oms/order"
)

// Changes is a client of the change service.
func (p *Process) Changes() orderv1connect.ChangeServiceClient {
	return orderv1connect.NewChangeServiceClient(p.http, p.URL)
}

// Fulfilment is a client of the fulfilment service.
func (p *Process) Fulfilment() orderv1connect.FulfilmentServiceClient {
	return orderv1connect.NewFulfilmentServiceClient(p.http, p.URL)
}

// Returns is a client of the return service.
func (p *Process) Returns() orderv1connect.ReturnServiceClient {
	return orderv1connect.NewReturnServiceClient(p.http, p.URL)
}

// AwaitSettled waits until the read model has seen what is stored now and
// nothing is left to do for an order, and returns it as it is then.
func (p *Process) AwaitSettled(t *testing.T, id string) (o *orderv1.Order) {
	t.Helper()
	p.AwaitViews(t)
	settled := false
	defer func() {
		if !settled {
			p.Tell(t, id)
		}
	}()
	Until(t, Patience, func() string {
		res, err := p.Orders().GetOrder(Lasting(t), &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: id}})
		if err != nil {
			return err.Error()
		}
		if o = res.GetOrder(); !Settled(o) {
			return "order " + id + " is " + o.GetStatus().String() + " and has work left"
		}
		settled = true
		return ""
	})
	return o
}

// Settled reports whether nothing happens to an order by itself any more.
func Settled(o *orderv1.Order) bool {
	switch o.GetStatus() { //nolint:exhaustive // the others are settled without work
	case orderv1.OrderStatus_ORDER_STATUS_UNSPECIFIED, orderv1.OrderStatus_ORDER_STATUS_CREATED, orderv1.OrderStatus_ORDER_STATUS_CANCELLING:
		return false
	}
	return o.GetOpenWork() == 0
}

// Sold reports whether the sale of an order stands, on hold or not.
func Sold(o *orderv1.Order) bool {
	confirmed := func(s orderv1.OrderStatus) bool { return order.Status(s).Confirmed() } //nolint:gosec // the numbers are the same
	return confirmed(o.GetStatus()) || o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_ON_HOLD &&
		slices.ContainsFunc(o.GetItems(), func(i *orderv1.OrderItem) bool { return confirmed(i.GetStatus()) })
}

// OrderEvents are the stored events of an order.
func (p *Process) OrderEvents(t *testing.T, id string) []*logv1.RecordedEvent {
	t.Helper()
	res, err := p.Events().ListOrderEvents(Lasting(t), &logv1.ListOrderEventsRequest{OrderId: id})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetEvents()
}

// EventName is the type of an event without its package.
func EventName(e *logv1.RecordedEvent) string {
	return e.GetType()[strings.LastIndexByte(e.GetType(), '.')+1:]
}

// restocked counts the units of each SKU that came back to the shelf, as the
// orders' own events tell it.
func (p *Process) restocked(t *testing.T, orders map[string]*orderv1.Order) map[string]int64 {
	t.Helper()
	back := map[string]int64{}
	for id, o := range orders {
		if len(o.GetReturns()) == 0 || o.GetImported() {
			continue
		}
		skus := map[string]string{}
		for _, i := range o.GetItems() {
			skus[i.GetItemId()] = i.GetSkuId()
		}
		for _, e := range p.OrderEvents(t, id) {
			f := e.GetData().GetFields()
			if EventName(e) != "ReturnAccepted" || !f["restock"].GetBoolValue() {
				continue
			}
			for _, l := range f["lines"].GetListValue().GetValues() {
				line := l.GetStructValue().GetFields()
				back[skus[line["itemId"].GetStringValue()]] += number(line["quantity"])
			}
		}
	}
	return back
}

// number reads an int64, which JSON carries as a string.
func number(v *structpb.Value) (n int64) {
	for _, digit := range v.GetStringValue() {
		n = 10*n + int64(digit-'0')
	}
	return n
}

// CheckUnits proves of every order that its quantities add up: no unit is in
// two places, and none is nowhere.
func CheckUnits(t *testing.T, orders map[string]*orderv1.Order) {
	t.Helper()
	for id, o := range orders {
		for _, i := range o.GetItems() {
			open := i.GetQuantity() - i.GetCancelled() - i.GetShipped()
			stayed := i.GetShipped() - i.GetReturned()
			least := min(i.GetCancelled(), i.GetPacked(), i.GetShipped(), i.GetDelivered(), i.GetUndelivered(), i.GetReturnPending(), i.GetReturned(), open)
			if least < 0 || i.GetPacked() > open || i.GetReturnPending() > stayed || i.GetDelivered()+i.GetUndelivered() > stayed {
				t.Errorf("order %s: the units of line %s do not add up: %v", id, i.GetItemId(), i)
			}
		}
		packed, gone := map[string]int64{}, map[string]int64{}
		for _, p := range o.GetPackages() {
			for _, l := range p.GetLines() {
				switch p.GetStatus() {
				case "created", "submitted", "printed":
					packed[l.GetItemId()] += l.GetQuantity()
				case "shipped", "delivered", "undeliverable":
					gone[l.GetItemId()] += l.GetQuantity()
				}
			}
		}
		for _, i := range o.GetItems() {
			if packed[i.GetItemId()] != i.GetPacked() || gone[i.GetItemId()] != i.GetShipped() {
				t.Errorf("order %s: packages hold %d and have taken %d of line %s: %v", id, packed[i.GetItemId()], gone[i.GetItemId()], i.GetItemId(), i)
			}
		}
	}
}
