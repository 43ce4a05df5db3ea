package payment

import (
	"cmp"
	"fmt"
	"slices"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Plan says what a request takes. It fails only for a request that could not
// be recorded; what a rule refuses is an outcome. An operation that one
// authorization cannot cover takes several calls; the further ones are
// transactions of their own, named after the first: t1, t1#2, t1#3.
//
// Requests of one order are handled one at a time: two plans made from the
// same state may both want the same money.
func Plan(p Payment, r Request) (Work, error) {
	if err := r.check(); err != nil {
		return Work{}, err
	}
	w := Work{Request: r}
	if w.Answer, w.Answered = p.Answer(r.ID); w.Answered {
		return w, nil
	}
	if w.Lookups = p.lookups(r); len(w.Lookups) > 0 {
		return w, nil
	}
	then := p.before(p.undecided(r.ids()))
	for n, a := range r.Transactions {
		if p.conflicts(a, r.UndoOf != "") {
			return Work{}, fault.New(fault.Conflict, "transaction_reused", "transactions[%d].id: %q was another transaction", n, a.ID)
		}
		if p.decidedFor(a.ID) { // by another request; its money is not ours to take back
			w.Refused = w.Refused || !p.approvedAll(a.ID)
			continue
		}
		tasks, code := then.tasks(a, r.UndoOf != "")
		if code != "" || len(tasks) == 0 {
			w.Refused = w.Refused || code != ""
			w.Decided = append(w.Decided, p.decided(a, code))
			continue
		}
		then = then.assuming(tasks) // a later transaction does not count on the same money
		for _, t := range tasks {
			w.take(p, t)
		}
	}
	if r.AllOrNone && w.Refused {
		w.Calls = nil
	}
	return w, nil
}

// tasks are the calls that a transaction takes, or the code of the rule that
// refuses it. An undo that finds nothing takes none.
func (p Payment) tasks(a Asked, undo bool) (tasks []Task, code string) {
	if code := a.refused(p, undo); code != "" {
		return nil, code
	}
	i := p.Item(a.PaymentItemID)
	if a.Operation == Authorize {
		if a.Amount > MaxAmount-i.Authorized() {
			return nil, InvalidAmount
		}
		return []Task{p.task(a, 0, share{Authorization{Gateway: a.Gateway}, a.Amount})}, ""
	}
	room, exceeds := Authorization.Open, CaptureExceedsAuthorized
	switch a.Operation {
	case Void:
		exceeds = VoidExceedsAuthorized
	case Refund:
		room, exceeds = Authorization.Refundable, RefundExceedsCaptured
	case Authorize, Capture, paymentv1.Operation_OPERATION_UNSPECIFIED:
	}
	over, amount := i.Authorizations, a.Amount
	if undo {
		over, amount = p.undoable(a, over)
	}
	var covered int64
	for n, s := range spread(amount, over, room) {
		covered += s.amount
		tasks = append(tasks, p.task(a, n, s))
	}
	switch {
	case undo || covered == a.Amount:
		return tasks, ""
	case len(i.Authorizations) == 0:
		return nil, UnknownPaymentItem
	}
	return nil, exceeds
}

// undoable narrows an undo to what the undone transaction did: the
// authorizations that it made or used, and the amount that it moved.
func (p Payment) undoable(a Asked, over []Authorization) ([]Authorization, int64) {
	if a.Undoes == "" {
		return over, a.Amount
	}
	var did int64
	used := map[string]bool{}
	for _, t := range p.partsOf(a.Undoes) {
		if t.Approved && t.PaymentItemID == a.PaymentItemID && t.Operation == a.undone().Operation {
			did += t.Amount
			used[t.Reference] = true
		}
	}
	over = slices.DeleteFunc(slices.Clone(over), func(o Authorization) bool { return !used[o.Reference] })
	return over, min(a.Amount, did)
}

// task is the nth call of a transaction, for one share of its amount.
func (p Payment) task(a Asked, n int, s share) Task {
	id := a.ID
	if n > 0 {
		id = fmt.Sprint(a.ID, separator, n+1)
	}
	return Task{
		TransactionID: id, PaymentItemID: a.PaymentItemID, Gateway: s.authorization.Gateway,
		Call: Call{
			IdempotencyKey: Key(p.OrderID, id), Operation: a.Operation, Reference: s.authorization.Reference,
			AmountMinor: s.amount, Currency: a.Currency, Token: a.Token,
		},
	}
}

// decided is the outcome of a transaction that takes no call: refused by a
// rule, or an undo of nothing.
func (p Payment) decided(a Asked, code string) TaskResult {
	t := p.task(a, 0, share{Authorization{Gateway: cmp.Or(p.Item(a.PaymentItemID).Gateway(), a.Gateway)}, a.Amount})
	if code != "" {
		return TaskResult{t, Result{Code: code, Message: "refused by rule"}}
	}
	t.Call.AmountMinor = 0
	return TaskResult{t, Result{Approved: true, Code: Approved, Message: "nothing to undo"}}
}

// assuming is the payment as it would be if the calls were approved.
func (p Payment) assuming(tasks []Task) Payment {
	for _, t := range tasks {
		p.Currency = cmp.Or(p.Currency, t.Call.Currency)
		p = p.book(t.PaymentItemID, t.Call.Reference, t.Call.Operation, t.Call.AmountMinor)
	}
	return p
}

// conflicts reports whether a transaction's id was another one's.
func (p Payment) conflicts(a Asked, undo bool) bool {
	parts := p.partsOf(a.ID)
	if len(parts) == 0 {
		return false
	}
	var amount int64
	for _, t := range parts {
		if t.Operation != a.Operation || t.PaymentItemID != a.PaymentItemID || t.Currency != a.Currency {
			return true
		}
		amount += t.Amount
	}
	if undo || !p.decidedFor(a.ID) { // an undo finds less; of calls under way some are not told yet
		return amount > a.Amount
	}
	return amount != a.Amount
}

// lookups are the calls of the undone request whose outcome is not known: the
// ones that it was about, and after those the ones that took them back when
// the request was refused in part.
func (p Payment) lookups(r Request) []Task {
	if r.UndoOf == "" || p.request(r.UndoOf).Recorded {
		return nil
	}
	var lookups []Task
	var undone []string
	for _, a := range r.Transactions {
		undone = append(undone, a.Undoes)
	}
	then := p.before(undone)
	for _, a := range r.Transactions {
		if a.Undoes == "" {
			continue
		}
		// A rule that refuses the call now has refused it then.
		calls, _ := then.tasks(a.undone(), false)
		then = then.assuming(calls)
		for _, t := range p.partsOf(a.Undoes) {
			if undo, ok := t.result(p.OrderID).compensation(); ok {
				calls = append(calls, undo)
			}
		}
		for _, t := range calls {
			if !p.has(t.TransactionID) {
				t.Lookup = true
				lookups = append(lookups, t)
			}
		}
	}
	return lookups
}
