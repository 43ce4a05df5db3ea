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
		Refusal: order.ReasonPaymentDeclined, Applies: capturesNow,
	},
}}

// capturesNow says whether the payment is taken by the checkout, or with each
// package that leaves.
func capturesNow(o order.Order) bool {
	return o.CaptureAt != orderv1.CaptureAt_CAPTURE_AT_SHIP && moves(orderv1.Step_STEP_CAPTURE_PAYMENT)(o)
}

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

// moneyStep says what a payment step does, and how much of it each payment item
// needs, of what is known for certain.
type moneyStep struct {
	operation orderv1.PaymentOperation
	word      string // in transaction ids: steps of the checkout and of work are numbered apart
	needs     func(order.Order) []int64
}

// moneyOf returns what a step does with money; false for the other steps.
func moneyOf(s orderv1.Step) (moneyStep, bool) {
	m, ok := moneySteps[s]
	return m, ok
}

var moneySteps = map[orderv1.Step]moneyStep{ //nolint:exhaustive // the other steps move no money
	orderv1.Step_STEP_AUTHORIZE_PAYMENT: {orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE, "auth", missing},
	orderv1.Step_STEP_CAPTURE_PAYMENT:   {orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE, "capture", untaken},
	orderv1.Step_STEP_VOID_PAYMENT:      {orderv1.PaymentOperation_PAYMENT_OPERATION_VOID, "void", each(open)},
	orderv1.Step_STEP_REFUND_PAYMENT:    {orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND, "refund", each(net)},
	orderv1.Step_STEP_AUTHORIZE_UNITS:   {orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE, "auth_units", toAuthorize},
	orderv1.Step_STEP_CAPTURE_UNITS:     {orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE, "capture_units", toCapture},
	orderv1.Step_STEP_VOID_UNITS:        {orderv1.PaymentOperation_PAYMENT_OPERATION_VOID, "void_units", toVoid},
	orderv1.Step_STEP_REFUND_UNITS:      {orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND, "refund_units", toRefund},
}

func open(p order.Payment) int64 { return p.Ledger.Open() }

func net(p order.Payment) int64 { return p.Ledger.Net() }

// each asks every payment item for itself. Money that was taken elsewhere is
// not moved from here.
func each(needs func(order.Payment) int64) func(order.Order) []int64 {
	return func(o order.Order) []int64 {
		out := make([]int64, len(o.Payments))
		for i, p := range o.Payments {
			if p.Gateway != order.ExternalGateway {
				out[i] = max(needs(p), 0)
			}
		}
		return out
	}
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
	for i, amount := range m.needs(o) {
		if item := o.Payments[i].ItemID; amount > 0 && !o.Uncertain(s, item) {
			out = append(out, m.transaction(o, s, item, amount))
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

func (m moneyStep) transaction(o order.Order, s orderv1.Step, item string, amount int64) *orderv1.PaymentTransaction {
	return &orderv1.PaymentTransaction{
		TransactionId: fmt.Sprintf("%s:%s:%s:%d", o.ID, item, m.word, o.RoundOf(s)),
		PaymentItemId: item, Operation: m.operation, AmountMinor: amount,
	}
}
