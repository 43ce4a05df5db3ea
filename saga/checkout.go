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

// money says what a payment step does, and to which payment items: to those
// that need it for certain on the way forward, and to those that may need it
// on the way back.
type money struct {
	operation orderv1.PaymentOperation
	word      string // in transaction ids
	needs     func(order.Standing) bool
}

// moneyOf returns what a step does with money; false for the other steps.
func moneyOf(s orderv1.Step) (money, bool) {
	switch s {
	case orderv1.Step_STEP_AUTHORIZE_PAYMENT:
		return money{orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE, "auth", func(p order.Standing) bool {
			return p.Authorized == order.No
		}}, true
	case orderv1.Step_STEP_CAPTURE_PAYMENT:
		return money{orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE, "capture", func(p order.Standing) bool {
			return p.Authorized == order.Yes && p.Captured == order.No
		}}, true
	case orderv1.Step_STEP_VOID_PAYMENT:
		return money{orderv1.PaymentOperation_PAYMENT_OPERATION_VOID, "void", func(p order.Standing) bool {
			return p.Authorized != order.No && p.Captured != order.Yes && p.Voided != order.Yes
		}}, true
	case orderv1.Step_STEP_REFUND_PAYMENT:
		return money{orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND, "refund", func(p order.Standing) bool {
			return p.Captured != order.No && p.Refunded != order.Yes
		}}, true
	case orderv1.Step_STEP_UNSPECIFIED, orderv1.Step_STEP_RESERVE_INVENTORY, orderv1.Step_STEP_BLOCK_PROMOTION,
		orderv1.Step_STEP_CHECK_FRAUD, orderv1.Step_STEP_ASSIGN_PROMOTION, orderv1.Step_STEP_RELEASE_INVENTORY,
		orderv1.Step_STEP_RELEASE_PROMOTION:
	}
	return money{}, false
}

// operations are the payment operations that a step would ask for now; none
// for a step that moves no money.
func operations(o order.Order, s orderv1.Step) []*orderv1.PaymentTransaction {
	m, ok := moneyOf(s)
	if !ok {
		return nil
	}
	var out []*orderv1.PaymentTransaction
	for _, p := range o.Standings() {
		if m.needs(p) {
			out = append(out, &orderv1.PaymentTransaction{
				TransactionId: fmt.Sprintf("%s:%s:%s:%d", o.ID, p.ItemID, m.word, o.RoundOf(s)),
				PaymentItemId: p.ItemID, Operation: m.operation, AmountMinor: p.AmountMinor,
			})
		}
	}
	return out
}
