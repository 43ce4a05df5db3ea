package order_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/order/ordertest"
)

// TestPackedUnitsAreTakenOutOfTheirPackages shrinks a package, or voids one that
// would be empty, and leaves alone what is free.
func TestPackedUnitsAreTakenOutOfTheirPackages(t *testing.T) {
	cancel := order.CancelItems{Lines: one, By: "ada", Now: later}
	asked := func(given ...command) *orderv1.OrderItemsCancelRequested {
		es := then(onward(given...), cancel)
		return es[len(es)-1].(*orderv1.OrderItemsCancelRequested)
	}
	both := order.Pack{PackageID: "k1", Lines: both, Submit: true}
	half, other := order.Pack{PackageID: "k1", Lines: one, Submit: true}, order.Pack{PackageID: "k2", Lines: one}
	lines := []*orderv1.ItemQuantity{{ItemId: "1", Quantity: 1}}
	check(t, map[string]row{
		"shrunk": {given: onward(both), when: cancel, then: events(
			&orderv1.PackageUnitsRemoved{PackageId: "k1", Lines: lines, RemovedBy: "ada", At: timestamppb.New(later)}, asked(both))},
		"voided, the one that is least far": {given: onward(half, other), when: cancel, then: events(
			&orderv1.PackageStatusChanged{PackageId: "k2", Status: order.PackageVoided, Previous: order.PackageCreated, ChangedBy: "ada", At: timestamppb.New(later)},
			asked(half, other))},
		"free": {given: onward(half), when: cancel, then: events(asked(half))},
	})
}

// TestPackagesHoldWhatIsPackedWhateverIsCancelled packs and cancels in any
// order.
func TestPackagesHoldWhatIsPackedWhateverIsCancelled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := slices.Clone(sold)
		history[0] = &orderv1.OrderCreated{
			OrderId: orderID, CurrencyCode: "GBP", Totals: &orderv1.StoredTotals{TotalMinor: 900},
			Items: []*orderv1.OrderedItem{{ItemId: "1", Quantity: 6, UnitPriceMinor: 100}, {ItemId: "2", Quantity: 3, UnitPriceMinor: 100}},
		}
		o := fold(history...)
		for n := range rapid.IntRange(1, 10).Draw(t, "commands") {
			us := []order.Units{{ItemID: fmt.Sprint(rapid.IntRange(1, 2).Draw(t, "line")), Quantity: rapid.Int64Range(1, 3).Draw(t, "units")}}
			var c command = order.CancelItems{Lines: us}
			if rapid.Bool().Draw(t, "pack") {
				c = order.Pack{PackageID: fmt.Sprint("k", n), Lines: us, Submit: rapid.Bool().Draw(t, "submit")}
			}
			es, err := c.Decide(o)
			if err != nil {
				continue
			}
			for _, e := range es {
				o = order.Evolve(o, e)
			}
			if wrong := ordertest.Wrong(o); wrong != "" {
				t.Fatalf("after %v: %s", es, wrong)
			}
		}
	})
}

// TestAHoldEndsWhereTheLinesAreByThen cancels what has not left of a held order
// of which the rest came back.
func TestAHoldEndsWhereTheLinesAreByThen(t *testing.T) {
	given := onward(order.Ship{PackageID: "k1", Lines: one}, order.SubmitReturn{ReturnID: "r3", Lines: one}, order.AcceptReturn{ReturnID: "r3"}, order.Hold{})
	var rest []order.Units
	for _, i := range fold(given...).Items {
		if i.Open() > 0 {
			rest = append(rest, order.Units{ItemID: i.ItemID, Quantity: i.Open()})
		}
	}
	held := fold(then(given, order.CancelItems{Lines: rest})...)
	es, err := order.Release{}.Decide(held)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		next := order.Evolve(held, e)
		if wrong := ordertest.WrongMove(held, next); wrong != "" {
			t.Error(wrong)
		}
		held = next
	}
	if held.Status != order.Returned {
		t.Errorf("is %s", held.Status)
	}
}
