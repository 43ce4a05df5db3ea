package skavaevents

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderhistory"
	"github.com/orderstream/oms/internal/orderwire"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/order"
)

// units tells of the stock of some units that a piece of work is about.
func (s Subject) units(subject string, kind skava.InventoryType, which func(order.Work) []order.Units) ([]Saying, error) {
	w, err := s.Whole()
	if err != nil || w == nil {
		return nil, err
	}
	work, _ := w.State.CurrentWork()
	return on(subject, orderwire.PreProcessUnits(w.State, work, which(work), kind)), nil
}

// itemsCancelled: Skava Order Canceled, of single items.
func itemsCancelled(o order.Order, e proto.Message, at At) []Saying {
	c := e.(*orderv1.OrderItemsCancelled)
	n := notification(o, skava.OrderCancelled, skava.StatusCancelled, "Order items are cancelled.", c.GetCancelledBy(), at)
	n.Properties["reason"], n.Properties["cancellationId"] = c.GetReason(), c.GetCancellationId()
	return on(skava.SubjectCancelled, withItems(n, c.GetLines()))
}

// deleted: Skava Order Deleted.
func deleted(o order.Order, e proto.Message, at At) []Saying {
	d := e.(*orderv1.OrderDeleted)
	n := notification(o, skava.OrderDeleted, "Deleted", "Order is deleted.", d.GetDeletedBy(), at)
	n.Properties["reason"] = d.GetReason()
	return on(skava.SubjectDeleted, n)
}

// shipped: Skava Order Shipped.
func shipped(o order.Order, e proto.Message, at At) []Saying {
	s := e.(*orderv1.OrderItemsShipped)
	n := notification(o, skava.OrderShipped, skava.StatusShipped, "Order items are shipped.", s.GetShippedBy(), at)
	n.Properties["packageId"], n.Properties["carrier"], n.Properties["trackingNumber"] = s.GetPackageId(), s.GetCarrier(), s.GetTrackingNumber()
	return on(skava.SubjectShipped, withItems(n, s.GetLines()))
}

// returnSubmitted: Skava Order Return Submitted.
func returnSubmitted(o order.Order, e proto.Message, at At) []Saying {
	r := e.(*orderv1.ReturnSubmitted)
	n := notification(o, skava.OrderReturnSubmit, "Return Submitted", "Return is submitted.", r.GetSubmittedBy(), at)
	n.Properties["returnId"] = r.GetReturnId()
	return on(skava.SubjectReturnSubmitted, withItems(n, quantities(r.GetLines())))
}

// returnAccepted: Skava Order Return.
func returnAccepted(o order.Order, e proto.Message, at At) []Saying {
	r := e.(*orderv1.ReturnAccepted)
	n := notification(o, skava.OrderReturnAccepted, "Returned", "Return is accepted.", r.GetAcceptedBy(), at)
	n.Properties["returnId"] = r.GetReturnId()
	return on(skava.SubjectReturnAccepted, withItems(n, quantities(r.GetLines())))
}

// exchanged: Skava Create Exchange Order.
func exchanged(o order.Order, e proto.Message, at At) []Saying {
	x := e.(*orderv1.ExchangeOrderCreated)
	n := notification(o, skava.OrderExchange, skava.StatusCreated, "Exchange order is created.", at.Actor, at)
	n.Properties["exchangeOrderId"], n.Properties["returnId"] = x.GetOrderId(), x.GetReturnId()
	return on(skava.SubjectExchange, n)
}

// replaced: Skava Create Replace Order.
func replaced(o order.Order, e proto.Message, at At) []Saying {
	r := e.(*orderv1.ReplaceOrderCreated)
	n := notification(o, skava.OrderReplace, skava.StatusCreated, "Replace order is created.", at.Actor, at)
	n.Properties["replaceOrderId"] = r.GetOrderId()
	return on(skava.SubjectReplace, withItems(n, r.GetLines()))
}

// shipmentUpdated: Skava Update Shipment.
func shipmentUpdated(s Subject, e proto.Message, at At) ([]Saying, error) {
	w, err := s.Whole()
	if err != nil || w == nil {
		return nil, err
	}
	id, by := "", at.Actor
	switch e := e.(type) {
	case *orderv1.PackageUpdated:
		id, by = e.GetPackageId(), e.GetUpdatedBy()
	case *orderv1.PackageUnitsRemoved:
		id, by = e.GetPackageId(), e.GetRemovedBy()
	case *orderv1.PackageStatusChanged:
		id, by = e.GetPackageId(), e.GetChangedBy()
	}
	return on(skava.SubjectUpdateShipment, orderwire.Delegate(w.Document, id, by, transactions(w))), nil
}

// withItems names the lines that a notification is about: a single one in the
// field that the model has for it, and all of them with their units.
func withItems(n skava.Notification, lines []*orderv1.ItemQuantity) skava.Notification {
	if len(lines) == 1 {
		n.ItemID = lines[0].GetItemId()
	}
	units := make([]string, len(lines))
	for i, l := range lines {
		units[i] = fmt.Sprintf("%s:%d", l.GetItemId(), l.GetQuantity())
	}
	n.Properties["items"] = strings.Join(units, ",")
	return n
}

func quantities(lines []*orderv1.ReturnedUnits) []*orderv1.ItemQuantity {
	out := make([]*orderv1.ItemQuantity, len(lines))
	for i, l := range lines {
		out[i] = &orderv1.ItemQuantity{ItemId: l.GetItemId(), Quantity: l.GetQuantity()}
	}
	return out
}

// transactions are the payment operations of an order so far.
func transactions(o *orderhistory.Order) []skava.PaymentTransaction {
	paid := make([]skava.PaymentTransaction, len(o.Paid))
	for i, p := range o.Paid {
		paid[i] = orderwire.Paid(p.PaymentTransaction, o.Document.GetCurrencyCode(), order.BySaga, p.At.AsTime().UnixMilli())
	}
	return paid
}
