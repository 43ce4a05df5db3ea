package order

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Patch moves an order, or lines of it, along its fulfilment, and notes reasons
// and properties (Skava OrderDelegate). A status that stands for an act, such
// as shipped or cancelled, is that act.
type Patch struct {
	// Status is where the order goes; None leaves it.
	Status        Status
	ReasonCode    string
	ReasonMessage string
	// Properties are set on the order, Other belong to the patch itself.
	Properties map[string]string
	Other      map[string]string
	// Items are patched one by one.
	Items []PatchItem
	// Transport is for units that ship.
	Transport Transport
	By        string
	// Operator may do what a customer may not.
	Operator bool
	Now      time.Time
}

// PatchItem patches one line.
type PatchItem struct {
	ItemID        string
	Status        Status
	ReasonCode    string
	ReasonMessage string
	Properties    map[string]string
	Other         map[string]string
	// Quantity is the units that the status is about; 0 means all that can be.
	Quantity   int64
	Returnable *bool
}

// Decide notes the patch and does what its statuses stand for.
func (c Patch) Decide(o Order) ([]proto.Message, error) {
	if err := o.editable(); err != nil {
		return nil, err
	}
	if !o.Status.Confirmed() && (c.Status != None || slices.ContainsFunc(c.Items, func(p PatchItem) bool { return p.Status != None })) {
		return nil, o.refuse("moves by itself until it is confirmed")
	}
	if err := c.check(o); err != nil {
		return nil, err
	}
	events := []proto.Message{c.event()}
	after := Evolve(o, events[0])
	for _, act := range c.acts(after) {
		more, err := act(after)
		if err != nil {
			return nil, err
		}
		for _, e := range more {
			after = Evolve(after, e)
		}
		events = append(events, more...)
	}
	if actOf[c.Status] != nil && len(events) == 1 && o.Status != c.Status {
		return nil, o.refuse("has nothing that could become " + c.Status.String())
	}
	return events, nil
}

// check notes lines that are not there and moves that are not legal.
func (c Patch) check(o Order) error {
	var v fault.Fields
	if staged(c.Status) && o.Status != c.Status && !o.Status.CanBecome(c.Status) {
		return o.refuse("cannot become " + c.Status.String())
	}
	if c.Status != None && !staged(c.Status) && actOf[c.Status] == nil {
		v.Add("status", "an order cannot be patched to %s", c.Status)
	}
	seen := unique{}
	for n, p := range c.Items {
		path := fmt.Sprintf("items[%d]", n)
		seen.add(path+".item_id", p.ItemID, &v)
		i, known := o.Item(p.ItemID)
		switch {
		case !known:
			v.Add(path+".item_id", "order %s has no line %q", o.ID, p.ItemID)
		case p.Status == None:
		case staged(p.Status):
			if i.Open() == 0 || i.Stage != p.Status && !i.Stage.CanBecome(p.Status) {
				v.Add(path+".status", "line %s is %s and cannot become %s", p.ItemID, i.Status(), p.Status)
			}
		case actOf[p.Status] == nil:
			v.Add(path+".status", "a line cannot be patched to %s", p.Status)
		}
		if p.Quantity < 0 {
			v.Add(path+".quantity", "must be zero or more")
		}
	}
	return v.Err()
}

func staged(s Status) bool { return IsStage(s) }

// IsStage reports whether a status is a stage of fulfilment, which lines go
// through before they leave.
func IsStage(s Status) bool {
	_, stage := rank[s]
	return stage
}

// act decides on an order, as a command does.
type act func(Order) ([]proto.Message, error)

// actOf says what a status that stands for an act does to some units.
var actOf = map[Status]func(c Patch, lines []Units) act{ //nolint:exhaustive // the others stand for no act
	Shipped: func(c Patch, l []Units) act {
		return Ship{Lines: l, Transport: c.Transport, By: c.By, Now: c.Now}.Decide
	},
	Delivered:       func(c Patch, l []Units) act { return c.moveAll(PackageDelivered, l) },
	UnableToDeliver: func(c Patch, l []Units) act { return c.moveAll(PackageUndeliverable, l) },
	ReturnSubmitted: func(c Patch, l []Units) act { return SubmitReturn{Lines: l, By: c.By, Now: c.Now}.Decide },
	Cancelled: func(c Patch, l []Units) act {
		return CancelItems{Lines: l, Reason: c.ReasonMessage, By: c.By, Operator: c.Operator, Now: c.Now}.Decide
	},
}

// acts are the commands that the statuses of the patch stand for, over the
// lines that have such units.
func (c Patch) acts(o Order) []act {
	lines := make(map[Status][]Units)
	var statuses []Status
	add := func(s Status, i Item, quantity int64) {
		if quantity == 0 {
			quantity = roomFor(s, i)
		}
		if !slices.Contains(statuses, s) {
			statuses = append(statuses, s)
		}
		if quantity > 0 {
			lines[s] = append(lines[s], Units{ItemID: i.ItemID, Quantity: quantity})
		}
	}
	if actOf[c.Status] != nil {
		statuses = append(statuses, c.Status)
		for _, i := range o.Items {
			if roomFor(c.Status, i) > 0 {
				add(c.Status, i, 0)
			}
		}
	}
	for _, p := range c.Items {
		if i, _ := o.Item(p.ItemID); actOf[p.Status] != nil {
			add(p.Status, i, p.Quantity)
		}
	}
	var out []act
	for _, s := range statuses {
		out = append(out, actOf[s](c, lines[s]))
	}
	return out
}

// roomFor is all the units of a line that a status can be about.
func roomFor(s Status, i Item) int64 {
	switch s { //nolint:exhaustive // the others are about open units
	case ReturnSubmitted:
		return i.Returnable()
	case Delivered:
		return i.Shipped - i.Returned - i.Delivered
	case UnableToDeliver:
		return i.Shipped - i.Returned - i.Undelivered
	}
	return i.Free()
}

// moveAll tells the same of every package with some of the lines in it that can
// get there.
func (c Patch) moveAll(to orderv1.PackageStatus, lines []Units) act {
	return func(o Order) (events []proto.Message, err error) {
		for _, p := range o.Packages {
			if !slices.Contains(packageMoves[p.Status], to) || !p.holdsAny(lines) {
				continue
			}
			more, err := UpdatePackage{PackageID: p.ID, Status: to, By: c.By, Now: c.Now}.Decide(o)
			if err != nil {
				return nil, err
			}
			for _, e := range more {
				o = Evolve(o, e)
			}
			events = append(events, more...)
		}
		return events, nil
	}
}

// event is the patch as it is stored.
func (c Patch) event() *orderv1.OrderStatusPatched {
	e := &orderv1.OrderStatusPatched{
		Status: orderv1.OrderStatus(c.Status), ReasonCode: c.ReasonCode, ReasonMessage: c.ReasonMessage,
		Properties: c.Properties, OtherProperties: c.Other, PatchedBy: c.By, At: stamp(c.Now),
	}
	for _, p := range c.Items {
		e.Items = append(e.Items, &orderv1.ItemPatch{
			ItemId: p.ItemID, Status: orderv1.OrderStatus(p.Status), ReasonCode: p.ReasonCode, ReasonMessage: p.ReasonMessage,
			Properties: p.Properties, OtherProperties: p.Other, Quantity: p.Quantity, Returnable: p.Returnable,
		})
	}
	return e
}
