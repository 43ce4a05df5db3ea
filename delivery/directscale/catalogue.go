package directscale

import (
	"encoding/json"
	"time"

	"github.com/orderstream/oms/delivery/catalogue"
)

// sampleTime is when all that the samples tell of happened.
var sampleTime = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// Catalogue describes the default events, in the order of Types.
func Catalogue() []catalogue.Event {
	all := make([]catalogue.Event, 0, len(Types()))
	for _, t := range Types() {
		all = append(all, catalogue.Event{Type: t, When: whenTold[t], Sample: sampleOf(t)})
	}
	return all
}

// whenTold says of each default event when it is told.
var whenTold = map[string]string{
	CreateAssociate:     "An account of an associate or a customer was made.",
	UpdateAssociate:     "An account was changed.",
	Enrollment:          "An account was enrolled.",
	CreateSubscription:  "A subscription (autoship) was made.",
	UpdateSubscription:  "A subscription was changed, paused, resumed or voided.",
	Order:               "The first attempt to pay for an order came to its end. Deprecated, and told only to endpoints that name it: use FinalizeOrderEvent.",
	StockLevel:          "An item came into stock in a warehouse, or ran out.",
	CreateOrder:         "An order was placed.",
	FinalizeOrder:       "An attempt to pay for an order came to its end; OrderStatus tells which.",
	UpdateOrder:         "The metadata or the notes of an order were changed.",
	VoidOrder:           "An order was cancelled, or deleted without having been cancelled.",
	CreateOrderPayment:  "Money of an order was taken, or a payment was rejected.",
	RefundOrderPayment:  "Money of an order was given back.",
	SubmitPackage:       "A package of an order is to be shipped.",
	UpdatePackageStatus: "A package was changed, or its status.",
	PackageStatus:       "The status of a package was changed.",
	CreateItem:          "An item was made.",
	UpdateItem:          "An item was changed.",
	DeleteItem:          "An item, or one of its options, was deleted.",
}

// sampleOf is a body of a default event.
func sampleOf(kind string) any {
	legacy, of := legacyEvent(kind, sampleTime), orderEvent(kind, sampleTime)
	at := date(sampleTime)
	switch kind {
	case CreateAssociate, UpdateAssociate:
		return associateBody{
			AssociateID: 4711, Username: "ann", FirstName: "Ann", LastName: "Lee", EmailAddress: "ann@example.com", AssociateStatus: 1, AssociateType: 1,
			WebAliases: []string{"ann"}, event: legacy,
		}
	case Enrollment:
		return enrollmentBody{
			DistributorID: "4712", DistributorType: "1", DistributorStatus: "Active", DistributorCountry: "GB", SponsorID: "4711", EnrollmentDateUTC: at, event: legacy,
		}
	case CreateSubscription, UpdateSubscription:
		return subscriptionBody{AssociateID: 4711, SubscriptionID: 12, SubscriptionName: "Tea", event: legacy}
	case Order:
		return legacyOrder{
			OrderID: "1001", OrderDateUTC: at, DistributorID: "4711", OrderType: "Standard", OrderTotal: json.Number("19.98"), OrderCountry: "GB",
			OrderCurrency: "GBP", OrderStatus: "Paid", event: legacy,
		}
	case StockLevel:
		return stockBody{ItemID: 85, WarehouseID: 1, Status: "OutOfStock", StatusIndex: 1, event: legacy}
	}
	if body := samplePayment(kind, of); body != nil {
		return body
	}
	return sampleOrder(kind, of)
}

// samplePayment is a body of an event of payments or packages; nil of others.
func samplePayment(kind string, of event) any {
	paid := paymentBody{
		OrderNumber: 1001, OrderPaymentID: 77, PaymentStatus: "Paid", PaymentType: "Charge", Amount: json.Number("19.98"), CurrencyCode: "GBP", event: of,
	}
	switch kind {
	case CreateOrderPayment:
		return paid
	case RefundOrderPayment:
		paid.OrderPaymentID, paid.PaymentType, paid.Amount = 78, "Credit", json.Number("-19.98")
		return refundBody{RefundedOrderPaymentID: 77, IsFullRefund: true, RefundDateUTC: date(sampleTime), paymentBody: paid}
	case SubmitPackage, UpdatePackageStatus, PackageStatus:
		tracking, shipped := "1Z999AA10123456784", date(sampleTime)
		b := packageBody{OrderNumber: 1001, PackageID: 501, PackageStatus: "Submitted", WarehouseID: 1, ShipMethodID: 3, Carrier: "UPS", event: of}
		if kind != SubmitPackage {
			b.PackageStatus, b.TrackingNumber, b.ShippedDateUTC = "Shipped", &tracking, &shipped
		}
		return b
	}
	return nil
}

// sampleOrder is a body of an event of orders or items.
func sampleOrder(kind string, of event) any {
	item := itemBody{ItemID: 85, Sku: "TEA-50", TrackStock: true, event: of}
	switch kind {
	case CreateItem, DeleteItem:
		return item
	case UpdateItem:
		return updatedItem{item, map[string]string{"color": "green"}, map[string]string{}}
	}
	b := orderBody{OrderNumber: 1001, CustomerID: 4711, OrderDateUTC: date(sampleTime), OrderStatus: statusPending, OrderType: "Standard", event: of}
	switch kind {
	case FinalizeOrder:
		b.OrderStatus = "Paid"
	case VoidOrder:
		b.OrderStatus, b.VoidedDateUTC = statusVoided, date(sampleTime)
	}
	return b
}
