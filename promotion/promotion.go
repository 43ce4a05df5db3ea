// Package promotion decides about promo codes: who may use one, and that it is
// never used more often than its limits allow.
//
// A use is first blocked for an order in checkout and then assigned when the
// order is paid; either can be given back. A block ends by itself after a
// while, so that an abandoned checkout does not eat a use for ever.
//
// Four kinds of aggregate share one log, all of one collection in one
// partition with one writer:
//
//   - a code has the terms, the number of assigned uses, and the live blocks,
//     because an expired block must be found without knowing its order;
//   - a use is one order's use of a code, so that giving it back is exact;
//   - a customer is one customer's uses of a code that has a cap;
//   - a bulk transaction is a request of the saga with what became of it.
//
// A code that was redeemed a million times thus stays as small as the
// checkouts that hold it right now. A fact about a use is recorded for every
// aggregate that it concerns: whoever counts facts over the log looks at codes
// alone, see KindOf.
//
// The package is pure: time and ids arrive in commands, and nothing here does
// I/O.
package promotion

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
)

// Kind is the kind of an aggregate of the promotion log.
type Kind uint8

const (
	// CodeKind is a promo code.
	CodeKind Kind = iota
	// UseKind is one order's use of a code.
	UseKind
	// CustomerKind is one customer's uses of a code.
	CustomerKind
	// TransactionKind is a bulk transaction.
	TransactionKind
)

// Prefixes of the ids of all aggregates but codes, whose ids start with the
// number of their collection.
const (
	usePrefix         = "use/"
	customerPrefix    = "cust/"
	transactionPrefix = "tx/"
)

// KindOf returns the kind of the aggregate that has an id.
func KindOf(id string) Kind {
	switch {
	case strings.HasPrefix(id, usePrefix):
		return UseKind
	case strings.HasPrefix(id, customerPrefix):
		return CustomerKind
	case strings.HasPrefix(id, transactionPrefix):
		return TransactionKind
	}
	return CodeKind
}

// CodeID is the id of the aggregate of a promo code.
func CodeID(collection int64, code string) string {
	return strconv.FormatInt(collection, 10) + "/" + code
}

// UseID is the id of the aggregate of an order's use of a code.
func UseID(collection int64, code, order string) string {
	return usePrefix + CodeID(collection, escape(code)) + "/" + order
}

// CustomerID is the id of the aggregate of a customer's uses of a code.
func CustomerID(collection int64, code, customer string) string {
	return customerPrefix + CodeID(collection, escape(code)) + "/" + customer
}

// TransactionID is the id of the aggregate of a bulk transaction.
func TransactionID(collection int64, id string) string {
	return transactionPrefix + strconv.FormatInt(collection, 10) + "/" + id
}

// escape makes a name fit between two slashes; different names stay different.
// Requests from the queue bring codes that nobody checked.
func escape(name string) string {
	if !strings.ContainsAny(name, "%/") {
		return name
	}
	return strings.NewReplacer("%", "%25", "/", "%2F").Replace(name)
}

// State is the state of one aggregate of the promotion log. Its kind says
// which part is used; the others stay zero.
type State struct {
	// Kind says what the aggregate is.
	Kind Kind `cbor:"1,keyasint,omitempty"`
	// Code is the state of a promo code.
	Code Code `cbor:"2,keyasint,omitzero"`
	// Use is the state of an order's use of a code.
	Use Use `cbor:"3,keyasint,omitzero"`
	// Customer is the state of a customer's uses of a code.
	Customer Customer `cbor:"4,keyasint,omitzero"`
	// Transaction is the state of a bulk transaction.
	Transaction Transaction `cbor:"5,keyasint,omitzero"`
}

// New returns an aggregate without history. The ordinal does not matter: codes
// are not numbered.
func New(id string, _ uint64) State { return State{Kind: KindOf(id)} }

// Evolve folds one stored event. It never fails and never changes what the
// given state shares.
func Evolve(s State, e proto.Message) State {
	switch s.Kind {
	case CodeKind:
		s.Code = s.Code.evolve(e)
	case UseKind:
		s.Use = s.Use.evolve(e)
	case CustomerKind:
		s.Customer = s.Customer.evolve(e)
	case TransactionKind:
		s.Transaction = s.Transaction.evolve(e)
	}
	return s
}

// Wake says whether a code has blocks, and when the first of them ends. Then
// ExpireBlocks is due.
func Wake(s State) (active bool, at time.Time) {
	if len(s.Code.Blocks) == 0 {
		return false, time.Time{}
	}
	first := slices.MinFunc(s.Code.Blocks, func(a, b Block) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	return true, first.ExpiresAt
}

// Refusal codes of a promo code. They are part of the contract with callers.
const (
	// UnknownCode: the code does not exist.
	UnknownCode = "unknown_code"
	// WrongConfirmationCode: the code needs another confirmation code.
	WrongConfirmationCode = "wrong_confirmation_code"
	// CodeDisabled: an operator stopped the code.
	CodeDisabled = "code_disabled"
	// NotStarted: the code's window lies in the future.
	NotStarted = "not_started"
	// Ended: the code's window is over.
	Ended = "ended"
	// UsageLimitReached: every use of the code is blocked or assigned.
	UsageLimitReached = "usage_limit_reached"
	// CustomerLimitReached: the customer has no use of the code left.
	CustomerLimitReached = "customer_limit_reached"
	// CustomerRequired: the code has a cap a customer, and a guest asked.
	CustomerRequired = "customer_required"
	// NotBlocked: the order to assign to never had a block.
	NotBlocked = "not_blocked"
	// BlockExpired: the order's block ended, and there is no use left.
	BlockExpired = "block_expired"
	// TransactionClosed: the transaction was undone before it arrived.
	TransactionClosed = "transaction_closed"
	// NotApplied: nothing is wrong with the code itself, but another code of
	// the same transaction was refused.
	NotApplied = "not_applied"
)
