package saga

import (
	"fmt"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

const (
	quick = 30 * time.Second
	slow  = 2 * time.Minute // payment providers ask banks
)

// Checkout brings a created order to its confirmation. The payment is captured
// as its last step, before the order is confirmed; assigning the promo codes
// comes before, since giving codes back is cheaper than giving money back.
var Checkout = Plan{Name: "checkout", Steps: []PlanStep{
	{
		Step: orderv1.Step_STEP_RESERVE_INVENTORY, Undo: orderv1.Step_STEP_RELEASE_INVENTORY, Timeout: quick,
		Refusal: order.ReasonOutOfStock,
	},
	{
		Step: orderv1.Step_STEP_BLOCK_PROMOTION, Undo: orderv1.Step_STEP_RELEASE_PROMOTION, Timeout: quick,
		Refusal: order.ReasonPromotionRefused, Applies: hasPromotion,
	},
	{
		Step: orderv1.Step_STEP_CHECK_FRAUD, Timeout: quick,
		Refusal: order.ReasonFraudRejected,
	},
	{
		Step: orderv1.Step_STEP_AUTHORIZE_PAYMENT, Undo: orderv1.Step_STEP_VOID_PAYMENT, Timeout: slow,
		Refusal: order.ReasonPaymentDeclined, Applies: moves(orderv1.Step_STEP_AUTHORIZE_PAYMENT),
	},
	{
		Step: orderv1.Step_STEP_ASSIGN_PROMOTION, Undo: orderv1.Step_STEP_RELEASE_PROMOTION, Timeout: quick,
		Refusal: order.ReasonPromotionRefused, Applies: hasBlocked,
	},
	{
		Step: orderv1.Step_STEP_CAPTURE_PAYMENT, Undo: orderv1.Step_STEP_REFUND_PAYMENT, Timeout: slow,
		Refusal: order.ReasonPaymentDeclined, Applies: moves(orderv1.Step_STEP_CAPTURE_PAYMENT),
	},
}}

func hasPromotion(o order.Order) bool { return len(o.PromoCodes) > 0 }

// hasBlocked leaves out the codes that an operator went on without.
func hasBlocked(o order.Order) bool {
	p, _ := o.Step(orderv1.Step_STEP_BLOCK_PROMOTION)
	return p.State == order.StepDone
}

// moves says whether a payment step has any money to move.
func moves(s orderv1.Step) func(order.Order) bool {
	return func(o order.Order) bool { return len(operations(o, s)) > 0 }
}

// money says what a payment step does, and how much of it each payment item
// needs, of what is known for certain.
type money struct {
	operation orderv1.PaymentOperation
	word      string // in transaction ids
	needs     func(order.Payment) int64
}

// moneyOf returns what a step does with money; false for the other steps.
func moneyOf(s orderv1.Step) (money, bool) {
	switch s {
	case orderv1.Step_STEP_AUTHORIZE_PAYMENT:
		return money{orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE, "auth", func(p order.Payment) int64 {
			return p.AmountMinor - p.Ledger.Secured()
		}}, true
	case orderv1.Step_STEP_CAPTURE_PAYMENT:
		return money{orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE, "capture", func(p order.Payment) int64 {
			return min(p.Ledger.Open(), p.AmountMinor-p.Ledger.Net())
		}}, true
	case orderv1.Step_STEP_VOID_PAYMENT:
		return money{orderv1.PaymentOperation_PAYMENT_OPERATION_VOID, "void", func(p order.Payment) int64 {
			return p.Ledger.Open()
		}}, true
	case orderv1.Step_STEP_REFUND_PAYMENT:
		return money{orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND, "refund", func(p order.Payment) int64 {
			return p.Ledger.Net()
		}}, true
	case orderv1.Step_STEP_UNSPECIFIED, orderv1.Step_STEP_RESERVE_INVENTORY, orderv1.Step_STEP_BLOCK_PROMOTION,
		orderv1.Step_STEP_CHECK_FRAUD, orderv1.Step_STEP_ASSIGN_PROMOTION, orderv1.Step_STEP_RELEASE_INVENTORY,
		orderv1.Step_STEP_RELEASE_PROMOTION:
	}
	return money{}, false
}

// operations are the payment operations that a step would ask for now, by what
// is known for certain; none for a step that moves no money. What nobody knows
// of is not asked for once more.
func operations(o order.Order, s orderv1.Step) []*orderv1.PaymentTransaction {
	m, ok := moneyOf(s)
	if !ok {
		return nil
	}
	var out []*orderv1.PaymentTransaction
	for _, p := range o.Payments {
		if amount := m.needs(p); amount > 0 && !o.Uncertain(s, p.ItemID) {
			out = append(out, m.transaction(o, s, p.ItemID, amount))
		}
	}
	return out
}

// takenBack are the operations that take back those of a request of which
// nobody knows whether they took place.
func takenBack(o order.Order, undo orderv1.Step, p order.StepProgress) []*orderv1.PaymentTransaction {
	m, _ := moneyOf(undo)
	out := make([]*orderv1.PaymentTransaction, len(p.Transactions))
	for i, t := range p.Transactions {
		out[i] = m.transaction(o, undo, t.ItemID, t.AmountMinor)
		out[i].Undoes = t.ID
	}
	return out
}

func (m money) transaction(o order.Order, s orderv1.Step, item string, amount int64) *orderv1.PaymentTransaction {
	return &orderv1.PaymentTransaction{
		TransactionId: fmt.Sprintf("%s:%s:%s:%d", o.ID, item, m.word, o.RoundOf(s)),
		PaymentItemId: item, Operation: m.operation, AmountMinor: amount,
	}
}
