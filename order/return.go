package order

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// SubmitReturn says that a customer wants to give units back.
type SubmitReturn struct {
	// ReturnID is the caller's; the same id again is the same return.
	ReturnID string
	// Lines are the units; Reasons, by line id, are the customer's words.
	Lines   []Units
	Reasons map[string]string
	// Window is how long after a line has left it may be returned; zero means
	// for ever. It is measured from the last change of the order's shipments.
	Window time.Duration
	By     string
	Now    time.Time
}

// Decide takes the return in, if the lines may be returned.
func (c SubmitReturn) Decide(o Order) ([]proto.Message, error) {
	if err := o.exists(); err != nil {
		return nil, err
	}
	if _, known := o.Return(c.ReturnID); known && c.ReturnID != "" {
		return nil, nil
	}
	if !o.Status.Confirmed() {
		return nil, o.refuse("has nothing to return")
	}
	if c.Window > 0 && !o.LastShipped.IsZero() && c.Now.After(o.LastShipped.Add(c.Window)) {
		return nil, fault.New(fault.Precondition, "return_window_closed", "order %s could be returned until %s",
			o.ID, o.LastShipped.Add(c.Window).UTC().Format(time.RFC3339))
	}
	if err := o.finalSale(c.Lines); err != nil {
		return nil, err
	}
	lines, err := o.take(c.Lines, "shipped and not returned", Item.Returnable, Item.shippedShare)
	if err != nil {
		return nil, err
	}
	e := &orderv1.ReturnSubmitted{ReturnId: c.ReturnID, SubmittedBy: c.By, At: stamp(c.Now)}
	if e.ReturnId == "" {
		e.ReturnId = o.newID("r", 0)
	}
	for _, u := range lines {
		e.Lines = append(e.Lines, &orderv1.ReturnedUnits{ItemId: u.ItemID, Quantity: u.Quantity, Reason: c.Reasons[u.ItemID]})
	}
	return []proto.Message{e}, nil
}

// finalSale refuses lines that may not be returned at all.
func (o Order) finalSale(lines []Units) error {
	for n, u := range lines {
		if i, known := o.Item(u.ItemID); known && i.NotReturnable {
			return fault.New(fault.Precondition, "not_returnable", "%s.item_id: line %s of order %s is a final sale", lineField(n), u.ItemID, o.ID)
		}
	}
	return nil
}

// AcceptReturn takes the units back: their money is given back, less a fee, or
// goes into an exchange.
type AcceptReturn struct {
	ReturnID string
	// Restock puts the units back on the shelf.
	Restock bool
	// FeeMinor is kept of their worth.
	FeeMinor int64
	// Exchange, when given, is the order that takes their place.
	Exchange *Exchange
	By       string
	Now      time.Time
}

// Decide accepts the return, once.
func (c AcceptReturn) Decide(o Order) ([]proto.Message, error) {
	r, err := o.someReturn(c.ReturnID)
	if err != nil {
		return nil, err
	}
	switch r.Status {
	case ReturnTaken, ReturnSettled: // asked twice, done once
		return nil, nil
	case ReturnRefused:
		return nil, fault.New(fault.Precondition, "return_rejected", "return %s of order %s was rejected", r.ID, o.ID)
	case ReturnAsked:
	}
	if !o.Status.Confirmed() {
		return nil, o.refuse("cannot take units back")
	}
	e := &orderv1.ReturnAccepted{ReturnId: r.ID, FeeMinor: c.FeeMinor, Restock: c.Restock, AcceptedBy: c.By, At: stamp(c.Now)}
	var worth int64
	for _, u := range r.Lines {
		i, _ := o.Item(u.ItemID)
		value := i.shippedShare(u.Quantity)
		worth += value
		e.Lines = append(e.Lines, &orderv1.ReturnedUnits{ItemId: u.ItemID, Quantity: u.Quantity})
		e.LineValuesMinor = append(e.LineValuesMinor, value)
	}
	if c.FeeMinor < 0 || c.FeeMinor > max(worth, 0) {
		return nil, fault.Field("fee", "must be between nothing and the worth of the units, %d", worth)
	}
	e.Work = &orderv1.Work{WorkId: o.newID("w", 0), GiveBackMinor: worth - c.FeeMinor}
	if c.Restock {
		e.Work.Restock, _, _ = storedUnits(r.Lines)
	}
	events := []proto.Message{e}
	if c.Exchange != nil {
		linked, err := c.Exchange.order(o, r, worth-c.FeeMinor, c.Now)
		if err != nil {
			return nil, err
		}
		e.CreditMinor = min(worth-c.FeeMinor, linked.GetTotals().GetTotalMinor())
		e.ExchangeOrderId, e.Work.LinkedOrder = linked.GetOrderId(), linked
		e.Work.GiveBackMinor -= e.CreditMinor
	}
	return events, nil
}

// RejectReturn leaves the units with the customer.
type RejectReturn struct {
	ReturnID string
	Reason   string
	By       string
	Now      time.Time
}

// Decide rejects the return, once.
func (c RejectReturn) Decide(o Order) ([]proto.Message, error) {
	r, err := o.someReturn(c.ReturnID)
	switch {
	case err != nil:
		return nil, err
	case r.Status == ReturnRefused: // asked twice, done once
		return nil, nil
	case r.Status != ReturnAsked:
		return nil, fault.New(fault.Precondition, "return_"+r.Status.String(), "return %s of order %s is %s", r.ID, o.ID, r.Status)
	}
	return []proto.Message{&orderv1.ReturnRejected{ReturnId: r.ID, Reason: c.Reason, RejectedBy: c.By, At: stamp(c.Now)}}, nil
}

// someReturn returns a return of an order that exists.
func (o Order) someReturn(id string) (Return, error) {
	if err := o.exists(); err != nil {
		return Return{}, err
	}
	r, known := o.Return(id)
	if !known {
		return Return{}, fault.New(fault.NotFound, "return_not_found", "order %s has no return %q", o.ID, id)
	}
	return r, nil
}

// Exchange describes the order that takes the place of returned units. What it
// costs is paid from their worth first.
type Exchange struct {
	// OrderID is its id, 14 to 25 characters.
	OrderID string
	// Items, prices and shipping are as for any order, in the currency of the
	// original.
	Items    []Line
	Shipping Shipping
	// Payments pay what the returned units are not worth.
	Payments []PaymentItem
	// ShippingAddress is where it goes.
	ShippingAddress *Address
}

// order is the exchange order as it will be stored.
func (x Exchange) order(o Order, r Return, credit int64, now time.Time) (*orderv1.OrderCreated, error) {
	c := Create{
		CollectionID: o.CollectionID, Currency: o.Currency, Items: x.Items, Shipping: x.Shipping, ShippingAddress: x.ShippingAddress,
		Customer: Customer{CustomerID: o.CustomerID, Email: o.Email, Guest: o.Guest}, Associate: o.Associate, OnDecline: o.OnDecline,
		CaptureAt: o.CaptureAt, Type: orderv1.OrderType_ORDER_TYPE_EXCHANGE, OriginalOrderID: o.ID, OriginalReturnID: r.ID, Now: now,
	}
	total, err := c.withDefaults().bill().Totals()
	if err != nil {
		return nil, err
	}
	if covered := min(credit, total.Total); covered > 0 {
		c.Credit = o.amount(covered)
	}
	if total.Total > credit {
		c.Payments = slices.Clone(x.Payments)
	}
	return c.linked(x.OrderID)
}

// linked is an order that the saga creates later; all that can be wrong with it
// is told now.
func (c Create) linked(id string) (*orderv1.OrderCreated, error) {
	events, err := c.Decide(New(id, 0))
	if err != nil {
		return nil, err
	}
	return events[0].(*orderv1.OrderCreated), nil
}
