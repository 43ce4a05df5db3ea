package document

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
)

// Words tells an event of an order for people, with amounts in its currency. An
// event that has no words of its own is told by its name.
func Words(e proto.Message, code string) string {
	cur := currency(code)
	for _, tell := range []func(proto.Message) string{cur.saleWords, cur.moneyWords, cur.changeWords, parcelWords, cur.returnWords} {
		if text := tell(e); text != "" {
			return text
		}
	}
	if e == nil {
		return "something that this release does not know"
	}
	return strings.ToLower(spaced(string(e.ProtoReflect().Descriptor().Name())))
}

// saleWords tell the sale.
func (c currency) saleWords(e proto.Message) string {
	switch e := e.(type) {
	case *orderv1.OrderCreated:
		return fmt.Sprintf("placed as number %d for %s", e.GetOrderNumber(), c.text(e.GetTotals().GetTotalMinor()))
	case *orderv1.StepRequested:
		return "asks to " + stepWords(e.GetStep())
	case *orderv1.StepAnswered:
		if e.GetSucceeded() {
			return stepWords(e.GetStep()) + ": done"
		}
		return noting(stepWords(e.GetStep())+": refused", e.GetResponseMessage())
	case *orderv1.StepSkipped:
		return noting("goes on without "+stepWords(e.GetStep()), e.GetReason())
	case *orderv1.SagaParked:
		return noting("waits for an operator to "+stepWords(e.GetStep()), e.GetReason())
	case *orderv1.SagaResumed:
		return noting("tries again to "+stepWords(e.GetStep()), e.GetReason())
	case *orderv1.CompensationStarted:
		return noting("everything is undone: "+e.GetReason(), e.GetMessage())
	case *orderv1.OrderHeld:
		return noting("held: "+e.GetReason(), e.GetMessage())
	case *orderv1.OrderHoldReleased:
		return noting("released: "+e.GetReason(), e.GetMessage())
	case *orderv1.OrderCancelRequested:
		return noting("cancellation asked for", e.GetReason())
	case *orderv1.OrderCancelled:
		return noting("cancelled: "+e.GetReason(), e.GetMessage())
	}
	return ""
}

// moneyWords tell of payments after the sale.
func (c currency) moneyWords(e proto.Message) string {
	switch e := e.(type) {
	case *orderv1.OrderPaymentRecorded:
		if e.GetAmountMinor() < 0 {
			return fmt.Sprintf("%s given back elsewhere by %s", c.text(-e.GetAmountMinor()), e.GetMethod())
		}
		return fmt.Sprintf("%s paid elsewhere by %s", c.text(e.GetAmountMinor()), e.GetMethod())
	case *orderv1.PaymentDue:
		return noting(c.text(e.GetAmountMinor())+" could not be taken and is due", e.GetMessage())
	case *orderv1.PaymentRetried:
		return noting(c.text(e.GetPaidMinor())+" of what was due was taken", e.GetMessage())
	case *orderv1.SurplusFound:
		return c.text(e.GetAmountMinor()) + " is authorized and not needed any more"
	case *orderv1.CreditFreed:
		return fmt.Sprintf("%s of credit goes back to order %s", c.text(e.GetAmountMinor()), e.GetOriginalOrderId())
	case *orderv1.CreditGivenBack:
		return fmt.Sprintf("%s of credit came back from order %s: %s refunded, %s kept", c.text(e.GetRefundMinor()+e.GetKeptMinor()),
			e.GetExchangeOrderId(), c.text(e.GetRefundMinor()), c.text(e.GetKeptMinor()))
	}
	return ""
}

// changeWords tell of changes.
func (c currency) changeWords(e proto.Message) string {
	switch e := e.(type) {
	case *orderv1.OrderItemsCancelRequested:
		return noting(unitWords(e.GetLines())+" to be cancelled", e.GetReason())
	case *orderv1.OrderItemsCancelled:
		return fmt.Sprintf("%s cancelled, worth %s", unitWords(e.GetLines()), c.text(e.GetValueMinor()))
	case *orderv1.OrderEditRequested:
		return fmt.Sprintf("lines to change, from %s to %s", c.text(e.GetTotalsBefore().GetTotalMinor()), c.text(e.GetTotalsAfter().GetTotalMinor()))
	case *orderv1.OrderEditRejected:
		return noting("the change of lines was given up: "+e.GetReason(), e.GetMessage())
	case *orderv1.OrderStatusPatched:
		if s := e.GetStatus(); s != orderv1.OrderStatus_ORDER_STATUS_UNSPECIFIED {
			return noting("patched to "+order.Status(s).String(), e.GetReasonMessage()) //nolint:gosec // the numbers are the same
		}
	case *orderv1.OrderNoteAdded:
		return "note: " + e.GetText()
	case *orderv1.InvoiceCreated:
		return fmt.Sprintf("invoice %s for %s", e.GetInvoice().GetInvoiceNumber(), c.text(e.GetInvoice().GetTotalMinor()))
	case *orderv1.InvoiceUpdated:
		return fmt.Sprintf("invoice %s is now for %s", e.GetInvoice().GetInvoiceNumber(), c.text(e.GetInvoice().GetTotalMinor()))
	}
	return ""
}

// text is an amount for people.
func (c currency) text(minor int64) string {
	return money.Amount{Currency: string(c), Minor: minor}.String()
}

// noting is a text with another one behind it, if there is one.
func noting(text, more string) string {
	if more == "" {
		return text
	}
	return text + " (" + more + ")"
}

func stepWords(s orderv1.Step) string { return strings.ReplaceAll(order.StepName(s), "_", " ") }

// spaced puts spaces between the words of a name.
func spaced(name string) string {
	var b strings.Builder
	for n, r := range name {
		if n > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
