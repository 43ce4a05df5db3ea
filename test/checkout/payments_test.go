package checkout_test

import (
	"fmt"
	"strings"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
)

const (
	approve     = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_APPROVE
	decline     = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_DECLINE
	timeout     = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_TIMEOUT
	twice       = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_ANSWER_TWICE
	late        = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_ANSWER_LATE
	unavailable = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_UNAVAILABLE

	authorize = orderv1.Step_STEP_AUTHORIZE_PAYMENT
	capture   = orderv1.Step_STEP_CAPTURE_PAYMENT
)

// script tells the gateway how to answer for a token.
func (s *shop) script(t *testing.T, token string, outcomes ...paymentv1.ScriptedOutcome) {
	t.Helper()
	if _, err := s.Payments().ScriptGateway(t.Context(), &paymentv1.ScriptGatewayRequest{Token: token, Outcomes: outcomes}); err != nil {
		t.Fatal(err)
	}
}

// TestSeveralPaymentsOfAnOrderGoTogether pays each order with two cards: both
// are charged their share, or none is charged at all.
func TestSeveralPaymentsOfAnOrderGoTogether(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"shared": 100})
	var b strings.Builder
	for _, row := range []struct {
		name, first, second string
		policy              orderv1.PaymentDeclinePolicy
		end                 orderv1.OrderStatus
	}{
		{"both good", "tok_a", "tok_b", hold, submitted},
		{"the second is declined, order undone", "tok_a", "tok_decline", undo, cancelled},
		{"the first is declined, order held", "tok_decline", "tok_b", hold, onHold},
		{"the second is declined, order held", "tok_a", "tok_decline", hold, onHold},
		{"the second is not captured, order undone", "tok_a", "tok_capture_decline", undo, cancelled},
	} {
		req := order(line("shared", 3))
		req.OnPaymentDecline = row.policy
		req.Payments = []*orderv1.PaymentItem{{Token: row.first, Amount: euros(10)}, {Token: row.second}}
		id := s.place(t, req)
		s.Await(t, id, row.end)
		fmt.Fprintf(&b, "== %s\n%s\n", row.name, moneyOf(s.record(t, id, nil)))
	}
	golden(t, "payments", b.String())
}

// TestACaptureThatFailedInPartCanBePaidAgain has the first of two cards charged
// and refunded because the second declines: its authorization is used up, and
// the next round asks for another.
func TestACaptureThatFailedInPartCanBePaidAgain(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"shared": 100})
	s.code(t, &promotionv1.CreatePromoCodeRequest{PromoCode: "TWICE", UsageLimit: 1})
	s.script(t, "second card", approve, decline, approve)
	req := order(line("shared", 3))
	req.OnPaymentDecline, req.PromoCodes = hold, promo("TWICE")
	req.Payments = []*orderv1.PaymentItem{{Token: "first card", Amount: euros(10)}, {Token: "second card"}}
	id := s.place(t, req)
	s.Await(t, id, onHold)
	if err := s.retry(t, id, nil); err != nil {
		t.Fatal(err)
	}
	s.Await(t, id, submitted)
	if paid := s.Ledger(t, id).GetPaid().GetMinorUnits(); paid != 3000 {
		t.Errorf("paid %d", paid)
	}
}

// moneyOf are the lines of a record that tell about money.
func moneyOf(record string) string {
	var b strings.Builder
	for l := range strings.Lines(record) {
		if strings.HasPrefix(l, "status") || strings.HasPrefix(l, "money") || strings.HasPrefix(l, "ledger") {
			b.WriteString(l)
		}
	}
	return b.String()
}

// TestTheCardIsChargedOnceHoweverTheGatewayAnswers loses, repeats and refuses
// the gateway's answers to one call after the other.
func TestTheCardIsChargedOnceHoweverTheGatewayAnswers(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"wanted": 100})
	scripts := map[string][]paymentv1.ScriptedOutcome{
		"the answer to the authorization is lost": {timeout, approve},
		"the answer to the capture is lost":       {approve, timeout},
		"both answers are lost":                   {timeout},
		"every answer comes twice":                {twice},
		"the gateway is away once":                {unavailable, approve},
		"the gateway is away at the capture":      {approve, unavailable, unavailable, approve},
		"away, then a lost answer":                {unavailable, timeout, approve},
	}
	for _, token := range []string{"tok_timeout", "tok_twice", "tok_unavailable_once"} {
		scripts["the token "+token] = nil
	}
	ids := map[string]string{}
	for name, outcomes := range scripts {
		req := order(line("wanted", 1))
		req.Payments = card(strings.TrimPrefix(name, "the token "))
		if len(outcomes) > 0 {
			s.script(t, name, outcomes...)
		}
		ids[name] = s.place(t, req)
	}
	for name, id := range ids {
		t.Run(name, func(t *testing.T) {
			s.Await(t, id, submitted)
			if n := s.captures(t, id); n != 1 {
				t.Errorf("charged %d times", n)
			}
			if paid := s.Ledger(t, id).GetPaid().GetMinorUnits(); paid != 1000 {
				t.Errorf("paid %d", paid)
			}
		})
	}
}

// TestCancellingWhileNobodyKnowsWhatTheGatewayDid undoes exactly what it did.
func TestCancellingWhileNobodyKnowsWhatTheGatewayDid(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"wanted": 100})
	for name, row := range map[string]struct {
		before []paymentv1.ScriptedOutcome
		at     orderv1.Step
	}{
		"authorized, but the answer is lost":  {[]paymentv1.ScriptedOutcome{timeout, approve}, authorize},
		"not authorized, the gateway is away": {[]paymentv1.ScriptedOutcome{unavailable}, authorize},
		"captured, but the answer is lost":    {[]paymentv1.ScriptedOutcome{approve, timeout, approve}, capture},
		"not captured, the gateway is away":   {[]paymentv1.ScriptedOutcome{approve, unavailable}, capture},
	} {
		t.Run(name, func(t *testing.T) {
			s.script(t, name, row.before...)
			req := order(line("wanted", 1))
			req.Payments = card(name)
			id := s.place(t, req)
			s.AwaitStep(t, id, row.at)
			s.cancel(t, id)
			s.script(t, name, approve)
			s.Await(t, id, cancelled)
			ledger := s.Ledger(t, id)
			for _, i := range ledger.GetItems() {
				if open := i.GetAuthorized().GetMinorUnits(); open != 0 {
					t.Errorf("%d is still authorized", open)
				}
			}
			if paid := ledger.GetPaid().GetMinorUnits(); paid != 0 {
				t.Errorf("%d was paid", paid)
			}
		})
	}
}
