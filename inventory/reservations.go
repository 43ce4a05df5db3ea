package inventory

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

// place is where units are.
type place struct{ bin, sku string }

// reservation is a bulk transaction that units are taken from.
type reservation struct {
	id   string
	of   Transaction
	left map[place]int64 // what it still holds
	by   []*inventoryv1.ReducedLine
}

// reservations are those that a request names, in its order.
type reservations []*reservation

// open looks at what the named reservations hold.
func (c BulkTransaction) open(d *draft) (all reservations) {
	for _, id := range c.from() {
		r := &reservation{id: id, of: d.item(TransactionID(c.CollectionID, id)).Transaction, left: map[place]int64{}}
		for _, l := range r.of.holds() {
			r.left[place{l.Bin, l.SKU}] += l.Quantity
		}
		all = append(all, r)
	}
	return all
}

// take gives the units of a line back, or ships them, from one reservation
// after the other. A line gets all of its units or none.
func (rs reservations) take(d *draft, c BulkTransaction, l Line) (refusal string) {
	at := place{l.Bin, l.SKU}
	if rs.hold(at) < l.Quantity {
		return rs.refusal()
	}
	for want, n := l.Quantity, 0; want > 0; n++ {
		r := rs[n]
		units := min(want, r.left[at])
		if units == 0 {
			continue
		}
		want -= units
		r.left[at] -= units
		r.by = append(r.by, &inventoryv1.ReducedLine{
			BinName: l.Bin, SkuId: l.SKU, Quantity: units, Shipped: c.Action == ToShip,
		})
		d.record(StockID(c.CollectionID, l.Bin, l.SKU), c.taken(l, r.id, units))
	}
	return ""
}

// taken is what happens to units of a reservation.
func (c BulkTransaction) taken(l Line, reservation string, units int64) proto.Message {
	if c.Action == ToShip {
		return &inventoryv1.StockShipped{
			CollectionId: c.CollectionID, BinName: l.Bin, SkuId: l.SKU, Quantity: units,
			TransactionId: reservation, RequestId: c.ID,
		}
	}
	return &inventoryv1.StockReleased{
		CollectionId: c.CollectionID, BinName: l.Bin, SkuId: l.SKU, Quantity: units,
		TransactionId: reservation, RequestId: c.ID,
	}
}

// hold is what all of them hold. Each holds no more than MaxQuantity a line, so
// the sum cannot overflow.
func (rs reservations) hold(at place) (units int64) {
	for _, r := range rs {
		units += r.left[at]
	}
	return units
}

// refusal says why they do not hold enough.
func (rs reservations) refusal() string {
	known, open := false, false
	for _, r := range rs {
		known = known || r.of.Decided || r.of.Released
		open = open || r.of.Decided && !r.of.Released
	}
	switch {
	case open:
		return ExceedsReserved
	case known:
		return ReservationUndone
	}
	return UnknownReservation
}

// close records what each of them holds no longer: once, whatever the number of
// lines, since a reservation is kept as a whole.
func (rs reservations) close(d *draft, c BulkTransaction) {
	for _, r := range rs {
		if len(r.by) > 0 {
			d.record(TransactionID(c.CollectionID, r.id), &inventoryv1.ReservationReduced{
				CollectionId: c.CollectionID, TransactionId: r.id, RequestId: c.ID, Lines: r.by,
			})
		}
	}
}
