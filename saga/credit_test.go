package saga_test

import (
	"fmt"
	"strings"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
)

// exchanged is an exchange order of 30.00 that returned units pay with 12.00.
func exchanged(at orderv1.CaptureAt) func(*order.Create) {
	return func(c *order.Create) {
		c.CaptureAt, c.Type, c.OriginalOrderID, c.OriginalReturnID = at, orderv1.OrderType_ORDER_TYPE_EXCHANGE, "order-original-1", "r3"
		c.Credit, c.Payments = money.Amount{Currency: "GBP", Minor: 1200}, []order.PaymentItem{{Token: "card"}}
	}
}

// TestMoneyGoesBackBeforeCreditAndCreditToWhereItCameFrom shows what each way
// back of an exchange order asks for.
func TestMoneyGoesBackBeforeCreditAndCreditToWhereItCameFrom(t *testing.T) {
	giveBack := func(us []order.Units) []decider {
		return []decider{order.Ship{}, order.SubmitReturn{ReturnID: "r", Lines: us}, order.AcceptReturn{ReturnID: "r", Restock: true}}
	}
	var b strings.Builder
	for _, at := range []orderv1.CaptureAt{orderv1.CaptureAt_CAPTURE_AT_CONFIRM, orderv1.CaptureAt_CAPTURE_AT_SHIP} {
		for _, tt := range []struct {
			name string
			does []decider
		}{
			{"one of three units comes back", giveBack(oneTea)},
			{"two of three units come back", giveBack([]order.Units{{ItemID: "1", Quantity: 2}})},
			{"all of it comes back", giveBack(all)},
			{"two of three units are cancelled", []decider{order.CancelItems{Lines: []order.Units{{ItemID: "1", Quantity: 2}}}}},
			{"it is cancelled", []decider{order.Cancel{}}},
			{"one unit more", []decider{order.EditItems{Set: []order.Line{{ItemID: "1", Quantity: 3, UnitPrice: pounds(10)}}}}},
		} {
			r := start(t, always(comply), exchanged(at)).end()
			books := booksOf(t, r.order, obliging)
			r.takes, r.moves, r.limit = books, 0, 400
			fmt.Fprintf(&b, "%s, captured at %s\n", tt.name, strings.ToLower(strings.TrimPrefix(at.String(), "CAPTURE_AT_")))
			before := len(r.history)
			for _, c := range tt.does {
				r.must(c)
				r.end()
			}
			for _, e := range r.history[before:] {
				tell(&b, e)
			}
			fmt.Fprintf(&b, "  = %s, %d due, %d of the credit went back\n\n", r.order.Status, r.order.DueMinor, books.credit)
			if wrong := books.wrong(r.order); wrong != "" && r.order.Status != order.Cancelled {
				t.Errorf("%s: %s: %+v", tt.name, wrong, r.order)
			}
		}
	}
	golden(t, "testdata/credit.golden", b.String())
}

// TestAnExchangeThatIsHeldKeepsItsCredit lets the card be declined and another
// one pay the rest: the credit is used then, and none went back meanwhile.
func TestAnExchangeThatIsHeldKeepsItsCredit(t *testing.T) {
	r := start(t, at(orderv1.Step_STEP_AUTHORIZE_PAYMENT, refuse, comply), exchanged(orderv1.CaptureAt_CAPTURE_AT_CONFIRM))
	for r.order.Status == order.Created {
		r.step()
	}
	r.must(order.RetryPayment{Payments: []order.PaymentItem{{Token: "another card"}}})
	r.end()
	if o := r.order; o.Status != order.Submitted || o.CreditFreed != 0 || len(o.Payments) != 2 || o.Surplus() != 0 {
		t.Errorf("%s, %d of the credit went back, payments %+v", o.Status, o.CreditFreed, o.Payments)
	}
}

// TestAnExchangeThatEndsWithoutASaleGivesItsCreditBack declines the card for
// good.
func TestAnExchangeThatEndsWithoutASaleGivesItsCreditBack(t *testing.T) {
	r := start(t, at(orderv1.Step_STEP_AUTHORIZE_PAYMENT, refuse), exchanged(orderv1.CaptureAt_CAPTURE_AT_CONFIRM), undoOnDecline)
	for r.order.Status != order.Cancelled {
		r.step()
	}
	books := booksOf(t, r.order, obliging)
	r.takes = books
	r.end()
	if o := r.order; books.credit != 1200 || o.FreeCredit() != 0 || len(o.Work) != 0 {
		t.Errorf("%d went back, %d is left, work %v", books.credit, o.FreeCredit(), o.Work)
	}
}
