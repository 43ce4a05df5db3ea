package saga_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

const (
	reserve   = orderv1.Step_STEP_RESERVE_INVENTORY
	checking  = orderv1.Step_STEP_CHECK_FRAUD
	authorize = orderv1.Step_STEP_AUTHORIZE_PAYMENT
	capture   = orderv1.Step_STEP_CAPTURE_PAYMENT
	release   = orderv1.Step_STEP_RELEASE_INVENTORY
	hold      = orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_HOLD
	undo      = orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNDO
	unsaid    = orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNSPECIFIED
)

// placed is an order of 10.00 GBP without promo codes.
func placed(policy orderv1.PaymentDeclinePolicy) *orderv1.OrderCreated {
	return &orderv1.OrderCreated{
		OrderId: orderID, CurrencyCode: "GBP", OnPaymentDecline: policy,
		Items:    []*orderv1.OrderedItem{{ItemId: "1", SkuId: "tea", Quantity: 1}},
		Payments: []*orderv1.PlannedPayment{{PaymentItemId: "p1", AmountMinor: 1000}},
		Totals:   &orderv1.StoredTotals{TotalMinor: 1000},
	}
}

func withPromo(e *orderv1.OrderCreated) *orderv1.OrderCreated {
	e.PromoCodes = []*orderv1.PromoCode{{PromoCode: "SPRING"}}
	return e
}

// ask is a send of a step in a round, to be answered within a time.
func ask(s orderv1.Step, round string, attempt uint32, within time.Duration) *orderv1.StepRequested {
	e := &orderv1.StepRequested{
		Step: s, RequestId: orderID + ":" + order.StepName(s) + ":" + round, Attempt: attempt, Deadline: timestamppb.New(noon.Add(within)),
	}
	if s == release {
		e.UndoOf = []string{orderID + ":" + order.StepName(reserve) + ":1"}
	}
	if op, word := orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE, "auth"; s == authorize || s == capture {
		if s == capture {
			op, word = orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE, "capture"
		}
		e.Transactions = []*orderv1.PaymentTransaction{
			{TransactionId: orderID + ":p1:" + word + ":" + round, PaymentItemId: "p1", Operation: op, AmountMinor: 1000},
		}
	}
	return e
}

func yes(e *orderv1.StepRequested) *orderv1.StepAnswered {
	a := &orderv1.StepAnswered{Step: e.GetStep(), RequestId: e.GetRequestId(), Succeeded: true, ResponseCode: "200", Transactions: e.GetTransactions()}
	if e.GetStep() == checking {
		a.Verdict = orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT
	}
	return a
}

func no(e *orderv1.StepRequested, message string, lines ...string) *orderv1.StepAnswered {
	return &orderv1.StepAnswered{Step: e.GetStep(), RequestId: e.GetRequestId(), ResponseCode: "409", ResponseMessage: message, Refused: lines}
}

func verdict(v orderv1.FraudVerdict) *orderv1.StepAnswered {
	a := yes(ask(checking, "1", 1, 0))
	a.Verdict, a.ResponseMessage = v, "country_mismatch"
	return a
}

func history(es ...proto.Message) []proto.Message { return es }

func then(history []proto.Message, es ...proto.Message) []proto.Message {
	return append(append([]proto.Message(nil), history...), es...)
}

func fold(es []proto.Message) order.Order {
	o := order.New(orderID, 7)
	for _, e := range es {
		o = order.Evolve(o, e)
	}
	return o
}

// Histories that the rules below start from.
var (
	askReserve, askCheck = ask(reserve, "1", 1, 30*time.Second), ask(checking, "1", 1, 30*time.Second)
	askAuthorize         = ask(authorize, "1", 1, 2*time.Minute)
	askRelease           = ask(release, "1", 1, 30*time.Second)
	outOfStock           = &orderv1.CompensationStarted{Reason: "out_of_stock", Message: "out_of_stock: 1"}
	declined             = &orderv1.OrderHeld{Reason: order.ReasonPaymentDeclined, Until: timestamppb.New(noon.Add(15 * time.Minute))}
	unpaid               = &orderv1.OrderFinalized{Paid: false}

	voiding = &orderv1.StepRequested{Step: orderv1.Step_STEP_VOID_PAYMENT, RequestId: "v1", Transactions: []*orderv1.PaymentTransaction{
		{TransactionId: "v1", PaymentItemId: "p1", Operation: orderv1.PaymentOperation_PAYMENT_OPERATION_VOID, AmountMinor: 1000, Succeeded: true},
	}}
	refusedButDone = &orderv1.StepAnswered{Step: voiding.GetStep(), RequestId: "v1", Transactions: voiding.GetTransactions()}

	reserving   = history(placed(hold), askReserve)
	checkingIt  = then(reserving, yes(askReserve), askCheck)
	authorizing = func(policy orderv1.PaymentDeclinePolicy) []proto.Message {
		return history(placed(policy), askReserve, yes(askReserve), askCheck, yes(askCheck), askAuthorize)
	}
	undoing = history(placed(hold), askReserve, yes(askReserve), &orderv1.CompensationStarted{Reason: "fraud_rejected", Message: "stolen card"}, askRelease)
)

// rule is a case of Next: given a history, at a time, what follows.
type rule struct {
	given []proto.Message
	after time.Duration // since noon
	pol   saga.Policy
	want  []proto.Message
}

func follow(t *testing.T, rules map[string]rule) {
	t.Helper()
	for name, tt := range rules {
		t.Run(name, func(t *testing.T) {
			got := saga.Next(saga.Checkout, tt.pol, fold(tt.given), noon.Add(tt.after))
			if diff := cmp.Diff(tt.want, got, protocmp.Transform()); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func turned(reason, message string) []proto.Message {
	return history(&orderv1.CompensationStarted{Reason: reason, Message: message})
}

func TestForwardUntilSomethingIsRefused(t *testing.T) {
	hasty := saga.Policy{Timeouts: make(map[orderv1.Step]time.Duration)}
	hasty.Timeouts[reserve] = time.Second
	follow(t, map[string]rule{
		"a new order is reserved":         {given: history(placed(hold)), want: history(askReserve)},
		"the next step is asked":          {given: then(reserving, yes(askReserve)), want: history(askCheck)},
		"an answer is waited for":         {given: reserving, after: 29 * time.Second},
		"and asked for again":             {given: reserving, after: 30 * time.Second, want: history(ask(reserve, "1", 2, time.Minute))},
		"until it has been often enough":  {given: then(reserving, ask(reserve, "1", 2, 0), ask(reserve, "1", 3, 0)), want: turned("reserve_inventory_timeout", "reserve_inventory: no answer to 3 requests")},
		"as the policy says":              {given: reserving, after: time.Minute, pol: saga.Policy{MaxAttempts: 1}, want: turned("reserve_inventory_timeout", "reserve_inventory: no answer to 1 requests")},
		"the policy has other timeouts":   {given: history(placed(hold)), pol: hasty, want: history(ask(reserve, "1", 1, time.Second))},
		"a resumed step is asked at once": {given: then(reserving, &orderv1.SagaResumed{Step: reserve}), want: history(ask(reserve, "1", 2, 30*time.Second))},
		"what was not blocked is not assigned": {
			given: history(withPromo(placed(hold)), askReserve, yes(askReserve), &orderv1.StepSkipped{Step: block}, askCheck, yes(askCheck), askAuthorize, succeeded(askAuthorize)),
			want:  history(ask(capture, "1", 1, 2*time.Minute)),
		},
		"a skipped step is passed over": {given: then(reserving, &orderv1.StepSkipped{Step: reserve}), want: history(askCheck)},

		"a refusal turns round":            {given: then(reserving, no(askReserve, "out_of_stock", "1")), want: history(outOfStock)},
		"for the participant's own reason": {given: then(reserving, no(askReserve, "unknown_sku")), want: turned("unknown_sku", "unknown_sku")},
		"or that of the plan":              {given: then(reserving, no(askReserve, "No more tea!")), want: turned("out_of_stock", "No more tea!")},
		"and says at most ten lines": {
			given: then(reserving, no(askReserve, "out_of_stock", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12")),
			want:  turned("out_of_stock", "out_of_stock: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more"),
		},

		"a suspicious order is held":      {given: then(checkingIt, verdict(orderv1.FraudVerdict_FRAUD_VERDICT_REVIEW)), want: history(&orderv1.OrderHeld{Reason: "fraud_review"})},
		"a fraudulent one turns round":    {given: then(checkingIt, verdict(orderv1.FraudVerdict_FRAUD_VERDICT_REJECT)), want: turned("fraud_rejected", "country_mismatch")},
		"a check that cannot be made too": {given: then(checkingIt, no(askCheck, "")), want: turned("fraud_rejected", "409")},
	})
}

func TestPaymentsHoldOrTurnRound(t *testing.T) {
	follow(t, map[string]rule{
		"a declined payment holds": {given: then(authorizing(hold), no(askAuthorize, "card_declined")), want: history(unpaid, declined)},
		"for as long as the policy says": {
			given: then(authorizing(hold), no(askAuthorize, "")), pol: saga.Policy{HoldTTL: time.Minute},
			want: history(unpaid, &orderv1.OrderHeld{Reason: order.ReasonPaymentDeclined, Until: timestamppb.New(noon.Add(time.Minute))}),
		},
		"also when nobody said":             {given: then(authorizing(unsaid), no(askAuthorize, "")), want: history(unpaid, declined)},
		"or turns round":                    {given: then(authorizing(undo), no(askAuthorize, "card_declined")), want: history(unpaid, &orderv1.CompensationStarted{Reason: "payment_declined", Message: "card_declined"})},
		"as the installation says":          {given: then(authorizing(unsaid), no(askAuthorize, "card_declined")), pol: saga.Policy{OnDecline: undo}, want: history(unpaid, &orderv1.CompensationStarted{Reason: "payment_declined", Message: "card_declined"})},
		"but the order knows better":        {given: then(authorizing(hold), no(askAuthorize, "")), pol: saga.Policy{OnDecline: undo}, want: history(unpaid, declined)},
		"a payment without an answer is no": {given: authorizing(hold), after: time.Hour, pol: saga.Policy{MaxAttempts: 1}, want: turned("authorize_payment_timeout", "authorize_payment: no answer to 1 requests")},

		"a hold waits":                   {given: then(authorizing(hold), no(askAuthorize, ""), declined), after: 15*time.Minute - 1},
		"and ends":                       {given: then(authorizing(hold), no(askAuthorize, ""), declined), after: 15 * time.Minute, want: turned("hold_expired", "held for payment_declined until 2026-03-01T12:15:00Z")},
		"a hold for review has no end":   {given: then(checkingIt, &orderv1.OrderHeld{Reason: "fraud_review"}), after: 1000 * time.Hour},
		"a new round asks anew":          {given: then(authorizing(hold), no(askAuthorize, ""), declined, &orderv1.OrderHoldReleased{Reason: "payment_retried"}), want: history(ask(authorize, "2", 1, 2*time.Minute))},
		"a released order goes on":       {given: then(checkingIt, verdict(orderv1.FraudVerdict_FRAUD_VERDICT_REVIEW), &orderv1.OrderHeld{Reason: "fraud_review"}, &orderv1.OrderHoldReleased{Reason: "fraud_accepted"}), want: history(askAuthorize)},
		"what is authorized is captured": {given: then(authorizing(hold), succeeded(askAuthorize)), want: history(ask(capture, "1", 1, 2*time.Minute))},
		"and confirms the order": {
			given: then(authorizing(hold), succeeded(askAuthorize), ask(capture, "1", 1, 0), succeeded(ask(capture, "1", 1, 0))),
			want:  history(&orderv1.OrderConfirmed{ConfirmedAt: timestamppb.New(noon)}, &orderv1.OrderFinalized{Paid: true}),
		},
		"an order without its payment is confirmed unpaid": {
			given: then(authorizing(hold), &orderv1.StepSkipped{Step: authorize}),
			want:  history(&orderv1.OrderConfirmed{ConfirmedAt: timestamppb.New(noon)}, &orderv1.OrderFinalized{Paid: false}),
		},
	})
}

func TestBackwardUntilEverythingIsUndone(t *testing.T) {
	follow(t, map[string]rule{
		"who cancels does not wait":  {given: then(reserving, &orderv1.OrderCancelRequested{Reason: "late", RequestedBy: "ada"}), want: turned("cancelled", "late")},
		"what may be done is undone": {given: then(reserving, &orderv1.OrderCancelRequested{Reason: "late"}, &orderv1.CompensationStarted{Reason: "cancelled"}), want: history(askRelease)},
		"what was refused is not": {
			given: then(reserving, no(askReserve, "out_of_stock", "1"), outOfStock),
			want:  history(&orderv1.OrderCancelled{Reason: "out_of_stock", Message: "out_of_stock: 1", CancelledAt: timestamppb.New(noon), CancelledBy: "saga"}),
		},
		"what was skipped unasked is not": {
			given: history(placed(hold), &orderv1.StepSkipped{Step: reserve}, outOfStock), want: history(cancelledBySaga("out_of_stock", "out_of_stock: 1")),
		},
		"what was skipped unanswered is undone": {given: then(reserving, &orderv1.StepSkipped{Step: reserve}, outOfStock), want: history(askRelease)},
		"what was refused in words only is done": {
			given: history(placed(hold), askReserve, no(askReserve, ""), askAuthorize, succeeded(askAuthorize), outOfStock, voiding, refusedButDone),
			want:  history(cancelledBySaga("out_of_stock", "out_of_stock: 1")),
		},
		"an undo is waited for":        {given: undoing, after: 29 * time.Second},
		"an undo is asked for again":   {given: undoing, after: 30 * time.Second, want: history(ask(release, "1", 2, time.Minute))},
		"a refused one under a new id": {given: then(undoing, no(askRelease, "busy")), want: history(ask(release, "2", 1, 30*time.Second))},
		"until a person has to look": {
			given: then(undoing, no(askRelease, "busy")), pol: saga.Policy{MaxAttempts: 1},
			want: history(&orderv1.SagaParked{Step: release, Reason: "release_inventory: refused after 1 requests: busy"}),
		},
		"also without an answer": {
			given: undoing, after: time.Hour, pol: saga.Policy{MaxAttempts: 1},
			want: history(&orderv1.SagaParked{Step: release, Reason: "release_inventory: no answer to 1 requests"}),
		},
		"a parked saga waits":         {given: then(undoing, &orderv1.SagaParked{Step: release}), after: time.Hour},
		"until it is resumed":         {given: then(undoing, no(askRelease, "busy"), &orderv1.SagaParked{Step: release}, &orderv1.SagaResumed{Step: release}), pol: saga.Policy{MaxAttempts: 1}, want: history(ask(release, "2", 1, 30*time.Second))},
		"or the undo is skipped":      {given: then(undoing, &orderv1.SagaParked{Step: release}, &orderv1.StepSkipped{Step: release}), want: history(cancelledBySaga("fraud_rejected", "stolen card"))},
		"what is undone is cancelled": {given: then(undoing, yes(askRelease)), want: history(cancelledBySaga("fraud_rejected", "stolen card"))},

		"no order, no saga":        {},
		"a sale is over":           {given: history(placed(hold), &orderv1.OrderConfirmed{}), after: time.Hour},
		"a cancelled order is too": {given: then(undoing, cancelledBySaga("fraud_rejected", "")), after: time.Hour},
	})
}

// succeeded answers a payment step with every transaction done.
func succeeded(e *orderv1.StepRequested) *orderv1.StepAnswered {
	a := yes(proto.CloneOf(e))
	for _, t := range a.GetTransactions() {
		t.Succeeded = true
	}
	return a
}

func cancelledBySaga(reason, message string) *orderv1.OrderCancelled {
	return &orderv1.OrderCancelled{Reason: reason, Message: message, CancelledAt: timestamppb.New(noon), CancelledBy: order.BySaga}
}

func TestOrderSaysWhenItWantsToBeLookedAt(t *testing.T) {
	type row struct {
		given         []proto.Message
		waits, active bool
		at            time.Time
		stuckSoon     bool // a second after noon
		stuckLater    bool // an hour after
	}
	for name, tt := range map[string]row{
		"none":      {},
		"waiting":   {given: reserving, waits: true, active: true, at: noon.Add(30 * time.Second), stuckLater: true},
		"on hold":   {given: then(authorizing(hold), no(askAuthorize, ""), declined), active: true, at: noon.Add(15 * time.Minute), stuckLater: true},
		"in review": {given: then(checkingIt, verdict(orderv1.FraudVerdict_FRAUD_VERDICT_REVIEW), &orderv1.OrderHeld{Reason: "fraud_review"}), active: true, stuckSoon: true, stuckLater: true},
		"undoing":   {given: undoing, waits: true, active: true, at: noon.Add(30 * time.Second), stuckLater: true},
		"parked":    {given: then(undoing, &orderv1.SagaParked{Step: release}), active: true, stuckSoon: true, stuckLater: true},
		"sold":      {given: history(placed(hold), &orderv1.OrderConfirmed{})},
		"cancelled": {given: then(undoing, yes(askRelease), cancelledBySaga("x", ""))},
	} {
		o := fold(tt.given)
		_, waits := saga.Pending(o)
		active, at := saga.Wake(o)
		got := row{tt.given, waits, active, at, saga.Stuck(o, noon.Add(time.Second)), saga.Stuck(o, noon.Add(time.Hour))}
		if diff := cmp.Diff(tt, got, cmp.AllowUnexported(row{}), protocmp.Transform()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if !saga.WakeAt(o).Equal(at) {
			t.Errorf("%s: WakeAt is %v, Wake %v", name, saga.WakeAt(o), at)
		}
	}
}
