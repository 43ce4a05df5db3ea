package testkit

import (
	"context"
	"testing"
	"time"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	projectionv1 "github.com/orderstream/oms/gen/oms/projection/v1"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
)

// Patience bounds every wait that is not given a bound of its own.
const Patience = 45 * time.Second

// Lasting is the test's context, but without its end, so that what a test
// checks in its cleanup can still call.
func Lasting(t *testing.T) context.Context {
	t.Helper()
	return context.WithoutCancel(t.Context())
}

// Until asks again and again, soon at first, until the answer is empty: what
// is still missing. It fails the test when that takes too long, but never
// without having asked after that time: a busy machine may have stopped the test
// and not what it waits for.
func Until(t *testing.T, within time.Duration, missing func() string) {
	t.Helper()
	deadline := time.Now().Add(within)
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		late := time.Now().After(deadline)
		still := missing()
		if still == "" {
			return
		}
		if late {
			t.Fatalf("after %v: %s", within, still)
		}
		time.Sleep(pause)
	}
}

// Await watches an order until it has a status and returns it as it is then.
func (p *Process) Await(t *testing.T, id string, status orderv1.OrderStatus) *orderv1.Order {
	t.Helper()
	ctx, cancel := context.WithTimeout(Lasting(t), Patience)
	defer cancel()
	stream, err := p.Orders().WatchOrder(ctx, &orderv1.WatchOrderRequest{OrderId: id})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var last *orderv1.Order
	for stream.Receive() {
		last = stream.Msg().GetOrder()
		if last.GetStatus() == status {
			return last
		}
	}
	if res, err := p.Orders().GetOrder(Lasting(t), &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_OrderId{OrderId: id}}); err == nil && res.GetOrder().GetStatus() == status {
		return res.GetOrder() // the test was stopped for a while, see Until
	}
	t.Fatalf("order %s did not become %s: %v; it was %s %s", id, status, stream.Err(), last.GetStatus(), last.GetStatusReason())
	return nil
}

// AwaitViews waits until the read models have seen all that is stored now.
func (p *Process) AwaitViews(t *testing.T) {
	t.Helper()
	Until(t, Patience, func() string {
		res, err := p.Projections().ListProjections(Lasting(t), &projectionv1.ListProjectionsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range res.GetProjections() {
			if v.GetLag() > 0 {
				return "view " + v.GetName() + " lags"
			}
		}
		return ""
	})
}

// Saga reads the saga of one order.
func (p *Process) Saga(t *testing.T, id string) *sagav1.Saga {
	t.Helper()
	res, err := p.Sagas().GetSaga(Lasting(t), &sagav1.GetSagaRequest{OrderId: id})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetSaga()
}

// AwaitStep waits until the saga of an order waits for the answer of a step.
func (p *Process) AwaitStep(t *testing.T, id string, step orderv1.Step) {
	t.Helper()
	Until(t, Patience, func() string {
		res, err := p.Sagas().GetSaga(Lasting(t), &sagav1.GetSagaRequest{OrderId: id})
		if err != nil {
			return err.Error() // it may not be placed yet
		}
		if PendingStep(res.GetSaga()) == step {
			return ""
		}
		return "order " + id + " does not wait for " + step.String()
	})
}

// PendingStep is the step whose answer a saga waits for; unspecified when it
// waits for none.
func PendingStep(s *sagav1.Saga) orderv1.Step {
	for _, step := range s.GetSteps() {
		if step.GetState() == orderv1.StepState_STEP_STATE_PENDING && (!s.GetCompensating() || undoes(step.GetStep())) {
			return step.GetStep()
		}
	}
	return orderv1.Step_STEP_UNSPECIFIED
}

// undoes tells the way back: a step forward that is still open then is one
// whose answer nobody waits for any more.
func undoes(s orderv1.Step) bool {
	return s >= orderv1.Step_STEP_RELEASE_INVENTORY
}

// Ledger reads the payments of one order; empty when nothing was ever asked.
func (p *Process) Ledger(t *testing.T, id string) *paymentv1.Payment {
	t.Helper()
	res, err := p.Payments().GetPayment(Lasting(t), &paymentv1.GetPaymentRequest{OrderId: id})
	if connect.CodeOf(err) == connect.CodeNotFound {
		return &paymentv1.Payment{OrderId: id}
	}
	if err != nil {
		t.Fatal(err)
	}
	return res.GetPayment()
}
