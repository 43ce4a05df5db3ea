package payment

// Answer is the answer to a bulk request.
type Answer struct {
	// RequestID is the request.
	RequestID string
	// Succeeded is true when every transaction was done.
	Succeeded bool
	// AllOrNone says whether they had to succeed together.
	AllOrNone bool
	// Closed is true when the request was undone before it arrived; then
	// nothing is known of its transactions, and each is refused as
	// RequestClosed.
	Closed bool
	// Transactions are the outcomes in the order in which they were asked.
	Transactions []Outcome
}

// Outcome is what became of one transaction of a bulk request.
type Outcome struct {
	// TransactionID is the transaction as asked.
	TransactionID string
	// Approved is true when it was done, and stayed done.
	Approved bool
	// Amount is what was moved and stayed so, in minor units; an undo may move
	// less than was asked.
	Amount int64
	// Reverted is what was moved and taken back, because another transaction of
	// the same all-or-none request was refused.
	Reverted int64
	// Code and Message are the gateway's, or a rule's.
	Code    string
	Message string
}

// Answer returns the answer to a bulk request. It is false for one that was
// neither decided nor closed. The answer to a decided request stays the same
// for ever, also after it was undone.
func (p Payment) Answer(requestID string) (Answer, bool) {
	r := p.request(requestID)
	a := Answer{RequestID: r.ID, Succeeded: r.Succeeded, AllOrNone: r.AllOrNone, Closed: r.Closed && !r.Recorded}
	for _, id := range r.TransactionIDs {
		a.Transactions = append(a.Transactions, p.outcome(r, id))
	}
	return a, r.Recorded || r.Closed
}

// outcome is what became of a transaction of a decided request.
func (p Payment) outcome(r BulkRequest, id string) Outcome {
	parts := p.partsOf(id)
	if len(parts) == 0 && r.AllOrNone && !r.Succeeded {
		return Outcome{TransactionID: id, Code: NotApplied}
	}
	// A transaction that left no trace in a request that went through had
	// nothing to undo.
	o := Outcome{TransactionID: id, Approved: true, Code: Approved}
	for _, t := range parts {
		switch {
		case p.approved(t.ID + separator + voidSuffix), p.approved(t.ID + separator + refundSuffix):
			o.Reverted += t.Amount
			if o.Approved {
				o.Approved, o.Code, o.Message = false, NotApplied, ""
			}
		case !t.Approved && o.Approved: // the first refusal says why
			o.Approved, o.Code, o.Message = false, t.Code, t.Message
		case t.Approved:
			o.Amount += t.Amount
			if o.Approved {
				o.Code, o.Message = t.Code, t.Message
			}
		}
	}
	return o
}
