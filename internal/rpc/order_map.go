package rpc

import (
	"time"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
)

// createOf is the command that a request asks for.
func createOf(r *orderv1.CreateOrderRequest, by string, now time.Time) order.Create {
	c := order.Create{
		CollectionID: r.GetCollectionId(), Reference: r.GetReference(), Channel: r.GetChannel(), StoreID: r.GetStoreId(),
		Locale: r.GetLocale(), Customer: customerOf(r.GetCustomer()), Currency: r.GetCurrencyCode(),
		Items: linesOf(r.GetItems()), Adjustments: adjustmentsOf(r.GetAdjustments()),
		Shipping: order.Shipping{
			Method: r.GetShipping().GetMethod(), Price: amountOf(r.GetShipping().GetPrice()), Tax: amountOf(r.GetShipping().GetTax()),
		},
		ShippingAddress: addressOf(r.GetShippingAddress()), BillingAddress: addressOf(r.GetBillingAddress()),
		Payments: paymentsOf(r.GetPayments()), Properties: r.GetProperties(), OnDecline: r.GetOnPaymentDecline(),
		ExpectedTotal: amountOf(r.GetExpectedTotal()), CreatedBy: by, Now: now,
		Type: r.GetOrderType(), CaptureAt: r.GetCaptureAt(), Metadata: metadataOf(r.GetMetadata()),
	}
	for _, p := range r.GetPromoCodes() {
		c.PromoCodes = append(c.PromoCodes, order.Promo{Code: p.GetPromoCode(), Confirmation: p.GetConfirmationCode()})
	}
	return c
}

func linesOf(ls []*orderv1.LineItem) []order.Line {
	out := make([]order.Line, len(ls))
	for i, l := range ls {
		out[i] = order.Line{
			ItemID: l.GetItemId(), SKU: l.GetSkuId(), Bin: l.GetBinName(), Name: l.GetName(), Quantity: l.GetQuantity(),
			UnitPrice: amountOf(l.GetUnitPrice()), Adjustments: adjustmentsOf(l.GetAdjustments()), Tax: amountOf(l.GetTax()),
			FinalSale: l.GetFinalSale(), Properties: l.GetProperties(),
		}
	}
	return out
}

func paymentsOf(ps []*orderv1.PaymentItem) []order.PaymentItem {
	var out []order.PaymentItem
	for _, p := range ps {
		out = append(out, order.PaymentItem{
			ItemID: p.GetPaymentItemId(), Gateway: p.GetGateway(), Token: p.GetToken(), Amount: amountOf(p.GetAmount()),
		})
	}
	return out
}

func adjustmentsOf(as []*orderv1.Adjustment) []order.Adjustment {
	var out []order.Adjustment
	for _, a := range as {
		out = append(out, order.Adjustment{
			Kind: a.GetKind(), Code: a.GetCode(), Description: a.GetDescription(), Amount: amountOf(a.GetAmount()),
		})
	}
	return out
}

func customerOf(c *orderv1.Customer) order.Customer {
	return order.Customer{
		CustomerID: c.GetCustomerId(), Email: c.GetEmail(), FirstName: c.GetFirstName(), LastName: c.GetLastName(),
		Phone: c.GetPhone(), IP: c.GetIp(), AccountID: c.GetAccountId(), Guest: c.GetGuest(),
	}
}

// addressOf keeps an address that was not given apart from an empty one.
func addressOf(a *orderv1.Address) *order.Address {
	if a == nil {
		return nil
	}
	return &order.Address{
		FirstName: a.GetFirstName(), LastName: a.GetLastName(), Company: a.GetCompany(), Line1: a.GetLine1(), Line2: a.GetLine2(),
		City: a.GetCity(), Region: a.GetRegion(), PostalCode: a.GetPostalCode(), CountryCode: a.GetCountryCode(),
		Phone: a.GetPhone(), Email: a.GetEmail(),
	}
}

// amountOf is the amount of a message; none is the amount that was not given.
func amountOf(m *moneyv1.Money) money.Amount {
	return money.Amount{Currency: m.GetCurrencyCode(), Minor: m.GetMinorUnits()}
}

// moneyOf is an amount as a message.
func moneyOf(minor int64, currency string) *moneyv1.Money {
	return &moneyv1.Money{CurrencyCode: currency, MinorUnits: minor}
}

// statusOf is the API's name of a status; the numbers are the same.
func statusOf(s order.Status) orderv1.OrderStatus { return orderv1.OrderStatus(s) }
