package checkout_test

import (
	"flag"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// visit is one customer's: an order, and what becomes of it by his will.
type visit struct {
	order  *orderv1.CreateOrderRequest
	cancel int    // after so many looks; -1 for never
	held   string // what he does about an order on hold
}

// TestTheBooksBalanceWhateverCustomersDo lets a few customers at once buy what
// there is not enough of, with good and bad cards and codes, and change their
// minds at any moment.
func TestTheBooksBalanceWhateverCustomersDo(t *testing.T) {
	t.Parallel()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("12"); err != nil { // each is a dozen orders
			t.Fatal(err)
		}
	}
	const runs = 150 // enough for those of a failure that is being made smaller
	stock := map[string]int64{}
	for run := range runs {
		for n := range 3 {
			stock[fmt.Sprintf("run-%d-sku-%d", run, n)] = int64(5 * (n + 1))
		}
	}
	s := open(t, stock)
	run := -1
	rapid.Check(t, func(rt *rapid.T) {
		run++
		code := fmt.Sprint("RUN-", run)
		s.code(t, &promotionv1.CreatePromoCodeRequest{PromoCode: code, UsageLimit: 3})
		visits := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) visit { return drawVisit(rt, run, code) }), 6, 14).Draw(rt, "visits")
		ids := make([]string, len(visits))
		var wg sync.WaitGroup
		for n, v := range visits {
			wg.Go(func() {
				ids[n] = s.place(t, v.order)
				if v.cancel >= 0 {
					s.cancelAfter(t, ids[n], v.cancel)
				}
			})
		}
		wg.Wait()
		s.WaitForSagas(t, testkit.Patience)
		for n, v := range visits {
			s.decide(t, ids[n], v.held)
		}
		s.WaitForSagas(t, testkit.Patience)
		if wrong := s.wrong(t, run, code, ids); len(wrong) > 0 {
			rt.Fatal(wrong)
		}
	})
}

func drawVisit(rt *rapid.T, run int, code string) visit {
	req := order()
	price := rapid.SampledFrom([]int64{10, 10, 10, 10, 10, 10, 0, 1, 60_001, 600_001}).Draw(rt, "price")
	for range rapid.IntRange(1, 3).Draw(rt, "lines") {
		l := line(fmt.Sprintf("run-%d-sku-%d", run, rapid.IntRange(0, 2).Draw(rt, "sku")), rapid.Int64Range(1, 4).Draw(rt, "units"))
		l.UnitPrice = euros(price)
		req.Items = append(req.Items, l)
	}
	switch rapid.IntRange(0, 5).Draw(rt, "code") {
	case 0, 1:
		req.PromoCodes = promo(code)
	case 2:
		req.PromoCodes = promo(code, "NO-SUCH-CODE")
	}
	token := rapid.SampledFrom([]string{"", "", "", "tok_decline", "tok_capture_decline", "tok_twice", "tok_timeout", "tok_unavailable_once"})
	req.Payments = card(token.Draw(rt, "token"))
	if price > 1 && rapid.Bool().Draw(rt, "two cards") {
		req.Payments = append([]*orderv1.PaymentItem{{Token: token.Draw(rt, "first token"), Amount: euros(1)}}, req.Payments...)
	}
	req.OnPaymentDecline = rapid.SampledFrom([]orderv1.PaymentDeclinePolicy{hold, undo}).Draw(rt, "policy")
	return visit{
		order:  req,
		cancel: max(-1, rapid.IntRange(-12, 12).Draw(rt, "cancel after")),
		held:   rapid.SampledFrom([]string{"wait", "cancel", "pay", "pay again", "accept", "reject"}).Draw(rt, "when held"),
	}
}

// decide is what is done about an order on hold; when it is not held, or not
// for that, it is refused and nothing happens.
func (s *shop) decide(t *testing.T, id, what string) {
	t.Helper()
	if s.Saga(t, id).GetStatus() != onHold {
		return
	}
	switch what {
	case "cancel":
		s.cancel(t, id)
	case "pay":
		_ = s.retry(t, id, card("tok_good"))
	case "pay again":
		_ = s.retry(t, id, nil)
	case "accept", "reject":
		_, _ = s.Orders().ReviewOrder(t.Context(), &orderv1.ReviewOrderRequest{OrderId: id, Accept: what == "accept"})
	}
}

// wrong is what does not balance in the books of one run.
func (s *shop) wrong(t *testing.T, run int, code string, ids []string) (all []string) {
	t.Helper()
	kept := map[string]int64{}
	var uses int64
	for _, id := range ids {
		o := s.Saga(t, id)
		ledger := s.Ledger(t, id)
		var authorized int64
		for _, i := range ledger.GetItems() {
			authorized += i.GetAuthorized().GetMinorUnits()
		}
		view := s.Await(t, id, o.GetStatus())
		due := int64(0)
		if o.GetStatus() == submitted {
			due = view.GetTotals().GetTotal().GetMinorUnits()
		}
		if paid := ledger.GetPaid().GetMinorUnits(); paid != due || o.GetStatus() != onHold && authorized != 0 {
			all = append(all, fmt.Sprintf("order %s is %s: paid %d, due %d, authorized %d", id, o.GetStatus(), paid, due, authorized))
		}
		if o.GetStatus() == cancelled {
			continue
		}
		uses += int64(len(view.GetPromoCodes()))
		for _, i := range view.GetItems() {
			kept[i.GetSkuId()] += i.GetQuantity()
		}
	}
	if use := s.usage(t, code); use.GetBlocked()+use.GetAssigned() != uses || uses > use.GetUsageLimit() {
		all = append(all, fmt.Sprintf("%d orders use the code, of %v", uses, use))
	}
	stock := s.Stock(t)
	for n := range 3 {
		sku := fmt.Sprintf("run-%d-sku-%d", run, n)
		if u := stock[sku]; u.Reserved != kept[sku] || u.Reserved > u.OnHand {
			all = append(all, fmt.Sprintf("%s: %d of %d are reserved, orders keep %d", sku, u.Reserved, u.OnHand, kept[sku]))
		}
	}
	return all
}
