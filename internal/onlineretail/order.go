package onlineretail

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
)

// Reasons why a row, or a whole invoice, does not become part of an order.
const (
	NotPositive    = "quantity is not positive"
	NoPrice        = "price is zero"
	NegativePrice  = "price is negative"
	BelowMinorUnit = "price is below one penny"
	BadPrice       = "price is not a number"
	NothingLeft    = "no row of the invoice can be sold"
)

// Report counts what was mapped and what was not.
type Report struct {
	Rows     int            // rows that became lines
	LeftOut  map[string]int // rows that did not, by reason
	Invoices map[string]int // invoices that did not, by reason
}

// NewReport returns an empty report.
func NewReport() *Report { return &Report{LeftOut: map[string]int{}, Invoices: map[string]int{}} }

// Reasons lists the reasons of rows left out, in a stable order.
func (r *Report) Reasons() []string { return slices.Sorted(maps.Keys(r.LeftOut)) }

// Order turns a sale invoice into the request that places it; nil when nothing
// of it can be sold. The idempotency key is made from the invoice number, so
// an invoice becomes one order however often it is sent.
func (r *Report) Order(inv Invoice) *orderv1.CreateOrderRequest {
	req := &orderv1.CreateOrderRequest{
		IdempotencyKey: "online-retail/" + inv.Number, Reference: inv.Number, Channel: "online-retail",
		Locale: "en-GB", CurrencyCode: Currency,
		ShippingAddress: &orderv1.Address{CountryCode: countries[inv.Country]},
		Customer:        &orderv1.Customer{CustomerId: inv.Customer, Guest: inv.Customer == ""},
		Properties:      map[string]string{"invoice_date": inv.Date.Format(time.RFC3339), "country": inv.Country},
	}
	for _, row := range inv.Rows {
		minor, why := price(row)
		if why != "" {
			r.LeftOut[why]++
			continue
		}
		r.Rows++
		name := strings.TrimSpace(row.Description)
		req.Items = append(req.Items, &orderv1.LineItem{
			SkuId: row.StockCode, Name: name, Quantity: row.Quantity,
			UnitPrice: &moneyv1.Money{CurrencyCode: Currency, MinorUnits: minor},
		})
	}
	if len(req.GetItems()) == 0 {
		r.Invoices[NothingLeft]++
		return nil
	}
	return req
}

func price(row Row) (minor int64, why string) {
	if row.Quantity <= 0 {
		return 0, NotPositive
	}
	minor, err := money.Parse(row.UnitPrice, Currency)
	switch {
	case errors.Is(err, money.ErrBelowMinorUnit):
		return 0, BelowMinorUnit
	case err != nil:
		return 0, BadPrice
	case minor == 0:
		return 0, NoPrice
	case minor < 0:
		return 0, NegativePrice
	}
	return minor, ""
}

// countries are the ISO 3166 codes of the names that the data set uses; what
// is not a country has none.
var countries = map[string]string{
	"United Kingdom": "GB", "Germany": "DE", "France": "FR", "EIRE": "IE", "Belgium": "BE", "Netherlands": "NL",
	"Spain": "ES", "Australia": "AU", "Portugal": "PT", "Switzerland": "CH", "Italy": "IT", "Sweden": "SE",
	"Finland": "FI", "Japan": "JP", "Poland": "PL", "Channel Islands": "", "Cyprus": "CY", "Austria": "AT",
	"Norway": "NO", "Lithuania": "LT", "Denmark": "DK", "Hong Kong": "HK", "Singapore": "SG", "Iceland": "IS",
	"Bahrain": "BH", "Israel": "IL", "Greece": "GR", "Unspecified": "", "Canada": "CA", "Lebanon": "LB",
	"United Arab Emirates": "AE", "Saudi Arabia": "SA", "Czech Republic": "CZ", "Brazil": "BR", "USA": "US",
	"European Community": "", "Malta": "MT", "RSA": "ZA",
}
