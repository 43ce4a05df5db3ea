package payment

import (
	"slices"
	"time"
)

// Work is what a request takes, in this order: when it is Answered, nothing;
// when there are Lookups, to make them, record them with Settle and plan the
// request again; else to make the Calls, if there are any, to take back what
// Compensate says, and to record everything with Record.
type Work struct {
	// Request is the one that was planned.
	Request Request
	// Answered is true when nothing is left to do; Answer is the answer.
	Answered bool
	Answer   Answer
	// Lookups ask what became of calls of the undone request.
	Lookups []Task
	// Calls are to be made in order. When the request is all-or-none, the first
	// refusal ends it: what follows need not be called.
	Calls []Task
	// Decided are the transactions that take no call: refused by a rule, or
	// undone with nothing left to undo.
	Decided []TaskResult
	// Known are the transactions of the request that the ledger has already,
	// because the gateway told their results by another way.
	Known []TaskResult
	// Refused is true when one of the transactions is refused for certain.
	Refused bool
}

// take adds a task to the work: as a call, or as known when the gateway told
// its result by another way.
func (w *Work) take(p Payment, t Task) {
	known, found := p.transaction(t.TransactionID)
	if !found {
		w.Calls = append(w.Calls, t)
		return
	}
	w.Refused = w.Refused || !known.Approved
	w.Known = append(w.Known, known.result(p.OrderID))
}

// Compensate says which calls take back what the calls of an all-or-none
// request did before one of them was refused: authorizations are voided and
// captures refunded. Money that was given back is not taken again. The results
// go into Record together.
func (w Work) Compensate(results []TaskResult) []Task {
	failed := w.Refused || len(results) < len(w.Calls) || slices.ContainsFunc(results, func(r TaskResult) bool { return !r.Result.Approved })
	if !w.Request.AllOrNone || !failed {
		return nil
	}
	var undo []Task
	for _, r := range slices.Backward(slices.Concat(w.Known, results)) {
		if t, ok := r.compensation(); ok {
			undo = append(undo, t)
		}
	}
	return undo
}

// Record is the command that stores what became of the request: what Plan
// decided, and the results of the calls and of their compensation.
func (w Work) Record(results []TaskResult, now time.Time) Record {
	return Record{
		RequestID: w.Request.ID, AllOrNone: w.Request.AllOrNone, UndoOf: w.Request.UndoOf,
		TransactionIDs: w.Request.ids(), Results: slices.Concat(w.Decided, results), Now: now,
	}
}

// Settle is the command that stores what the lookups found.
func (w Work) Settle(results []TaskResult, now time.Time) Settle {
	return Settle{Close: w.Request.UndoOf, Results: results, Now: now}
}
