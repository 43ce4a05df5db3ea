package order_test

import (
	"testing"

	"github.com/orderstream/oms/order"
)

// TestUnitsThatComeBackAreThoseThatHadArrived returns one of two units that
// left in packages of their own: the other one is where it was.
func TestUnitsThatComeBackAreThoseThatHadArrived(t *testing.T) {
	twoPackages := onward(order.Ship{PackageID: "k1", Lines: one}, order.Ship{PackageID: "k2", Lines: one})
	returns := []command{order.SubmitReturn{ReturnID: "r1", Lines: one}, order.AcceptReturn{ReturnID: "r1"}}
	arrived := order.UpdatePackage{PackageID: "k1", Status: order.PackageDelivered}
	lost := order.UpdatePackage{PackageID: "k2", Status: order.PackageUndeliverable}
	for name, tt := range map[string]struct {
		does                   []command
		status                 order.Status
		delivered, undelivered int64
	}{
		"one arrived, one is on its way": {[]command{arrived}, order.Shipped, 0, 0},
		"one arrived, one could not":     {[]command{arrived, lost}, order.UnableToDeliver, 0, 1},
		"one could not, one on its way":  {[]command{lost}, order.Shipped, 0, 0},
		"both on their way":              {nil, order.Shipped, 0, 0},
	} {
		o := fold(then(twoPackages, append(tt.does, returns...)...)...)
		if i := o.Items[0]; o.Status != tt.status || i.Delivered != tt.delivered || i.Undelivered != tt.undelivered {
			t.Errorf("%s: the order is %s with %d delivered and %d that could not be", name, o.Status, i.Delivered, i.Undelivered)
		}
	}
	o := fold(then(twoPackages, append([]command{arrived}, append(returns, order.UpdatePackage{PackageID: "k2", Status: order.PackageDelivered})...)...)...)
	if o.Status != order.Delivered || o.Items[0].Delivered != 1 {
		t.Errorf("the other one arrived, and the order is %s with %d delivered", o.Status, o.Items[0].Delivered)
	}
}
