package external

import (
	"strconv"
	"strings"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderwire"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/order"
)

// Order is a fat order: the 18 keys of the source system, filled from what the
// order is. Their inner shapes are ours, since the source does not show them
// (origin proposed). Amounts are minor units.
type Order struct {
	ID                 string                     `json:"id"`
	Details            Details                    `json:"orderdetails"`
	Info               Info                       `json:"orderinfo"`
	Items              []Item                     `json:"orderitems"`
	Status             []string                   `json:"status"`
	NextStatus         []string                   `json:"nextstatus"`
	AllowedPatchFields []string                   `json:"allowedPatchFields"`
	FailedReason       *Reason                    `json:"failedReason"`
	OtherProperties    map[string]string          `json:"otherproperties"`
	Payments           []Payment                  `json:"payments"`
	Math               []Sum                      `json:"math"`
	Transactions       []skava.PaymentTransaction `json:"transactions"`
	Fraud              *Fraud                     `json:"fraud"`
	UserTracking       skava.UserTracking         `json:"usertracking"`
	Notes              []Note                     `json:"notes"`
	ItemPatchAllowed   bool                       `json:"itemLevelPatchAllowed"`
	PriceFacets        *struct{}                  `json:"priceFacets"`
	SpecialProducts    *struct{}                  `json:"specialProducts"`
}

// Details is the order itself: where it goes and what became of it.
type Details struct {
	OrderNumber     string            `json:"ordernumber"`
	Reference       string            `json:"reference,omitempty"`
	Currency        string            `json:"currency"`
	PaymentStatus   string            `json:"paymentstatus,omitempty"`
	ShippingMethod  string            `json:"shippingmethod,omitempty"`
	ShippingAddress *orderv1.Address  `json:"shippingaddress,omitempty"`
	BillingAddress  *orderv1.Address  `json:"billingaddress,omitempty"`
	PromoCodes      []skava.PromoCode `json:"promocodes"`
	Packages        []Package         `json:"packages"`
	Linked          []string          `json:"linkedorders,omitempty"`
}

// Info is the header of an order (public form of the source system).
type Info struct {
	CollectionID int64  `json:"collectionid"`
	CreatedTime  int64  `json:"createdtime"`
	UpdatedTime  int64  `json:"updatedtime"`
	Channel      string `json:"channel"`
	StoreID      string `json:"storeid"`
	Locale       string `json:"locale"`
	Deletable    bool   `json:"deletable"`
	Editable     bool   `json:"editable"`
	OrderType    string `json:"ordertype"`
}

// Item is a line.
type Item struct {
	ID         string           `json:"id"`
	SKUID      string           `json:"skuid"`
	BinName    string           `json:"binname"`
	Name       string           `json:"name"`
	Status     string           `json:"status"`
	Quantity   int64            `json:"quantity"`
	Cancelled  int64            `json:"cancelled"`
	Shipped    int64            `json:"shipped"`
	Returned   int64            `json:"returned"`
	UnitPrice  int64            `json:"unitprice"`
	Total      int64            `json:"total"`
	Returnable bool             `json:"returnable"`
	Properties []skava.Property `json:"properties"`
}

// Package is a parcel.
type Package struct {
	ID             string `json:"id"`
	Status         string `json:"status"`
	Carrier        string `json:"carrier,omitempty"`
	TrackingNumber string `json:"trackingnumber,omitempty"`
}

// Payment is a way of paying with its sums.
type Payment struct {
	ID         string `json:"id"`
	Gateway    string `json:"gateway"`
	Amount     int64  `json:"amount"`
	Authorized int64  `json:"authorized"`
	Captured   int64  `json:"captured"`
	Refunded   int64  `json:"refunded"`
}

// Sum is one line of the price computation.
type Sum struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
}

// Reason says why an order has a status that nobody wished for.
type Reason struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Fraud is the verdict of the check.
type Fraud struct {
	Verdict string `json:"verdict"`
}

// Note is a note.
type Note struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Author string `json:"author"`
	Time   int64  `json:"time"`
}

// OrderOf is the fat form of an order, with the payment operations so far.
func OrderOf(o *orderv1.Order, paid []skava.PaymentTransaction) Order {
	status := order.Status(o.GetStatus()) //nolint:gosec // the numbers are the same
	out := Order{
		ID: o.GetOrderId(), Details: detailsOf(o), Status: []string{orderwire.StatusText(o.GetStatus())},
		Info: Info{
			CollectionID: o.GetCollectionId(), CreatedTime: o.GetCreatedAt().AsTime().UnixMilli(), UpdatedTime: o.GetUpdatedAt().AsTime().UnixMilli(),
			Channel: o.GetChannel(), StoreID: o.GetStoreId(), Locale: o.GetLocale(), OrderType: short(o.GetOrderType().String(), "ORDER_TYPE_"),
			Deletable: status.Final(), Editable: status == order.Submitted || status == order.ReadyToEdit,
		},
		NextStatus: []string{}, AllowedPatchFields: []string{}, Items: []Item{}, Payments: []Payment{}, Notes: []Note{},
		OtherProperties: map[string]string{}, Transactions: paid, UserTracking: orderwire.Tracking(o), ItemPatchAllowed: status.Confirmed() && !status.Final(),
	}
	for _, next := range status.Next() {
		out.NextStatus = append(out.NextStatus, orderwire.StatusText(orderv1.OrderStatus(next)))
	}
	if out.ItemPatchAllowed {
		out.AllowedPatchFields = []string{"status", "reasoncode", "reasonmessage", "properties", "orderItemPatchDTO"}
	}
	if o.GetStatusReason() != "" {
		out.FailedReason = &Reason{o.GetStatusReason(), o.GetStatusMessage()}
	}
	if v := o.GetFraudVerdict(); v != orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED {
		out.Fraud = &Fraud{short(v.String(), "FRAUD_VERDICT_")}
	}
	if out.Transactions == nil {
		out.Transactions = []skava.PaymentTransaction{}
	}
	for k, v := range o.GetProperties() {
		out.OtherProperties[k] = v
	}
	return out.parts(o)
}

// parts fills the lists.
func (out Order) parts(o *orderv1.Order) Order {
	for _, i := range o.GetItems() {
		out.Items = append(out.Items, Item{
			ID: i.GetItemId(), SKUID: i.GetSkuId(), BinName: i.GetBinName(), Name: i.GetName(), Status: orderwire.StatusText(i.GetStatus()),
			Quantity: i.GetQuantity(), Cancelled: i.GetCancelled(), Shipped: i.GetShipped(), Returned: i.GetReturned(),
			UnitPrice: i.GetUnitPrice().GetMinorUnits(), Total: i.GetTotal().GetMinorUnits(), Returnable: i.GetReturnable(),
			Properties: orderwire.Properties(i.GetProperties()),
		})
	}
	for _, p := range o.GetPayments() {
		out.Payments = append(out.Payments, Payment{
			ID: p.GetPaymentItemId(), Gateway: p.GetGateway(), Amount: p.GetAmount().GetMinorUnits(), Authorized: p.GetAuthorized().GetMinorUnits(),
			Captured: p.GetCaptured().GetMinorUnits(), Refunded: p.GetRefunded().GetMinorUnits(),
		})
	}
	for _, n := range o.GetNotes() {
		out.Notes = append(out.Notes, Note{n.GetNoteId(), n.GetText(), n.GetAuthor(), n.GetAt().AsTime().UnixMilli()})
	}
	t := o.GetTotals()
	for _, s := range []struct {
		name string
		m    *moneyv1.Money
	}{{"items", t.GetItems()}, {"adjustments", t.GetAdjustments()}, {"shipping", t.GetShipping()}, {"tax", t.GetTax()}, {"total", t.GetTotal()}, {"due", o.GetDue()}} {
		out.Math = append(out.Math, Sum{s.name, s.m.GetMinorUnits()})
	}
	return out
}

func detailsOf(o *orderv1.Order) Details {
	d := Details{
		OrderNumber: strconv.FormatUint(o.GetOrderNumber(), 10), Reference: o.GetReference(), Currency: o.GetCurrencyCode(),
		PaymentStatus: o.GetPaymentStatus(), ShippingMethod: o.GetShipping().GetMethod(),
		ShippingAddress: o.GetShippingAddress(), BillingAddress: o.GetBillingAddress(),
		PromoCodes: []skava.PromoCode{}, Packages: []Package{}, Linked: o.GetLinkedOrderIds(),
	}
	for _, p := range o.GetPromoCodes() {
		d.PromoCodes = append(d.PromoCodes, skava.PromoCode{PromoCode: p.GetPromoCode(), ConfirmationCode: p.GetConfirmationCode()})
	}
	for _, p := range o.GetPackages() {
		d.Packages = append(d.Packages, Package{p.GetPackageId(), p.GetStatus(), p.GetCarrier(), p.GetTrackingNumber()})
	}
	return d
}

// short is the name of an enum value without its prefix; empty when it is not
// given.
func short(name, prefix string) string {
	if name = strings.TrimPrefix(name, prefix); name == "UNSPECIFIED" {
		return ""
	}
	return name
}
