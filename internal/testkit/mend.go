package testkit

import (
	"testing"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
)

// NoneStuck fails the test when an order waits for an operator: whatever is
// declined or out of stock, orders go on without one.
func (p *Process) NoneStuck(t *testing.T) {
	t.Helper()
	res, err := p.Sagas().ListSagas(Lasting(t), &sagav1.ListSagasRequest{Stuck: true, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range res.GetSagas() {
		if s.GetParked() {
			p.Tell(t, s.GetOrderId())
			t.Fatalf("order %s is stuck: %s", s.GetOrderId(), s.GetReason())
		}
	}
}

// EndSagas waits as WaitForSagas does, for work of held orders too. Then nothing
// happens by itself any more, to no order.
func (p *Process) EndSagas(t *testing.T, within time.Duration) {
	t.Helper()
	last := ""
	defer func() {
		if last != "" {
			p.Tell(t, last)
		}
	}()
	Until(t, within, func() string {
		last = ""
		p.NoneStuck(t)
		res, err := p.Sagas().ListSagas(Lasting(t), &sagav1.ListSagasRequest{Limit: 1000})
		if err != nil {
			return err.Error()
		}
		for _, s := range res.GetSagas() {
			if s.GetStatus() != orderv1.OrderStatus_ORDER_STATUS_ON_HOLD || s.GetParked() {
				last = s.GetOrderId()
				return "the saga of order " + last + " runs"
			}
		}
		for _, o := range p.AllOrders(t) { // held orders have work too, which may make others
			if !Settled(o) {
				last = o.GetOrderId()
				return "order " + last + " is " + o.GetStatus().String() + " and has work left"
			}
		}
		return ""
	})
}
