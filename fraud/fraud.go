// Package fraud is the built-in fraud check: a few plain rules over what an
// order shows. It is a first line for shops without a service of their own,
// and it is pure, so its verdict can be explained and repeated.
//
// Every rule that an order meets gives a reason with a verdict; the worst one
// decides. There is no hidden weighing: a larger amount, a higher count or a
// longer deny list never makes a verdict milder.
package fraud

import (
	"slices"
	"strings"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Decision is what the check decides, from mild to severe.
type Decision = orderv1.FraudVerdict

// The decisions, by the names that the rest of the code uses.
const (
	// Accept lets the order go on.
	Accept = orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT
	// Review holds the order until a person decided.
	Review = orderv1.FraudVerdict_FRAUD_VERDICT_REVIEW
	// Reject cancels the order.
	Reject = orderv1.FraudVerdict_FRAUD_VERDICT_REJECT
)

// Input is what the check knows about an order.
type Input struct {
	// OrderID is the order; no rule looks at it.
	OrderID string
	// AmountMinor is what the customer pays, in minor units of Currency.
	AmountMinor int64
	Currency    string
	// CustomerID, Email and IP say who orders; empty when unknown.
	CustomerID string
	Email      string
	IP         string
	// Guest is true for a buyer without an account.
	Guest bool
	// BillingCountry and ShippingCountry are ISO 3166-1 alpha-2 codes; empty
	// when unknown.
	BillingCountry  string
	ShippingCountry string
	// PromoCodes are the codes that the order uses.
	PromoCodes []string
	// Lines counts the lines of the order.
	Lines int
	// Recent counts the orders of the same people inside the rules' window,
	// this one not included.
	Recent Recent
}

// Recent counts orders by who placed them. Count them with Window.
type Recent struct {
	ByCustomer int
	ByEmail    int
	ByIP       int
}

// Verdict is the outcome of a check.
type Verdict struct {
	// Verdict is the decision: the severest of the reasons, Accept without any.
	Verdict Decision
	// Score adds up the reasons, 0 to 100, for people who sort a queue.
	Score int
	// Reasons are the rules that the order met, in a fixed order.
	Reasons []Reason
}

// Reason is one rule that an order met.
type Reason struct {
	// Rule is a stable code.
	Rule string
	// Verdict is what the rule alone would decide.
	Verdict Decision
}

// Codes of the rules. They are part of the contract with whoever reads reasons.
const (
	RuleAmount          = "amount"
	RuleCustomerRate    = "customer_rate"
	RuleEmailRate       = "email_rate"
	RuleIPRate          = "ip_rate"
	RuleCountryMismatch = "country_mismatch"
	RulePromoCodes      = "promo_codes"
	RuleLines           = "lines"
	RuleDeniedCustomer  = "denied_customer"
	RuleDeniedEmail     = "denied_email"
	RuleDeniedIP        = "denied_ip"
	RuleDeniedCountry   = "denied_country"
)

// Points of a reason in the score.
const (
	reviewPoints = 30
	rejectPoints = 100
)

// Check applies the rules to an order.
func Check(r Rules, in Input) Verdict {
	v := Verdict{Verdict: Accept}
	v.add(RuleAmount, r.amount(in))
	v.add(RuleCustomerRate, r.PerCustomer.of(in.CustomerID, in.Recent.ByCustomer))
	v.add(RuleEmailRate, r.PerEmail.of(in.Email, in.Recent.ByEmail))
	v.add(RuleIPRate, r.PerIP.of(in.IP, in.Recent.ByIP))
	v.add(RuleCountryMismatch, r.CountryMismatch.of(in))
	v.add(RulePromoCodes, reviewAbove(r.ReviewPromoCodes, len(in.PromoCodes)))
	v.add(RuleLines, reviewAbove(r.ReviewLines, in.Lines))
	v.add(RuleDeniedCustomer, denied(in.CustomerID != "" && slices.Contains(r.DenyCustomers, in.CustomerID)))
	v.add(RuleDeniedEmail, denied(emailListed(r.DenyEmails, in.Email)))
	v.add(RuleDeniedIP, denied(ipListed(r.DenyIPs, in.IP)))
	v.add(RuleDeniedCountry, denied(countryListed(r.DenyCountries, in.BillingCountry) || countryListed(r.DenyCountries, in.ShippingCountry)))
	return v
}

// add counts a reason, unless the rule accepts.
func (v *Verdict) add(rule string, d Decision) {
	points := reviewPoints
	switch d {
	case Review:
	case Reject:
		points = rejectPoints
	case Accept, orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED:
		return
	}
	v.Reasons = append(v.Reasons, Reason{Rule: rule, Verdict: d})
	v.Verdict = max(v.Verdict, d)
	v.Score = min(v.Score+points, 100)
}

// amount judges what the customer pays.
func (r Rules) amount(in Input) Decision {
	limit := r.Amounts[strings.ToUpper(in.Currency)]
	review := limit.Review
	if in.Guest && limit.GuestReview > 0 && (review == 0 || limit.GuestReview < review) {
		review = limit.GuestReview
	}
	switch {
	case limit.Reject > 0 && in.AmountMinor > limit.Reject:
		return Reject
	case review > 0 && in.AmountMinor > review:
		return Review
	}
	return Accept
}

// of judges how many orders somebody placed; nobody is not counted.
func (r Rate) of(who string, recent int) Decision {
	switch {
	case who == "":
		return Accept
	case r.Reject > 0 && recent >= r.Reject:
		return Reject
	case r.Review > 0 && recent >= r.Review:
		return Review
	}
	return Accept
}

// of judges an order that is billed to one country and shipped to another.
func (s Scope) of(in Input) Decision {
	mismatch := in.BillingCountry != "" && in.ShippingCountry != "" && !strings.EqualFold(in.BillingCountry, in.ShippingCountry)
	if mismatch && (s == Everyone || s == Guests && in.Guest) {
		return Review
	}
	return Accept
}

// reviewAbove judges a number; limit 0 is no limit.
func reviewAbove(limit, n int) Decision {
	if limit > 0 && n > limit {
		return Review
	}
	return Accept
}

// denied judges whether somebody is on a deny list.
func denied(listed bool) Decision {
	if listed {
		return Reject
	}
	return Accept
}

// emailListed looks an address up, by itself and by its domain.
func emailListed(list []string, email string) bool {
	at := strings.LastIndexByte(email, '@')
	return email != "" && slices.ContainsFunc(list, func(entry string) bool {
		return strings.EqualFold(entry, email) || at >= 0 && strings.EqualFold(entry, email[at:])
	})
}

// ipListed looks an IP address up, by itself and by what it starts with.
func ipListed(list []string, ip string) bool {
	return ip != "" && slices.ContainsFunc(list, func(entry string) bool {
		network := strings.HasSuffix(entry, ".") || strings.HasSuffix(entry, ":")
		return strings.EqualFold(entry, ip) || network && len(ip) > len(entry) && strings.EqualFold(entry, ip[:len(entry)])
	})
}

// countryListed looks a country up.
func countryListed(list []string, country string) bool {
	return country != "" && slices.ContainsFunc(list, func(entry string) bool { return strings.EqualFold(entry, country) })
}
