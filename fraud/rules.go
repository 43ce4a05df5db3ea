package fraud

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// Rules are the thresholds of the check. Everything that is zero or empty is
// switched off: the zero value accepts every order.
type Rules struct {
	// Amounts are limits by ISO 4217 code. A currency without an entry has
	// none: amounts of different currencies do not compare.
	Amounts map[string]Amount
	// Window is how far back orders are counted for the rates.
	Window time.Duration
	// PerCustomer, PerEmail and PerIP limit how many orders one of them places
	// inside the window.
	PerCustomer Rate
	PerEmail    Rate
	PerIP       Rate
	// CountryMismatch is whose orders are reviewed when the countries of bill
	// and shipment differ.
	CountryMismatch Scope
	// ReviewPromoCodes reviews orders with more promo codes.
	ReviewPromoCodes int
	// ReviewLines reviews orders with more lines.
	ReviewLines int
	// DenyCustomers, DenyEmails, DenyIPs and DenyCountries reject. An entry
	// "@example.com" stands for all addresses of that domain, and one that ends
	// in "." or ":", such as "203.0.113.", for all IP addresses that start with
	// it. The lists are searched in full: they are for dozens of entries.
	DenyCustomers []string
	DenyEmails    []string
	DenyIPs       []string
	DenyCountries []string
}

// Amount limits what one order may cost, in minor units; 0 is no limit.
type Amount struct {
	// Review and Reject are exceeded by more than that.
	Review int64
	Reject int64
	// GuestReview is a lower limit for buyers without an account.
	GuestReview int64
}

// Rate limits how many orders are placed inside the window; 0 is no limit.
type Rate struct {
	// Review and Reject are reached by the orders before this one.
	Review int
	Reject int
}

// Scope says to whose orders a rule applies.
type Scope uint8

const (
	// Nobody switches a rule off.
	Nobody Scope = iota
	// Guests are buyers without an account.
	Guests
	// Everyone is everyone.
	Everyone
)

// Default returns rules for a wholesaler: they stay out of the way of orders
// up to a hundred thousand pounds, of goods that are billed here and shipped
// there by known customers, and of hundreds of orders an hour.
func Default() Rules {
	amounts := map[string]Amount{}
	for code, major := range map[string]int64{
		"GBP": 100_000, "EUR": 120_000, "USD": 130_000, "CHF": 120_000, "CAD": 180_000, "AUD": 200_000, "NZD": 220_000,
		"SEK": 1_300_000, "NOK": 1_300_000, "DKK": 900_000, "PLN": 500_000, "CZK": 3_000_000, "HUF": 50_000_000,
		"JPY": 20_000_000, "CNY": 900_000, "INR": 11_000_000, "SGD": 175_000, "HKD": 1_000_000, "AED": 475_000, "ZAR": 2_400_000,
	} {
		review := major
		exponent, _ := money.Exponent(code)
		for range exponent {
			review *= 10
		}
		amounts[code] = Amount{Review: review, Reject: 10 * review}
	}
	return Rules{
		Amounts:         amounts,
		Window:          time.Hour,
		PerCustomer:     Rate{Review: 500, Reject: 5_000},
		PerEmail:        Rate{Review: 500, Reject: 5_000},
		PerIP:           Rate{Review: 2_000, Reject: 20_000},
		CountryMismatch: Guests,
	}
}

// Validate reports everything that is wrong with the rules.
func (r Rules) Validate() error {
	var f fault.Fields
	for _, code := range slices.Sorted(maps.Keys(r.Amounts)) {
		at, limit := fmt.Sprintf("amounts[%s]", code), r.Amounts[code]
		if _, known := money.Exponent(code); !known {
			f.Add(at, "is not a currency")
		}
		checkLimits(&f, at, limit.Review, limit.Reject)
		if limit.GuestReview < 0 {
			f.Add(at+".guest_review", "must not be negative")
		}
	}
	rates := false
	for _, rate := range []struct {
		at string
		Rate
	}{{"per_customer", r.PerCustomer}, {"per_email", r.PerEmail}, {"per_ip", r.PerIP}} {
		checkLimits(&f, rate.at, int64(rate.Review), int64(rate.Reject))
		rates = rates || rate.Review > 0 || rate.Reject > 0
	}
	if r.Window < 0 || rates && r.Window == 0 {
		f.Add("window", "must be positive where rates are limited")
	}
	if r.CountryMismatch > Everyone {
		f.Add("country_mismatch", "is not known")
	}
	if r.ReviewPromoCodes < 0 {
		f.Add("review_promo_codes", "must not be negative")
	}
	if r.ReviewLines < 0 {
		f.Add("review_lines", "must not be negative")
	}
	return f.Err()
}

// checkLimits checks a pair of limits.
func checkLimits(f *fault.Fields, at string, review, reject int64) {
	if review < 0 {
		f.Add(at+".review", "must not be negative")
	}
	if reject < 0 {
		f.Add(at+".reject", "must not be negative")
	}
	if review > 0 && reject > 0 && reject < review {
		f.Add(at+".reject", "must not be below review")
	}
}
