package order

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// Invoice is what is asked for some units of an order (Dsco Invoice).
type Invoice struct {
	// ID is unique in the order; empty lets the order choose.
	ID string
	// Number is the one that people use; empty takes the id.
	Number string
	Lines  []Units
	// Amounts in the currency of the order; Total is their sum.
	ItemsMinor    int64
	ShippingMinor int64
	TaxMinor      int64
	PackageID     string
	// Date is YYYY-MM-DD.
	Date       string
	Properties map[string]string
}

// CreateInvoice records an invoice.
type CreateInvoice struct {
	Invoice Invoice
	Now     time.Time
}

// Decide records the invoice, once.
func (c CreateInvoice) Decide(o Order) ([]proto.Message, error) {
	if err := o.exists(); err != nil {
		return nil, err
	}
	if c.Invoice.ID != "" && slices.Contains(o.Invoices, c.Invoice.ID) {
		return nil, nil
	}
	if c.Invoice.ID == "" {
		c.Invoice.ID = o.newID("i", 0)
	}
	e, err := c.Invoice.stored(o, c.Now)
	if err != nil {
		return nil, err
	}
	return []proto.Message{&orderv1.InvoiceCreated{Invoice: e, At: stamp(c.Now)}}, nil
}

// UpdateInvoice replaces an invoice.
type UpdateInvoice struct {
	Invoice Invoice
	Now     time.Time
}

// Decide replaces the invoice.
func (c UpdateInvoice) Decide(o Order) ([]proto.Message, error) {
	if err := o.exists(); err != nil {
		return nil, err
	}
	if !slices.Contains(o.Invoices, c.Invoice.ID) {
		return nil, fault.New(fault.NotFound, "invoice_not_found", "order %s has no invoice %q", o.ID, c.Invoice.ID)
	}
	e, err := c.Invoice.stored(o, c.Now)
	if err != nil {
		return nil, err
	}
	return []proto.Message{&orderv1.InvoiceUpdated{Invoice: e, At: stamp(c.Now)}}, nil
}

// stored is the invoice as events carry it.
func (i Invoice) stored(o Order, now time.Time) (*orderv1.Invoice, error) {
	var v fault.Fields
	lines, _, _ := storedUnits(i.Lines)
	for n, l := range i.Lines {
		path := fmt.Sprintf("invoice.lines[%d]", n)
		item, known := o.Item(l.ItemID)
		if !known {
			v.Add(path+".item_id", "order %s has no line %q", o.ID, l.ItemID)
		} else if l.Quantity < 1 || l.Quantity > item.Quantity {
			v.Add(path+".quantity", "must be 1 to %d", item.Quantity)
		}
	}
	total := i.ItemsMinor
	for _, part := range []int64{i.ShippingMinor, i.TaxMinor} {
		var err error
		if total, err = money.Add(total, part); err != nil {
			v.Add("invoice", "comes to more than can be counted")
		}
	}
	if i.PackageID != "" {
		if _, known := o.Package(i.PackageID); !known {
			v.Add("invoice.package_id", "order %s has no package %q", o.ID, i.PackageID)
		}
	}
	if i.Number == "" {
		i.Number = i.ID
	}
	if i.Date == "" {
		i.Date = now.UTC().Format(time.DateOnly)
	} else if _, err := time.Parse(time.DateOnly, i.Date); err != nil {
		v.Add("invoice.invoice_date", "must be YYYY-MM-DD")
	}
	return &orderv1.Invoice{
		InvoiceId: i.ID, InvoiceNumber: i.Number, Lines: lines, ItemsMinor: i.ItemsMinor, ShippingMinor: i.ShippingMinor,
		TaxMinor: i.TaxMinor, TotalMinor: total, PackageId: i.PackageID, InvoiceDate: i.Date, Properties: i.Properties,
	}, v.Err()
}
