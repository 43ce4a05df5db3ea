package main

import (
	"fmt"
	"io"
	"strings"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// printOrder shows a whole order.
func printOrder(w io.Writer, o *orderv1.Order) {
	field(w, "Order", o.GetOrderId())
	field(w, "Number", o.GetOrderNumber())
	field(w, "Status", status(o))
	field(w, "Total", amount(o.GetTotals().GetTotal()))
	field(w, "Due", amount(o.GetDue()))
	field(w, "Payment", o.GetPaymentStatus())
	field(w, "Payment due", amount(o.GetPaymentDue()))
	field(w, "Not taken", o.GetPaymentDueMessage())
	field(w, "Store credit", amount(o.GetStoreCredit()))
	if n := o.GetOpenWork(); n > 0 {
		field(w, "Under way", fmt.Sprintf("%d pieces of work", n))
	}
	field(w, "In place of", o.GetOriginalOrderId())
	field(w, "Linked orders", strings.Join(o.GetLinkedOrderIds(), ", "))
	field(w, "Customer", buyer(o.GetCustomer()))
	field(w, "Counts for", countsFor(o.GetAssociate()))
	field(w, "Reference", o.GetReference())
	field(w, "Channel", o.GetChannel())
	field(w, "Store", o.GetStoreId())
	field(w, "Ships to", place(o.GetShippingAddress()))
	field(w, "Bill to", place(o.GetBillingAddress()))
	field(w, "Fraud check", word(o.GetFraudVerdict()))
	field(w, "Held until", when(o.GetHoldUntil()))
	field(w, "Created", when(o.GetCreatedAt()))
	field(w, "Updated", when(o.GetUpdatedAt()))
	field(w, "Revision", o.GetRevision())
	field(w, "Position", o.GetPosition())

	fmt.Fprintln(w)
	row(w, "ITEM", "SKU", "BIN", "QUANTITY", "PRICE", "TOTAL", "STATUS", "UNITS", "NAME")
	for _, i := range o.GetItems() {
		row(w, i.GetItemId(), i.GetSkuId(), i.GetBinName(), i.GetQuantity(), amount(i.GetUnitPrice()), amount(i.GetTotal()),
			word(i.GetStatus()), whereabouts(i), i.GetName())
	}
	printLife(w, o)
	if len(o.GetPayments()) > 0 {
		fmt.Fprintln(w)
		row(w, "PAYMENT", "GATEWAY", "AMOUNT", "AUTHORIZED", "CAPTURED", "REFUNDED", "ANSWER")
		for _, p := range o.GetPayments() {
			row(w, p.GetPaymentItemId(), p.GetGateway(), amount(p.GetAmount()), amount(p.GetAuthorized()), amount(p.GetCaptured()),
				amount(p.GetRefunded()), p.GetResponseMessage())
		}
	}
	if len(o.GetSteps()) > 0 {
		fmt.Fprintln(w)
		printSteps(w, o.GetSteps())
	}
}

// countsFor is the account that an order counts for.
func countsFor(a *orderv1.OrderAssociate) string {
	if a == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%s, number %d %s", a.GetAssociateId(), a.GetAssociateNumber(), a.GetBackOfficeId()))
}

// whereabouts says where the units of a line are that are not simply open.
func whereabouts(i *orderv1.OrderItem) string {
	var parts []string
	for _, part := range []struct {
		n    int64
		word string
	}{
		{i.GetCancelled(), "cancelled"},
		{i.GetPacked(), "packed"},
		{i.GetShipped(), "shipped"},
		{i.GetDelivered(), "delivered"},
		{i.GetUndelivered(), "undelivered"},
		{i.GetReturnPending(), "to come back"},
		{i.GetReturned(), "returned"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprint(part.n, " ", part.word))
		}
	}
	return strings.Join(parts, ", ")
}

// printLife shows what became of an order after its sale.
func printLife(w io.Writer, o *orderv1.Order) {
	if len(o.GetPackages()) > 0 {
		fmt.Fprintln(w)
		row(w, packageHead...)
		printPackages(w, o.GetPackages())
	}
	if len(o.GetReturns()) > 0 {
		fmt.Fprintln(w)
		row(w, returnHead...)
		printReturns(w, o.GetReturns())
	}
	if len(o.GetInvoices()) > 0 {
		fmt.Fprintln(w)
		row(w, invoiceHead...)
		printInvoices(w, o.GetInvoices())
	}
	for _, e := range o.GetPendingEdits() {
		fmt.Fprintln(w)
		field(w, "Edit "+e.GetEditId()+" is under way, new total", amount(e.GetTotals().GetTotal()))
	}
	if len(o.GetNotes()) > 0 {
		fmt.Fprintln(w)
		row(w, "NOTE", "BY", "AT")
		for _, n := range o.GetNotes() {
			row(w, n.GetText(), n.GetAuthor(), when(n.GetAt()))
		}
	}
}

// The heads of what an order and the lists of its parts show alike.
var (
	packageHead = []any{"PACKAGE", "STATUS", "UNITS", "CARRIER", "TRACKING", "SHIPPED", "DELIVERED"}
	returnHead  = []any{"RETURN", "STATUS", "UNITS", "REFUNDED", "FEE", "EXCHANGE", "REASON"}
	invoiceHead = []any{"INVOICE", "NUMBER", "DATE", "UNITS", "ITEMS", "SHIPPING", "TAX", "TOTAL", "PACKAGE"}
)

func printPackages(w io.Writer, all []*orderv1.OrderPackage) {
	for _, p := range all {
		row(w, p.GetPackageId(), p.GetStatus(), held(p.GetLines()), p.GetCarrier(), p.GetTrackingNumber(), when(p.GetShippedAt()), when(p.GetDeliveredAt()))
	}
}

func printReturns(w io.Writer, all []*orderv1.OrderReturn) {
	for _, r := range all {
		row(w, r.GetReturnId(), r.GetStatus(), held(r.GetLines()), amount(r.GetRefunded()), amount(r.GetFee()), r.GetExchangeOrderId(), r.GetReason())
	}
}

func printInvoices(w io.Writer, all []*orderv1.RecordedInvoice) {
	for _, i := range all {
		row(w, i.GetInvoiceId(), i.GetInvoiceNumber(), i.GetInvoiceDate(), held(i.GetLines()), amount(i.GetItems()), amount(i.GetShipping()),
			amount(i.GetTax()), amount(i.GetTotal()), i.GetPackageId())
	}
}

// held is units as commands take them.
func held(lines []*orderv1.ItemQuantity) string {
	parts := make([]string, len(lines))
	for n, l := range lines {
		parts[n] = fmt.Sprint(l.GetItemId(), "=", l.GetQuantity())
	}
	return strings.Join(parts, " ")
}

// printSteps shows how far a checkout is.
func printSteps(w io.Writer, steps []*orderv1.CheckoutStep) {
	row(w, "STEP", "STATE", "SENT", "ASKED", "ANSWERED", "ANSWER")
	for _, s := range steps {
		row(w, word(s.GetStep()), word(s.GetState()), s.GetAttempts(), when(s.GetRequestedAt()), when(s.GetAnsweredAt()),
			strings.TrimSpace(s.GetResponseCode()+" "+s.GetResponseMessage()))
	}
}

// printChange shows an order on one line, with the step that it is at.
func printChange(w io.Writer, o *orderv1.Order) {
	at := ""
	if n := len(o.GetSteps()); n > 0 {
		at = word(o.GetSteps()[n-1].GetStep()) + " " + word(o.GetSteps()[n-1].GetState())
	}
	fmt.Fprintf(w, "%s  revision %-3d  %-10s  %s\n", when(o.GetUpdatedAt()), o.GetRevision(), clean(status(o)), at)
}

// stored is what every change of an order answers.
type stored interface {
	GetStatus() orderv1.OrderStatus
	GetRevision() uint64
	GetPosition() uint64
}

func printStored(w io.Writer, id string, s stored) {
	field(w, "Order", id)
	field(w, "Status", word(s.GetStatus()))
	field(w, "Revision", s.GetRevision())
	field(w, "Position", s.GetPosition())
}

// status is the status of an order with its reason.
func status(o *orderv1.Order) string {
	text := word(o.GetStatus())
	if o.GetStatusReason() != "" {
		text += " (" + o.GetStatusReason() + ")"
	}
	if o.GetStatusMessage() != "" {
		text += ": " + o.GetStatusMessage()
	}
	return text
}

// buyer names a customer as well as is known.
func buyer(c *orderv1.Customer) string {
	for _, name := range []string{c.GetCustomerId(), c.GetEmail(), strings.TrimSpace(c.GetFirstName() + " " + c.GetLastName())} {
		if name != "" {
			return name
		}
	}
	return ""
}

// place is an address on one line.
func place(a *orderv1.Address) string {
	var parts []string
	for _, p := range []string{
		strings.TrimSpace(a.GetFirstName() + " " + a.GetLastName()), a.GetCompany(), a.GetLine1(), a.GetLine2(),
		strings.TrimSpace(a.GetPostalCode() + " " + a.GetCity()), a.GetRegion(), a.GetCountryCode(),
	} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}
