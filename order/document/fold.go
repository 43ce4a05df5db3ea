package document

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// Fold folds one event of an order that exists into it, except for the payment
// ledger, which Book keeps. It reports whether it knows the event. The order is
// changed in place and shares parts with the event: neither may be changed by
// anybody else.
func Fold(o *orderv1.Order, e proto.Message, at *timestamppb.Timestamp) (known bool) {
	switch e := e.(type) {
	case *orderv1.StepRequested:
		requested(step(o, e.GetStep()), e, at)
	case *orderv1.StepAnswered:
		answered(o, e, at)
	case *orderv1.StepSkipped:
		step(o, e.GetStep()).State = orderv1.StepState_STEP_STATE_SKIPPED
	case *orderv1.SagaParked:
		s := step(o, e.GetStep())
		s.State, s.ResponseMessage = orderv1.StepState_STEP_STATE_PARKED, e.GetReason()
	case *orderv1.SagaResumed:
		unpark(o)
	case *orderv1.CompensationStarted:
		become(o, orderv1.OrderStatus_ORDER_STATUS_CANCELLING, e.GetReason(), e.GetMessage())
		unpark(o)
	case *orderv1.OrderConfirmed:
		become(o, orderv1.OrderStatus_ORDER_STATUS_SUBMITTED, "", "")
		rollUp(o)
	case *orderv1.OrderFinalized:
		// For the outside only: what is paid follows from the transactions.
	case *orderv1.OrderHeld:
		if order.Status(o.GetStatus()).Confirmed() { //nolint:gosec // the numbers are the same
			// Its lines stay where they are, which shows what it goes on with.
			o.Status, o.StatusReason, o.StatusMessage = orderv1.OrderStatus_ORDER_STATUS_ON_HOLD, e.GetReason(), e.GetMessage()
			o.HoldUntil = e.GetUntil()
			break
		}
		become(o, orderv1.OrderStatus_ORDER_STATUS_ON_HOLD, e.GetReason(), "")
		o.HoldUntil = e.GetUntil()
		o.StatusMessage = e.GetMessage()
	case *orderv1.OrderHoldReleased:
		released(o, e)
	case *orderv1.OrderCancelRequested:
		become(o, orderv1.OrderStatus_ORDER_STATUS_CANCELLING, order.ReasonCancelled, e.GetReason())
		unpark(o)
	case *orderv1.OrderCancelled:
		become(o, orderv1.OrderStatus_ORDER_STATUS_CANCELLED, e.GetReason(), e.GetMessage())
		unpark(o)
		allCancelled(o)
	default:
		return foldLife(o, e) || foldPayment(o, e) || foldFulfilment(o, e)
	}
	return true
}

// allCancelled counts every unit as cancelled: nothing is owed any more.
func allCancelled(o *orderv1.Order) {
	for _, p := range o.GetPackages() {
		if s := p.GetStatus(); s == "created" || s == "submitted" || s == "printed" {
			unpack(o, p.GetPackageId(), orderv1.PackageStatus_PACKAGE_STATUS_VOIDED)
		}
	}
	for _, i := range o.GetItems() {
		i.Cancelled = i.GetQuantity() - i.GetShipped()
	}
	o.Due.MinorUnits, o.OpenWork = 0, 0
}

// become gives an order and its lines another status. A hold ends with it.
func become(o *orderv1.Order, s orderv1.OrderStatus, reason, message string) {
	o.Status, o.StatusReason, o.StatusMessage, o.HoldUntil = s, reason, message, nil
	for _, i := range o.GetItems() {
		i.Status = s
	}
}

// released ends a hold. An operator's decision about fraud is the verdict from
// then on.
func released(o *orderv1.Order, e *orderv1.OrderHoldReleased) {
	if o.GetStatusReason() == order.ReasonFraudReview {
		o.FraudVerdict = orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT
	}
	if len(e.GetPayments()) > 0 {
		kept := slices.DeleteFunc(o.GetPayments(), func(p *orderv1.OrderPayment) bool {
			return p.GetGateway() != order.ExternalGateway && p.GetGateway() != order.CreditGateway
		})
		o.Payments = append(currency(o.GetCurrencyCode()).payments(e.GetPayments()), kept...)
	}
	if o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_ON_HOLD && heldSale(o) { // it goes on where it was
		o.Status, o.StatusReason, o.StatusMessage, o.HoldUntil = orderv1.OrderStatus_ORDER_STATUS_SUBMITTED, "", "", nil
		rollUp(o)
		return
	}
	become(o, orderv1.OrderStatus_ORDER_STATUS_CREATED, "", "")
}

// step finds a step of the checkout, or adds it at the end.
func step(o *orderv1.Order, s orderv1.Step) *orderv1.CheckoutStep {
	for _, have := range o.GetSteps() {
		if have.GetStep() == s {
			return have
		}
	}
	o.Steps = append(o.Steps, &orderv1.CheckoutStep{Step: s})
	return o.Steps[len(o.Steps)-1]
}

// requested notes a send. The step keeps the last response until there is
// another one.
func requested(s *orderv1.CheckoutStep, e *orderv1.StepRequested, at *timestamppb.Timestamp) {
	s.State, s.RequestId, s.Attempts = orderv1.StepState_STEP_STATE_PENDING, e.GetRequestId(), e.GetAttempt()
	s.AnsweredAt = nil
	if s.GetRequestedAt() == nil {
		s.RequestedAt = at
	}
}

// answered notes the answer to a step's last request; others come too late. A
// step that waits for a person goes on waiting unless it succeeded after all.
func answered(o *orderv1.Order, e *orderv1.StepAnswered, at *timestamppb.Timestamp) {
	i := slices.IndexFunc(o.GetSteps(), func(s *orderv1.CheckoutStep) bool { return s.GetStep() == e.GetStep() })
	if i < 0 || o.GetSteps()[i].GetRequestId() != e.GetRequestId() {
		return
	}
	if v := e.GetVerdict(); v != orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED {
		o.FraudVerdict = v
	}
	s := o.GetSteps()[i]
	s.ResponseCode, s.ResponseMessage, s.AnsweredAt = e.GetResponseCode(), e.GetResponseMessage(), at
	switch {
	case e.GetSucceeded():
		s.State = orderv1.StepState_STEP_STATE_DONE
	case s.GetState() != orderv1.StepState_STEP_STATE_PARKED:
		s.State = orderv1.StepState_STEP_STATE_REFUSED
	}
}

// unpark gives a step that waited for a person the state it had before.
func unpark(o *orderv1.Order) {
	for _, s := range o.GetSteps() {
		if s.GetState() != orderv1.StepState_STEP_STATE_PARKED {
			continue
		}
		s.State, s.ResponseMessage = orderv1.StepState_STEP_STATE_PENDING, ""
		if s.GetAnsweredAt() != nil {
			s.State = orderv1.StepState_STEP_STATE_REFUSED
		}
	}
}
