package testkit

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/payment/simulated"
)

// CheckCharges opens the books of the simulated gateway, after the process has
// ended, and proves that exactly the confirmed orders are paid, each once, and
// that nobody's money is reserved but that of orders on hold.
func CheckCharges(t *testing.T, dir string, orders map[string]*orderv1.Order) {
	t.Helper()
	g, err := simulated.Open(simulated.Config{Path: filepath.Join(dir, "simulated-gateway.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	charged, refunded, reserved := sum(t, g.Charged), sum(t, g.Refunded), sum(t, g.Reserved)
	paid, held := map[string]int64{}, map[string]int64{}
	for _, o := range orders {
		paid[o.GetCurrencyCode()] += due(o)
		for _, p := range o.GetPayments() {
			if o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_ON_HOLD {
				held[o.GetCurrencyCode()] += p.GetAuthorized().GetMinorUnits()
			}
		}
	}
	for currency := range charged {
		paid[currency] += 0 // money that no order accounts for is looked at too
	}
	for currency, minor := range paid {
		if got := charged[currency] - refunded[currency]; got != minor {
			t.Errorf("the gateway took %d %s net, but confirmed orders come to %d", got, currency, minor)
		}
		if reserved[currency] != held[currency] {
			t.Errorf("the gateway keeps %d %s reserved, orders on hold %d", reserved[currency], currency, held[currency])
		}
	}
}

func sum(t *testing.T, of func() (map[string]int64, error)) map[string]int64 {
	t.Helper()
	all, err := of()
	if err != nil {
		t.Fatal(err)
	}
	return maps.Clone(all)
}

// due is what must have been taken for an order that has ended.
func due(o *orderv1.Order) int64 {
	if o.GetStatus() != orderv1.OrderStatus_ORDER_STATUS_SUBMITTED {
		return 0
	}
	return o.GetTotals().GetTotal().GetMinorUnits()
}

// CheckLedgers proves that the ledger of each order comes to what the order is
// due, and that the read model shows the same as the ledger. Of an order that
// stopped waiting for an answer the read model does not know that answer.
func (p *Process) CheckLedgers(t *testing.T, orders map[string]*orderv1.Order) {
	t.Helper()
	for id, o := range orders {
		if len(o.GetPayments()) == 0 {
			continue
		}
		ledger := p.Ledger(t, id)
		if got := ledger.GetPaid().GetMinorUnits(); got != due(o) {
			t.Errorf("order %s is %s: %d was paid, %d is due", id, o.GetStatus(), got, due(o))
		}
		if slices.ContainsFunc(o.GetSteps(), unheard) {
			continue
		}
		items := map[string]*paymentv1.PaymentItemLedger{}
		for _, i := range ledger.GetItems() {
			items[i.GetPaymentItemId()] = i
		}
		for _, shown := range o.GetPayments() {
			open, net := shown.GetAuthorized().GetMinorUnits(), shown.GetCaptured().GetMinorUnits()-shown.GetRefunded().GetMinorUnits()
			if i := items[shown.GetPaymentItemId()]; open != i.GetAuthorized().GetMinorUnits() || net != i.GetCaptured().GetMinorUnits()-i.GetRefunded().GetMinorUnits() {
				t.Errorf("order %s shows %d authorized and %d paid with %s, the ledger %v", id, open, net, shown.GetPaymentItemId(), i)
			}
		}
	}
}

func unheard(s *orderv1.CheckoutStep) bool {
	return s.GetState() == orderv1.StepState_STEP_STATE_PENDING
}
