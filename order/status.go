package order

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/internal/fault"
)

// Status is the canonical status of an order or a line. Its numbers are those
// of the API's OrderStatus.
type Status uint8

const (
	// None means that the order does not exist.
	None Status = iota
	// Created means accepted and durable; the checkout is running.
	Created
	// OnHold means waiting for a person or a time.
	OnHold
	// Submitted means confirmed: stock, promotions and payment are settled.
	Submitted
	// Cancelling means that what was done is being undone.
	Cancelling
	// Cancelled means ended without a sale.
	Cancelled
	// ReadyToEdit means that the customer may still change it.
	ReadyToEdit
	// FreezeEdit means that the time for changes is over.
	FreezeEdit
	// ReadyToShip means that the warehouse may have it.
	ReadyToShip
	// SubmittedToFulfillment means that the warehouse has it.
	SubmittedToFulfillment
	// PartiallyShipped means that some units have left and others have not.
	PartiallyShipped
	// UnableToShip means that the warehouse could not ship it.
	UnableToShip
	// Shipped means that every unit that was not cancelled has left.
	Shipped
	// UnableToDeliver means that the carrier could not deliver it.
	UnableToDeliver
	// Delivered means that everything that left has arrived.
	Delivered
	// ReturnSubmitted means that the customer wants to give units back.
	ReturnSubmitted
	// Returned means that every unit that left was given back.
	Returned
	// Deleted means hidden for good.
	Deleted
)

// Statuses are all statuses, in the order of their numbers.
func Statuses() []Status {
	all := make([]Status, 0, Deleted+1)
	for s := None; s <= Deleted; s++ {
		all = append(all, s)
	}
	return all
}

// moves is the one list of legal moves. A shop that has no edit window or no
// warehouse system leaves out what it does not need: the way forward may skip
// stages, but never goes back, except from where somebody was unable.
var moves = map[Status][]Status{
	None:                   {Created, Submitted},
	Created:                {OnHold, Submitted, Cancelling},
	OnHold:                 {Created, Submitted, ReadyToEdit, FreezeEdit, ReadyToShip, SubmittedToFulfillment, PartiallyShipped, UnableToShip, Shipped, UnableToDeliver, Delivered, Returned, Cancelling},
	Submitted:              {OnHold, ReadyToEdit, FreezeEdit, ReadyToShip, SubmittedToFulfillment, PartiallyShipped, UnableToShip, Shipped, Cancelling},
	ReadyToEdit:            {OnHold, FreezeEdit, ReadyToShip, SubmittedToFulfillment, PartiallyShipped, UnableToShip, Shipped, Cancelling},
	FreezeEdit:             {OnHold, ReadyToShip, SubmittedToFulfillment, PartiallyShipped, UnableToShip, Shipped, Cancelling},
	ReadyToShip:            {OnHold, SubmittedToFulfillment, PartiallyShipped, Shipped, UnableToShip, Cancelling},
	SubmittedToFulfillment: {OnHold, PartiallyShipped, Shipped, UnableToShip},
	PartiallyShipped:       {OnHold, Shipped, UnableToDeliver, Delivered, ReturnSubmitted, Returned},
	UnableToShip:           {OnHold, ReadyToShip, SubmittedToFulfillment, PartiallyShipped, Shipped, Cancelling},
	Shipped:                {UnableToDeliver, Delivered, ReturnSubmitted, Returned},
	UnableToDeliver:        {Shipped, Delivered, ReturnSubmitted, Returned},
	Delivered:              {ReturnSubmitted, Returned},
	ReturnSubmitted:        {PartiallyShipped, Shipped, UnableToDeliver, Delivered, Returned},
	Returned:               {Deleted},
	Cancelling:             {Cancelled},
	Cancelled:              {Deleted},
	Deleted:                nil,
}

var statusNames = map[Status]string{
	None: "none", Created: "created", OnHold: "on_hold", Submitted: "submitted", Cancelling: "cancelling", Cancelled: "cancelled",
	ReadyToEdit: "ready_to_edit", FreezeEdit: "freeze_edit", ReadyToShip: "ready_to_ship",
	SubmittedToFulfillment: "submitted_to_fulfillment", PartiallyShipped: "partially_shipped", UnableToShip: "unable_to_ship",
	Shipped: "shipped", UnableToDeliver: "unable_to_deliver", Delivered: "delivered",
	ReturnSubmitted: "return_submitted", Returned: "returned", Deleted: "deleted",
}

// String is the status in lower case, as reason codes and texts carry it.
func (s Status) String() string {
	if name, known := statusNames[s]; known {
		return name
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// CanBecome reports whether an order may go from s to next.
func (s Status) CanBecome(next Status) bool { return slices.Contains(moves[s], next) }

// Next are the statuses that an order in s may go to.
func (s Status) Next() []Status { return slices.Clone(moves[s]) }

// Final reports whether the sale of an order in s has ended: all that can
// still happen to it is to be hidden.
func (s Status) Final() bool {
	return !slices.ContainsFunc(moves[s], func(next Status) bool { return next != Deleted })
}

// Confirmed reports whether the checkout of an order in s has ended with a
// sale that stands. An order on hold may be either; see Order.Confirmed.
func (s Status) Confirmed() bool {
	switch s {
	case Submitted, ReadyToEdit, FreezeEdit, ReadyToShip, SubmittedToFulfillment, PartiallyShipped, UnableToShip,
		Shipped, UnableToDeliver, Delivered, ReturnSubmitted, Returned:
		return true
	case None, Created, OnHold, Cancelling, Cancelled, Deleted:
	}
	return false
}

// become returns the events that bring the order to another status, or says
// why it cannot go there.
func (o Order) become(next Status, events ...proto.Message) ([]proto.Message, error) {
	if err := o.exists(); err != nil {
		return nil, err
	}
	if !o.Status.CanBecome(next) {
		return nil, o.refuse("cannot become " + next.String())
	}
	return events, nil
}

// refuse says that the status of the order does not allow something.
func (o Order) refuse(what string) error {
	return fault.New(fault.Precondition, "order_"+o.Status.String(), "order %s is %s and %s", o.ID, o.Status, what)
}

// exists says that there is no such order when there is none. A deleted one is
// there only for who reads the log.
func (o Order) exists() error {
	if o.Status == None || o.Status == Deleted {
		return o.missing()
	}
	return nil
}

func (o Order) missing() error {
	return fault.New(fault.NotFound, "order_not_found", "order %s does not exist", o.ID)
}

// Mermaid draws the legal moves as a state diagram.
func Mermaid() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, s := range Statuses() {
		for _, next := range moves[s] {
			fmt.Fprintf(&b, "  %s --> %s\n", node(s), node(next))
		}
		if s.Final() {
			fmt.Fprintf(&b, "  %s --> [*]\n", node(s))
		}
	}
	return b.String()
}

// node names a status in a diagram; None is the dot that it starts from.
func node(s Status) string {
	if s == None {
		return "[*]"
	}
	return s.String()
}
