package document

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// foldLife folds one event of an order's life after the sale: changes and
// cancellations. It reports whether it knows the event.
func foldLife(o *orderv1.Order, e proto.Message) (known bool) {
	cur := currency(o.GetCurrencyCode())
	switch e := e.(type) {
	case *orderv1.OrderItemsCancelRequested:
		each(o, e.GetLines(), func(i *orderv1.OrderItem, n int64) { i.Cancelled += n })
		o.Due.MinorUnits -= e.GetValueMinor()
		o.OpenWork++
	case *orderv1.OrderItemsCancelled, *orderv1.ShipmentSettled:
		o.OpenWork--
	case *orderv1.WorkDone:
		noLongerDue(o, e.GetForgivenMinor())
		o.OpenWork--
	case *orderv1.OrderEditRequested:
		o.PendingEdits = append(o.PendingEdits, cur.edit(e))
		bring(o, e.GetPayments(), e.GetEditId())
		o.OpenWork++
	case *orderv1.OrderEdited:
		edited(o, e.GetEditId())
		o.OpenWork--
	case *orderv1.OrderEditRejected:
		takeEdit(o, e.GetEditId())
		takeBack(o, e.GetEditId())
		o.OpenWork--
	case *orderv1.WorkRejected:
		// What it leads to is told by another event.
	case *orderv1.OrderStatusPatched:
		patched(o, e)
	case *orderv1.OrderUpdated:
		updated(o, e)
	case *orderv1.OrderMetadataUpdated:
		o.Metadata = e.GetMetadata()
	case *orderv1.OrderNoteAdded:
		o.Notes = append(o.Notes, &orderv1.OrderNote{NoteId: e.GetNoteId(), Text: e.GetText(), Author: e.GetAuthor(), At: e.GetAt()})
	case *orderv1.OrderDeleteRequested:
		o.DeleteRequested = true
	case *orderv1.OrderDeleted:
		o.Status, o.StatusReason = orderv1.OrderStatus_ORDER_STATUS_DELETED, e.GetReason()
		return true
	case *orderv1.InvoiceCreated:
		o.InvoiceIds = append(o.InvoiceIds, e.GetInvoice().GetInvoiceId())
		i := cur.invoice(e.GetInvoice())
		i.CreatedAt = e.GetAt()
		o.Invoices = append(o.Invoices, i)
	case *orderv1.InvoiceUpdated:
		n := slices.IndexFunc(o.GetInvoices(), func(i *orderv1.RecordedInvoice) bool { return i.GetInvoiceId() == e.GetInvoice().GetInvoiceId() })
		if n < 0 {
			break
		}
		i := cur.invoice(e.GetInvoice())
		i.CreatedAt, i.UpdatedAt = o.GetInvoices()[n].GetCreatedAt(), e.GetAt()
		o.Invoices[n] = i
	default:
		return false
	}
	rollUp(o)
	return true
}

// each changes the lines of which some units are named.
func each(o *orderv1.Order, lines []*orderv1.ItemQuantity, change func(i *orderv1.OrderItem, n int64)) {
	at := make(map[string]*orderv1.OrderItem, len(o.GetItems()))
	for _, i := range o.GetItems() {
		at[i.GetItemId()] = i
	}
	for _, l := range lines {
		if i := at[l.GetItemId()]; i != nil {
			change(i, l.GetQuantity())
		}
	}
}

// rollUp lets the statuses follow from the units, by the one rule that the
// domain has for it. A line of which nothing has left shows its stage.
func rollUp(o *orderv1.Order) {
	status := order.Status(o.GetStatus()) //nolint:gosec // the numbers are the same
	if held := status == order.OnHold && heldSale(o); !status.Confirmed() && !held {
		return
	}
	folded := byLines(o)
	for n, i := range o.GetItems() {
		i.Status = orderv1.OrderStatus(folded.Items[n].Status())
	}
	o.Status = orderv1.OrderStatus(folded.RolledUp().Status)
}

// byLines is the order as the domain has it, as far as the statuses need it.
func byLines(o *orderv1.Order) order.Order {
	out := order.Order{Status: order.Status(o.GetStatus()), Items: make([]order.Item, len(o.GetItems()))} //nolint:gosec // the numbers are the same
	for n, i := range o.GetItems() {
		out.Items[n] = order.Item{
			Quantity: i.GetQuantity(), Cancelled: i.GetCancelled(), Packed: i.GetPacked(), Shipped: i.GetShipped(), Delivered: i.GetDelivered(),
			Undelivered: i.GetUndelivered(), ReturnPending: i.GetReturnPending(), Returned: i.GetReturned(),
			Stage: order.Status(i.GetStatus()), //nolint:gosec // the numbers are the same
		}
	}
	return out
}

// heldSale reports whether an order on hold is a sale that stands: its lines
// are then where they were.
func heldSale(o *orderv1.Order) bool {
	return slices.ContainsFunc(o.GetItems(), func(i *orderv1.OrderItem) bool {
		return order.Status(i.GetStatus()).Confirmed() //nolint:gosec // the numbers are the same
	})
}

// patched moves lines to another stage and notes reasons and properties. Why an
// order waits stays as it is.
func patched(o *orderv1.Order, e *orderv1.OrderStatusPatched) {
	if order.Status(o.GetStatus()).Confirmed() { //nolint:gosec // the numbers are the same
		o.StatusReason, o.StatusMessage = e.GetReasonCode(), e.GetReasonMessage()
	}
	o.Properties = with(o.GetProperties(), e.GetProperties())
	for _, i := range o.GetItems() {
		if order.IsStage(order.Status(e.GetStatus())) && i.GetShipped() == 0 && i.GetCancelled() < i.GetQuantity() { //nolint:gosec // the numbers are the same
			i.Status = e.GetStatus()
		}
	}
	for _, p := range e.GetItems() {
		for _, i := range o.GetItems() {
			if i.GetItemId() != p.GetItemId() {
				continue
			}
			if order.IsStage(order.Status(p.GetStatus())) && i.GetShipped() == 0 { //nolint:gosec // the numbers are the same
				i.Status = p.GetStatus()
			}
			i.StatusReason, i.Properties = p.GetReasonCode(), with(i.GetProperties(), p.GetProperties())
			if p.Returnable != nil {
				i.Returnable = p.GetReturnable()
			}
		}
	}
}

// with is some properties with others set on top.
func with(have, set map[string]string) map[string]string {
	if len(set) == 0 {
		return have
	}
	out := maps.Clone(have)
	if out == nil {
		out = make(map[string]string, len(set))
	}
	maps.Copy(out, set)
	return out
}

func updated(o *orderv1.Order, e *orderv1.OrderUpdated) {
	o.Channel, o.Locale, o.Customer, o.Properties = e.GetChannel(), e.GetLocale(), e.GetCustomer(), e.GetProperties()
	o.Reference = e.GetReference()
	o.Shipping.Method = e.GetShippingMethod()
	if e.GetShippingAddress() != nil {
		o.ShippingAddress = e.GetShippingAddress()
	}
	if e.GetBillingAddress() != nil {
		o.BillingAddress = e.GetBillingAddress()
	}
}

// edit is an edit as the order shows it while it is under way.
func (c currency) edit(e *orderv1.OrderEditRequested) *orderv1.OrderEdit {
	out := &orderv1.OrderEdit{EditId: e.GetEditId(), Totals: c.totals(e.GetTotalsAfter())}
	for _, change := range e.GetChanges() {
		i, err := c.item(change.GetItem())
		if err != nil {
			continue // its sums were checked before it was stored
		}
		out.Items = append(out.Items, i)
	}
	return out
}

// takeEdit removes an edit that has come to its end, and returns it.
func takeEdit(o *orderv1.Order, id string) *orderv1.OrderEdit {
	n := slices.IndexFunc(o.GetPendingEdits(), func(e *orderv1.OrderEdit) bool { return e.GetEditId() == id })
	if n < 0 {
		return nil
	}
	edit := o.GetPendingEdits()[n]
	o.PendingEdits = slices.Delete(o.GetPendingEdits(), n, n+1)
	return edit
}

// edited puts the lines of an edit in the place of the old ones.
func edited(o *orderv1.Order, id string) {
	edit := takeEdit(o, id)
	if edit == nil {
		return
	}
	joins := orderv1.OrderStatus(byLines(o).JoinStage())
	for _, line := range edit.GetItems() {
		n := slices.IndexFunc(o.GetItems(), func(i *orderv1.OrderItem) bool { return i.GetItemId() == line.GetItemId() })
		if n < 0 {
			line.Status = joins
			o.Items = append(o.Items, line)
			continue
		}
		was := o.GetItems()[n]
		line.Status, line.Cancelled = was.GetStatus(), was.GetCancelled()
		if was.GetQuantity() == 0 { // an edit removed it, this one brings it back
			line.Status = joins
		}
		if line.GetName() == "" {
			line.Name = was.GetName()
		}
		o.Items[n] = line
	}
	o.Due.MinorUnits += edit.GetTotals().GetTotal().GetMinorUnits() - o.GetTotals().GetTotal().GetMinorUnits()
	o.Totals = edit.GetTotals()
}
