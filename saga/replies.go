package saga

import (
	"encoding/json"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/order"
)

// ReadReply reads a participant's reply to a request of a step. Keys that it
// does not know are ignored; a reply that cannot be read at all, or says
// neither yes nor no, is Invalid.
func ReadReply(s orderv1.Step, data []byte) (order.Answer, error) {
	switch s {
	case orderv1.Step_STEP_RESERVE_INVENTORY, orderv1.Step_STEP_RELEASE_INVENTORY, orderv1.Step_STEP_RESERVE_UNITS,
		orderv1.Step_STEP_SHIP_UNITS, orderv1.Step_STEP_RELEASE_UNITS, orderv1.Step_STEP_RESTOCK_UNITS:
		return read(s, data, inventoryAnswer)
	case orderv1.Step_STEP_BLOCK_PROMOTION, orderv1.Step_STEP_ASSIGN_PROMOTION, orderv1.Step_STEP_RELEASE_PROMOTION:
		return read(s, data, promotionAnswer)
	case orderv1.Step_STEP_CHECK_FRAUD:
		return read(s, data, fraudAnswer)
	case orderv1.Step_STEP_AUTHORIZE_PAYMENT, orderv1.Step_STEP_CAPTURE_PAYMENT,
		orderv1.Step_STEP_VOID_PAYMENT, orderv1.Step_STEP_REFUND_PAYMENT, orderv1.Step_STEP_AUTHORIZE_UNITS,
		orderv1.Step_STEP_CAPTURE_UNITS, orderv1.Step_STEP_VOID_UNITS, orderv1.Step_STEP_REFUND_UNITS:
		return read(s, data, paymentAnswer)
	case orderv1.Step_STEP_CREATE_LINKED_ORDER, orderv1.Step_STEP_RETURN_CREDIT:
		return read(s, data, func(r skava.LinkedOrderReply) order.Answer {
			return order.Answer{RequestID: r.RequestID, Code: r.ResponseCode, Message: r.ResponseMessage}
		})
	case orderv1.Step_STEP_UNSPECIFIED:
	}
	return order.Answer{}, fault.New(fault.Invalid, "invalid_reply", "nobody is asked to do %s", s)
}

func read[R any](s orderv1.Step, data []byte, answer func(R) order.Answer) (order.Answer, error) {
	var reply R
	if err := json.Unmarshal(data, &reply); err != nil {
		return order.Answer{}, fault.Wrap(err, fault.Invalid, "invalid_reply", "the reply to %s is not a %T", order.StepName(s), reply)
	}
	a := answer(reply)
	if a.Code == "" && a.Verdict == orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED {
		// To read it as a refusal would forget what may have been done.
		return order.Answer{}, fault.New(fault.Invalid, "invalid_reply", "the reply to %s has no response code", order.StepName(s))
	}
	a.Step, a.Succeeded = s, a.Code == skava.CodeDone
	return a, nil
}

func inventoryAnswer(r skava.InventoryReply) order.Answer {
	a := order.Answer{RequestID: r.RequestID, Code: r.ResponseCode, Message: r.ResponseMessage}
	for _, b := range r.BinItems {
		if refused(b.ResponseCode, b.ResponseMessage) {
			a.Refused = append(a.Refused, b.Transaction.ID)
		}
	}
	return a
}

func promotionAnswer(r skava.PromotionReply) order.Answer {
	a := order.Answer{RequestID: r.RequestID, Code: r.ResponseCode, Message: r.ResponseMessage}
	for _, p := range r.PromoCodesInfo {
		if refused(p.ResponseCode, p.ResponseMessage) {
			a.Refused = append(a.Refused, p.PromoCode)
		}
	}
	return a
}

func fraudAnswer(r skava.FraudReply) order.Answer {
	a := order.Answer{RequestID: r.RequestID, Code: r.ResponseCode, Message: r.ResponseMessage}
	switch r.Verdict {
	case skava.VerdictAccept:
		a.Verdict = orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT
	case skava.VerdictReview:
		a.Verdict = orderv1.FraudVerdict_FRAUD_VERDICT_REVIEW
	case skava.VerdictReject:
		a.Verdict = orderv1.FraudVerdict_FRAUD_VERDICT_REJECT
	}
	return a
}

func paymentAnswer(r skava.PaymentReply) order.Answer {
	a := order.Answer{RequestID: r.RequestID, Code: r.ResponseCode, Message: r.ResponseMessage}
	for _, t := range r.Transactions {
		a.Transactions = append(a.Transactions, order.Transaction{
			ID: t.ID, ItemID: t.PaymentItemID, AmountMinor: t.Value, Succeeded: t.Done(), Code: t.ResponseCode, Message: t.ResponseMessage,
			MovedMinor: t.Moved(), RevertedMinor: t.Reverted(),
		})
	}
	return a
}

// refused reports whether a line was refused for what it is. A line without an
// outcome of its own shares that of the request.
func refused(code, message string) bool {
	return code != "" && code != skava.CodeDone && message != skava.MessageNotApplied
}
