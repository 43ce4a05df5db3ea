package order

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/internal/fault"
)

// Status is the canonical status of an order. Its numbers are those of the
// API's OrderStatus.
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
)

// moves is the one list of legal moves. A status without moves is final.
var moves = map[Status][]Status{
	None:       {Created},
	Created:    {OnHold, Submitted, Cancelling},
	OnHold:     {Created, Cancelling},
	Submitted:  {Cancelling},
	Cancelling: {Cancelled},
	Cancelled:  nil,
}

// String is the status in lower case, as reason codes and texts carry it.
func (s Status) String() string {
	switch s {
	case None:
		return "none"
	case Created:
		return "created"
	case OnHold:
		return "on_hold"
	case Submitted:
		return "submitted"
	case Cancelling:
		return "cancelling"
	case Cancelled:
		return "cancelled"
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// CanBecome reports whether an order may go from s to next.
func (s Status) CanBecome(next Status) bool { return slices.Contains(moves[s], next) }

// Final reports whether an order in s never changes again.
func (s Status) Final() bool { return len(moves[s]) == 0 }

// become returns the events that bring the order to another status, or says
// why it cannot go there.
func (o Order) become(next Status, events ...proto.Message) ([]proto.Message, error) {
	if err := o.exists(); err != nil {
		return nil, err
	}
	if !o.Status.CanBecome(next) {
		return nil, fault.New(fault.Precondition, "order_"+o.Status.String(),
			"order %s is %s and cannot become %s", o.ID, o.Status, next)
	}
	return events, nil
}

// exists says that there is no such order when there is none.
func (o Order) exists() error {
	if o.Status == None {
		return fault.New(fault.NotFound, "order_not_found", "order %s does not exist", o.ID)
	}
	return nil
}

// Mermaid draws the legal moves as a state diagram.
func Mermaid() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for s := None; s <= Cancelled; s++ {
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
