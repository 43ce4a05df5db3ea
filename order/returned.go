package order

import (
	"slices"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Return is units that come back, or were to.
type Return struct {
	ID     string       `cbor:"1,keyasint,omitzero"`
	Status ReturnStatus `cbor:"2,keyasint,omitzero"`
	Lines  []Units      `cbor:"3,keyasint,omitzero"`
	// ExchangeID is the order that takes their place; empty for a plain return.
	ExchangeID string `cbor:"4,keyasint,omitzero"`
}

// ReturnStatus says how far a return is.
type ReturnStatus uint8

const (
	// ReturnAsked means that somebody has to decide.
	ReturnAsked ReturnStatus = iota + 1
	// ReturnTaken means that it was accepted; its money is on the way.
	ReturnTaken
	// ReturnRefused means that the units stay with the customer.
	ReturnRefused
	// ReturnSettled means that nothing is left to do.
	ReturnSettled
)

// String is the status in lower case.
func (s ReturnStatus) String() string {
	switch s {
	case ReturnAsked:
		return "submitted"
	case ReturnTaken:
		return "accepted"
	case ReturnRefused:
		return "rejected"
	case ReturnSettled:
		return "closed"
	}
	return "none"
}

// Return returns a return of the order.
func (o Order) Return(id string) (Return, bool) {
	n := slices.IndexFunc(o.Returns, func(r Return) bool { return r.ID == id })
	if n < 0 {
		return Return{}, false
	}
	return o.Returns[n], true
}

// evolveReturn folds the events of returns, exchanges and replacements. It
// reports whether it knows the event.
func (o Order) evolveReturn(e proto.Message) (Order, bool) {
	switch e := e.(type) {
	case *orderv1.ReturnSubmitted:
		lines := returned(e.GetLines())
		o.Returns = slices.Concat(o.Returns, []Return{{ID: e.GetReturnId(), Status: ReturnAsked, Lines: lines}})
		o.Made++
		o.UpdatedAt = at(e.GetAt())
		o = o.withItems(lines, func(i *Item, u Units) { i.ReturnPending += u.Quantity }).RolledUp()
	case *orderv1.ReturnAccepted:
		o = o.accepted(e)
	case *orderv1.ReturnRejected:
		o.UpdatedAt = at(e.GetAt())
		r, _ := o.Return(e.GetReturnId())
		o = o.changeReturn(r.ID, func(r *Return) { r.Status = ReturnRefused })
		o = o.withItems(r.Lines, func(i *Item, u Units) { i.ReturnPending -= u.Quantity }).RolledUp()
	case *orderv1.ReturnClosed:
		o = o.endWork(e.GetWorkId()).changeReturn(e.GetReturnId(), func(r *Return) { r.Status = ReturnSettled })
		o.UpdatedAt = at(e.GetAt())
	case *orderv1.ExchangeOrderCreated:
		o.Linked = slices.Concat(o.Linked, []string{e.GetOrderId()})
	case *orderv1.ReplaceRequested:
		o.UpdatedAt = at(e.GetAt())
		o = o.addWork(e.GetWork(), Work{
			Kind: ReplaceWork, Subject: e.GetOrderId(), Units: units(e.GetLines()), By: e.GetRequestedBy(), Reason: e.GetReason(),
		})
	case *orderv1.ReplaceOrderCreated:
		o.Linked = slices.Concat(o.Linked, []string{e.GetOrderId()})
		o = o.endWork(e.GetWorkId())
	default:
		return o, false
	}
	return o, true
}

// accepted counts units that came back, and queues what follows from that.
// What of their worth is kept as a fee, or goes into an exchange, stays due.
func (o Order) accepted(e *orderv1.ReturnAccepted) Order {
	lines := worth(returned(e.GetLines()), e.GetLineValuesMinor())
	o = o.withItems(lines, func(i *Item, u Units) {
		i.ReturnPending -= u.Quantity
		i.Returned += u.Quantity
		i.ReturnedMinor += u.Minor
		i.Delivered, i.Undelivered = CameBack(i.Delivered, i.Undelivered, u.Quantity)
	})
	for _, u := range lines {
		o.DueMinor -= u.Minor
	}
	o.DueMinor += e.GetFeeMinor() + e.GetCreditMinor()
	o = o.changeReturn(e.GetReturnId(), func(r *Return) { r.Status, r.ExchangeID = ReturnTaken, e.GetExchangeOrderId() })
	o.UpdatedAt = at(e.GetAt())
	return o.addWork(e.GetWork(), Work{Kind: ReturnWork, Subject: e.GetReturnId(), Units: lines, By: e.GetAcceptedBy()}).RolledUp()
}

func returned(lines []*orderv1.ReturnedUnits) []Units {
	out := make([]Units, len(lines))
	for i, l := range lines {
		out[i] = Units{ItemID: l.GetItemId(), Quantity: l.GetQuantity()}
	}
	return out
}

// changeReturn changes a return in a copy.
func (o Order) changeReturn(id string, change func(*Return)) Order {
	n := slices.IndexFunc(o.Returns, func(r Return) bool { return r.ID == id })
	if n < 0 {
		return o
	}
	o.Returns = slices.Clone(o.Returns)
	change(&o.Returns[n])
	return o
}
