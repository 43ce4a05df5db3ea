package order_test

import (
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// TestAPatchReachesThePackagesOfItsLines delivers by patching: the whole order
// when all of it has left, and of a line only the packages with its units.
func TestAPatchReachesThePackagesOfItsLines(t *testing.T) {
	twoPackages := onward(order.Ship{PackageID: "k1", Lines: one}, order.Ship{PackageID: "k2", Lines: one})
	whole := fold(then(twoPackages, order.Patch{Status: order.Delivered})...)
	if whole.Status != order.Delivered || whole.Items[0].Delivered != 2 {
		t.Errorf("the order is %s, %+v", whole.Status, whole.Items[0])
	}
	lost := fold(then(twoPackages, order.Patch{Items: []order.PatchItem{{ItemID: "1", Status: order.UnableToDeliver}}})...)
	if lost.Status != order.UnableToDeliver || lost.Items[0].Undelivered != 2 {
		t.Errorf("the order is %s, %+v", lost.Status, lost.Items[0])
	}
	pot := order.EditItems{Set: []order.Line{{ItemID: "2", SKU: "pot", Quantity: 1, UnitPrice: gbp(100)}}}
	edited := fold(onward(pot)...)
	edited = order.Evolve(edited, &orderv1.OrderEdited{WorkId: edited.Work[0].ID})
	for _, c := range []command{
		order.Ship{PackageID: "k1", Lines: both},
		order.Ship{PackageID: "k2"},
		order.Patch{Items: []order.PatchItem{{ItemID: "1", Status: order.Delivered}}},
	} {
		es, err := c.Decide(edited)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			edited = order.Evolve(edited, e)
		}
	}
	if edited.Items[0].Delivered != 2 || edited.Items[1].Delivered != 0 {
		t.Errorf("only line 1 was delivered: %+v", edited.Items)
	}
}

// TestOneLineThatCannotShipDoesNotMoveTheOthers patches one line of two to where
// the warehouse could not ship it: the order stays with the line that is least
// far until that one is as far.
func TestOneLineThatCannotShipDoesNotMoveTheOthers(t *testing.T) {
	pot := order.EditItems{Set: []order.Line{{ItemID: "2", SKU: "pot", Quantity: 1, UnitPrice: gbp(100)}}}
	two := onward(pot)
	two = append(two, &orderv1.OrderEdited{WorkId: fold(two...).Work[0].ID})
	line := func(id string, s order.Status) order.Patch {
		return order.Patch{Items: []order.PatchItem{{ItemID: id, Status: s}}}
	}
	unable := then(two, line("1", order.ReadyToShip), line("1", order.UnableToShip))
	if o := fold(unable...); o.Status != order.Submitted || o.Items[0].Status() != order.UnableToShip {
		t.Errorf("the order is %s, its line %s", o.Status, o.Items[0].Status())
	}
	both := then(unable, line("2", order.ReadyToShip))
	if o := fold(both...); o.Status != order.UnableToShip {
		t.Errorf("with the other line ready the order is %s", o.Status)
	}
	if o := fold(then(both, line("1", order.ReadyToShip))...); o.Status != order.ReadyToShip {
		t.Errorf("with both lines ready the order is %s", o.Status)
	}
}

// TestALineThatComesBackIsAsFarAsTheOthers removes a line by an edit, moves the
// order on, and adds the line again.
func TestALineThatComesBackIsAsFarAsTheOthers(t *testing.T) {
	pot := order.EditItems{Set: []order.Line{{ItemID: "2", SKU: "pot", Quantity: 1, UnitPrice: gbp(100)}}}
	history := sold
	for _, c := range []command{pot, order.EditItems{Remove: []string{"2"}}, order.Patch{Status: order.ReadyToEdit}, pot} {
		history = then(history, c)
		if o := fold(history...); len(o.Work) > 0 {
			history = append(history, &orderv1.OrderEdited{WorkId: o.Work[0].ID})
		}
	}
	if o := fold(history...); o.Status != order.ReadyToEdit || o.Items[1].Status() != order.ReadyToEdit {
		t.Errorf("the order is %s, its line %s", o.Status, o.Items[1].Status())
	}
}

// TestALineThatJoinsDuringAHoldIsAsFarAsTheOthers ends an edit while the order is
// held.
func TestALineThatJoinsDuringAHoldIsAsFarAsTheOthers(t *testing.T) {
	pot := order.EditItems{Set: []order.Line{{ItemID: "2", SKU: "pot", Quantity: 1, UnitPrice: gbp(100)}}}
	held := onward(order.Patch{Status: order.ReadyToEdit}, pot, order.Patch{Status: order.ReadyToShip}, order.Hold{})
	o := fold(append(held, &orderv1.OrderEdited{WorkId: fold(held...).Work[0].ID}, &orderv1.OrderHoldReleased{})...)
	if o.Status != order.ReadyToShip || o.Items[1].Status() != order.ReadyToShip {
		t.Errorf("the order is %s, the new line %s", o.Status, o.Items[1].Status())
	}
}
