package order

import (
	"fmt"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// pay plans how a total is paid: the payments as asked, which must come to the
// total, with at most one open amount that takes the rest. With none asked,
// one payment takes all. An order that costs nothing needs no payment, and an
// open one is left out of it.
//
// The sum is looked at only when the total is sound and every amount too: next
// to a wrong currency it says nothing.
func pay(asked []PaymentItem, currency string, total int64, sound bool, v *fault.Fields) []*orderv1.PlannedPayment {
	before := v.Len()
	if len(asked) == 0 {
		asked = []PaymentItem{{}}
	}
	name := numbering("p", len(asked), func(i int) string { return asked[i].ItemID })
	plan := make([]*orderv1.PlannedPayment, len(asked))
	ids, open := unique{}, -1
	var sum tally
	for i, p := range asked {
		path := fmt.Sprintf("payments[%d]", i)
		plan[i] = &orderv1.PlannedPayment{PaymentItemId: name(i), Gateway: p.Gateway, Token: p.Token, AmountMinor: p.Amount.Minor}
		if p.Gateway == "" {
			plan[i].Gateway = DefaultGateway
		}
		ids.add(path+".payment_item_id", plan[i].PaymentItemId, v)
		if plan[i].GetPaymentItemId() == ExternalGateway {
			v.Add(path+".payment_item_id", "%q is for payments that are made elsewhere", ExternalGateway)
		}
		if plan[i].GetGateway() == ExternalGateway {
			v.Add(path+".gateway", "%q cannot be asked for money: import the order, or record the payment", ExternalGateway)
		}
		if plan[i].GetPaymentItemId() == CreditGateway || plan[i].GetGateway() == CreditGateway {
			v.Add(path+".gateway", "%q is for what returned units are worth", CreditGateway)
		}
		switch {
		case p.Amount.Given():
			checkCurrency(path+".amount", p.Amount, currency, true, v)
			if p.Amount.Minor <= 0 {
				v.Add(path+".amount.minor_units", "must be more than zero")
			}
			sum.add(p.Amount.Minor)
		case open >= 0:
			v.Add(path+".amount", "must be given: payments[%d] takes the rest already", open)
		default:
			open = i
		}
	}
	if !sound || v.Len() > before {
		return plan
	}
	return fill(plan, open, sum, currency, total, v)
}

// fill gives the open payment the rest.
func fill(plan []*orderv1.PlannedPayment, open int, sum tally, currency string, total int64, v *fault.Fields) []*orderv1.PlannedPayment {
	comesTo := func(n int64) money.Amount { return money.Amount{Currency: currency, Minor: n} }
	rest := total - sum.sum // both are zero or more
	switch {
	case sum.over:
		v.Add("payments", "come to more than can be counted")
	case open < 0 && rest != 0:
		v.Add("payments", "come to %s, but the order to %s", comesTo(sum.sum), comesTo(total))
	case open < 0:
	case rest > 0:
		plan[open].AmountMinor = rest
	case total == 0 && len(plan) == 1:
		return nil
	default:
		v.Add(fmt.Sprintf("payments[%d].amount", open), "nothing is left to pay: the other payments come to %s of %s",
			comesTo(sum.sum), comesTo(total))
	}
	return plan
}
