package checkout_test

import (
	"fmt"
	"strings"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
)

// refusal is an order that some step of the checkout refuses. Each has five
// units of a SKU and a promo code with one use to itself.
type refusal struct {
	name   string
	change func(req *orderv1.CreateOrderRequest, sku, code string)
	end    orderv1.OrderStatus
}

var refusals = []refusal{
	{"nobody refuses", func(*orderv1.CreateOrderRequest, string, string) {}, submitted},
	{"nothing to pay", func(r *orderv1.CreateOrderRequest, _, _ string) { r.Items[0].UnitPrice = euros(0) }, submitted},
	{"unknown SKU", func(r *orderv1.CreateOrderRequest, _, _ string) { r.Items[0].SkuId = "never-had-any" }, cancelled},
	{"out of stock", func(r *orderv1.CreateOrderRequest, _, _ string) { r.Items[0].Quantity = 6 }, cancelled},
	{"one line of two is out of stock", func(r *orderv1.CreateOrderRequest, sku, _ string) {
		r.Items = append(r.Items, line(sku, 4))
	}, cancelled},
	{"promo code is unknown", func(r *orderv1.CreateOrderRequest, _, _ string) { r.PromoCodes = promo("NOBODY-KNOWS-IT") }, cancelled},
	{"promo code is used up", func(r *orderv1.CreateOrderRequest, _, _ string) { r.PromoCodes = promo("USED-UP") }, cancelled},
	{"confirmation code is wrong", func(r *orderv1.CreateOrderRequest, _, _ string) {
		r.PromoCodes[0].ConfirmationCode = "guessed"
	}, cancelled},
	{"one promo code of two is unknown", func(r *orderv1.CreateOrderRequest, _, _ string) {
		r.PromoCodes = append(r.PromoCodes, promo("NOBODY-KNOWS-IT")...)
	}, cancelled},
	{"fraud is rejected", func(r *orderv1.CreateOrderRequest, _, _ string) { r.Items[0].UnitPrice = euros(600_001) }, cancelled},
	{"fraud is for review", func(r *orderv1.CreateOrderRequest, _, _ string) { r.Items[0].UnitPrice = euros(60_001) }, onHold},
	{"card is declined, order held", func(r *orderv1.CreateOrderRequest, _, _ string) {
		r.Payments, r.OnPaymentDecline = card("tok_decline"), hold
	}, onHold},
	{"card is declined, order undone", func(r *orderv1.CreateOrderRequest, _, _ string) {
		r.Payments, r.OnPaymentDecline = card("tok_decline"), undo
	}, cancelled},
	{"capture is declined, order held", func(r *orderv1.CreateOrderRequest, _, _ string) {
		r.Payments, r.OnPaymentDecline = card("tok_capture_decline"), hold
	}, onHold},
	{"capture is declined, order undone", func(r *orderv1.CreateOrderRequest, _, _ string) {
		r.Payments, r.OnPaymentDecline = card("tok_capture_decline"), undo
	}, cancelled},
	{"gateway is unknown", func(r *orderv1.CreateOrderRequest, _, _ string) {
		r.Payments, r.OnPaymentDecline = []*orderv1.PaymentItem{{Gateway: "nowhere"}}, undo
	}, cancelled},
}

// TestEveryStepRefusesInTurn keeps what becomes of an order that is refused at
// each step: what was done for it is undone, and nothing else is.
func TestEveryStepRefusesInTurn(t *testing.T) {
	t.Parallel()
	stock := map[string]int64{}
	for n := range refusals {
		stock[fmt.Sprint("sku-", n)] = 5
	}
	s := open(t, stock)
	s.code(t, &promotionv1.CreatePromoCodeRequest{PromoCode: "USED-UP", UsageLimit: 1})
	first := order(line("sku-0", 1))
	first.PromoCodes = promo("USED-UP")
	s.Await(t, s.place(t, first), submitted)

	ids := make([]string, len(refusals))
	for n, r := range refusals {
		code := fmt.Sprint("CODE-", n)
		s.code(t, &promotionv1.CreatePromoCodeRequest{PromoCode: code, UsageLimit: 1, ConfirmationCode: "secret"})
		req := order(line(fmt.Sprint("sku-", n), 2))
		req.PromoCodes = []*orderv1.PromoCode{{PromoCode: code, ConfirmationCode: "secret"}}
		r.change(req, fmt.Sprint("sku-", n), code)
		ids[n] = s.place(t, req)
	}
	for n, r := range refusals {
		s.Await(t, ids[n], r.end)
	}
	s.awaitPublished(t)
	said, left := s.said(t), s.Stock(t)
	var b strings.Builder
	for n, r := range refusals {
		fmt.Fprintf(&b, "== %s\n%s", r.name, s.record(t, ids[n], said))
		u := left[fmt.Sprint("sku-", n)]
		fmt.Fprintf(&b, "stock     %d on hand, %d reserved\n", u.OnHand, u.Reserved)
		use := s.usage(t, fmt.Sprint("CODE-", n))
		fmt.Fprintf(&b, "promo     %d blocked, %d assigned\n\n", use.GetBlocked(), use.GetAssigned())
	}
	golden(t, "refusals", b.String())
}
