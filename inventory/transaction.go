package inventory

import (
	"slices"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

// Action says what a bulk transaction does to the stock of an order.
type Action = inventoryv1.StockAction

// The actions, by the names that the rest of the code uses.
const (
	// ByMovement: the movement of each line says it.
	ByMovement = inventoryv1.StockAction_STOCK_ACTION_UNSPECIFIED
	// ToReserve keeps units for an order.
	ToReserve = inventoryv1.StockAction_STOCK_ACTION_RESERVE
	// ToRelease gives units of reservations back.
	ToRelease = inventoryv1.StockAction_STOCK_ACTION_RELEASE
	// ToShip takes units of reservations out of the bin.
	ToShip = inventoryv1.StockAction_STOCK_ACTION_SHIP
	// ToRestock takes units that had left back in.
	ToRestock = inventoryv1.StockAction_STOCK_ACTION_RESTOCK
)

// Transaction is a bulk transaction: what was asked and what became of it.
type Transaction struct {
	// Decided is true once the transaction was applied or refused.
	Decided bool `cbor:"1,keyasint,omitempty"`
	// Succeeded is true when every line was done.
	Succeeded bool `cbor:"2,keyasint,omitempty"`
	// Released is true once the transaction was undone: it holds nothing any
	// more, and when it was not decided before it never will be.
	Released bool `cbor:"3,keyasint,omitempty"`
	// Lines are the lines as asked, with their outcome.
	Lines []LineOutcome `cbor:"4,keyasint,omitempty"`
	// Asked is what was asked beside the lines; nil when nothing was.
	Asked *Asked `cbor:"5,keyasint,omitempty"`
}

// Asked is what a bulk transaction asks for beside its lines.
type Asked struct {
	// Action is none when the movements of the lines say it.
	Action Action `cbor:"1,keyasint,omitempty"`
	// Reservations are the bulk transactions that it took from.
	Reservations []string `cbor:"2,keyasint,omitempty"`
}

// LineOutcome is one line of a bulk transaction with what became of it. It
// keeps no more than an answer and an undo need: a transaction of a thousand
// lines is kept for ever.
type LineOutcome struct {
	// Bin and SKU name the stock item.
	Bin string `cbor:"1,keyasint,omitempty"`
	SKU string `cbor:"2,keyasint,omitempty"`
	// Movement is what was asked.
	Movement Movement `cbor:"3,keyasint,omitempty"`
	// Quantity is the units asked for.
	Quantity int64 `cbor:"4,keyasint,omitempty"`
	// Refusal is a stable code; empty when the line was done.
	Refusal string `cbor:"5,keyasint,omitempty"`
	// Gone counts the units of a reservation that were given back or shipped.
	Gone int64 `cbor:"6,keyasint,omitempty"`
}

// Refusal codes of a line. They are part of the contract with callers.
const (
	// UnknownSKU: the bin never had any of the SKU.
	UnknownSKU = "unknown_sku"
	// OutOfStock: fewer units are available than asked for.
	OutOfStock = "out_of_stock"
	// InvalidQuantity: the quantity is below 1, or more than can be counted.
	InvalidQuantity = "invalid_quantity"
	// UnsupportedMovement: the movement is none of a bulk transaction, or not
	// that of its action.
	UnsupportedMovement = "unsupported_movement"
	// ExceedsReserved: the reservations hold fewer units than asked for.
	ExceedsReserved = "exceeds_reserved"
	// ReservationUndone: all reservations were undone before.
	ReservationUndone = "reservation_undone"
	// UnknownReservation: none of the reservations was ever asked for.
	UnknownReservation = "unknown_reservation"
	// TransactionClosed: the transaction was undone before it arrived.
	TransactionClosed = "transaction_closed"
	// NotApplied: nothing is wrong with the line itself, but another line of
	// the same all-or-none transaction was refused.
	NotApplied = "not_applied"
)

// evolve folds one event of a bulk transaction.
func (t Transaction) evolve(e proto.Message) Transaction {
	switch e := e.(type) {
	case *inventoryv1.BulkTransactionApplied:
		t.Decided = true
		t.Succeeded = e.GetSucceeded()
		t.Lines = outcomes(e.GetLines())
		if e.GetAction() != ByMovement || len(e.GetReservations()) > 0 {
			t.Asked = &Asked{e.GetAction(), slices.Clone(e.GetReservations())}
		}
	case *inventoryv1.BulkTransactionReleased:
		t.Released = true
	case *inventoryv1.ReservationReduced:
		t.Lines = t.reduced(e.GetLines())
	}
	return t
}

// outcomes is what the state keeps of a transaction's lines.
func outcomes(lines []*inventoryv1.BulkLine) []LineOutcome {
	kept := make([]LineOutcome, len(lines))
	for n, l := range lines {
		kept[n] = LineOutcome{
			Bin:      l.GetBinName(),
			SKU:      l.GetSkuId(),
			Movement: l.GetMovement(),
			Quantity: l.GetQuantity(),
			Refusal:  l.GetRefusal(),
		}
	}
	return kept
}

// Outcome is the answer to a bulk transaction.
type Outcome struct {
	// Succeeded is true when every line was done.
	Succeeded bool
	// Closed is true when the transaction was undone before it arrived; then
	// nothing is known of its lines, and each is refused as TransactionClosed.
	Closed bool
	// Lines are the lines in the order in which they were asked.
	Lines []LineOutcome
	// Asked is what was asked beside the lines.
	Asked Asked
}

// Outcome returns what became of the bulk transaction. It is false for a
// transaction that was neither decided nor undone. The answer to a decided
// transaction stays the same for ever, also after it was undone or shipped.
func (i Item) Outcome() (Outcome, bool) {
	t := i.Transaction
	out := Outcome{
		Succeeded: t.Succeeded, Closed: t.Released && !t.Decided,
		Lines: slices.Clone(t.Lines),
	}
	if t.Asked != nil {
		out.Asked = Asked{t.Asked.Action, slices.Clone(t.Asked.Reservations)}
	}
	for n := range out.Lines {
		out.Lines[n].Gone = 0
	}
	return out, t.Decided || t.Released
}

// Answers reports whether the outcome is that of the request: under its id
// there may be another one. A transaction that was undone before it arrived is
// known by nothing but its id.
func (o Outcome) Answers(c BulkTransaction) bool {
	return o.Closed || o.Asked.Action == c.action() && slices.Equal(o.Asked.Reservations, c.from()) &&
		slices.EqualFunc(o.Lines, c.Lines, LineOutcome.answers)
}

// answers reports whether the line was decided as this one.
func (l LineOutcome) answers(asked Line) bool {
	return l.Bin == binOf(asked.Bin) && l.SKU == asked.SKU && l.Movement == asked.Movement && l.Quantity == asked.Quantity
}

// holds are the units that the transaction keeps reserved, by line. Lines that
// hold nothing are missing.
func (t Transaction) holds() []LineOutcome {
	if t.Released {
		return nil
	}
	var held []LineOutcome
	for _, l := range t.Lines {
		if n := l.held(); n > 0 {
			held = append(held, LineOutcome{Bin: l.Bin, SKU: l.SKU, Quantity: n})
		}
	}
	return held
}

// held is what is left of the reservation of a line.
func (l LineOutcome) held() int64 {
	if l.Movement != Remove || l.Refusal != "" {
		return 0
	}
	return l.Quantity - l.Gone
}

// reduced are the lines when they hold less.
func (t Transaction) reduced(by []*inventoryv1.ReducedLine) []LineOutcome {
	gone := map[place]int64{}
	for _, l := range by {
		gone[place{l.GetBinName(), l.GetSkuId()}] += l.GetQuantity()
	}
	kept := slices.Clone(t.Lines)
	for n, l := range kept {
		at := place{l.Bin, l.SKU}
		units := min(gone[at], l.held())
		kept[n].Gone += units
		gone[at] -= units
	}
	return kept
}
