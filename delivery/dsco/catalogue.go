package dsco

import "github.com/orderstream/oms/delivery/catalogue"

// Catalogue describes the events, in the order of Types. Samples are what the
// envelope carries as its payload.
func Catalogue() []catalogue.Event {
	cost, price := amount(400, "USD"), amount(1000, "USD")
	line := lineItem{DscoItemID: 4, Sku: "shoe", Title: "Shoe", Quantity: 2, ExpectedCost: &cost, ConsumerPrice: price, WarehouseCode: "main"}
	order := &orderBody{
		PoNumber: "PO-1", RetailerCreateDate: sampleDate, DscoOrderID: 17, DscoStatus: "created", DscoLifecycle: "created", DscoCreateDate: sampleDate,
		DscoLastUpdate: sampleDate, CurrencyCode: "USD", LineItems: []lineItem{line},
		Shipping: shipping{FirstName: "Ann", LastName: "Lee", Address1: "1 High Street", City: "Albany", Region: "NY", Postal: "12207", Country: "US"},
	}
	invoice := invoiceBody{
		DscoInvoiceID: "17/i1", InvoiceID: "INV-1", PoNumber: "PO-1", TotalAmount: amount(2000, "USD"), InvoiceDate: sampleDate, CurrencyCode: "USD",
		LineItemsSubtotal: amount(2000, "USD"), SubtotalExcludingLineItems: amount(0, "USD"), NumberOfLineItems: 1, FreightAmount: amount(0, "USD"), SalesTaxAmount: amount(0, "USD"),
		LineItems:     []invoiceLine{{LineNumber: 1, Quantity: 2, Sku: "shoe", UnitPrice: price, ExtendedAmount: amount(2000, "USD"), Subtotal: amount(2000, "USD")}},
		ExpectedTotal: amount(2000, "USD"),
	}
	item := itemBody{Sku: "shoe", QuantityAvailable: 12, Title: "Shoe", Cost: &cost, Status: "in-stock", ProductStatus: "active", DscoItemID: 4, Warehouses: []warehouse{{Code: "main", Quantity: 12}}}
	status := lineItemStatus{EventUUID: "01J0000000000000000000000.1.dc", Status: "SHIPPED", Order: order, LineItems: []lineItemChange{{line, 1, "SHIPPED"}}, TrackingNumber: "1Z"}
	return []catalogue.Event{
		{Type: OrderCreated, When: "An order was confirmed.", Sample: order},
		{Type: OrderUpdated, When: "A confirmed order was changed, by whatever means.", Sample: order},
		{Type: InventoryUpdated, When: "An item was made, changed or discontinued, or its quantity changed.", Sample: item},
		{Type: InvoiceCreated, When: "An invoice was made.", Sample: invoice},
		{Type: InvoiceUpdated, When: "An invoice was changed.", Sample: invoice},
		{Type: LineItemStatus, When: "Units of lines were shipped or cancelled.", Sample: status},
	}
}

const sampleDate = "2026-01-31T12:00:00.000Z"
