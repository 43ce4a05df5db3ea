package fraud_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/fraud"
	"github.com/orderstream/oms/internal/fault"
)

// wholesale is an ordinary order of a known customer.
var wholesale = fraud.Input{
	OrderID: "o1", AmountMinor: 10_000_000, Currency: "GBP", CustomerID: "c1", Email: "buyer@shop.example", IP: "198.51.100.7",
	BillingCountry: "GB", ShippingCountry: "IE", PromoCodes: []string{"SPRING", "BULK"}, Lines: 1100, Recent: fraud.Recent{ByCustomer: 400, ByEmail: 400, ByIP: 400},
}

// with is an order that differs from an ordinary one.
func with(change func(*fraud.Input)) fraud.Input {
	in := wholesale
	change(&in)
	return in
}

func TestDefaultRulesAcceptOrdinaryOrders(t *testing.T) {
	if err := fraud.Default().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]fraud.Input{
		"wholesale":         wholesale,
		"nothing known":     {AmountMinor: 10_000_000, Currency: "GBP"},
		"guest at home":     with(func(in *fraud.Input) { in.Guest, in.CustomerID, in.ShippingCountry = true, "", "GB" }),
		"unlisted currency": with(func(in *fraud.Input) { in.Currency, in.AmountMinor = "IDR", 1<<50 }),
		"many yen":          with(func(in *fraud.Input) { in.Currency, in.AmountMinor = "JPY", 20_000_000 }),
		"free of charge":    with(func(in *fraud.Input) { in.AmountMinor = 0 }),
	} {
		want := fraud.Verdict{Verdict: fraud.Accept}
		if diff := cmp.Diff(want, fraud.Check(fraud.Default(), in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEachRuleGivesItsReason(t *testing.T) {
	rules := fraud.Rules{
		Amounts: map[string]fraud.Amount{"GBP": {Review: 1000, Reject: 5000, GuestReview: 100}, "EUR": {GuestReview: 100}},
		Window:  time.Hour, PerCustomer: fraud.Rate{Review: 3, Reject: 5}, PerEmail: fraud.Rate{Review: 3}, PerIP: fraud.Rate{Reject: 5},
		CountryMismatch: fraud.Guests, ReviewPromoCodes: 2, ReviewLines: 10,
		DenyCustomers: []string{"mallory"}, DenyEmails: []string{"Eve@example.com", "@spam.example"},
		DenyIPs: []string{"192.0.2.1", "203.0.113.", "2001:db8:"}, DenyCountries: []string{"XK"},
	}
	review := func(rules ...string) fraud.Verdict { return verdict(fraud.Review, 30, rules...) }
	reject := func(rules ...string) fraud.Verdict { return verdict(fraud.Reject, 100, rules...) }
	for name, tt := range map[string]struct {
		in   fraud.Input
		want fraud.Verdict
	}{
		"amount at the limit":        {fraud.Input{AmountMinor: 1000, Currency: "GBP"}, review()},
		"amount to review":           {fraud.Input{AmountMinor: 1001, Currency: "gbp"}, review("amount")},
		"amount at the upper limit":  {fraud.Input{AmountMinor: 5000, Currency: "GBP"}, review("amount")},
		"amount to reject":           {fraud.Input{AmountMinor: 5001, Currency: "GBP"}, reject("amount")},
		"amount of a guest":          {fraud.Input{AmountMinor: 101, Currency: "GBP", Guest: true}, review("amount")},
		"amount of guests only":      {fraud.Input{AmountMinor: 101, Currency: "EUR", Guest: true}, review("amount")},
		"amount of no guest":         {fraud.Input{AmountMinor: 101, Currency: "EUR"}, review()},
		"customer below the rate":    {fraud.Input{CustomerID: "c", Recent: fraud.Recent{ByCustomer: 2}}, review()},
		"customer at the rate":       {fraud.Input{CustomerID: "c", Recent: fraud.Recent{ByCustomer: 3}}, review("customer_rate")},
		"customer at the upper rate": {fraud.Input{CustomerID: "c", Recent: fraud.Recent{ByCustomer: 5}}, reject("customer_rate")},
		"nobody at the upper rate":   {fraud.Input{Recent: fraud.Recent{ByCustomer: 9, ByEmail: 9, ByIP: 9}}, review()},
		"email at the rate":          {fraud.Input{Email: "a@b", Recent: fraud.Recent{ByEmail: 99}}, review("email_rate")},
		"IP at the rate":             {fraud.Input{IP: "198.51.100.7", Recent: fraud.Recent{ByIP: 5}}, reject("ip_rate")},
		"guest sends abroad":         {fraud.Input{Guest: true, BillingCountry: "GB", ShippingCountry: "FR"}, review("country_mismatch")},
		"guest sends home":           {fraud.Input{Guest: true, BillingCountry: "GB", ShippingCountry: "gb"}, review()},
		"guest sends somewhere":      {fraud.Input{Guest: true, BillingCountry: "GB"}, review()},
		"customer sends abroad":      {fraud.Input{BillingCountry: "GB", ShippingCountry: "FR"}, review()},
		"codes":                      {fraud.Input{PromoCodes: []string{"A", "B"}}, review()},
		"too many codes":             {fraud.Input{PromoCodes: []string{"A", "B", "C"}}, review("promo_codes")},
		"lines":                      {fraud.Input{Lines: 10}, review()},
		"too many lines":             {fraud.Input{Lines: 11}, review("lines")},
		"denied customer":            {fraud.Input{CustomerID: "mallory"}, reject("denied_customer")},
		"other customer":             {fraud.Input{CustomerID: "Mallory"}, review()},
		"denied email":               {fraud.Input{Email: "eve@EXAMPLE.com"}, reject("denied_email")},
		"denied domain":              {fraud.Input{Email: "anybody@spam.example"}, reject("denied_email")},
		"other domain":               {fraud.Input{Email: "anybody@not.spam.example"}, review()},
		"denied IP":                  {fraud.Input{IP: "192.0.2.1"}, reject("denied_ip")},
		"longer IP":                  {fraud.Input{IP: "192.0.2.11"}, review()},
		"denied network":             {fraud.Input{IP: "203.0.113.99"}, reject("denied_ip")},
		"denied network of six":      {fraud.Input{IP: "2001:DB8::1"}, reject("denied_ip")},
		"shorter than a network":     {fraud.Input{IP: "203"}, review()},
		"billed to denied country":   {fraud.Input{BillingCountry: "xk"}, reject("denied_country")},
		"shipped to denied country":  {fraud.Input{ShippingCountry: "XK"}, reject("denied_country")},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, fraud.Check(rules, tt.in)); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

// verdict is a decision for the reasons given; without one it is Accept.
func verdict(d fraud.Decision, score int, rules ...string) fraud.Verdict {
	if len(rules) == 0 {
		return fraud.Verdict{Verdict: fraud.Accept}
	}
	v := fraud.Verdict{Verdict: d, Score: score}
	for _, rule := range rules {
		v.Reasons = append(v.Reasons, fraud.Reason{Rule: rule, Verdict: d})
	}
	return v
}

func TestWorstReasonDecides(t *testing.T) {
	rules := fraud.Rules{CountryMismatch: fraud.Everyone, ReviewLines: 1, DenyCustomers: []string{"mallory"}}
	in := fraud.Input{CustomerID: "mallory", BillingCountry: "GB", ShippingCountry: "FR", Lines: 2}
	want := fraud.Verdict{Verdict: fraud.Reject, Score: 100, Reasons: []fraud.Reason{
		{Rule: "country_mismatch", Verdict: fraud.Review}, {Rule: "lines", Verdict: fraud.Review}, {Rule: "denied_customer", Verdict: fraud.Reject},
	}}
	if diff := cmp.Diff(want, fraud.Check(rules, in)); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
	if v := fraud.Check(rules, with(func(in *fraud.Input) { in.CustomerID = "c1" })); v.Verdict != fraud.Review || v.Score != 60 {
		t.Errorf("two reviews make %+v", v)
	}
}

// rulesAndInput draws any rules, and an order that is near them.
func rulesAndInput(t *rapid.T) (fraud.Rules, fraud.Input) {
	small := rapid.IntRange(-1, 6)
	limit := rapid.Int64Range(-1, 6)
	rate := rapid.Custom(func(t *rapid.T) fraud.Rate {
		return fraud.Rate{Review: small.Draw(t, "review"), Reject: small.Draw(t, "reject")}
	})
	name := rapid.SampledFrom([]string{"", "a", "b", "a@x", "b@x", "@x", "1.2.3.4", "1.2.", "GB", "FR"})
	names := rapid.SliceOfN(name, 0, 3)
	rules := fraud.Rules{
		Amounts: map[string]fraud.Amount{"GBP": {
			Review: limit.Draw(t, "review above"), Reject: limit.Draw(t, "reject above"), GuestReview: limit.Draw(t, "review guests above"),
		}},
		PerCustomer: rate.Draw(t, "per customer"), PerEmail: rate.Draw(t, "per email"), PerIP: rate.Draw(t, "per IP"),
		CountryMismatch:  fraud.Scope(rapid.IntRange(0, 2).Draw(t, "scope")),
		ReviewPromoCodes: small.Draw(t, "codes"), ReviewLines: small.Draw(t, "lines"),
		DenyCustomers: names.Draw(t, "deny customers"), DenyEmails: names.Draw(t, "deny emails"),
		DenyIPs: names.Draw(t, "deny IPs"), DenyCountries: names.Draw(t, "deny countries"),
	}
	return rules, fraud.Input{
		AmountMinor: limit.Draw(t, "amount"), Currency: rapid.SampledFrom([]string{"GBP", "EUR"}).Draw(t, "currency"),
		CustomerID: name.Draw(t, "customer"), Email: name.Draw(t, "email"), IP: name.Draw(t, "IP"), Guest: rapid.Bool().Draw(t, "guest"),
		BillingCountry: name.Draw(t, "billing"), ShippingCountry: name.Draw(t, "shipping"), PromoCodes: names.Draw(t, "promo codes"),
		Lines:  small.Draw(t, "number of lines"),
		Recent: fraud.Recent{ByCustomer: small.Draw(t, "by customer"), ByEmail: small.Draw(t, "by email"), ByIP: small.Draw(t, "by IP")},
	}
}

func TestMoreOfAnythingIsNeverJudgedMilder(t *testing.T) {
	rapid.Check(t, moreIsNeverMilder)
}

func FuzzMoreOfAnythingIsNeverJudgedMilder(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(moreIsNeverMilder))
}

func moreIsNeverMilder(t *rapid.T) {
	rules, in := rulesAndInput(t)
	before := fraud.Check(rules, in)
	if (before.Verdict == fraud.Accept) != (len(before.Reasons) == 0) || before.Score < 0 || before.Score > 100 {
		t.Fatalf("%+v contradicts itself", before)
	}
	for what, more := range map[string]func(*fraud.Rules, *fraud.Input){
		"amount":     func(_ *fraud.Rules, in *fraud.Input) { in.AmountMinor++ },
		"far more":   func(_ *fraud.Rules, in *fraud.Input) { in.AmountMinor += 1 << 40 },
		"customer":   func(_ *fraud.Rules, in *fraud.Input) { in.Recent.ByCustomer++ },
		"email":      func(_ *fraud.Rules, in *fraud.Input) { in.Recent.ByEmail++ },
		"IP":         func(_ *fraud.Rules, in *fraud.Input) { in.Recent.ByIP++ },
		"lines":      func(_ *fraud.Rules, in *fraud.Input) { in.Lines++ },
		"promo code": func(_ *fraud.Rules, in *fraud.Input) { in.PromoCodes = append(slices.Clone(in.PromoCodes), "X") },
		"guest":      func(_ *fraud.Rules, in *fraud.Input) { in.Guest = true },
		"deny": func(r *fraud.Rules, in *fraud.Input) {
			r.DenyCustomers = append(slices.Clone(r.DenyCustomers), in.CustomerID)
			r.DenyEmails = append(slices.Clone(r.DenyEmails), in.Email)
			r.DenyIPs = append(slices.Clone(r.DenyIPs), in.IP)
			r.DenyCountries = append(slices.Clone(r.DenyCountries), in.BillingCountry)
		},
	} {
		stricter, worse := rules, in
		more(&stricter, &worse)
		if after := fraud.Check(stricter, worse); after.Verdict < before.Verdict || after.Score < before.Score {
			t.Fatalf("more %s: %+v became %+v", what, before, after)
		}
	}
}

func TestValidateNamesTheFieldsThatAreAtFault(t *testing.T) {
	for field, rules := range map[string]fraud.Rules{
		"amounts[XXX]":              {Amounts: map[string]fraud.Amount{"XXX": {}}},
		"amounts[GBP].review":       {Amounts: map[string]fraud.Amount{"GBP": {Review: -1}}},
		"amounts[GBP].reject":       {Amounts: map[string]fraud.Amount{"GBP": {Review: 2, Reject: 1}}},
		"amounts[GBP].guest_review": {Amounts: map[string]fraud.Amount{"GBP": {GuestReview: -1}}},
		"per_customer.reject":       {Window: 1, PerCustomer: fraud.Rate{Reject: -1}},
		"per_email.review":          {Window: 1, PerEmail: fraud.Rate{Review: -1}},
		"per_ip.reject":             {Window: 1, PerIP: fraud.Rate{Review: 2, Reject: 1}},
		"window":                    {PerIP: fraud.Rate{Review: 2}},
		"country_mismatch":          {CountryMismatch: 3},
		"review_promo_codes":        {ReviewPromoCodes: -1},
		"review_lines":              {ReviewLines: -1},
	} {
		err := rules.Validate()
		if v := fault.Violations(err); fault.KindOf(err) != fault.Invalid || len(v) != 1 || v[0].Field != field {
			t.Errorf("got %v, want %s", err, field)
		}
	}
	if err := (fraud.Rules{}).Validate(); err != nil {
		t.Errorf("no rules at all: %v", err)
	}
}

func ExampleCheck() {
	v := fraud.Check(fraud.Default(), fraud.Input{
		AmountMinor: 25_000_000, Currency: "GBP", Guest: true, BillingCountry: "GB", ShippingCountry: "FR",
	})
	var reasons []string
	for _, r := range v.Reasons {
		reasons = append(reasons, r.Rule)
	}
	fmt.Println(v.Verdict == fraud.Review, v.Score, strings.Join(reasons, " "))
	// Output: true 60 amount country_mismatch
}
