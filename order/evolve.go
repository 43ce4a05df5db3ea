package order

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Evolve folds one stored event. It never fails, never judges and ignores what
// it does not know: history cannot be refused. It never changes what the given
// order shares, so an old state stays good.
func Evolve(o Order, e proto.Message) Order {
	switch e := e.(type) {
	case *orderv1.OrderCreated:
		o = created(o, e)
	case *orderv1.StepRequested:
		o = requested(o, e)
	case *orderv1.StepAnswered:
		o = answered(o, e)
	case *orderv1.StepSkipped:
		o = skipped(o, e.GetStep())
	case *orderv1.SagaParked:
		o.Parked, o.ParkedStep, o.ParkedReason = true, e.GetStep(), e.GetReason()
	case *orderv1.SagaResumed:
		o = resumed(o, e)
	case *orderv1.CompensationStarted:
		o = compensating(o, e)
	case *orderv1.OrderConfirmed:
		o.Status, o.Reason, o.Message = Submitted, "", ""
		o.UpdatedAt, o.HeldFrom = at(e.GetConfirmedAt()), None
		o.Items = slices.Clone(o.Items)
		for n := range o.Items {
			o.Items[n].Stage = Submitted
		}
	case *orderv1.OrderFinalized:
		// For the outside only: what is paid follows from the steps.
	case *orderv1.OrderHeld:
		o = o.held(e)
	case *orderv1.OrderHoldReleased:
		o = released(o, e)
	case *orderv1.OrderCancelRequested:
		o.Status, o.Reason, o.Message = Cancelling, ReasonCancelled, e.GetReason()
		o.CancelRequested, o.CancelledBy, o.KeepPromotion = true, e.GetRequestedBy(), e.GetKeepPromotion()
		o.HoldUntil, o.HeldFrom = time.Time{}, None
		o = o.unpark(o.ParkedStep)
	case *orderv1.OrderCancelled:
		o.Status, o.Reason, o.Message = Cancelled, e.GetReason(), e.GetMessage()
		o.CancelledBy, o.UpdatedAt, o.HeldFrom = e.GetCancelledBy(), at(e.GetCancelledAt()), None
		o = o.unpark(o.ParkedStep).stopWaiting().allCancelled()
		for _, w := range o.Work { // what was given up has undone it
			o = o.endWork(w.ID)
		}
	default:
		return o.evolveLife(e)
	}
	return o
}

// evolveLife folds the events of the order's life after the sale.
func (o Order) evolveLife(e proto.Message) Order {
	for _, fold := range []func(Order, proto.Message) (Order, bool){Order.evolveChange, Order.evolvePackage, Order.evolveReturn, Order.evolvePayment, Order.evolveCredit} {
		if next, known := fold(o, e); known {
			return next
		}
	}
	return o
}

// allCancelled counts every unit as cancelled: nothing is owed any more, and
// what is still packed is unpacked.
func (o Order) allCancelled() Order {
	for _, p := range o.Packages {
		o = o.unpacked(p.ID, PackageVoided)
	}
	o.Items = slices.Clone(o.Items)
	for n := range o.Items {
		i := &o.Items[n]
		i.CancelledMinor += i.openShare(i.Open())
		i.Cancelled += i.Open()
	}
	o.DueMinor = 0
	return o
}

func created(o Order, e *orderv1.OrderCreated) Order {
	billing := e.GetBillingAddress()
	if billing == nil {
		billing = e.GetShippingAddress()
	}
	o = Order{
		ID: e.GetOrderId(), Number: e.GetOrderNumber(), Status: Created,
		CollectionID: e.GetCollectionId(),
		CustomerID:   e.GetCustomer().GetCustomerId(), Email: e.GetCustomer().GetEmail(),
		IP: e.GetCustomer().GetIp(), Guest: e.GetCustomer().GetGuest(),
		BillingCountry: billing.GetCountryCode(), ShippingCountry: e.GetShippingAddress().GetCountryCode(),
		Currency: e.GetCurrencyCode(), TotalMinor: e.GetTotals().GetTotalMinor(),
		Payments: planned(e.GetPayments()), OnDecline: e.GetOnPaymentDecline(),
		CreatedAt: at(e.GetCreatedAt()), UpdatedAt: at(e.GetCreatedAt()),
		Round: 1,
		Type:  e.GetOrderType(), OriginalOrderID: e.GetOriginalOrderId(), Imported: e.GetImported(), CaptureAt: e.GetCaptureAt(),
		ShippingMinor: e.GetShippingMinor() + e.GetShippingTaxMinor(),
		Totals:        totalsOf(e.GetTotals()), DueMinor: e.GetTotals().GetTotalMinor(),
		Associate: associateOf(e.GetAssociate()),
		Items:     make([]Item, 0, len(e.GetItems())),
	}
	for _, i := range e.GetItems() {
		o.Items = append(o.Items, itemOf(i))
	}
	for _, a := range e.GetAdjustments() {
		o.AdjustmentsMinor += a.GetAmountMinor()
	}
	o.share()
	if o.Imported {
		o.Status = Submitted
	}
	for _, p := range e.GetPromoCodes() {
		o.PromoCodes = append(o.PromoCodes, Promo{Code: p.GetPromoCode(), Confirmation: p.GetConfirmationCode()})
	}
	return o
}

func planned(ps []*orderv1.PlannedPayment) []Payment {
	var out []Payment
	for _, p := range ps {
		out = append(out, Payment{
			ItemID: p.GetPaymentItemId(), Gateway: p.GetGateway(), Token: p.GetToken(), AmountMinor: p.GetAmountMinor(),
			Ledger: Ledger{Authorized: p.GetSettledMinor(), Captured: p.GetSettledMinor()},
		})
	}
	return out
}

// requested notes a send. A repeat of the latest request updates it in place; a
// new request takes the place of a refused one that did nothing, so that
// retries do not pile up.
func requested(o Order, e *orderv1.StepRequested) Order {
	next := StepProgress{Step: e.GetStep(), RequestID: e.GetRequestId(), Round: o.RoundOf(e.GetStep()), Work: e.GetWorkId()}
	steps := slices.Clone(o.Steps)
	place := len(steps)
	if i := o.latest(e.GetStep()); i >= 0 {
		last := steps[i]
		if last.Round >= o.Round && (last.State != StepDone || !last.Moved()) {
			next.Tries = last.Tries
		}
		switch {
		case last.RequestID == next.RequestID:
			next, place = last, i
		case last.State == StepRefused && !last.Moved():
			steps = slices.Delete(steps, i, i+1)
			place = len(steps)
		}
	}
	next.State, next.Attempt, next.Deadline = StepPending, e.GetAttempt(), at(e.GetDeadline())
	next.Tries++
	next.UndoOf = slices.Clone(e.GetUndoOf())
	if len(e.GetTransactions()) > 0 {
		next.Transactions = transactions(e.GetTransactions())
	}
	o.Steps = steps
	if place < len(steps) {
		o.Steps[place] = next
		return o
	}
	o.Steps = append(o.Steps, next)
	if next.Work != "" {
		o.Requests++
	}
	return o
}

func answered(o Order, e *orderv1.StepAnswered) Order {
	if p, asked := o.Step(e.GetStep()); !asked || p.RequestID != e.GetRequestId() {
		return o
	}
	outcomes := transactions(e.GetTransactions())
	o.Steps = o.setStep(e.GetStep(), func(p *StepProgress) {
		p.State = StepRefused
		if e.GetSucceeded() {
			p.State = StepDone
		}
		p.Code, p.Message, p.Refused = e.GetResponseCode(), e.GetResponseMessage(), slices.Clone(e.GetRefused())
		if len(outcomes) > 0 {
			p.Transactions = outcomes
		}
	})
	o = o.booked(outcomes).workMoved(outcomes)
	if p, _ := o.Step(e.GetStep()); e.GetSucceeded() {
		o.Steps = undone(o.Steps, p.UndoOf)
	}
	if e.GetVerdict() != orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED {
		o.FraudVerdict = e.GetVerdict()
	}
	if e.GetSucceeded() {
		o = o.unpark(e.GetStep()) // it was waited for in vain, and came after all
	}
	return o
}

// undone marks the requests that were taken back; steps are the order's own.
func undone(steps []StepProgress, ids []string) []StepProgress {
	for i := range steps {
		steps[i].Undone = steps[i].Undone || slices.Contains(ids, steps[i].RequestID)
	}
	return steps
}

func transactions(ts []*orderv1.PaymentTransaction) []Transaction {
	if len(ts) == 0 {
		return nil
	}
	out := make([]Transaction, len(ts))
	for i, t := range ts {
		out[i] = Transaction{
			ID: t.GetTransactionId(), ItemID: t.GetPaymentItemId(), Operation: t.GetOperation(), AmountMinor: t.GetAmountMinor(),
			Succeeded: t.GetSucceeded(), Code: t.GetResponseCode(), Message: t.GetResponseMessage(),
			RevertedMinor: t.GetRevertedMinor(), Undoes: t.GetUndoes(),
		}
		switch {
		case t.MovedMinor != nil:
			out[i].MovedMinor = t.GetMovedMinor()
		case t.GetSucceeded():
			out[i].MovedMinor = t.GetAmountMinor()
		}
	}
	return out
}

// resumed makes the saga ask again: a step without an answer under the same
// request id, a refused one under a new one.
func resumed(o Order, e *orderv1.SagaResumed) Order {
	o = o.unpark(e.GetStep())
	o.Steps = o.setStep(e.GetStep(), func(p *StepProgress) {
		p.Tries = 0
		if p.State == StepPending {
			p.State = StepUnknown
		}
	})
	return o
}

// compensating turns round: whatever was being waited for counts as unknown, so
// that its undo runs too.
func compensating(o Order, e *orderv1.CompensationStarted) Order {
	o.Status, o.Reason, o.Message = Cancelling, e.GetReason(), e.GetMessage()
	o.Compensating, o.CompensationReason = true, e.GetReason()
	o.HoldUntil, o.HeldFrom = time.Time{}, None
	return o.unpark(o.ParkedStep).stopWaiting()
}

// released ends a hold. What a person decides about fraud is the verdict from
// then on; another try at paying is a new round.
func released(o Order, e *orderv1.OrderHoldReleased) Order {
	switch o.Reason {
	case ReasonFraudReview:
		o.FraudVerdict = orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT
	case ReasonPaymentDeclined:
		o.Round++
		o.Retried = o.Retried || e.GetReason() == ReasonPaymentCovered
	}
	if len(e.GetPayments()) > 0 {
		kept, _ := staying(o.Payments)
		o.Payments = append(planned(e.GetPayments()), kept...)
	}
	if o.HeldFrom != None {
		return o.resumedSale()
	}
	o.Status, o.Reason, o.Message, o.HoldUntil = Created, "", "", time.Time{}
	return o
}

// skipped goes on without a step. One that was never asked is noted as such,
// without a request.
func skipped(o Order, s orderv1.Step) Order {
	if _, asked := o.Step(s); !asked {
		o.Steps = append(slices.Clone(o.Steps), StepProgress{Step: s})
	}
	o.Steps = o.setStep(s, func(p *StepProgress) { p.State = StepSkipped })
	return o.unpark(s)
}

// setStep changes the latest request of a step in a copy.
func (o Order) setStep(s orderv1.Step, change func(*StepProgress)) []StepProgress {
	i := o.latest(s)
	if i < 0 {
		return o.Steps
	}
	steps := slices.Clone(o.Steps)
	change(&steps[i])
	return steps
}

// stopWaiting makes the outcome of what was being waited for unknown; an answer
// that comes later is late.
func (o Order) stopWaiting() Order {
	o.Steps = slices.Clone(o.Steps)
	for i := range o.Steps {
		if o.Steps[i].State == StepPending {
			o.Steps[i].State = StepUnknown
		}
	}
	return o
}

// unpark lets the saga go on if it is this step that it was parked at.
func (o Order) unpark(s orderv1.Step) Order {
	if o.Parked && o.ParkedStep == s {
		o.Parked, o.ParkedReason, o.ParkedStep = false, "", orderv1.Step_STEP_UNSPECIFIED
	}
	return o
}

// at is a stored time; none is the zero time.
func at(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
