package order_test

import (
	"math"
	"testing"

	"github.com/orderstream/oms/order"
)

func TestCreateRefusesPaymentsThatDoNotPay(t *testing.T) {
	refuse(t, map[string]refusal{
		"payments come to less": {with(func(c *order.Create) { c.Payments = []order.PaymentItem{{Amount: gbp(2999)}} }), []string{"payments"}},
		"payments come to more": {with(func(c *order.Create) { c.Payments = []order.PaymentItem{{Amount: gbp(2999)}, {Amount: gbp(2)}} }), []string{"payments"}},
		"nothing left for open": {with(func(c *order.Create) { c.Payments = []order.PaymentItem{{Amount: gbp(3000)}, {}} }), []string{"payments[1].amount"}},
		"two open payments":     {with(func(c *order.Create) { c.Payments = []order.PaymentItem{{}, {}} }), []string{"payments[1].amount"}},
		"payment of nothing":    {with(func(c *order.Create) { c.Payments = []order.PaymentItem{{Amount: gbp(0)}, {}} }), []string{"payments[0].amount.minor_units"}},
		"payment that takes":    {with(func(c *order.Create) { c.Payments = []order.PaymentItem{{Amount: gbp(-1)}, {}} }), []string{"payments[0].amount.minor_units"}},
		"payments overflow": {with(func(c *order.Create) {
			c.Payments = []order.PaymentItem{{Amount: gbp(math.MaxInt64)}, {Amount: gbp(1)}}
		}), []string{"payments"}},
		"payment for a free one": {with(func(c *order.Create) { free(c); c.Payments = []order.PaymentItem{{Amount: gbp(1)}} }), []string{"payments"}},
	})
}

// free takes away all that an order costs.
func free(c *order.Create) { c.Adjustments = []order.Adjustment{{Amount: gbp(-3000)}} }

func TestFreeOrderNeedsNoPayment(t *testing.T) {
	for name, payments := range map[string][]order.PaymentItem{"none given": nil, "open one given": {{Token: "tok-1"}}} {
		e := place(t, with(func(c *order.Create) { free(c); c.Payments = payments }))
		if len(e.GetPayments()) != 0 || e.GetTotals().GetTotalMinor() != 0 {
			t.Errorf("%s: payments %v for a total of %d", name, e.GetPayments(), e.GetTotals().GetTotalMinor())
		}
	}
}

func TestOpenPaymentTakesTheRest(t *testing.T) {
	e := place(t, with(func(c *order.Create) {
		c.Payments = []order.PaymentItem{{Amount: gbp(1000)}, {Token: "tok-2"}, {Amount: gbp(500)}}
	}))
	if got := e.GetPayments()[1].GetAmountMinor(); got != 1500 {
		t.Errorf("the open payment takes %d, want 1500", got)
	}
}
