package payment

import (
	"fmt"
	"strings"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// Request is a bulk request of the saga, as it comes through the queue.
type Request struct {
	// ID is the request id; a repeat carries the same one.
	ID string
	// Tenant whose order is paid; only gateways ask.
	Tenant string
	// AllOrNone wants every transaction done, or none.
	AllOrNone bool
	// UndoOf is the id of the request that this one undoes; empty for others.
	// An undo voids and refunds, as much of what it asks for as there is: with
	// nothing there it succeeds. It takes back every transaction of the undone
	// request, in the same order: if nobody knows what became of that request,
	// its calls are worked out again.
	UndoOf string
	// Transactions are done in order.
	Transactions []Asked
}

// Asked is one transaction of a bulk request.
type Asked struct {
	// ID is the transaction id; the gateway's idempotency key derives from it.
	ID string
	// PaymentItemID is the payment item of the order.
	PaymentItemID string
	// Operation is what to do.
	Operation Operation
	// Amount in minor units of Currency. An undo asks for what the undone
	// transaction asked for.
	Amount   int64
	Currency string
	// Gateway and Token say where and with what to authorize. Other operations
	// go where the authorization is; an undo names them for the case that the
	// authorization was never heard of again.
	Gateway string
	Token   string
	// Undoes is the id of the transaction that this one undoes, in undo
	// requests: an authorization for Void, a capture for Refund.
	Undoes string
}

// Codes by which a rule, and not the gateway, refuses a transaction. They are
// part of the contract with callers.
const (
	// UnknownPaymentItem: nothing was ever authorized for the payment item.
	UnknownPaymentItem = "unknown_payment_item"
	// InvalidAmount: the amount is not between 1 and MaxAmount.
	InvalidAmount = "invalid_amount"
	// InvalidCurrency: the currency is unknown, or not that of the order.
	InvalidCurrency = "invalid_currency"
	// UnsupportedOperation: there is no such operation, or an undo asked for
	// something that undoes nothing.
	UnsupportedOperation = "unsupported_operation"
	// CaptureExceedsAuthorized: less is authorized than should be captured.
	CaptureExceedsAuthorized = "capture_exceeds_authorized"
	// VoidExceedsAuthorized: less is authorized than should be given up.
	VoidExceedsAuthorized = "void_exceeds_authorized"
	// RefundExceedsCaptured: less was taken than should be given back.
	RefundExceedsCaptured = "refund_exceeds_captured"
	// NotApplied: nothing is wrong with the transaction itself, but another one
	// of the same all-or-none request was refused; what had been done was undone.
	NotApplied = "not_applied"
	// RequestClosed: the request was undone before it arrived.
	RequestClosed = "request_closed"
	// UnknownGateway: there is no gateway of that name.
	UnknownGateway = "unknown_gateway"
	// NeverMade: a lookup found that the call was never made, and never will be.
	NeverMade = "never_made"
	// Approved is the response code of an approved transaction.
	Approved = "200"
	// Declined is the response code of one that the provider declined.
	Declined = "402"
)

// maxID bounds transaction ids, so that every gateway takes the keys that are
// made of them.
const maxID = 128

// Marks of derived transaction ids. Callers' ids have no separator in them, so
// a derived id never meets a caller's.
const (
	separator    = "#"
	voidSuffix   = "void"
	refundSuffix = "refund"
)

// check refuses a request whose outcome could not be recorded.
func (r Request) check() error {
	var f fault.Fields
	if r.ID == "" {
		f.Add("id", "must not be empty")
	}
	if r.UndoOf != "" && r.UndoOf == r.ID {
		f.Add("undo_of", "must name another request")
	}
	if len(r.Transactions) == 0 {
		f.Add("transactions", "must not be empty")
	}
	seen := map[string]bool{}
	for n, a := range r.Transactions {
		at := fmt.Sprintf("transactions[%d].", n)
		if a.ID == "" || len(a.ID) > maxID || strings.Contains(a.ID, separator) {
			f.Add(at+"id", "must be 1 to %d bytes and not contain %q", maxID, separator)
		}
		if seen[a.ID] {
			f.Add(at+"id", "is used twice")
		}
		seen[a.ID] = true
		if a.PaymentItemID == "" {
			f.Add(at+"payment_item_id", "must not be empty")
		}
	}
	return f.Err()
}

// ids are the ids of the request's transactions.
func (r Request) ids() []string {
	ids := make([]string, len(r.Transactions))
	for n, a := range r.Transactions {
		ids[n] = a.ID
	}
	return ids
}

// refused says by which rule the transaction is refused whatever was paid so
// far; empty when it may be tried.
func (a Asked) refused(p Payment, undo bool) (code string) {
	least := int64(1)
	switch a.Operation {
	case Void, Refund:
		if undo {
			least = 0
		}
	case Authorize, Capture:
		if undo {
			return UnsupportedOperation
		}
	case paymentv1.Operation_OPERATION_UNSPECIFIED:
		return UnsupportedOperation
	default:
		return UnsupportedOperation
	}
	if a.Amount < least || a.Amount > MaxAmount {
		return InvalidAmount
	}
	if _, known := money.Exponent(a.Currency); !known || p.Currency != "" && p.Currency != a.Currency {
		return InvalidCurrency
	}
	return ""
}

// undone is the transaction that a transaction of an undo request undoes, as
// it must have been asked.
func (a Asked) undone() Asked {
	u := a
	u.ID, u.Undoes = a.Undoes, ""
	switch a.Operation {
	case Void:
		u.Operation = Authorize
	case Refund:
		u.Operation = Capture
	case Authorize, Capture, paymentv1.Operation_OPERATION_UNSPECIFIED:
		u.Operation = paymentv1.Operation_OPERATION_UNSPECIFIED
	}
	return u
}
