package checkout_test

import (
	"fmt"
	"strings"
	"testing"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
)

const (
	inventoryQueue = "inventory.bulktransactions"
	promotionQueue = "promotion.block/assign"
	paymentQueue   = "payment.bulkTransactionRequestQueue"
	fraudQueue     = "fraud.check"
)

// TestTheInventoryServesWhoeverAsks asks without any order, one request after
// the other; after each the stock is looked at.
func TestTheInventoryServesWhoeverAsks(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"pen": 10, "ink": 2})
	c := s.caller(t)
	for _, row := range []struct {
		asking
		pens, ink int64 // reserved afterwards
	}{
		{asking{"r1", bulk(true, "pen 3", "ink 1"), nil, "200 [200] [200]"}, 3, 1},
		{asking{"r1", bulk(true, "pen 3", "ink 1"), nil, "200 [200] [200]"}, 3, 1},
		{asking{"r2", bulk(true, "pen 3", "ink 2"), nil, "409 out_of_stock [409 not_applied] [409 out_of_stock]"}, 3, 1},
		{asking{"r3", bulk(false, "pen 3", "ink 2", "nib 1"), nil, "409 out_of_stock [200] [409 out_of_stock] [409 unknown_sku]"}, 6, 1},
		{asking{"r3", bulk(false, "pen 3", "ink 2", "nib 1"), nil, "409 out_of_stock [200] [409 out_of_stock] [409 unknown_sku]"}, 6, 1},
		{asking{"r4", bulk(true, "pen 0"), nil, "409 invalid_quantity [409 invalid_quantity]"}, 6, 1},
		{asking{"r5", bulk(true, "pen -4"), nil, "409 invalid_quantity [409 invalid_quantity]"}, 6, 1},
		{asking{"r6", bulk(true, "pen 2", "pen 2", "pen 1"), nil, "409 out_of_stock [409 not_applied] [409 not_applied] [409 out_of_stock]"}, 6, 1},
		{asking{"u1", bulk(true, "pen 3", "ink 1"), []string{"Undo-Of", "r1"}, "200 [200] [200]"}, 3, 0},
		{asking{"u1", bulk(true, "pen 3", "ink 1"), []string{"Undo-Of", "r1"}, "200 [200] [200]"}, 3, 0},
		{asking{"u1-again", bulk(true, "pen 3", "ink 1"), []string{"Undo-Of", "r1"}, "200 [200] [200]"}, 3, 0},
		{asking{"r1", bulk(true, "pen 3", "ink 1"), nil, "200 [200] [200]"}, 3, 0}, // answered as before, moves nothing
		{asking{"u3", bulk(true, "pen 3"), []string{"Undo-Of", "r3"}, "200 [200]"}, 0, 0},
		{asking{"u7", bulk(true, "pen 1"), []string{"Undo-Of", "r7"}, "200 [200]"}, 0, 0}, // overtakes what it undoes
		{asking{"r7", bulk(true, "pen 1"), nil, "409 transaction_closed [409 transaction_closed]"}, 0, 0},
		{asking{"r8", bulk(true, "pen 1"), []string{"Collection-Id", "2"}, "409 unknown_sku [409 unknown_sku]"}, 0, 0},
	} {
		if got := c.ask(t, inventoryQueue, row.id, row.body, row.headers...); got != row.want {
			t.Errorf("%s %s %v: answered %q, want %q", row.id, row.body, row.headers, got, row.want)
		}
		stock := s.Stock(t)
		if pens, ink := stock["pen"].Reserved, stock["ink"].Reserved; pens != row.pens || ink != row.ink {
			t.Errorf("%s %s %v: %d pens and %d ink reserved, want %d and %d", row.id, row.body, row.headers, pens, ink, row.pens, row.ink)
		}
	}
}

// TestTheOtherParticipantsServeWhoeverAsks is the same for promo codes, money
// and fraud.
func TestTheOtherParticipantsServeWhoeverAsks(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	s.code(t, &promotionv1.CreatePromoCodeRequest{PromoCode: "ONCE", UsageLimit: 1})
	c := s.caller(t)
	codes := func(kind, code string) string {
		return fmt.Sprintf(`{"id":"shop-order-0001","type":%q,"promoCodesInfo":[{"promoCode":%q}]}`, kind, code)
	}
	order := []string{"Order-Id", "shop-order-0001"}
	for _, row := range []struct {
		queue string
		asking
	}{
		{promotionQueue, asking{"b1", codes("BLOCK", "ONCE"), nil, "200 [200]"}},
		{promotionQueue, asking{"b1", codes("BLOCK", "ONCE"), nil, "200 [200]"}},
		{promotionQueue, asking{"b2", codes("BLOCK", "NEVER"), nil, "409 unknown_code [409 unknown_code]"}},
		{promotionQueue, asking{"b3", codes("BLOCK", "ONCE"), []string{"Order-Id", "shop-order-0002"}, "409 usage_limit_reached [409 usage_limit_reached]"}},
		{promotionQueue, asking{"a1", codes("ASSIGN", "ONCE"), nil, "200 [200]"}},
		{promotionQueue, asking{"x1", codes("RELEASE", "ONCE"), []string{"Undo-Of", "b1"}, "200 [200]"}},
		{promotionQueue, asking{"x2", codes("RELEASE", "ONCE"), []string{"Undo-Of", "b9"}, "200 [200]"}},
		{promotionQueue, asking{"b9", codes("BLOCK", "ONCE"), nil, "409 transaction_closed [409 transaction_closed]"}},
		{paymentQueue, asking{"m1", payment("AUTH", "t1", 500), order, "200 [200 approved]"}},
		{paymentQueue, asking{"m1", payment("AUTH", "t1", 500), order, "200 [200 approved]"}},
		{paymentQueue, asking{"m2", payment("CHARGE", "t2", 501), order, "409 refused by rule [capture_exceeds_authorized refused by rule]"}},
		{paymentQueue, asking{"m3", payment("CHARGE", "t3", 500), order, "200 [200 approved]"}},
		{paymentQueue, asking{"m4", payment("REFUND", "t4", 600), order, "409 refused by rule [refund_exceeds_captured refused by rule]"}},
		{paymentQueue, asking{"m5", payment("REFUND", "t5", 500), order, "200 [200 approved]"}},
		{paymentQueue, asking{"m6", payment("TELEPORT", "t6", 500), order, "409 refused by rule [unsupported_operation refused by rule]"}},
		{fraudQueue, asking{"f1", `{"orderid":"shop-order-0001","currency":"EUR","value":1000}`, nil, "200 ACCEPT"}},
		{fraudQueue, asking{"f2", `{"orderid":"shop-order-0001","currency":"EUR","value":99999999999}`, nil, "200 amount REJECT"}},
	} {
		if got := c.ask(t, row.queue, row.id, row.body, row.headers...); got != row.want {
			t.Errorf("%s %s: answered %q, want %q", row.id, row.body, got, row.want)
		}
	}
	if use := s.usage(t, "ONCE"); use.GetAssigned() != 0 || use.GetBlocked() != 0 {
		t.Errorf("%d blocked, %d assigned", use.GetBlocked(), use.GetAssigned())
	}
}

// TestWhatCannotBeReadBlocksNoQueue sends more nonsense than any queue may have
// under way; then each participant still serves at once, and nothing of it was
// answered.
func TestWhatCannotBeReadBlocksNoQueue(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"pen": 10})
	s.drops = true
	c := s.caller(t)
	c.ask(t, paymentQueue, "first", payment("AUTH", "t1", 500), "Order-Id", "shop-order-0001")
	c.ask(t, paymentQueue, "then", payment("CANCELAUTH", "t2", 500), "Order-Id", "shop-order-0001")
	bad := []asking{
		{id: "not JSON", body: "hello"},
		{id: "empty body", body: ""},
		{id: "another shape", body: `[{"binItems":[]}]`},
		{id: "no lines", body: `{}`},
		{id: "a number too large", body: bulk(true, "pen 99999999999999999999")},
		{id: "", body: bulk(true, "pen 1")},
		{id: "collection is no number", body: bulk(true, "pen 1"), headers: []string{"Collection-Id", "main"}},
		{id: "reply to no subject", body: bulk(true, "pen 1"), headers: []string{"Reply-To", "not a subject"}},
		{id: "reply to everybody", body: bulk(true, "pen 1"), headers: []string{"Reply-To", "shop.>"}},
		{id: "reply into the log", body: bulk(true, "pen 1"), headers: []string{"Reply-To", "log.order.created.0"}},
		{id: "reply to subscribers", body: bulk(true, "pen 1"), headers: []string{"Reply-To", "order.created"}},
		{id: "reply to the server", body: bulk(true, "pen 1"), headers: []string{"Reply-To", "$JS.API.STREAM.PURGE.LOG_ORDER"}},
		{id: "an id that was another's", body: payment("AUTH", "t1", 999), headers: []string{"Order-Id", "shop-order-0001"}},
		{id: "no order", body: payment("AUTH", "t3", 1)},
		{id: "a long order", body: payment("AUTH", "t3", 1), headers: []string{"Order-Id", strings.Repeat("o", 300)}},
		{id: "a long id", body: payment("AUTH", strings.Repeat("t", 300), 1), headers: []string{"Order-Id", "shop-order-0001"}},
	}
	for _, queue := range []string{inventoryQueue, promotionQueue, paymentQueue, fraudQueue} {
		for n := range 50 {
			for _, b := range bad {
				id := b.id
				if id != "" {
					id = fmt.Sprint(b.id, "/", queue, "/", n)
				}
				c.send(t, queue, id, b.body, b.headers...)
			}
		}
	}
	if got := c.ask(t, inventoryQueue, "good", bulk(true, "pen 1")); got != "200 [200]" {
		t.Errorf("answered %q", got)
	}
	c.send(t, inventoryQueue, "good", bulk(true, "pen 1", "pen 5")) // an id that was another's
	c.ask(t, promotionQueue, "promo", `{"id":"shop-order-0001","type":"BLOCK","promoCodesInfo":[{"promoCode":"A"}]}`)
	c.send(t, promotionQueue, "promo", `{"id":"shop-order-0001","type":"BLOCK","promoCodesInfo":[{"promoCode":"A"},{"promoCode":"B"}]}`)
	c.ask(t, inventoryQueue, "good undo", bulk(true, "pen 1"), "Undo-Of", "good")
	s.code(t, &promotionv1.CreatePromoCodeRequest{PromoCode: "ONCE", UsageLimit: 1})
	req := order(line("pen", 1))
	req.PromoCodes = promo("ONCE")
	s.Await(t, s.place(t, req), submitted) // goes through all four
	for n := range 50 {
		for _, queue := range []string{inventoryQueue, promotionQueue, paymentQueue} {
			for _, b := range bad {
				if id := fmt.Sprint(b.id, "/", queue, "/", n); c.answered(id) != 0 {
					t.Errorf("%s was answered", id)
				}
			}
		}
	}
	if c.answered("good") != 1 || c.answered("promo") != 1 {
		t.Errorf("other requests with a known id were answered: %d, %d", c.answered("good"), c.answered("promo"))
	}
	t.Run("who wants no answer gets none, and is served", func(t *testing.T) {
		c.send(t, inventoryQueue, "quiet", bulk(true, "pen 2"), "Reply-To", "")
		if got := c.ask(t, inventoryQueue, "quiet", bulk(true, "pen 2")); got != "200 [200]" {
			t.Errorf("answered %q", got)
		}
		if n := s.Stock(t)["pen"].Reserved; n != 3 {
			t.Errorf("%d reserved, want 3", n)
		}
		c.ask(t, inventoryQueue, "quiet undo", bulk(true, "pen 2"), "Undo-Of", "quiet")
	})
}

// payment is a PaymentBulkTransaction of one card.
func payment(kind, id string, value int) string {
	return fmt.Sprintf(`{"transactions":[{"id":%q,"type":%q,"value":%d,"paymentItemId":"p1","properties":`+
		`[{"name":"currency","value":"EUR"},{"name":"gateway","value":"simulated"}]}],"allOrNone":true}`, id, kind, value)
}
