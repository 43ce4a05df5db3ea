package order

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// evolveChange folds the events of changes, cancellations and deletion. It
// reports whether it knows the event.
func (o Order) evolveChange(e proto.Message) (Order, bool) {
	switch e := e.(type) {
	case *orderv1.OrderItemsCancelRequested:
		lines := worth(units(e.GetLines()), e.GetLineValuesMinor())
		o = o.withItems(lines, func(i *Item, u Units) {
			i.Cancelled += u.Quantity
			i.CancelledMinor += u.Minor
		})
		o.DueMinor -= e.GetValueMinor()
		o.Recount = o.Recount || !o.Confirmed()
		o.UpdatedAt = at(e.GetAt())
		o = o.addWork(e.GetWork(), Work{
			Kind: CancelWork, Subject: e.GetCancellationId(), Units: lines, By: e.GetRequestedBy(), Reason: e.GetReason(), ValueMinor: e.GetValueMinor(),
		}).RolledUp()
	case *orderv1.OrderItemsCancelled:
		o = o.endWork(e.GetWorkId())
	case *orderv1.OrderEditRequested:
		o.UpdatedAt = at(e.GetAt())
		o = o.addWork(e.GetWork(), Work{Kind: EditWork, Subject: e.GetEditId(), By: e.GetRequestedBy(), Edit: editOf(e)})
		o = o.withPayments(e.GetPayments())
	case *orderv1.OrderEdited:
		o = o.edited(e.GetWorkId()).endWork(e.GetWorkId()).RolledUp()
		o.UpdatedAt = at(e.GetEditedAt())
	case *orderv1.OrderEditRejected:
		o = o.withoutPayments(e.GetWorkId()).endWork(e.GetWorkId())
	case *orderv1.WorkRejected:
		o = o.changeWork(e.GetWorkId(), func(w *Work) {
			w.Rejected, w.RejectedReason, w.RejectedText = true, e.GetReason(), e.GetMessage()
		}).stopWaiting()
	case *orderv1.WorkDone:
		o = o.endWork(e.GetWorkId())
	case *orderv1.OrderStatusPatched:
		o = o.patched(e)
	case *orderv1.OrderUpdated:
		o.Email = e.GetCustomer().GetEmail()
		o.UpdatedAt = at(e.GetAt())
	case *orderv1.OrderMetadataUpdated:
		o.UpdatedAt = at(e.GetAt())
	case *orderv1.OrderNoteAdded:
		o.Made++
		o.UpdatedAt = at(e.GetAt())
	case *orderv1.OrderDeleteRequested:
		o.DeleteRequested, o.DeletedBy, o.DeletedReason = true, e.GetRequestedBy(), e.GetReason()
	case *orderv1.OrderDeleted:
		o.Status, o.Reason, o.Message = Deleted, e.GetReason(), ""
		o.DeletedBy, o.UpdatedAt = e.GetDeletedBy(), at(e.GetDeletedAt())
	case *orderv1.InvoiceCreated:
		o.Invoices = slices.Concat(o.Invoices, []string{e.GetInvoice().GetInvoiceId()})
		o.Made++
		o.UpdatedAt = at(e.GetAt())
	case *orderv1.InvoiceUpdated:
		o.UpdatedAt = at(e.GetAt())
	default:
		return o, false
	}
	return o, true
}

// patched moves the lines that a patch names, or all of them, to another
// stage. What it says of shipping, cancelling and returning is in other events
// of the same commit.
func (o Order) patched(e *orderv1.OrderStatusPatched) Order {
	o.UpdatedAt = at(e.GetAt())
	stage := Status(e.GetStatus()) //nolint:gosec // the numbers are the same
	_, staged := rank[stage]
	o.Items = slices.Clone(o.Items)
	for n := range o.Items {
		if staged && o.Items[n].Open() > 0 {
			o.Items[n].Stage = stage
		}
	}
	for _, p := range e.GetItems() {
		n := o.itemAt(p.GetItemId())
		if n < 0 {
			continue
		}
		to := Status(p.GetStatus()) //nolint:gosec // the numbers are the same
		if _, staged := rank[to]; staged {
			o.Items[n].Stage = to
		}
		if p.Returnable != nil {
			o.Items[n].NotReturnable = !p.GetReturnable()
		}
	}
	return o.RolledUp()
}

// held remembers where the order was when it is held after its confirmation.
func (o Order) held(e *orderv1.OrderHeld) Order {
	o.HeldFrom = None
	if o.Status.Confirmed() {
		o.HeldFrom = o.Status
	}
	o.Status, o.Reason, o.Message, o.HoldUntil = OnHold, e.GetReason(), e.GetMessage(), at(e.GetUntil())
	return o
}

// resumedSale ends the hold of a confirmed order.
func (o Order) resumedSale() Order {
	o.Status, o.HeldFrom = o.HeldFrom, None
	o.Reason, o.Message, o.HoldUntil = "", "", time.Time{}
	return o.RolledUp()
}

// Confirmed reports whether the sale stands, on hold or not.
func (o Order) Confirmed() bool {
	return o.Status.Confirmed() || o.Status == OnHold && o.HeldFrom != None
}
