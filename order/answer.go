package order

import (
	"slices"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Answer is a participant's reply to a request of the saga. Only the request
// that is being waited for takes an answer, and only one: late and double
// replies change nothing, and neither does a reply to an order that is not
// there.
type Answer struct {
	Step      orderv1.Step
	RequestID string
	// Succeeded says that the participant did all that was asked.
	Succeeded bool
	Code      string
	Message   string
	// Verdict is for the fraud check only.
	Verdict orderv1.FraudVerdict
	// Transactions are the outcomes of payment operations; one that is not
	// named counts like the request as a whole.
	Transactions []Transaction
	// Refused names lines by item id or promo code.
	Refused []string
}

// Decide stores the answer. A reply that contradicts itself is read with
// caution: success with a failed or refused part is a refusal, and a fraud
// check without a verdict is one that a person has to look at.
func (c Answer) Decide(o Order) ([]proto.Message, error) {
	p, waiting := o.Pending()
	if !waiting || p.Step != c.Step || p.RequestID != c.RequestID {
		return nil, nil
	}
	e := &orderv1.StepAnswered{
		Step: c.Step, RequestId: c.RequestID, Succeeded: c.Succeeded && len(c.Refused) == 0,
		ResponseCode: c.Code, ResponseMessage: c.Message,
		Refused: slices.Clone(c.Refused),
	}
	if c.Step == orderv1.Step_STEP_CHECK_FRAUD {
		e.Succeeded, e.Verdict = c.verdict()
	}
	outcomes := p.outcomes(c)
	for _, t := range outcomes {
		e.Succeeded = e.Succeeded && t.Succeeded
		e.Transactions = append(e.Transactions, t.stored())
	}
	return []proto.Message{e}, nil
}

// verdict reads the answer of the fraud check: it succeeded when it came to a
// verdict, whichever.
func (c Answer) verdict() (bool, orderv1.FraudVerdict) {
	none := orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED
	if c.Succeeded && c.Verdict == none {
		return true, orderv1.FraudVerdict_FRAUD_VERDICT_REVIEW
	}
	return c.Verdict != none, c.Verdict
}

// outcomes are the transactions of a request with what the answer says of
// them. Transactions that nobody asked for are left out.
func (p StepProgress) outcomes(c Answer) []Transaction {
	out := slices.Clone(p.Transactions)
	for i, t := range out {
		out[i].Succeeded, out[i].Code, out[i].Message = c.Succeeded, c.Code, c.Message
		if c.Succeeded {
			out[i].MovedMinor = t.AmountMinor
		}
		for _, told := range c.Transactions {
			if told.ID == t.ID {
				out[i].Succeeded, out[i].Code, out[i].Message = told.Succeeded, told.Code, told.Message
				out[i].MovedMinor = min(max(told.MovedMinor, 0), t.AmountMinor)
				out[i].RevertedMinor = min(max(told.RevertedMinor, 0), t.AmountMinor-out[i].MovedMinor)
			}
		}
	}
	return out
}

func (t Transaction) stored() *orderv1.PaymentTransaction {
	e := &orderv1.PaymentTransaction{
		TransactionId: t.ID, PaymentItemId: t.ItemID, Operation: t.Operation, AmountMinor: t.AmountMinor,
		Succeeded: t.Succeeded, ResponseCode: t.Code, ResponseMessage: t.Message,
		RevertedMinor: t.RevertedMinor, Undoes: t.Undoes,
	}
	if usual := t.Succeeded && t.MovedMinor == t.AmountMinor || !t.Succeeded && t.MovedMinor == 0; !usual {
		e.MovedMinor = &t.MovedMinor
	}
	return e
}
