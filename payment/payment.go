// Package payment keeps the ledger of the payments of one order, and decides
// what to ask a gateway.
//
// A gateway is outside and slow, so a request is handled in three moves. Plan
// is pure: it says which calls a request takes, which transactions a rule
// refuses, and answers a request that was decided before. Somebody else makes
// the calls (payment/gateway). Record stores what came back. A crash between
// the calls and the record is healed by doing it all again: every call carries
// an idempotency key made from its transaction id, so the gateway repeats its
// answer instead of its work.
//
// An undo may arrive while it is not known what the gateway did for the undone
// request. Plan then asks for lookups first, Settle records what they found
// and closes the undone request, and the next Plan undoes exactly that.
//
// What the ledger promises, for every payment item: captured <= authorized,
// refunded <= captured, and captured minus refunded is what was paid.
//
// The package is pure: time and ids arrive in commands, and nothing here does
// I/O.
package payment

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
)

// Operation is one of the four things that can be done with money.
type Operation = paymentv1.Operation

// The operations, by the names that the rest of the code uses.
const (
	Authorize = paymentv1.Operation_OPERATION_AUTHORIZE
	Void      = paymentv1.Operation_OPERATION_VOID
	Capture   = paymentv1.Operation_OPERATION_CAPTURE
	Refund    = paymentv1.Operation_OPERATION_REFUND
)

// MaxAmount is the largest amount of one transaction in minor units. It keeps
// the sums of an order inside 64 bits.
const MaxAmount = 1_000_000_000_000_000

// Payment is the state of the payments of one order. The zero value is an
// order without any.
type Payment struct {
	// OrderID is the order, and the id of the aggregate.
	OrderID string `cbor:"1,keyasint,omitempty"`
	// Currency is the ISO 4217 code of every amount; set by the first
	// authorization.
	Currency string `cbor:"2,keyasint,omitempty"`
	// Items are the payment items in the order of their first authorization.
	Items []Item `cbor:"3,keyasint,omitempty"`
	// Transactions are the operations in the order in which they were recorded,
	// the refused ones too.
	Transactions []Transaction `cbor:"4,keyasint,omitempty"`
	// Requests are the bulk requests that were decided or closed.
	Requests []BulkRequest `cbor:"5,keyasint,omitempty"`
	// Ordinal is the number of this payment among those of the installation, from
	// which the numbers of its records are made; Records is how many there are.
	Ordinal uint64 `cbor:"6,keyasint,omitempty"`
	Records int64  `cbor:"7,keyasint,omitempty"`
	// Untold are the payments that were made elsewhere and that the order does
	// not know of yet.
	Untold []string `cbor:"8,keyasint,omitempty"`
}

// Transaction is one operation with its outcome.
type Transaction struct {
	// ID is the transaction id. An operation that takes several calls has the
	// further ones recorded under ids of their own, see Plan.
	ID string `cbor:"1,keyasint,omitempty"`
	// PaymentItemID is the payment item that it is for.
	PaymentItemID string `cbor:"2,keyasint,omitempty"`
	// Operation is what was asked.
	Operation Operation `cbor:"3,keyasint,omitempty"`
	// Amount in minor units of Currency.
	Amount   int64  `cbor:"4,keyasint,omitempty"`
	Currency string `cbor:"5,keyasint,omitempty"`
	// Gateway is the one that was asked.
	Gateway string `cbor:"6,keyasint,omitempty"`
	// Reference names the authorization at the gateway.
	Reference string `cbor:"7,keyasint,omitempty"`
	// Approved is false when the gateway or a rule refused.
	Approved bool `cbor:"8,keyasint,omitempty"`
	// Code and Message are the gateway's, or a rule's.
	Code    string `cbor:"9,keyasint,omitempty"`
	Message string `cbor:"10,keyasint,omitempty"`
	// At is when the outcome was recorded.
	At time.Time `cbor:"11,keyasint,omitzero"`
	// Number is that of the payment record that it is; 0 when it is none.
	// Refunds is the record that a refund gives back from, FullRefund says that
	// nothing of that is left.
	Number     int64 `cbor:"12,keyasint,omitempty"`
	Refunds    int64 `cbor:"13,keyasint,omitempty"`
	FullRefund bool  `cbor:"14,keyasint,omitempty"`
	// Method and ExternalReference say how and where a payment was made that was
	// made elsewhere.
	Method            string `cbor:"15,keyasint,omitempty"`
	ExternalReference string `cbor:"16,keyasint,omitempty"`
	// RecordedBy is who wrote that down.
	RecordedBy string `cbor:"17,keyasint,omitempty"`
}

// BulkRequest is what is kept of a bulk request.
type BulkRequest struct {
	// ID is the request id.
	ID string `cbor:"1,keyasint,omitempty"`
	// Recorded is true once the request was decided.
	Recorded bool `cbor:"2,keyasint,omitempty"`
	// Succeeded is true when every transaction was done.
	Succeeded bool `cbor:"3,keyasint,omitempty"`
	// AllOrNone says whether they had to succeed together.
	AllOrNone bool `cbor:"4,keyasint,omitempty"`
	// Closed is true once the request was undone; when it was not decided
	// before it never will be.
	Closed bool `cbor:"5,keyasint,omitempty"`
	// TransactionIDs are its transactions as asked.
	TransactionIDs []string `cbor:"6,keyasint,omitempty"`
}

// New returns the payments of an order that has none.
func New(id string, ordinal uint64) Payment { return Payment{OrderID: id, Ordinal: ordinal} }

// Evolve folds one stored event. It never fails and never changes what the
// given state shares.
func Evolve(p Payment, e proto.Message) Payment {
	switch e := e.(type) {
	case *paymentv1.PaymentAuthorized:
		p = p.noted(e.GetTransaction(), true).authorized(e.GetTransaction())
	case *paymentv1.PaymentCaptured:
		p = p.noted(e.GetTransaction(), true).moved(e.GetTransaction(), Capture)
	case *paymentv1.AuthorizationVoided:
		p = p.noted(e.GetTransaction(), true).moved(e.GetTransaction(), Void)
	case *paymentv1.PaymentRefunded:
		p = p.noted(e.GetTransaction(), true).moved(e.GetTransaction(), Refund)
	case *paymentv1.PaymentRecorded:
		p = p.external(e)
	case *paymentv1.PaymentTold:
		p = p.told(e.GetTransactionIds())
	case *paymentv1.PaymentFailed:
		p = p.noted(e.GetTransaction(), false)
	case *paymentv1.BulkTransactionRecorded:
		r := p.request(e.GetRequestId())
		r.Recorded, r.Succeeded, r.AllOrNone = true, e.GetSucceeded(), e.GetAllOrNone()
		r.TransactionIDs = slices.Clone(e.GetTransactionIds())
		p = p.withRequest(r)
	case *paymentv1.BulkTransactionClosed:
		r := p.request(e.GetRequestId())
		r.Closed = true
		p = p.withRequest(r)
	}
	return p
}

// noted adds a transaction to the list.
func (p Payment) noted(t *paymentv1.Transaction, approved bool) Payment {
	noted := Transaction{
		ID: t.GetTransactionId(), PaymentItemID: t.GetPaymentItemId(), Operation: t.GetOperation(),
		Amount: t.GetAmountMinor(), Currency: t.GetCurrencyCode(),
		Gateway: t.GetGateway(), Reference: t.GetGatewayReference(),
		Approved: approved, Code: t.GetResponseCode(), Message: t.GetResponseMessage(),
		Number: t.GetPaymentNumber(), Refunds: t.GetRefundedPaymentNumber(), FullRefund: t.GetFullRefund(),
	}
	if noted.Number != 0 {
		p.Records++
	}
	if at := t.GetAt(); at != nil {
		noted.At = at.AsTime()
	}
	p.Transactions = slices.Concat(p.Transactions, []Transaction{noted})
	return p
}

// request is what is known of a bulk request.
func (p Payment) request(id string) BulkRequest {
	if n := slices.IndexFunc(p.Requests, func(r BulkRequest) bool { return r.ID == id }); n >= 0 {
		return p.Requests[n]
	}
	return BulkRequest{ID: id}
}

// withRequest returns the payment with r in place of what was known of it.
func (p Payment) withRequest(r BulkRequest) Payment {
	n := slices.IndexFunc(p.Requests, func(known BulkRequest) bool { return known.ID == r.ID })
	if n < 0 {
		p.Requests = slices.Concat(p.Requests, []BulkRequest{r})
		return p
	}
	p.Requests = slices.Clone(p.Requests)
	p.Requests[n] = r
	return p
}

// partsOf returns the recorded transactions that a transaction id stands for:
// itself and the further calls that it took. Compensations are not among them.
func (p Payment) partsOf(id string) []Transaction {
	var parts []Transaction
	for _, t := range p.Transactions {
		suffix, derived := strings.CutPrefix(t.ID, id+separator)
		if t.ID == id || derived && suffix != voidSuffix && suffix != refundSuffix && !strings.Contains(suffix, separator) {
			parts = append(parts, t)
		}
	}
	return parts
}

// decidedFor reports whether a decided request has a transaction.
func (p Payment) decidedFor(id string) bool {
	return slices.ContainsFunc(p.Requests, func(r BulkRequest) bool { return slices.Contains(r.TransactionIDs, id) })
}

// undecided are the ids that no decided request has.
func (p Payment) undecided(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), p.decidedFor)
}

// before is the ledger as it was before the transactions of some ids.
func (p Payment) before(ids []string) Payment {
	for _, id := range ids {
		for _, t := range p.partsOf(id) {
			switch {
			case !t.Approved:
			case t.Operation == Authorize:
				i := p.Item(t.PaymentItemID)
				i.Authorizations = slices.DeleteFunc(slices.Clone(i.Authorizations), func(a Authorization) bool { return a.TransactionID == t.ID })
				p = p.withItem(i)
			default:
				p = p.book(t.PaymentItemID, t.Reference, t.Operation, -t.Amount)
			}
		}
	}
	return p
}

// transaction returns the recorded transaction of an id.
func (p Payment) transaction(id string) (Transaction, bool) {
	if n := slices.IndexFunc(p.Transactions, func(t Transaction) bool { return t.ID == id }); n >= 0 {
		return p.Transactions[n], true
	}
	return Transaction{}, false
}

// has reports whether a transaction is in the ledger, with whatever outcome.
func (p Payment) has(id string) bool {
	_, found := p.transaction(id)
	return found
}

// approved reports whether a transaction is in the ledger and was approved.
func (p Payment) approved(id string) bool {
	t, _ := p.transaction(id)
	return t.Approved
}

// approvedAll reports whether every call that a transaction took is in the
// ledger and was approved.
func (p Payment) approvedAll(id string) bool {
	parts := p.partsOf(id)
	return len(parts) > 0 && !slices.ContainsFunc(parts, func(t Transaction) bool { return !t.Approved })
}

// result is the task that led to the transaction, with what came back.
func (t Transaction) result(order string) TaskResult {
	return TaskResult{
		Task{
			TransactionID: t.ID, PaymentItemID: t.PaymentItemID, Gateway: t.Gateway,
			Call: Call{
				IdempotencyKey: Key(order, t.ID), Operation: t.Operation, Reference: t.Reference,
				AmountMinor: t.Amount, Currency: t.Currency,
			},
		},
		Result{Approved: t.Approved, Code: t.Code, Message: t.Message, Reference: t.Reference},
	}
}
