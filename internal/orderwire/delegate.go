package orderwire

import (
	"maps"
	"slices"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/skava"
)

// Delegate is the Skava OrderDelegate about one package of an order: its lines
// as patches, who is behind the change, and the payments so far.
func Delegate(o *orderv1.Order, packageID, by string, paid []skava.PaymentTransaction) skava.OrderDelegate {
	d := skava.OrderDelegate{
		CollectionID: o.GetCollectionId(), Locale: o.GetLocale(), OrderID: o.GetOrderId(), Payments: paid,
		Patch: skava.OrderPatch{
			Status: StatusText(o.GetStatus()), ReasonCode: o.GetStatusReason(), ReasonMessage: o.GetStatusMessage(),
			Properties: Properties(o.GetProperties()), User: skava.UserPatch{UserID: by}, Tracking: Tracking(o),
		},
	}
	if d.Payments == nil {
		d.Payments = []skava.PaymentTransaction{}
	}
	items := make(map[string]*orderv1.OrderItem, len(o.GetItems()))
	for _, i := range o.GetItems() {
		items[i.GetItemId()] = i
	}
	for _, p := range o.GetPackages() {
		if p.GetPackageId() != packageID {
			continue
		}
		d.Patch.Other = []skava.Property{
			{Name: "shipmentid", Value: p.GetPackageId()},
			{Name: "shipmentstatus", Value: p.GetStatus()},
			{Name: "carrier", Value: p.GetCarrier()},
			{Name: "trackingnumber", Value: p.GetTrackingNumber()},
		}
		for _, l := range p.GetLines() {
			d.Patch.Items = append(d.Patch.Items, itemPatch(items[l.GetItemId()], l, p))
		}
	}
	return d
}

func itemPatch(i *orderv1.OrderItem, l *orderv1.ItemQuantity, p *orderv1.OrderPackage) skava.ItemPatch {
	return skava.ItemPatch{
		ID: l.GetItemId(), Status: StatusText(i.GetStatus()), ReasonCode: i.GetStatusReason(), Quantity: l.GetQuantity(),
		Properties: Properties(i.GetProperties()), Returnable: i.GetReturnable(),
		Other: []skava.Property{{Name: "shipmentid", Value: p.GetPackageId()}},
	}
}

// Tracking says who bought an order. A guest is named by the order.
func Tracking(o *orderv1.Order) skava.UserTracking {
	c := o.GetCustomer()
	t := skava.UserTracking{
		FirstName: c.GetFirstName(), LastName: c.GetLastName(), Zip: o.GetBillingAddress().GetPostalCode(), GuestUser: c.GetGuest(),
		IP: c.GetIp(), AccountID: c.GetAccountId(), UserID: c.GetCustomerId(),
		Contact: skava.UserContact{Phone: c.GetPhone(), Email: c.GetEmail(), Preferred: skava.ContactEmail},
	}
	if c.GetGuest() {
		t.GuestUserID = "guest-" + o.GetOrderId()
	}
	if c.GetEmail() == "" && c.GetPhone() != "" {
		t.Contact.Preferred = skava.ContactPhone
	}
	return t
}

// Properties are custom properties as a list, sorted by name; never nil.
func Properties(m map[string]string) []skava.Property {
	out := make([]skava.Property, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, skava.Property{Name: name, Value: m[name]})
	}
	return out
}

// Paid is a payment operation that took place, as an OrderDelegate lists it.
func Paid(t *orderv1.PaymentTransaction, currency, by string, millis int64) skava.PaymentTransaction {
	p := skava.PaymentTransaction{
		ID: t.GetTransactionId(), PaymentItemID: t.GetPaymentItemId(), Type: Operation(t.GetOperation()), Value: t.GetAmountMinor(),
		Status: Operation(t.GetOperation()), ResponseCode: t.GetResponseCode(), ResponseMessage: t.GetResponseMessage(),
		CreatedBy: by, CreatedTime: millis, Properties: []skava.Property{{Name: skava.PropertyCurrency, Value: currency}},
	}
	if !t.GetSucceeded() {
		p.Status = skava.PaymentFailed
	}
	return p
}
