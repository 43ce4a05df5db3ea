package testkit

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/payment/simulated"
)

// CheckCharges opens the books of the simulated gateway, after the process has
// ended, and proves that it took exactly what the orders are due, and that it
// keeps nothing reserved but what sales and orders on hold still have
// authorized. Credit of exchanges and what is paid elsewhere never reach it.
func CheckCharges(t *testing.T, dir string, orders map[string]*orderv1.Order) {
	t.Helper()
	g, err := simulated.Open(simulated.Config{Path: filepath.Join(dir, "simulated-gateway.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	charged, refunded, reserved := sum(t, g.Charged), sum(t, g.Refunded), sum(t, g.Reserved)
	paid, open := map[string]int64{}, map[string]int64{}
	for _, o := range orders {
		if o.GetImported() {
			continue
		}
		currency := o.GetCurrencyCode()
		paid[currency] += due(o)
		for _, p := range o.GetPayments() {
			authorized, net := shown(p)
			if !stands(o) {
				net = 0 // what it shows may be an answer behind
			}
			switch {
			case p.GetGateway() == order.CreditGateway, p.GetGateway() == order.ExternalGateway:
				paid[currency] -= authorized + net
			case stands(o):
				paid[currency] -= authorized
				open[currency] += authorized
			case o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_ON_HOLD:
				open[currency] += authorized
			}
		}
	}
	for currency := range charged {
		paid[currency] += 0 // money that no order accounts for is looked at too
	}
	for currency, minor := range paid {
		if got := charged[currency] - refunded[currency]; got != minor {
			t.Errorf("the gateway took %d %s net, but orders come to %d", got, currency, minor)
		}
		if reserved[currency] != open[currency] {
			t.Errorf("the gateway keeps %d %s reserved, orders have %d authorized", reserved[currency], currency, open[currency])
		}
	}
}

// shown is what the read model shows of a payment: the part that is authorized
// only, and what was taken and not given back.
func shown(p *orderv1.OrderPayment) (authorized, net int64) {
	return p.GetAuthorized().GetMinorUnits(), p.GetCaptured().GetMinorUnits() - p.GetRefunded().GetMinorUnits()
}

func sum(t *testing.T, of func() (map[string]int64, error)) map[string]int64 {
	t.Helper()
	all, err := of()
	if err != nil {
		t.Fatal(err)
	}
	return maps.Clone(all)
}

// elsewhere is what was paid of an order elsewhere and not given back.
func elsewhere(o *orderv1.Order) (sum int64) {
	for _, p := range o.GetPayments() {
		if _, net := shown(p); p.GetGateway() == order.ExternalGateway {
			sum += net
		}
	}
	return sum
}

// due is what must be secured of an order: nothing before its sale, and then
// what it owes, hidden or not.
func due(o *orderv1.Order) int64 {
	if !stands(o) {
		return 0
	}
	return o.GetDue().GetMinorUnits()
}

// stands reports whether money of an order is kept: of a sale, and of one that
// came back and was deleted, whose fees and exchanges are.
func stands(o *orderv1.Order) bool {
	return Sold(o) || o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_DELETED
}

// CheckLedgers proves that the ledger of each order comes to what the order is
// due, and that the read model shows the same as the ledger. What is due of a
// sale that is captured as it ships may be authorized only, as long as units
// are open, or a payment is due. Of an order that stopped waiting for an answer
// the read model does not know that answer.
func (p *Process) CheckLedgers(t *testing.T, orders map[string]*orderv1.Order) {
	t.Helper()
	for id, o := range orders {
		if len(o.GetPayments()) == 0 || o.GetImported() {
			continue
		}
		ledger := p.Ledger(t, id)
		secured := ledger.GetPaid().GetMinorUnits()
		if !stands(o) {
			secured -= elsewhere(o) // whoever took it keeps it, or gives it back
		}
		authorized := opens(o) || o.GetPaymentDue() != nil
		if o.GetCaptureAt() == orderv1.CaptureAt_CAPTURE_AT_SHIP && authorized {
			for _, i := range ledger.GetItems() {
				secured += i.GetAuthorized().GetMinorUnits()
			}
		}
		if secured != due(o) {
			t.Errorf("order %s is %s: %d was paid, %d is due", id, o.GetStatus(), secured, due(o))
		}
		if slices.ContainsFunc(o.GetSteps(), unheard) {
			continue
		}
		items := map[string]*paymentv1.PaymentItemLedger{}
		for _, i := range ledger.GetItems() {
			items[i.GetPaymentItemId()] = i
		}
		for _, pay := range o.GetPayments() {
			open, net := shown(pay)
			if i := items[pay.GetPaymentItemId()]; open != i.GetAuthorized().GetMinorUnits() || net != i.GetCaptured().GetMinorUnits()-i.GetRefunded().GetMinorUnits() {
				t.Errorf("order %s shows %d authorized and %d paid with %s, the ledger %v", id, open, net, pay.GetPaymentItemId(), i)
			}
		}
	}
}

// opens reports whether units of a sale are still to be shipped.
func opens(o *orderv1.Order) bool {
	return Sold(o) && slices.ContainsFunc(o.GetItems(), func(i *orderv1.OrderItem) bool {
		return i.GetQuantity() > i.GetCancelled()+i.GetShipped()
	})
}

func unheard(s *orderv1.CheckoutStep) bool {
	return s.GetState() == orderv1.StepState_STEP_STATE_PENDING
}
