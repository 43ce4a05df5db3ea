package payment

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Record stores the outcome of a bulk request; build it with Work.Record. From
// then on the request is answered from the ledger, for ever.
type Record struct {
	// RequestID is the request.
	RequestID string
	// AllOrNone says whether its transactions had to succeed together.
	AllOrNone bool
	// UndoOf is the request that was undone; it is closed.
	UndoOf string
	// TransactionIDs are the request's transactions as asked.
	TransactionIDs []string
	// Results are the outcomes, those of compensating calls included.
	Results []TaskResult
	// Now is when the outcome is recorded.
	Now time.Time
}

// Decide records the transactions and the request, once. What a gateway did is
// recorded also when the request was closed meanwhile: money that moved is in
// the ledger. It refuses results that are plainly incomplete: recording them
// would forget money.
func (c Record) Decide(p Payment) ([]proto.Message, error) {
	known := p.request(c.RequestID)
	if known.Recorded {
		return nil, nil
	}
	if err := c.complete(p); err != nil {
		return nil, err
	}
	events := p.facts(c.Results, c.Now)
	if known.Closed {
		return events, nil
	}
	if c.UndoOf != "" && !p.request(c.UndoOf).Closed {
		events = append(events, &paymentv1.BulkTransactionClosed{RequestId: c.UndoOf})
	}
	return append(events, &paymentv1.BulkTransactionRecorded{
		RequestId: c.RequestID, Succeeded: c.succeeded(p), AllOrNone: c.AllOrNone, TransactionIds: c.TransactionIDs,
	}), nil
}

// succeeded reports whether every transaction was done and stayed done.
func (c Record) succeeded(p Payment) bool {
	return !slices.ContainsFunc(c.TransactionIDs, func(id string) bool { return !c.approved(p, id) }) &&
		!slices.ContainsFunc(c.Results, func(r TaskResult) bool { return !r.Result.Approved })
}

// approved reports whether a transaction was, in these results or before.
func (c Record) approved(p Payment, id string) bool {
	parts := p.partsOf(id)
	if slices.ContainsFunc(parts, func(t Transaction) bool { return !t.Approved }) {
		return false
	}
	return len(parts) > 0 || slices.ContainsFunc(c.Results, func(r TaskResult) bool {
		return r.Task.TransactionID == id && r.Result.Approved
	})
}

// has reports whether there is a result for a transaction.
func (c Record) has(id string) bool {
	return slices.ContainsFunc(c.Results, func(r TaskResult) bool { return r.Task.TransactionID == id })
}

// complete refuses results with which money would be forgotten.
func (c Record) complete(p Payment) error {
	failed := !c.succeeded(p)
	for _, id := range c.TransactionIDs {
		if !c.has(id) && !p.has(id) && (!c.AllOrNone || !failed) {
			return fault.New(fault.Internal, "result_missing", "request %s has no result for transaction %s", c.RequestID, id)
		}
	}
	for _, r := range c.Results {
		if r.Task.Lookup {
			return fault.New(fault.Internal, "not_settled", "request %s has lookups to settle first", c.RequestID)
		}
	}
	if !c.AllOrNone || !failed {
		return nil
	}
	for _, r := range slices.Concat(c.known(p), c.Results) {
		undo, ok := r.compensation()
		if ok && !c.has(undo.TransactionID) {
			return fault.New(fault.Internal, "not_compensated", "request %s failed, but nobody tried %s", c.RequestID, undo.TransactionID)
		}
	}
	return nil
}

// known are the request's own transactions that the ledger has already.
func (c Record) known(p Payment) []TaskResult {
	var known []TaskResult
	for _, id := range p.undecided(c.TransactionIDs) {
		for _, t := range p.partsOf(id) {
			known = append(known, t.result(p.OrderID))
		}
	}
	return known
}

// Settle stores outcomes that were learned apart from a request: by looking up
// what became of a call, or because the gateway said so by itself.
type Settle struct {
	// Close is the request that must not run any more; empty closes none.
	Close string
	// Results are the outcomes.
	Results []TaskResult
	// Now is when they are recorded.
	Now time.Time
}

// Decide records what the ledger does not have yet.
func (c Settle) Decide(p Payment) ([]proto.Message, error) {
	events := p.facts(c.Results, c.Now)
	if known := p.request(c.Close); c.Close != "" && !known.Closed {
		events = append(events, &paymentv1.BulkTransactionClosed{RequestId: c.Close})
	}
	return events, nil
}

// facts are the events of the results that the ledger does not have. A
// transaction happens once, however often its result is told; what moved
// nothing is no event.
func (p Payment) facts(results []TaskResult, now time.Time) []proto.Message {
	var events []proto.Message
	for _, r := range results {
		if p.has(r.Task.TransactionID) || r.Result.Approved && (r.Task.Call.AmountMinor == 0 || !p.books(r)) {
			continue
		}
		e := p.fact(r, now)
		events, p = append(events, e), Evolve(p, e)
	}
	return events
}

// books reports whether the ledger has what an approved transaction is booked
// on. A gateway may tell what became of an authorization before anybody
// recorded that there is one; then the call that is under way tells it again.
func (p Payment) books(r TaskResult) bool {
	return r.Task.Call.Operation == Authorize || slices.ContainsFunc(p.Item(r.Task.PaymentItemID).Authorizations, func(a Authorization) bool {
		return a.Reference == r.reference()
	})
}

// fact is the event of a result.
func (p Payment) fact(r TaskResult, now time.Time) proto.Message {
	t := &paymentv1.Transaction{
		TransactionId: r.Task.TransactionID, PaymentItemId: r.Task.PaymentItemID, Operation: r.Task.Call.Operation,
		AmountMinor: r.Task.Call.AmountMinor, CurrencyCode: r.Task.Call.Currency, Gateway: r.Task.Gateway,
		ResponseCode: r.Result.Code, ResponseMessage: r.Result.Message, At: timestamppb.New(now),
	}
	if r.Result.Approved {
		t.GatewayReference = r.reference()
	}
	p.numbered(t, r.Result.Approved)
	if !r.Result.Approved {
		return &paymentv1.PaymentFailed{Transaction: t}
	}
	switch t.GetOperation() {
	case Authorize:
		return &paymentv1.PaymentAuthorized{Transaction: t}
	case Capture:
		return &paymentv1.PaymentCaptured{Transaction: t}
	case Void:
		return &paymentv1.AuthorizationVoided{Transaction: t}
	case Refund:
		return &paymentv1.PaymentRefunded{Transaction: t}
	case paymentv1.Operation_OPERATION_UNSPECIFIED: // refused by Plan
	}
	return &paymentv1.PaymentFailed{Transaction: t}
}
