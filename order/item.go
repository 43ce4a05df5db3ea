package order

import "github.com/orderstream/oms/internal/money"

// Item is a line: how many of its units are where, and what they are worth.
// Of Quantity units, Cancelled are not wanted any more and Shipped have left;
// the rest is open, and Packed of the open ones are in packages that have not
// left. Of the shipped ones Delivered have arrived, Undelivered could not be,
// ReturnPending are to come back and Returned have.
type Item struct {
	ItemID   string `cbor:"1,keyasint,omitzero"`
	SKU      string `cbor:"2,keyasint,omitzero"`
	Bin      string `cbor:"3,keyasint,omitzero"`
	Quantity int64  `cbor:"4,keyasint,omitzero"`

	Cancelled     int64 `cbor:"5,keyasint,omitzero"`
	Packed        int64 `cbor:"6,keyasint,omitzero"`
	Shipped       int64 `cbor:"7,keyasint,omitzero"`
	Delivered     int64 `cbor:"8,keyasint,omitzero"`
	Undelivered   int64 `cbor:"9,keyasint,omitzero"`
	ReturnPending int64 `cbor:"10,keyasint,omitzero"`
	Returned      int64 `cbor:"11,keyasint,omitzero"`

	// LineMinor is what the line costs: quantity times price, its adjustments
	// and its tax. ShareMinor is its part of the adjustments of the whole order.
	LineMinor  int64 `cbor:"12,keyasint,omitzero"`
	ShareMinor int64 `cbor:"13,keyasint,omitzero"`
	// CancelledMinor, ShippedMinor and ReturnedMinor are the worth of the units
	// that were cancelled, shipped, and returned of the shipped ones.
	CancelledMinor int64 `cbor:"14,keyasint,omitzero"`
	ShippedMinor   int64 `cbor:"15,keyasint,omitzero"`
	ReturnedMinor  int64 `cbor:"16,keyasint,omitzero"`

	// NotReturnable lines are final sales.
	NotReturnable bool `cbor:"17,keyasint,omitzero"`
	// Stage is how far the fulfilment of its open units is.
	Stage Status `cbor:"18,keyasint,omitzero"`
}

// ValueMinor is what all units of the line are worth to the customer.
func (i Item) ValueMinor() int64 { return i.LineMinor + i.ShareMinor }

// Open is the units that are still to be shipped.
func (i Item) Open() int64 { return i.Quantity - i.Cancelled - i.Shipped }

// Free is the open units that are in no package.
func (i Item) Free() int64 { return i.Open() - i.Packed }

// Returnable is the shipped units that can still be sent back.
func (i Item) Returnable() int64 {
	if i.NotReturnable {
		return 0
	}
	return i.Shipped - i.ReturnPending - i.Returned
}

// CameBack is how many units of a line have arrived, and how many could not be
// delivered, after some came back: those that had arrived come back first, and
// what is on its way stays on its way.
func CameBack(delivered, undelivered, units int64) (stillDelivered, stillUndelivered int64) {
	arrived := min(delivered, units)
	return delivered - arrived, undelivered - min(undelivered, units-arrived)
}

// openShare is the worth of some of the open units: in proportion, rounded
// down, the rest with the last ones.
func (i Item) openShare(units int64) int64 {
	return money.Share(i.ValueMinor()-i.CancelledMinor-i.ShippedMinor, units, i.Open())
}

// shippedShare is the worth of some of the shipped units that did not come
// back.
func (i Item) shippedShare(units int64) int64 {
	return money.Share(i.ShippedMinor-i.ReturnedMinor, units, i.Shipped-i.Returned)
}

// Status of the line follows from where its units are. Before the sale stands
// it is None: the line is what its order is.
func (i Item) Status() Status {
	stayed := i.Shipped - i.Returned // with the customer, or on the way
	switch {
	case i.Cancelled == i.Quantity:
		return Cancelled
	case i.ReturnPending > 0:
		return ReturnSubmitted
	case i.Shipped == 0:
		return i.Stage
	case i.Open() > 0:
		return PartiallyShipped
	case stayed == 0:
		return Returned
	case i.Undelivered > 0:
		return UnableToDeliver
	case i.Delivered >= stayed:
		return Delivered
	}
	return Shipped
}

// Item returns a line of the order.
func (o Order) Item(id string) (Item, bool) {
	if n := o.itemAt(id); n >= 0 {
		return o.Items[n], true
	}
	return Item{}, false
}

func (o Order) itemAt(id string) int {
	for n := range o.Items {
		if o.Items[n].ItemID == id {
			return n
		}
	}
	return -1
}

// withItems is the order with some of its lines changed, in a copy. Units of
// lines that it does not have change nothing.
func (o Order) withItems(units []Units, change func(*Item, Units)) Order {
	items := make([]Item, len(o.Items))
	copy(items, o.Items)
	o.Items = items
	if len(units) == 0 {
		return o
	}
	at := make(map[string]int, len(items))
	for n := range items {
		at[items[n].ItemID] = n
	}
	for _, u := range units {
		if n, known := at[u.ItemID]; known {
			change(&items[n], u)
		}
	}
	return o
}

// RolledUp is the order with the status that follows from its lines: that of
// the one that is least far, with the exceptions that a look at the whole
// demands. An order whose sale does not stand keeps its status.
func (o Order) RolledUp() Order {
	if !o.Status.Confirmed() {
		return o
	}
	o.Status = o.lineStatus()
	return o
}

// lineStatus is the status of a sale that stands.
func (o Order) lineStatus() Status {
	seen := make(map[Status]bool)
	var open, shipped bool
	least := Status(0)
	for _, i := range o.Items {
		s := i.Status()
		if s == Cancelled {
			continue
		}
		seen[s] = true
		open = open || i.Open() > 0
		shipped = shipped || i.Shipped > 0
		if i.Shipped == 0 && (least == None || rank[i.Stage] < rank[least]) {
			least = i.Stage
		}
	}
	switch {
	case len(seen) == 0:
		return o.Status
	case seen[ReturnSubmitted]:
		return ReturnSubmitted
	case !shipped && seen[UnableToShip] && rank[least] >= rank[ReadyToShip]: // else others are not even so far
		return UnableToShip
	case !shipped:
		return least
	case open:
		return PartiallyShipped
	case seen[UnableToDeliver]:
		return UnableToDeliver
	case seen[Shipped]:
		return Shipped
	case seen[Delivered]:
		return Delivered
	}
	return Returned
}

// rank is how far a stage of fulfilment is.
var rank = map[Status]int{Submitted: 1, ReadyToEdit: 2, FreezeEdit: 3, ReadyToShip: 4, SubmittedToFulfillment: 5, UnableToShip: 6} //nolint:exhaustive // the others are no stages

// Units are some units of a line.
type Units struct {
	ItemID   string `cbor:"1,keyasint,omitzero"`
	Quantity int64  `cbor:"2,keyasint,omitzero"`
	// Minor is what they are worth, where that is told.
	Minor int64 `cbor:"3,keyasint,omitzero"`
}
