package order

import orderv1 "github.com/orderstream/oms/gen/oms/order/v1"

// Effect says what is known of a payment operation.
type Effect uint8

const (
	// No means that it did not take place.
	No Effect = iota
	// Maybe means that it was asked for and that its outcome is not known.
	Maybe
	// Yes means that it took place.
	Yes
)

// Standing is what is known of one payment item of the order.
type Standing struct {
	Payment
	Authorized, Captured, Voided, Refunded Effect
}

// Standings returns what is known of each payment item, over all rounds, from
// the requests of the saga and their answers.
func (o Order) Standings() []Standing {
	out := make([]Standing, len(o.Payments))
	index := make(map[string]int, len(o.Payments))
	for i, p := range o.Payments {
		out[i].Payment = p
		index[p.ItemID] = i
	}
	for _, p := range o.Steps {
		for _, t := range p.Transactions {
			if i, known := index[t.ItemID]; known {
				out[i].note(t.Operation, p.effect(t))
			}
		}
	}
	return out
}

// Paid reports whether every payment item is authorized or captured for
// certain. An order that costs nothing is paid.
func (o Order) Paid() bool {
	for _, s := range o.Standings() {
		if s.Authorized != Yes && s.Captured != Yes {
			return false
		}
	}
	return o.TotalMinor == 0 || len(o.Payments) > 0
}

// note keeps the strongest knowledge of an operation: what once took place
// stays so, whatever a later request for the same comes to.
func (s *Standing) note(op orderv1.PaymentOperation, e Effect) {
	switch op {
	case orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE:
		s.Authorized = max(s.Authorized, e)
	case orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE:
		s.Captured = max(s.Captured, e)
	case orderv1.PaymentOperation_PAYMENT_OPERATION_VOID:
		s.Voided = max(s.Voided, e)
	case orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND:
		s.Refunded = max(s.Refunded, e)
	case orderv1.PaymentOperation_PAYMENT_OPERATION_UNSPECIFIED:
	}
}

// effect is what the state of a request says of one of its transactions.
func (p StepProgress) effect(t Transaction) Effect {
	switch p.State {
	case StepDone:
		return Yes
	case StepRefused:
		if t.Succeeded {
			return Yes
		}
		return No
	case StepPending, StepUnknown, StepSkipped:
		return Maybe
	}
	return No
}
