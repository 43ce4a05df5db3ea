package testkit

import (
	"strings"
	"testing"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
)

// Mend is the operator who goes on without what cannot be done: the capture of
// a shipment whose card is good for an authorization and nothing else. It fails
// the test when anything else is stuck, and says how many orders it mended.
func (p *Process) Mend(t *testing.T) (mended int) {
	t.Helper()
	res, err := p.Sagas().ListSagas(Lasting(t), &sagav1.ListSagasRequest{Stuck: true, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range res.GetSagas() {
		if !s.GetParked() {
			continue
		}
		if !strings.HasPrefix(s.GetReason(), "capture_units: refused") {
			p.Tell(t, s.GetOrderId())
			t.Errorf("order %s is stuck: %s", s.GetOrderId(), s.GetReason())
		}
		if _, err := p.Sagas().SkipStep(Lasting(t), &sagav1.SkipStepRequest{OrderId: s.GetOrderId(), Reason: "the card is bad"}); err != nil {
			t.Error(err)
		}
		mended++
	}
	return mended
}

// EndSagas waits as WaitForSagas does and mends meanwhile. Then nothing happens
// by itself any more, to no order.
func (p *Process) EndSagas(t *testing.T, within time.Duration) {
	t.Helper()
	last := ""
	defer func() {
		if last != "" {
			p.Tell(t, last)
		}
	}()
	Until(t, within, func() string {
		if last = ""; p.Mend(t) > 0 {
			return "orders were mended"
		}
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
