package dsco

import (
	"encoding/json"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderhistory"
)

// invoiceBody is Invoice.
type invoiceBody struct {
	DscoInvoiceID              string        `json:"dscoInvoiceId,omitempty"`
	InvoiceID                  string        `json:"invoiceId"`
	PoNumber                   string        `json:"poNumber"`
	TotalAmount                json.Number   `json:"totalAmount"`
	InvoiceDate                string        `json:"invoiceDate,omitempty"`
	CurrencyCode               string        `json:"currencyCode,omitempty"`
	LineItemsSubtotal          json.Number   `json:"lineItemsSubtotal"`
	SubtotalExcludingLineItems json.Number   `json:"subtotalExcludingLineItems"`
	NumberOfLineItems          int           `json:"numberOfLineItems"`
	HandlingAmount             *json.Number  `json:"handlingAmount,omitempty"`
	FreightAmount              json.Number   `json:"freightAmount"`
	SalesTaxAmount             json.Number   `json:"salesTaxAmount"`
	BuyerID                    string        `json:"buyerId,omitempty"`
	SellerID                   string        `json:"sellerId,omitempty"`
	SellerInvoiceNumber        string        `json:"sellerInvoiceNumber,omitempty"`
	SupplierOrderNumber        string        `json:"supplierOrderNumber,omitempty"`
	ConsumerOrderNumber        string        `json:"consumerOrderNumber,omitempty"`
	ExternalBatchID            string        `json:"externalBatchId,omitempty"`
	ShipTo                     *shipTo       `json:"shipTo,omitempty"`
	Ship                       *shipInfo     `json:"ship,omitempty"`
	LineItems                  []invoiceLine `json:"lineItems"`
	ExpectedTotal              json.Number   `json:"dscoExpectedOrdeTotalAmount"` // as the source spells it
}

// shipTo is where the goods of an invoice go.
type shipTo struct {
	Name     string `json:"name,omitempty"`
	Address1 string `json:"address1,omitempty"`
	Address2 string `json:"address2,omitempty"`
	City     string `json:"city,omitempty"`
	Region   string `json:"region,omitempty"`
	Postal   string `json:"postal,omitempty"`
	Country  string `json:"country,omitempty"`
}

// shipInfo is how the goods of an invoice travel.
type shipInfo struct {
	Date           string `json:"date,omitempty"`
	TrackingNumber string `json:"trackingNumber,omitempty"`
	Carrier        string `json:"carrier,omitempty"`
	Method         string `json:"method,omitempty"`
}

// invoiceLine is InvoiceLineItem.
type invoiceLine struct {
	LineNumber               int         `json:"lineNumber"`
	Quantity                 int64       `json:"quantity"`
	Sku                      string      `json:"sku,omitempty"`
	PartnerSku               string      `json:"partnerSku,omitempty"`
	Upc                      string      `json:"upc,omitempty"`
	Ean                      string      `json:"ean,omitempty"`
	Title                    string      `json:"title,omitempty"`
	UnitPrice                json.Number `json:"unitPrice"`
	BasisOfUnitPrice         string      `json:"basisOfUnitPrice,omitempty"`
	UnitOfMeasure            string      `json:"unitOfMeasure,omitempty"`
	ExtendedAmount           json.Number `json:"extendedAmount"`
	ShipDate                 string      `json:"shipDate,omitempty"`
	TrackingNumber           string      `json:"trackingNumber,omitempty"`
	ShipCarrier              string      `json:"shipCarrier,omitempty"`
	ShipMethod               string      `json:"shipMethod,omitempty"`
	ShippingServiceLevelCode string      `json:"shippingServiceLevelCode,omitempty"`
	PromotionReference       string      `json:"promotionReference,omitempty"`
	PromotionAmount          json.Number `json:"promotionAmount,omitempty"`
	TaxAmount                json.Number `json:"taxAmount,omitempty"`
	Subtotal                 json.Number `json:"subtotal"`
	DscoExpectedAmount       json.Number `json:"dscoExpectedAmount"`
	DscoExpectedDifference   json.Number `json:"dscoExpectedDifference"`
	DscoItemID               int64       `json:"dscoItemId,omitempty"`
	OriginalLineNumber       int         `json:"originalLineNumber,omitempty"`
	OriginalOrderQuantity    int64       `json:"originalOrderQuantity,omitempty"`
	DscoPackageID            int64       `json:"dscoPackageId,omitempty"`
}

func (t *orderTelling) invoice(e eventstore.Recorded, o *orderhistory.Order, kind string, i *orderv1.Invoice) error {
	order, err := t.bodyOf(o)
	if err != nil {
		return err
	}
	d, p, currency := o.Document, properties(i.GetProperties()), o.Document.GetCurrencyCode()
	b := invoiceBody{
		DscoInvoiceID: d.GetOrderId() + "/" + i.GetInvoiceId(), InvoiceID: or(i.GetInvoiceNumber(), i.GetInvoiceId()), PoNumber: poNumber(d),
		TotalAmount: amount(i.GetTotalMinor(), currency), InvoiceDate: dateOf(i.GetInvoiceDate()), CurrencyCode: currency,
		LineItemsSubtotal: amount(i.GetItemsMinor(), currency), SubtotalExcludingLineItems: amount(i.GetShippingMinor()+i.GetTaxMinor(), currency),
		HandlingAmount: p.decimal("handlingAmount"), FreightAmount: amount(i.GetShippingMinor(), currency), SalesTaxAmount: amount(i.GetTaxMinor(), currency),
		BuyerID: or(p["buyerId"], d.GetCustomer().GetCustomerId()), SellerID: p["sellerId"], SellerInvoiceNumber: or(p["sellerInvoiceNumber"], i.GetInvoiceNumber()),
		SupplierOrderNumber: or(p["supplierOrderNumber"], d.GetProperties()["supplierOrderNumber"]),
		ConsumerOrderNumber: or(p["consumerOrderNumber"], d.GetProperties()["consumerOrderNumber"]), ExternalBatchID: p["externalBatchId"],
		LineItems: []invoiceLine{}, ExpectedTotal: amount(d.GetTotals().GetTotal().GetMinorUnits(), currency),
	}
	if a := d.GetShippingAddress(); a != nil {
		b.ShipTo = &shipTo{or(a.GetCompany(), a.GetFirstName()+" "+a.GetLastName()), a.GetLine1(), a.GetLine2(), a.GetCity(), a.GetRegion(), a.GetPostalCode(), a.GetCountryCode()}
	}
	pkg := packageOf(d, i.GetPackageId())
	if pkg != nil {
		b.Ship = &shipInfo{stamp(pkg.GetShippedAt()), pkg.GetTrackingNumber(), pkg.GetCarrier(), d.GetShipping().GetMethod()}
	}
	for _, l := range i.GetLines() {
		for n, item := range d.GetItems() {
			if item.GetItemId() == l.GetItemId() {
				b.LineItems = append(b.LineItems, lineOf(len(b.LineItems)+1, n, l.GetQuantity(), d, order, pkg))
			}
		}
	}
	b.NumberOfLineItems = len(b.LineItems)
	return t.tell(e, t.facts(o, kind), i.GetInvoiceId(), e.Aggregate, b)
}

// packageOf is the package that an invoice goes with; nil when it names none.
func packageOf(d *orderv1.Order, id string) *orderv1.OrderPackage {
	for _, p := range d.GetPackages() {
		if p.GetPackageId() == id && id != "" {
			return p
		}
	}
	return nil
}

// lineOf is a line of an invoice: units of the nth line of the order.
func lineOf(number, n int, quantity int64, d *orderv1.Order, order *orderBody, pkg *orderv1.OrderPackage) invoiceLine {
	item, known, currency := d.GetItems()[n], order.LineItems[n], d.GetCurrencyCode()
	var promoted int64
	for _, a := range item.GetAdjustments() {
		promoted += a.GetAmount().GetMinorUnits()
	}
	share := func(minor int64) int64 { return minor * quantity / max(item.GetQuantity(), 1) }
	extended := item.GetUnitPrice().GetMinorUnits() * quantity
	l := invoiceLine{
		LineNumber: number, Quantity: quantity, Sku: known.Sku, PartnerSku: known.PartnerSku, Upc: known.Upc, Ean: known.Ean, Title: known.Title,
		UnitPrice: known.ConsumerPrice, BasisOfUnitPrice: item.GetProperties()["basisOfUnitPrice"], UnitOfMeasure: or(item.GetProperties()["unitOfMeasure"], "EA"),
		ExtendedAmount: amount(extended, currency), ShippingServiceLevelCode: order.ShippingServiceLevelCode,
		TaxAmount: amount(share(item.GetTax().GetMinorUnits()), currency), Subtotal: amount(extended, currency),
		DscoExpectedAmount: amount(extended, currency), DscoExpectedDifference: amount(0, currency), DscoItemID: known.DscoItemID,
		OriginalLineNumber: n + 1, OriginalOrderQuantity: item.GetQuantity(),
	}
	if promoted != 0 {
		l.PromotionReference, l.PromotionAmount = item.GetAdjustments()[0].GetCode(), amount(-share(promoted), currency)
	}
	if pkg != nil {
		l.ShipDate, l.TrackingNumber, l.ShipCarrier, l.DscoPackageID = stamp(pkg.GetShippedAt()), pkg.GetTrackingNumber(), pkg.GetCarrier(), pkg.GetPackageNumber()
		l.ShipMethod = d.GetShipping().GetMethod()
	}
	return l
}
