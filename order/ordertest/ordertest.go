// Package ordertest says what is wrong with an order, for tests of every kind:
// those that play commands on the pure state, those that run the saga, and
// those that replay the log of a whole installation.
package ordertest

import (
	"fmt"
	"slices"

	"github.com/orderstream/oms/order"
)

// Wrong is what does not add up in an order, or nothing: no unit is in two
// places and none is nowhere, lines and shipping are worth what the order
// costs, no payment gave back more than it took, and a cancelled order owes
// nothing. That holds after each commit of every history.
func Wrong(o order.Order) string {
	packed := inPackages(o)
	var worth int64
	for _, i := range o.Items {
		if wrong := wrongUnits(i); wrong != "" {
			return "line " + i.ItemID + ": " + wrong
		}
		if i.Packed != packed[i.ItemID] && o.Status.Confirmed() {
			return fmt.Sprintf("line %s: %d packed, in packages %d", i.ItemID, i.Packed, packed[i.ItemID])
		}
		if o.Status == order.Cancelled && i.Cancelled != i.Quantity {
			return fmt.Sprintf("line %s: %d of %d units of a cancelled order are cancelled", i.ItemID, i.Cancelled, i.Quantity)
		}
		worth += i.ValueMinor()
	}
	for _, p := range o.Payments {
		if l := p.Ledger; min(l.Authorized, l.Voided, l.Captured, l.Refunded, l.Net()) < 0 {
			return fmt.Sprintf("payment %s gave back more than it took: %+v", p.ItemID, l)
		}
	}
	switch {
	case o.Status.Confirmed() && worth+o.ShippingMinor != o.TotalMinor:
		return fmt.Sprintf("lines are worth %d and shipping %d, the order %d", worth, o.ShippingMinor, o.TotalMinor)
	case o.ShippingMinor < 0:
		return fmt.Sprintf("shipping is worth %d", o.ShippingMinor)
	case o.OwedMinor < 0:
		return fmt.Sprintf("%d could not be taken", o.OwedMinor)
	case o.DueMinor < 0, o.Status == order.Cancelled && o.DueMinor != 0:
		return fmt.Sprintf("%d is due of an order that is %s", o.DueMinor, o.Status)
	}
	return ""
}

// inPackages are the units of each line in packages that have not left.
func inPackages(o order.Order) map[string]int64 {
	packed := map[string]int64{}
	for _, p := range o.Packages {
		if p.Status == order.PackageCreated || p.Status == order.PackageSubmitted || p.Status == order.PackagePrinted {
			for _, u := range p.Lines {
				packed[u.ItemID] += u.Quantity
			}
		}
	}
	return packed
}

func wrongUnits(i order.Item) string {
	stayed := i.Shipped - i.Returned
	switch {
	case i.Cancelled < 0 || i.Shipped < 0 || i.Open() < 0 || i.Packed < 0 || i.Free() < 0:
		return fmt.Sprintf("%d ordered, %d cancelled, %d shipped, %d packed", i.Quantity, i.Cancelled, i.Shipped, i.Packed)
	case i.ReturnPending < 0 || i.Returned < 0 || i.ReturnPending+i.Returned > i.Shipped:
		return fmt.Sprintf("of %d shipped %d came back and %d are to", i.Shipped, i.Returned, i.ReturnPending)
	case i.Delivered < 0 || i.Undelivered < 0 || i.Delivered+i.Undelivered > stayed:
		return fmt.Sprintf("of %d that stayed %d arrived and %d could not", stayed, i.Delivered, i.Undelivered)
	case min(i.ValueMinor(), i.CancelledMinor, i.ShippedMinor, i.ReturnedMinor) < 0:
		return fmt.Sprintf("worth less than nothing: %+v", i)
	case i.Cancelled == i.Quantity && i.CancelledMinor != i.ValueMinor():
		return fmt.Sprintf("worth %d, but %d when cancelled", i.ValueMinor(), i.CancelledMinor)
	case i.Returned == i.Shipped && i.ReturnedMinor != i.ShippedMinor:
		return fmt.Sprintf("%d left, %d came back", i.ShippedMinor, i.ReturnedMinor)
	case i.Open() == 0 && i.CancelledMinor+i.ShippedMinor != i.ValueMinor():
		return fmt.Sprintf("worth %d, but %d was cancelled and %d has left", i.ValueMinor(), i.CancelledMinor, i.ShippedMinor)
	}
	return ""
}

// WrongMove is what an event may not do to an order, or nothing: the status
// moves by the table, what is counted only grows, and a finished order stays as
// it is, but that it may be hidden, or be given money back. That holds for each
// event.
func WrongMove(before, after order.Order) string {
	if after.Status != before.Status && !before.Status.CanBecome(after.Status) {
		return fmt.Sprintf("moves from %s to %s", before.Status, after.Status)
	}
	if before.Status.Final() && (!slices.Equal(before.Items, after.Items) || after.DueMinor > before.DueMinor) {
		return fmt.Sprintf("changes an order that is %s: lines %+v and %d due became %+v and %d", before.Status, before.Items, before.DueMinor, after.Items, after.DueMinor)
	}
	if after.Made < before.Made || after.Requests < before.Requests {
		return fmt.Sprintf("forgets that %d things and %d requests were made: now %d and %d", before.Made, before.Requests, after.Made, after.Requests)
	}
	for _, was := range before.Items {
		is, kept := after.Item(was.ItemID)
		if !kept || is.Cancelled < was.Cancelled || is.Shipped < was.Shipped || is.Returned < was.Returned ||
			is.Quantity != was.Quantity && (was.Cancelled > 0 || was.Packed > 0 || was.Shipped > 0) {
			return fmt.Sprintf("line %s was %+v and is %+v", was.ItemID, was, is)
		}
	}
	return ""
}

// Unsecured is what of a sale without work left is authorized or paid too much
// or too little, or nothing; of a cancelled order, what was not given back. What
// is paid elsewhere may be too much, but then no authorization is left; and who
// took it may have given it back. What could not be taken is still authorized,
// and credit of an exchange is used, or is on its way back.
func Unsecured(o order.Order) string {
	settled := o.Confirmed() && len(o.Work) == 0 || o.Status == order.Cancelled
	if !settled || o.Imported {
		return ""
	}
	var secured, open int64
	var cash order.Ledger
	for _, p := range o.Payments {
		secured += p.Ledger.Secured()
		if p.Gateway == order.ExternalGateway {
			cash = p.Ledger
			continue
		}
		open += p.Ledger.Open()
	}
	more := secured - o.DueMinor
	switch {
	case more > 0 && (open > 0 || more > cash.Net()), more < 0 && -more > cash.Refunded:
		return fmt.Sprintf("%d is authorized or paid of %d due", secured, o.DueMinor)
	case o.Confirmed() && o.OwedMinor > open:
		return fmt.Sprintf("%d could not be taken and only %d is authorized", o.OwedMinor, open)
	case o.FreeCredit() != 0:
		return fmt.Sprintf("%d of its credit is not used", o.FreeCredit())
	}
	return ""
}
