package promotion

import (
	"slices"

	"google.golang.org/protobuf/proto"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
)

// Transaction is a bulk transaction: what was asked and what became of it.
type Transaction struct {
	// Decided is true once the transaction was applied or refused.
	Decided bool `cbor:"1,keyasint,omitempty"`
	// Succeeded is true when every code was done.
	Succeeded bool `cbor:"2,keyasint,omitempty"`
	// Closed is true once the transaction was undone; when it was not decided
	// before it never will be.
	Closed bool `cbor:"3,keyasint,omitempty"`
	// Codes are the codes as asked, with their outcome.
	Codes []CodeOutcome `cbor:"4,keyasint,omitempty"`
}

// CodeOutcome is what became of one code of a bulk transaction.
type CodeOutcome struct {
	// PromoCode is the code.
	PromoCode string `cbor:"1,keyasint,omitempty"`
	// Refusal is a stable code; empty when it was done.
	Refusal string `cbor:"2,keyasint,omitempty"`
}

// evolve folds an event of a bulk transaction.
func (t Transaction) evolve(e proto.Message) Transaction {
	switch e := e.(type) {
	case *promotionv1.BulkTransactionApplied:
		t.Decided, t.Succeeded = true, e.GetSucceeded()
		t.Codes = make([]CodeOutcome, len(e.GetOutcomes()))
		for n, o := range e.GetOutcomes() {
			t.Codes[n] = CodeOutcome{PromoCode: o.GetPromoCode(), Refusal: o.GetRefusal()}
		}
	case *promotionv1.BulkTransactionClosed:
		t.Closed = true
	}
	return t
}

// Outcome is the answer to a bulk transaction.
type Outcome struct {
	// Succeeded is true when every code was done.
	Succeeded bool
	// Closed is true when the transaction was undone before it arrived; then
	// nothing is known of its codes, and each is refused as TransactionClosed.
	Closed bool
	// Codes are the codes in the order in which they were asked.
	Codes []CodeOutcome
}

// Outcome returns what became of the bulk transaction. It is false for a
// transaction that was neither decided nor undone. The answer to a decided
// transaction stays the same for ever, also after it was undone.
func (s State) Outcome() (Outcome, bool) {
	t := s.Transaction
	return Outcome{
		Succeeded: t.Succeeded,
		Closed:    t.Closed && !t.Decided,
		Codes:     slices.Clone(t.Codes),
	}, t.Decided || t.Closed
}
