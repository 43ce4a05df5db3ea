package dsco

import (
	"encoding/json"
	"strings"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderhistory"
)

// orderBody is Order.
type orderBody struct {
	PoNumber                         string     `json:"poNumber"`
	RetailerCreateDate               string     `json:"retailerCreateDate,omitempty"`
	Channel                          string     `json:"channel,omitempty"`
	LineItems                        []lineItem `json:"lineItems"`
	Shipping                         shipping   `json:"shipping"`
	SignatureRequiredFlag            *bool      `json:"signatureRequiredFlag,omitempty"`
	ShipInstructions                 string     `json:"shipInstructions,omitempty"`
	GiftWrapFlag                     *bool      `json:"giftWrapFlag,omitempty"`
	GiftWrapMessage                  string     `json:"giftWrapMessage,omitempty"`
	SupplierOrderNumber              string     `json:"supplierOrderNumber,omitempty"`
	DscoOrderID                      uint64     `json:"dscoOrderId,omitempty"`
	DscoStatus                       string     `json:"dscoStatus,omitempty"`
	DscoLifecycle                    string     `json:"dscoLifecycle,omitempty"`
	DscoRetailerID                   int64      `json:"dscoRetailerId,omitempty"`
	DscoSupplierID                   int64      `json:"dscoSupplierId,omitempty"`
	DscoTradingPartnerID             string     `json:"dscoTradingPartnerId,omitempty"`
	DscoTradingPartnerName           string     `json:"dscoTradingPartnerName,omitempty"`
	DscoCreateDate                   string     `json:"dscoCreateDate,omitempty"`
	DscoLastUpdate                   string     `json:"dscoLastUpdate,omitempty"`
	TestFlag                         *bool      `json:"testFlag,omitempty"`
	CurrencyCode                     string     `json:"currencyCode,omitempty"`
	ExpectedDeliveryDate             string     `json:"expectedDeliveryDate,omitempty"`
	RequiredDeliveryDate             string     `json:"requiredDeliveryDate,omitempty"`
	RetailerShipCarrier              string     `json:"retailerShipCarrier,omitempty"`
	RetailerShipMethod               string     `json:"retailerShipMethod,omitempty"`
	RetailerShippingServiceLevelCode string     `json:"retailerShippingServiceLevelCode,omitempty"`
	DscoShipCarrier                  string     `json:"dscoShipCarrier,omitempty"`
	DscoShipMethod                   string     `json:"dscoShipMethod,omitempty"`
	DscoShippingServiceLevelCode     string     `json:"dscoShippingServiceLevelCode,omitempty"`
	ShipCarrier                      string     `json:"shipCarrier,omitempty"`
	ShipMethod                       string     `json:"shipMethod,omitempty"`
	ShippingServiceLevelCode         string     `json:"shippingServiceLevelCode,omitempty"`
}

// lineItem is OrderLineItem.
type lineItem struct {
	DscoSupplierID       int64        `json:"dscoSupplierId,omitempty"`
	DscoTradingPartnerID string       `json:"dscoTradingPartnerId,omitempty"`
	DscoItemID           int64        `json:"dscoItemId,omitempty"`
	Sku                  string       `json:"sku,omitempty"`
	Upc                  string       `json:"upc,omitempty"`
	Ean                  string       `json:"ean,omitempty"`
	PartnerSku           string       `json:"partnerSku,omitempty"`
	Title                string       `json:"title,omitempty"`
	Quantity             int64        `json:"quantity"`
	ExpectedCost         *json.Number `json:"expectedCost,omitempty"`
	ConsumerPrice        json.Number  `json:"consumerPrice"`
	Personalization      string       `json:"personalization,omitempty"`
	WarehouseCode        string       `json:"warehouseCode,omitempty"`
}

// shipping is Shipping.
type shipping struct {
	Attention   string `json:"attention,omitempty"`
	FirstName   string `json:"firstName"`
	LastName    string `json:"lastName"`
	Company     string `json:"company,omitempty"`
	Address1    string `json:"address1"`
	Address2    string `json:"address2,omitempty"`
	City        string `json:"city"`
	Region      string `json:"region"`
	Postal      string `json:"postal"`
	Country     string `json:"country,omitempty"`
	Phone       string `json:"phone,omitempty"`
	Email       string `json:"email,omitempty"`
	Carrier     string `json:"carrier,omitempty"`
	Method      string `json:"method,omitempty"`
	StoreNumber string `json:"storeNumber,omitempty"`
}

// poNumber is the number of the order where it came from.
func poNumber(d *orderv1.Order) string {
	if d.GetReference() != "" {
		return d.GetReference()
	}
	return d.GetOrderId()
}

// bodyOf is the order as it is after an event.
func (t *orderTelling) bodyOf(o *orderhistory.Order) (*orderBody, error) {
	d, p, tenant := o.Document, properties(o.Document.GetProperties()), t.commit.GetTenant()
	b := &orderBody{
		PoNumber: poNumber(d), RetailerCreateDate: stamp(d.GetCreatedAt()), Channel: d.GetChannel(), DscoOrderID: d.GetOrderNumber(),
		DscoStatus: status(d), DscoLifecycle: lifecycle(d), DscoCreateDate: stamp(d.GetCreatedAt()), DscoLastUpdate: stamp(t.commit.GetTime()),
		CurrencyCode: d.GetCurrencyCode(), SignatureRequiredFlag: p.flag("signatureRequiredFlag"), ShipInstructions: p["shipInstructions"],
		GiftWrapFlag: p.flag("giftWrapFlag"), GiftWrapMessage: p["giftWrapMessage"], SupplierOrderNumber: p["supplierOrderNumber"],
		DscoTradingPartnerID: p["dscoTradingPartnerId"], DscoTradingPartnerName: p["dscoTradingPartnerName"], TestFlag: p.flag("testFlag"),
		ExpectedDeliveryDate: dateOf(p["expectedDeliveryDate"]), RequiredDeliveryDate: dateOf(p["requiredDeliveryDate"]),
		RetailerShipCarrier: p["retailerShipCarrier"], RetailerShipMethod: p["retailerShipMethod"],
		RetailerShippingServiceLevelCode: p["retailerShippingServiceLevelCode"], DscoShipCarrier: p["dscoShipCarrier"], DscoShipMethod: p["dscoShipMethod"],
		DscoShippingServiceLevelCode: p["dscoShippingServiceLevelCode"], ShipCarrier: p["shipCarrier"], ShipMethod: p["shipMethod"],
		ShippingServiceLevelCode: p["shippingServiceLevelCode"], LineItems: []lineItem{},
	}
	b.DscoRetailerID, b.DscoSupplierID = t.accounts.sides(tenant, p)
	partner := t.accounts.partner(tenant, b.DscoRetailerID, b.DscoSupplierID)
	b.DscoTradingPartnerID, b.DscoTradingPartnerName = or(b.DscoTradingPartnerID, partner.TradingPartnerID), or(b.DscoTradingPartnerName, partner.Name)
	b.ShipCarrier, b.ShipMethod = or(b.ShipCarrier, carrier(d)), or(b.ShipMethod, d.GetShipping().GetMethod())
	a := d.GetShippingAddress()
	b.Shipping = shipping{
		Attention: p["attention"], FirstName: a.GetFirstName(), LastName: a.GetLastName(), Company: a.GetCompany(), Address1: a.GetLine1(), Address2: a.GetLine2(),
		City: a.GetCity(), Region: a.GetRegion(), Postal: a.GetPostalCode(), Country: a.GetCountryCode(), Phone: a.GetPhone(), Email: a.GetEmail(),
		Carrier: b.ShipCarrier, Method: b.ShipMethod, StoreNumber: d.GetStoreId(),
	}
	for _, i := range d.GetItems() {
		l, err := t.line(d, i, b)
		if err != nil {
			return nil, err
		}
		b.LineItems = append(b.LineItems, l)
	}
	return b, nil
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// carrier is that of the package that was made last.
func carrier(d *orderv1.Order) (name string) {
	for _, p := range d.GetPackages() {
		name = or(p.GetCarrier(), name)
	}
	return name
}

// line is a line of an order, with what the catalogue knows of its item.
func (t *orderTelling) line(d *orderv1.Order, i *orderv1.OrderItem, b *orderBody) (lineItem, error) {
	item, err := t.lookup.Catalogue(t.ctx, t.commit.GetTenant(), d.GetCollectionId(), i.GetSkuId())
	if err != nil {
		return lineItem{}, err
	}
	p, known := properties(i.GetProperties()), item.Details
	l := lineItem{
		DscoSupplierID: b.DscoSupplierID, DscoTradingPartnerID: or(p["dscoTradingPartnerId"], b.DscoTradingPartnerID), DscoItemID: item.Number,
		Sku: i.GetSkuId(), Upc: or(p["upc"], known.Identifiers["upc"]), Ean: or(p["ean"], known.Identifiers["ean"]),
		PartnerSku: or(p["partnerSku"], known.PartnerSKU), Title: or(i.GetName(), known.Name), Quantity: i.GetQuantity(),
		ExpectedCost: p.decimal("expectedCost"), ConsumerPrice: amount(i.GetUnitPrice().GetMinorUnits(), d.GetCurrencyCode()),
		Personalization: p["personalization"], WarehouseCode: i.GetBinName(),
	}
	if n := p.number("dscoSupplierId"); n != nil {
		l.DscoSupplierID = *n
	}
	if l.ExpectedCost == nil && known.Cost.Currency != "" {
		cost := amount(known.Cost.Minor, known.Cost.Currency)
		l.ExpectedCost = &cost
	}
	return l, nil
}

// status is that of an order in the words of Dsco.
func status(d *orderv1.Order) string {
	switch d.GetStatus() { //nolint:exhaustive // the others are on their way
	case orderv1.OrderStatus_ORDER_STATUS_CREATED, orderv1.OrderStatus_ORDER_STATUS_ON_HOLD:
		return "created"
	case orderv1.OrderStatus_ORDER_STATUS_CANCELLED, orderv1.OrderStatus_ORDER_STATUS_CANCELLING, orderv1.OrderStatus_ORDER_STATUS_DELETED:
		return "cancelled"
	case orderv1.OrderStatus_ORDER_STATUS_SHIPPED, orderv1.OrderStatus_ORDER_STATUS_DELIVERED, orderv1.OrderStatus_ORDER_STATUS_UNABLE_TO_DELIVER,
		orderv1.OrderStatus_ORDER_STATUS_RETURN_SUBMITTED, orderv1.OrderStatus_ORDER_STATUS_RETURNED:
		return "shipped"
	case orderv1.OrderStatus_ORDER_STATUS_SUBMITTED:
		return "created"
	}
	return "shipment_pending"
}

// lifecycle is how far the order is: created when it is confirmed, acknowledged
// when somebody works on it, completed when nothing is left to ship.
func lifecycle(d *orderv1.Order) string {
	switch s := status(d); {
	case s == "shipped" || s == "cancelled":
		return "completed"
	case s == "shipment_pending" || strings.TrimSpace(d.GetProperties()["supplierOrderNumber"]) != "":
		return "acknowledged"
	}
	return "created"
}
