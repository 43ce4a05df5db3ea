// Package inventory decides about stock: what is on hand, what of it is kept
// for orders, and what is left to sell.
//
// Two kinds of aggregate share one log. A stock item is one SKU in one bin; a
// bulk transaction is a request of the saga with what became of it, kept so
// that a repeat is answered from there and an undo gives back exactly what the
// request holds. All aggregates of one collection live in one partition with
// one writer, so a command sees every item that it touches as it is, and
// 0 <= reserved <= on hand holds after each one.
//
// The package is pure: time and ids arrive in commands, and nothing here does
// I/O.
package inventory

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

// DefaultBin is the bin of a line that names none.
const DefaultBin = "main"

// MaxQuantity is the largest number of units that one line may move.
const MaxQuantity = 1_000_000_000

// MaxOnHand is the largest number of units of one SKU in one bin. It keeps the
// sum over millions of items inside 64 bits.
const MaxOnHand = 1_000_000_000_000

// Movement says what a line does to stock.
type Movement = inventoryv1.StockMovement

// The movements, by the names that the rest of the code uses.
const (
	Add       = inventoryv1.StockMovement_STOCK_MOVEMENT_ADD
	Remove    = inventoryv1.StockMovement_STOCK_MOVEMENT_REMOVE
	Transfer  = inventoryv1.StockMovement_STOCK_MOVEMENT_TRANSFER
	Reconcile = inventoryv1.StockMovement_STOCK_MOVEMENT_RECONCILE
)

// Item is the state of one aggregate of the inventory log. The aggregate's id
// says which half is used; the other one stays zero.
type Item struct {
	// Stock is the state of a stock item.
	Stock Stock `cbor:"1,keyasint,omitzero"`
	// Transaction is the state of a bulk transaction.
	Transaction Transaction `cbor:"2,keyasint,omitzero"`
}

// Stock is one SKU in one bin.
type Stock struct {
	// Known is true once units were ever added, or counted.
	Known bool `cbor:"1,keyasint,omitempty"`
	// OnHand counts the units in the bin.
	OnHand int64 `cbor:"2,keyasint,omitempty"`
	// Reserved counts the units of them that are kept for orders.
	Reserved int64 `cbor:"3,keyasint,omitempty"`
}

// Available is what can still be sold.
func (s Stock) Available() int64 { return s.OnHand - s.Reserved }

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
}

// Refusal codes of a line. They are part of the contract with callers.
const (
	// UnknownSKU: the bin never had any of the SKU.
	UnknownSKU = "unknown_sku"
	// OutOfStock: fewer units are available than asked for.
	OutOfStock = "out_of_stock"
	// InvalidQuantity: the quantity is below 1, or more than can be counted.
	InvalidQuantity = "invalid_quantity"
	// UnsupportedMovement: a bulk transaction only adds and removes.
	UnsupportedMovement = "unsupported_movement"
	// TransactionClosed: the transaction was undone before it arrived.
	TransactionClosed = "transaction_closed"
	// NotApplied: nothing is wrong with the line itself, but another line of
	// the same all-or-none transaction was refused.
	NotApplied = "not_applied"
)

// StockID is the id of the stock item of a SKU in a bin.
func StockID(collection int64, bin, sku string) string {
	// Whatever stands behind the second slash is the SKU, so only the bin
	// must not bring slashes of its own.
	return strconv.FormatInt(collection, 10) + "/" + escape(binOf(bin)) + "/" + sku
}

// TransactionID is the id of the aggregate of a bulk transaction.
func TransactionID(collection int64, id string) string {
	return "tx/" + strconv.FormatInt(collection, 10) + "/" + id
}

// escape makes a name fit between two slashes; different names stay different.
func escape(name string) string {
	if !strings.ContainsAny(name, "%/") {
		return name
	}
	return strings.NewReplacer("%", "%25", "/", "%2F").Replace(name)
}

// binOf is the bin that a line means.
func binOf(name string) string {
	if name == "" {
		return DefaultBin
	}
	return name
}

// New returns an aggregate without history. Neither id nor ordinal matters:
// the id is in every event, and stock is not numbered.
func New(string, uint64) Item { return Item{} }

// Evolve folds one stored event. It never fails and never changes what the
// given state shares.
func Evolve(i Item, e proto.Message) Item {
	switch e := e.(type) {
	case *inventoryv1.StockAdjusted:
		i.Stock.Known = true
		i.Stock.OnHand += e.GetDelta()
	case *inventoryv1.StockReserved:
		i.Stock.Reserved += e.GetQuantity()
	case *inventoryv1.StockReleased:
		i.Stock.Reserved -= e.GetQuantity()
	case *inventoryv1.BulkTransactionApplied:
		i.Transaction.Decided = true
		i.Transaction.Succeeded = e.GetSucceeded()
		i.Transaction.Lines = outcomes(e.GetLines())
	case *inventoryv1.BulkTransactionReleased:
		i.Transaction.Released = true
	}
	return i
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
}

// Outcome returns what became of the bulk transaction. It is false for a
// transaction that was neither decided nor undone. The answer to a decided
// transaction stays the same for ever, also after it was undone.
func (i Item) Outcome() (Outcome, bool) {
	t := i.Transaction
	return Outcome{
		Succeeded: t.Succeeded,
		Closed:    t.Released && !t.Decided,
		Lines:     slices.Clone(t.Lines),
	}, t.Decided || t.Released
}

// holds returns the lines whose units the transaction keeps reserved until it
// is released.
func (t Transaction) holds() []LineOutcome {
	var held []LineOutcome
	for _, l := range t.Lines {
		if l.Movement == Remove && l.Refusal == "" {
			held = append(held, l)
		}
	}
	return held
}
