package order_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

var ann = order.Associate{ID: "ann", Number: 17, BackOfficeID: "A-17", Type: 1}

// TestAnOrderCountsForAnAccountThatMayOrder keeps what was known of the account
// then, and hands it on to the orders that take the place of units.
func TestAnOrderCountsForAnAccountThatMayOrder(t *testing.T) {
	want := &orderv1.OrderAssociate{AssociateId: "ann", AssociateNumber: 17, BackOfficeId: "A-17", AssociateType: 1}
	e := place(t, with(func(c *order.Create) { c.Associate = ann }))
	if diff := cmp.Diff(want, e.GetAssociate(), protocmp.Transform()); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	nobody, barred := ann, ann
	nobody.Number, barred.Barred = 0, true
	check(t, map[string]row{
		"nobody": {when: with(func(c *order.Create) { c.Associate = nobody }), kind: fault.NotFound, reason: "unknown_associate"},
		"barred": {when: with(func(c *order.Create) { c.Associate = barred }), kind: fault.Precondition, reason: "associate_not_active"},
	})
	if es, err := (order.Import{Create: with(func(c *order.Create) { c.Associate = barred })}).Decide(order.New(orderID, 7)); err != nil || len(es) != 3 {
		t.Errorf("imported: %v, %v", es, err)
	}
	o := fold(shipped...)
	o.Associate = ann
	es, err := order.Replace{OrderID: "order-replace-01", Lines: one}.Decide(o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, es[0].(*orderv1.ReplaceRequested).GetWork().GetLinkedOrder().GetAssociate(), protocmp.Transform()); diff != "" {
		t.Errorf("account of the replacement (-want +got):\n%s", diff)
	}
}
