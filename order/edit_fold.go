package order

import (
	"slices"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Edit is what an order will be when its edit is done.
type Edit struct {
	// Lines are the lines that change, as they will be; without units they are
	// removed.
	Lines []Item `cbor:"1,keyasint,omitzero"`
	// Totals are the new sums.
	Totals Totals `cbor:"2,keyasint,omitzero"`
	// PaymentIDs are the payment items that the edit brings.
	PaymentIDs []string `cbor:"3,keyasint,omitzero"`
}

func editOf(e *orderv1.OrderEditRequested) Edit {
	edit := Edit{Totals: totalsOf(e.GetTotalsAfter()), PaymentIDs: paymentIDs(e.GetPayments())}
	for _, c := range e.GetChanges() {
		edit.Lines = append(edit.Lines, itemOf(c.GetItem()))
	}
	return edit
}

// edited is the order after the edit of a piece of work. Lines that are new
// join at the stage of the order.
func (o Order) edited(work string) Order {
	n := slices.IndexFunc(o.Work, func(w Work) bool { return w.ID == work })
	if n < 0 {
		return o
	}
	edit := o.Work[n].Edit
	stage := o.JoinStage()
	o.Items = slices.Clone(o.Items)
	for _, line := range edit.Lines {
		if n := o.itemAt(line.ItemID); n >= 0 {
			if o.Items[n].Quantity == 0 { // an edit removed it, another brings it back
				o.Items[n].Stage = stage
			}
			o.Items[n].Quantity, o.Items[n].LineMinor, o.Items[n].NotReturnable = line.Quantity, line.LineMinor, line.NotReturnable
			continue
		}
		line.Stage = stage
		o.Items = append(o.Items, line)
	}
	o.DueMinor += edit.Totals.Total - o.Totals.Total
	o.Totals, o.TotalMinor = edit.Totals, edit.Totals.Total
	o.share()
	return o
}

// JoinStage is the stage at which a new line joins a sale that stands, on hold or
// not: that of the order by its lines, before any have left.
func (o Order) JoinStage() Status {
	if s := o.lineStatus(); staged(s) {
		return s
	}
	return Submitted
}

// withPayments adds the payment items that a piece of work brings.
func (o Order) withPayments(ps []*orderv1.PlannedPayment) Order {
	o.Payments = slices.Concat(o.Payments, planned(ps))
	return o
}

// withoutPayments takes back the payment items of a piece of work that came to
// nothing, unless money of them is still there.
func (o Order) withoutPayments(work string) Order {
	n := slices.IndexFunc(o.Work, func(w Work) bool { return w.ID == work })
	if n < 0 {
		return o
	}
	brought := o.Work[n].Edit.PaymentIDs
	o.Payments = slices.DeleteFunc(slices.Clone(o.Payments), func(p Payment) bool {
		return slices.Contains(brought, p.ItemID) && p.Ledger.Secured() == 0
	})
	return o
}
