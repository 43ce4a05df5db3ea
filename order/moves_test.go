package order

import (
	"testing"

	"github.com/orderstream/oms/internal/fault"
)

// TestNoDecisionLeavesTheTable asks for every move, legal or not.
func TestNoDecisionLeavesTheTable(t *testing.T) {
	for from := Created; from < Deleted; from++ {
		for to := None; to <= Deleted; to++ {
			_, err := Order{ID: "o1", Status: from}.become(to)
			if legal := err == nil; legal != from.CanBecome(to) {
				t.Errorf("from %s to %s: %v", from, to, err)
			}
			if err != nil && (fault.KindOf(err) != fault.Precondition || fault.ReasonOf(err) != "order_"+from.String()) {
				t.Errorf("from %s to %s: %v, %s", from, to, fault.KindOf(err), fault.ReasonOf(err))
			}
		}
	}
}
