package crash_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// checkAcked proves that every acknowledged order is there, once.
func (s *shop) checkAcked(t *testing.T, orders map[string]*orderv1.Order) {
	t.Helper()
	if len(s.acked) == 0 {
		t.Error("nothing was acknowledged at all")
	}
	for key, id := range s.acked {
		if orders[id] == nil {
			t.Errorf("%s was acknowledged as %s and is lost", key, id)
		}
	}
	for id, revision := range s.stored {
		if got := orders[id].GetRevision(); got < revision {
			t.Errorf("order %s was acknowledged at revision %d and is at %d", id, revision, got)
		}
	}
	byReference := map[string]string{}
	for id, o := range orders {
		if other := byReference[o.GetReference()]; other != "" {
			t.Errorf("orders %s and %s are both %s", id, other, o.GetReference())
		}
		if o.GetReference() != "" { // exchanges and replacements have none
			byReference[o.GetReference()] = id
		}
		switch s := o.GetStatus(); {
		case testkit.Sold(o), s == orderv1.OrderStatus_ORDER_STATUS_CANCELLED, s == orderv1.OrderStatus_ORDER_STATUS_DELETED:
		default:
			t.Errorf("order %s is %s", id, s)
		}
	}
}

// checkNotifications proves that each notification is in its stream once.
func checkNotifications(t *testing.T, p *testkit.Process, orders map[string]*orderv1.Order) {
	t.Helper()
	want := notifications(orders)
	missing := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		said := p.Published(t, "ecomm")
		maps.Copy(said, p.Published(t, "OmsMsgTopic"))
		if missing = firstMissing(want, said); missing == "" {
			break
		}
	}
	if missing != "" {
		t.Errorf("%s was not published", missing)
	}
	once := map[testkit.Notification]int{}
	for _, stream := range []string{"ecomm", "OmsMsgTopic"} {
		for _, n := range p.Notifications(t, stream) {
			if once[n]++; once[n] > 1 {
				t.Errorf("%v was published %d times", n, once[n])
			}
		}
	}
}

// notifications are what has to be said about orders, by subject and order.
func notifications(orders map[string]*orderv1.Order) (want []string) {
	for id, o := range orders {
		want = append(want, "order.created "+id, "order.preprocessinventory "+id)
		switch o.GetStatus() { //nolint:exhaustive // the others are sales
		case orderv1.OrderStatus_ORDER_STATUS_CANCELLED:
			want = append(want, "order.cancelled "+id)
			continue
		case orderv1.OrderStatus_ORDER_STATUS_DELETED:
			want = append(want, "order.deleted "+id)
			continue
		}
		want = append(want, "order.checkfraud "+id)
		if o.GetTotals().GetTotal().GetMinorUnits() > 0 && o.GetOrderType() != orderv1.OrderType_ORDER_TYPE_REPLACE {
			want = append(want, "order.preprocesspayment "+id)
		}
	}
	return want
}

func firstMissing(want []string, said map[string]int) string {
	for _, w := range want {
		if said[w] == 0 {
			return w
		}
	}
	return ""
}

func statuses(orders map[string]*orderv1.Order) string {
	count := map[string]int{}
	for _, o := range orders {
		count[o.GetStatus().String()+" "+o.GetStatusReason()]++
	}
	return fmt.Sprint(count)
}
