package document

import orderv1 "github.com/orderstream/oms/gen/oms/order/v1"

// invoice is an invoice as the order shows it.
func (c currency) invoice(i *orderv1.Invoice) *orderv1.RecordedInvoice {
	return &orderv1.RecordedInvoice{
		InvoiceId: i.GetInvoiceId(), InvoiceNumber: i.GetInvoiceNumber(), Lines: i.GetLines(),
		Items: c.money(i.GetItemsMinor()), Shipping: c.money(i.GetShippingMinor()), Tax: c.money(i.GetTaxMinor()), Total: c.money(i.GetTotalMinor()),
		PackageId: i.GetPackageId(), InvoiceDate: i.GetInvoiceDate(), Properties: i.GetProperties(),
	}
}
