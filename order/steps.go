package order

import (
	"strings"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// StepState says how far a request of the saga is.
type StepState uint8

const (
	// StepPending means asked and not answered.
	StepPending StepState = iota + 1
	// StepDone means that the participant did all that was asked.
	StepDone
	// StepRefused means that the participant did not.
	StepRefused
	// StepUnknown means that nobody waits for the answer any more: the
	// participant may have done it or not.
	StepUnknown
	// StepSkipped means that the saga goes on without it. Like an unknown step
	// it may have been done.
	StepSkipped
)

// String is the state in lower case.
func (s StepState) String() string {
	switch s {
	case StepPending:
		return "pending"
	case StepDone:
		return "done"
	case StepRefused:
		return "refused"
	case StepUnknown:
		return "unknown"
	case StepSkipped:
		return "skipped"
	}
	return "none"
}

// StepProgress is one request of the saga and what became of it.
type StepProgress struct {
	Step  orderv1.Step `cbor:"1,keyasint,omitzero"`
	State StepState    `cbor:"2,keyasint,omitzero"`
	// RequestID is stable: every send of the request carries it.
	RequestID string `cbor:"3,keyasint,omitzero"`
	// Attempt counts the sends of this request, starting at 1.
	Attempt uint32 `cbor:"4,keyasint,omitzero"`
	// Round is the number in the request id.
	Round uint32 `cbor:"5,keyasint,omitzero"`
	// Tries counts the sends for this step in this payment round, under
	// whatever request id, since the start or an operator's last resume. It is
	// what patience is measured by.
	Tries    uint32    `cbor:"6,keyasint,omitzero"`
	Deadline time.Time `cbor:"7,keyasint,omitzero"`
	// Code and Message are the participant's last response.
	Code    string `cbor:"8,keyasint,omitzero"`
	Message string `cbor:"9,keyasint,omitzero"`
	// Refused names the lines that the participant refused.
	Refused []string `cbor:"10,keyasint,omitzero"`
	// Transactions are the payment operations asked for, with their outcome.
	Transactions []Transaction `cbor:"11,keyasint,omitzero"`
	// UndoOf are the ids of the requests that this one takes back.
	UndoOf []string `cbor:"12,keyasint,omitzero"`
	// Undone says that a later request took this one back.
	Undone bool `cbor:"13,keyasint,omitzero"`
	// Work is the piece of work that the request is for; empty in the checkout.
	Work string `cbor:"14,keyasint,omitzero"`
}

// Transaction is one payment operation of a request.
type Transaction struct {
	ID          string                   `cbor:"1,keyasint,omitzero"`
	ItemID      string                   `cbor:"2,keyasint,omitzero"`
	Operation   orderv1.PaymentOperation `cbor:"3,keyasint,omitzero"`
	AmountMinor int64                    `cbor:"4,keyasint,omitzero"`
	Succeeded   bool                     `cbor:"5,keyasint,omitzero"`
	Code        string                   `cbor:"6,keyasint,omitzero"`
	Message     string                   `cbor:"7,keyasint,omitzero"`
	// MovedMinor was moved and stayed so; RevertedMinor was moved and taken
	// back within the same request. Both are zero in a request.
	MovedMinor    int64 `cbor:"8,keyasint,omitzero"`
	RevertedMinor int64 `cbor:"9,keyasint,omitzero"`
	// Undoes is the transaction that this one takes back because nobody knows
	// whether it took place.
	Undoes string `cbor:"10,keyasint,omitzero"`
}

// StepName is a step in request ids, reasons and texts: "reserve_inventory".
func StepName(s orderv1.Step) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "STEP_"))
}

// Step returns the latest request of a step; false when it was never asked.
func (o Order) Step(s orderv1.Step) (StepProgress, bool) {
	if i := o.latest(s); i >= 0 {
		return o.Steps[i], true
	}
	return StepProgress{}, false
}

// Pending returns the request that waits for an answer. There is at most one:
// the steps of an order run one after the other.
func (o Order) Pending() (StepProgress, bool) {
	for _, p := range o.Steps {
		if p.State == StepPending {
			return p, true
		}
	}
	return StepProgress{}, false
}

// RoundOf returns the number that the next new request of a step gets. It
// grows with every payment round, and with every refusal: a participant
// answers a repeated request as it did before, so a refused step can only be
// tried again under a new id.
//
// Requests of work are numbered through, since they are forgotten when it is
// done.
func (o Order) RoundOf(s orderv1.Step) uint32 {
	if s >= orderv1.Step_STEP_RESERVE_UNITS {
		return o.Requests + 1
	}
	last, _ := o.Step(s)
	return max(o.Round, last.Round+1)
}

// latest is the index of the latest request of a step, or -1.
func (o Order) latest(s orderv1.Step) int {
	for i := len(o.Steps) - 1; i >= 0; i-- {
		if o.Steps[i].Step == s {
			return i
		}
	}
	return -1
}

// Moved reports whether the request moved any money for certain.
func (p StepProgress) Moved() bool {
	for _, t := range p.Transactions {
		if t.MovedMinor > 0 {
			return true
		}
	}
	return false
}

// Touched reports whether a request was done, or may have been, and was not
// taken back.
func (p StepProgress) Touched() bool { return p.unsettled() || p.State == StepDone && !p.Undone }
