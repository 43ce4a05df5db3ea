package order

import (
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// Replace sends units again for free, because the ones that left were lost or
// broken. It makes a linked order without payment.
type Replace struct {
	// OrderID is the id of the replacing order, 14 to 25 characters. The same id
	// again is the same replacement.
	OrderID string
	// Lines are shipped units of the order.
	Lines  []Units
	Reason string
	By     string
	// ShippingAddress is where it goes.
	ShippingAddress *Address
	Now             time.Time
}

// Decide asks for the linked order.
func (c Replace) Decide(o Order) ([]proto.Message, error) {
	if err := o.exists(); err != nil {
		return nil, err
	}
	if o.replacedBy(c.OrderID) {
		return nil, nil
	}
	if !o.Status.Confirmed() {
		return nil, o.refuse("has nothing to replace")
	}
	lines, err := o.take(c.Lines, "shipped and not returned", func(i Item) int64 { return i.Shipped - i.Returned }, Item.shippedShare)
	if err != nil {
		return nil, err
	}
	create := Create{
		CollectionID: o.CollectionID, Currency: o.Currency, ShippingAddress: c.ShippingAddress, Now: c.Now, CreatedBy: c.By,
		Customer: Customer{CustomerID: o.CustomerID, Email: o.Email, Guest: o.Guest}, Associate: o.Associate,
		Type: orderv1.OrderType_ORDER_TYPE_REPLACE, OriginalOrderID: o.ID,
	}
	for _, u := range lines {
		i, _ := o.Item(u.ItemID)
		create.Items = append(create.Items, Line{ItemID: i.ItemID, SKU: i.SKU, Bin: i.Bin, Quantity: u.Quantity, UnitPrice: o.amount(0)})
	}
	linked, err := create.linked(c.OrderID)
	if err != nil {
		return nil, err
	}
	stored, _, _ := storedUnits(lines)
	return []proto.Message{&orderv1.ReplaceRequested{
		Lines: stored, OrderId: c.OrderID, Reason: c.Reason, RequestedBy: c.By, At: stamp(c.Now),
		Work: &orderv1.Work{WorkId: o.newID("w", 0), LinkedOrder: linked},
	}}, nil
}

// replacedBy reports whether a linked order exists, or is under way.
func (o Order) replacedBy(id string) bool {
	for _, known := range o.Linked {
		if known == id {
			return true
		}
	}
	for _, w := range o.Work {
		if w.LinkedID == id && id != "" {
			return true
		}
	}
	return false
}

// amount is an amount in the currency of the order.
func (o Order) amount(minor int64) money.Amount {
	return money.Amount{Currency: o.Currency, Minor: minor}
}

// CreateLinked stores the order that a piece of another order's work asks for.
// Asked again, it is there already.
type CreateLinked struct {
	// Stored is the order as it is to be stored, without its number.
	Stored []byte
	Now    time.Time
}

// Decide stores the order under the number that it gets here.
func (c CreateLinked) Decide(o Order) ([]proto.Message, error) {
	e := &orderv1.OrderCreated{}
	if err := proto.Unmarshal(c.Stored, e); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "invalid_body", "the linked order cannot be read")
	}
	switch {
	case o.Status == None:
	case o.OriginalOrderID == e.GetOriginalOrderId() && o.OriginalOrderID != "":
		return nil, nil
	default:
		return nil, fault.New(fault.Conflict, "order_exists", "order %s exists", o.ID)
	}
	e.OrderNumber, e.CreatedAt = o.Number, stamp(c.Now)
	return []proto.Message{e}, nil
}
