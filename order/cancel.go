package order

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Cancel asks for the whole order to be cancelled. The saga undoes what was
// done and then records that it is. An order that is being cancelled, for
// whatever reason, or is cancelled, is left as it is. Once units have left, the
// rest is cancelled by units.
type Cancel struct {
	// Reason in the caller's words.
	Reason string
	// By is the user who asks.
	By string
	// KeepPromotion leaves the promo codes used.
	KeepPromotion bool
	// Operator may cancel what the customer may not any more: after the freeze.
	Operator bool
	Now      time.Time
}

// Decide requests the cancellation, and gives up packages that have not left.
func (c Cancel) Decide(o Order) ([]proto.Message, error) {
	if o.Status == Cancelling || o.Status == Cancelled { // asked twice, done once
		return nil, nil
	}
	if err := o.cancellable(c.Operator); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(o.Items, func(i Item) bool { return i.Shipped > 0 }) {
		return nil, fault.New(fault.Precondition, "order_shipped", "units of order %s have left: cancel the others by line and quantity", o.ID)
	}
	events := []proto.Message{}
	for _, p := range o.Packages {
		if p.Status == PackageCreated || p.Status == PackageSubmitted || p.Status == PackagePrinted {
			events = append(events, &orderv1.PackageStatusChanged{
				PackageId: p.ID, Status: PackageVoided, Previous: p.Status, ChangedBy: c.By, At: stamp(c.Now),
			})
		}
	}
	return o.become(Cancelling, append(events, &orderv1.OrderCancelRequested{
		Reason: c.Reason, RequestedBy: c.By, KeepPromotion: c.KeepPromotion,
	})...)
}

// cancellable says whether a customer, or an operator, may still cancel what
// has not left.
func (o Order) cancellable(operator bool) error {
	if err := o.exists(); err != nil {
		return err
	}
	at := o.Status
	if at == OnHold && o.HeldFrom != None {
		at = o.HeldFrom
	}
	switch at {
	case FreezeEdit, ReadyToShip, UnableToShip:
		if !operator {
			return fault.New(fault.Precondition, "order_frozen", "order %s is %s: only an operator can cancel it", o.ID, at)
		}
	case SubmittedToFulfillment:
		return o.refuse("is with the warehouse")
	case None, Created, OnHold, Submitted, ReadyToEdit, PartiallyShipped,
		Cancelling, Cancelled, Shipped, UnableToDeliver, Delivered, ReturnSubmitted, Returned, Deleted:
	}
	return nil
}

// CancelItems cancels some units of a sale that stands, or of an order that is
// held in its checkout, which then asks only for the rest. Units that are in
// packages that have not left are unpacked. If none would be left of an order of
// which nothing has shipped, the whole order is cancelled.
type CancelItems struct {
	// Lines are the units; each line once.
	Lines []Units
	// Reason, By and Operator are as in Cancel.
	Reason   string
	By       string
	Operator bool
	Now      time.Time
}

// Decide gives up the units and leaves it to the saga to give back their stock
// and money.
func (c CancelItems) Decide(o Order) ([]proto.Message, error) {
	if err := o.cancellable(c.Operator); err != nil {
		return nil, err
	}
	if !o.Confirmed() && o.Status != OnHold {
		return nil, o.refuse("is not confirmed: cancel the whole order, or wait")
	}
	if err := o.unedited(); err != nil {
		return nil, err
	}
	lines, err := o.take(c.Lines, "open", Item.Open, Item.openShare)
	if err != nil {
		return nil, err
	}
	if o.nothingLeft(lines) {
		return Cancel{Reason: c.Reason, By: c.By, Operator: c.Operator, Now: c.Now}.Decide(o)
	}
	stored, values, worth := storedUnits(lines)
	work := &orderv1.Work{WorkId: o.newID("w", 0), Release: stored}
	if o.Confirmed() { // else the checkout takes less
		work.GiveBackMinor, work.VoidFirst = worth, true
	}
	return append(o.unpack(lines, c.By, c.Now), &orderv1.OrderItemsCancelRequested{
		CancellationId: o.newID("c", 0), Lines: stored, LineValuesMinor: values, ValueMinor: worth,
		Reason: c.Reason, RequestedBy: c.By, At: stamp(c.Now),
		Work: work,
	}), nil
}

// nothingLeft reports whether an order that has shipped nothing would be empty
// without some units.
func (o Order) nothingLeft(lines []Units) bool {
	var left int64
	for _, i := range o.Items {
		if i.Shipped > 0 {
			return false
		}
		left += i.Open()
	}
	for _, u := range lines {
		left -= u.Quantity
	}
	return left == 0
}

// take checks that each line has the units that are asked for, and says what
// they are worth. The words say which units can be asked for.
func (o Order) take(asked []Units, words string, room func(Item) int64, value func(Item, int64) int64) ([]Units, error) {
	var v fault.Fields
	if len(asked) == 0 {
		v.Add("lines", "must not be empty")
	}
	seen := unique{}
	out := make([]Units, len(asked))
	for n, u := range asked {
		path := lineField(n)
		seen.add(path+".item_id", u.ItemID, &v)
		i, known := o.Item(u.ItemID)
		switch {
		case !known:
			v.Add(path+".item_id", "order %s has no line %q", o.ID, u.ItemID)
		case u.Quantity < 1:
			v.Add(path+".quantity", "must be at least 1")
		case u.Quantity > room(i):
			v.Add(path+".quantity", "is %d, but of line %s only %d are %s", u.Quantity, u.ItemID, room(i), words)
		default:
			out[n] = Units{ItemID: u.ItemID, Quantity: u.Quantity, Minor: value(i, u.Quantity)}
		}
	}
	return out, v.Err()
}

func stamp(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t) }
