package order

import orderv1 "github.com/orderstream/oms/gen/oms/order/v1"

// Ledger is what is known for certain of the money of one payment item, in
// minor units, over all payment rounds. Its sums only ever grow. What nobody
// knows yet is in the requests that are open, see Uncertain.
type Ledger struct {
	Authorized int64 `cbor:"1,keyasint,omitzero"`
	Voided     int64 `cbor:"2,keyasint,omitzero"`
	Captured   int64 `cbor:"3,keyasint,omitzero"`
	Refunded   int64 `cbor:"4,keyasint,omitzero"`
}

// Open is what is authorized and neither captured nor given up.
func (l Ledger) Open() int64 { return l.Authorized - l.Voided - l.Captured }

// Net is what was captured and not given back.
func (l Ledger) Net() int64 { return l.Captured - l.Refunded }

// Secured is what the customer cannot take away any more.
func (l Ledger) Secured() int64 { return l.Open() + l.Net() }

// Paid reports whether what the order owes is authorized, captured or recorded in
// full for certain. An order that costs nothing is paid.
func (o Order) Paid() bool {
	left := o.DueMinor
	for _, p := range o.Payments {
		left -= p.Ledger.Secured()
	}
	return left <= 0
}

// Surplus is what is secured beyond what the order owes and what its work is
// about to give back; less than zero when something is missing.
func (o Order) Surplus() int64 {
	surplus := -o.DueMinor
	for _, p := range o.Payments {
		surplus += p.Ledger.Secured()
	}
	for _, w := range o.Work {
		surplus -= max(w.GiveBackMinor-w.GivenBackMinor, 0)
	}
	return surplus
}

// Uncertain reports whether nobody knows if a payment item had a step done: a
// request for it waits for its answer, or nobody waits for it any more.
func (o Order) Uncertain(s orderv1.Step, item string) bool {
	for _, p := range o.Steps {
		if p.Step != s || !p.unsettled() {
			continue
		}
		for _, t := range p.Transactions {
			if t.ItemID == item {
				return true
			}
		}
	}
	return false
}

// Unsettled returns the newest request of a step whose outcome nobody knows,
// and that was not taken back; false when there is none.
func (o Order) Unsettled(s orderv1.Step) (StepProgress, bool) {
	for i := len(o.Steps) - 1; i >= 0; i-- {
		if p := o.Steps[i]; p.Step == s && p.unsettled() {
			return p, true
		}
	}
	return StepProgress{}, false
}

// unsettled reports whether the outcome of a request is not known. A step that
// was skipped before it was asked has none.
func (p StepProgress) unsettled() bool {
	switch p.State {
	case StepPending, StepUnknown, StepSkipped:
		return p.RequestID != "" && !p.Undone
	case StepDone, StepRefused:
	}
	return false
}

// booked is the order with the outcomes of a request in its ledgers.
func (o Order) booked(ts []Transaction) Order {
	if len(ts) == 0 {
		return o
	}
	payments := make([]Payment, len(o.Payments))
	copy(payments, o.Payments)
	for i := range payments {
		for _, t := range ts {
			if t.ItemID == payments[i].ItemID {
				payments[i].Ledger = payments[i].Ledger.book(t)
			}
		}
	}
	o.Payments = payments
	return o
}

// book adds the outcome of one operation. What is taken back because nobody
// knew of it was never counted before, so it is counted both ways.
func (l Ledger) book(t Transaction) Ledger {
	moved, twoWays := t.MovedMinor+t.RevertedMinor, t.RevertedMinor
	if t.Undoes != "" {
		twoWays += t.MovedMinor
	}
	switch t.Operation {
	case orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE:
		l.Authorized += moved
		l.Voided += t.RevertedMinor
	case orderv1.PaymentOperation_PAYMENT_OPERATION_VOID:
		if t.Succeeded && t.Undoes == "" { // what was not there to be given up is used up
			moved = t.AmountMinor
		}
		l.Voided += moved
		l.Authorized += twoWays
	case orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE:
		l.Captured += moved
		l.Refunded += t.RevertedMinor
	case orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND:
		l.Refunded += moved
		l.Captured += twoWays
	case orderv1.PaymentOperation_PAYMENT_OPERATION_UNSPECIFIED:
	}
	return l
}
