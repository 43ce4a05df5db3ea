package projections

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order/document"
)

// The buckets of the view of orders. An order's place is its time of creation
// and its id. The rows are kept by place, because the orders that change are
// the young ones: they share pages, whatever their ids look like. Every index
// ends in the place, so that any of them can be read newest first and left and
// entered again at a place.
const (
	bucketOrders       = "orders"       // place: the order
	bucketIDs          = "ids"          // order id: place
	bucketNumbers      = "numbers"      // order number: place
	bucketReferences   = "references"   // caller's reference, place
	bucketCustomers    = "customers"    // customer id, place
	bucketCountsFor    = "counts_for"   // associate id, place
	bucketDue          = "due"          // place, of orders of which a payment is due
	bucketStatuses     = "statuses"     // status, place
	bucketHistory      = "history"      // place: positions of the order's commits
	bucketTransactions = "transactions" // place, transaction id: the payment transaction
)

// OrdersProjector folds the order log into whole orders, with indexes and
// histories. Orders reads them.
func OrdersProjector() Projector {
	return Projector{Name: "orders", Version: 4, Log: "order", Main: bucketOrders, Project: projectOrders}
}

// projectOrders folds one commit, the events of each order together: they are
// of one order, as a rule.
func projectOrders(tx *Tx, c eventstore.Commit, events []eventstore.Recorded) error {
	for len(events) > 0 {
		id := events[0].Aggregate
		n := 1
		for n < len(events) && events[n].Aggregate == id {
			n++
		}
		if err := projectOrder(tx, c, events[:n]); err != nil {
			return fmt.Errorf("order %s: %w", id, err)
		}
		events = events[n:]
	}
	return nil
}

// projectOrder folds the events of one order.
func projectOrder(tx *Tx, c eventstore.Commit, events []eventstore.Recorded) error {
	tenant, id := c.GetTenant(), events[0].Aggregate
	place := tx.Get(bucketIDs, key(tenant, []byte(id)))
	var o *orderv1.Order
	if place != nil {
		var ok bool
		var err error
		if o, ok, err = Row[*orderv1.Order](tx, bucketOrders, key(tenant, place)); err != nil || !ok {
			return errors.Join(errors.New("the row is missing"), err)
		}
	}
	before, due := o.GetStatus(), o.GetPaymentDue() != nil
	for _, e := range events {
		created, isCreated := e.Event.(*orderv1.OrderCreated)
		switch {
		case isCreated && o == nil:
			var err error
			if o, err = document.New(tenant, created); err != nil {
				return err
			}
			place = append(instant(created.GetCreatedAt().AsTime()), id...)
			indexOrder(tx, o, place)
		case isCreated: // cannot happen twice
		case o == nil: // of an order that never began
			tx.Unknown()
			continue
		default:
			if err := fold(tx, c, o, place, e.Event); err != nil {
				return err
			}
		}
		o.Revision = e.Revision
	}
	if o == nil {
		return nil
	}
	o.Position, o.UpdatedAt = c.Position, c.GetTime()
	o.PaymentStatus = document.PaymentStatus(o)
	tx.Keep(bucketOrders, key(tenant, place), o)
	moveStatus(tx, o, before, place)
	moveDue(tx, o, due, place)
	remember(tx, c, place)
	tx.Changed(orderTopic(tenant, id))
	return nil
}

// fold folds one event of an order that exists.
func fold(tx *Tx, c eventstore.Commit, o *orderv1.Order, place []byte, e proto.Message) error {
	reference := o.GetReference()
	if !document.Fold(o, e, c.GetTime()) {
		tx.Unknown()
	}
	if o.GetReference() != reference {
		moveReference(tx, o, reference, place)
	}
	if answer, ok := e.(*orderv1.StepAnswered); ok {
		return settle(tx, o, place, answer)
	}
	return nil
}

// moveStatus keeps the index of statuses.
func moveStatus(tx *Tx, o *orderv1.Order, before orderv1.OrderStatus, place []byte) {
	if o.GetStatus() == before {
		return
	}
	if before != orderv1.OrderStatus_ORDER_STATUS_UNSPECIFIED {
		tx.Delete(bucketStatuses, statusKey(o.GetTenant(), before, place))
	}
	tx.Put(bucketStatuses, statusKey(o.GetTenant(), o.GetStatus(), place), []byte{})
}

// moveDue keeps the index of orders of which a payment is due.
func moveDue(tx *Tx, o *orderv1.Order, before bool, place []byte) {
	k := key(o.GetTenant(), place)
	switch due := o.GetPaymentDue() != nil; {
	case due && !before:
		tx.Put(bucketDue, k, []byte{})
	case before && !due:
		tx.Delete(bucketDue, k)
	}
}

// moveReference makes an order findable by another reference.
func moveReference(tx *Tx, o *orderv1.Order, before string, place []byte) {
	if before != "" {
		tx.Delete(bucketReferences, key(o.GetTenant(), textKey(before), place))
	}
	if ref := o.GetReference(); ref != "" {
		tx.Put(bucketReferences, key(o.GetTenant(), textKey(ref), place), []byte{})
	}
}

// indexOrder makes a new order findable by more than its status.
func indexOrder(tx *Tx, o *orderv1.Order, place []byte) {
	tenant := o.GetTenant()
	tx.Put(bucketIDs, key(tenant, []byte(o.GetOrderId())), place)
	tx.Put(bucketNumbers, numberKey(tenant, o.GetOrderNumber()), place)
	if ref := o.GetReference(); ref != "" {
		tx.Put(bucketReferences, key(tenant, textKey(ref), place), []byte{})
	}
	if customer := o.GetCustomer().GetCustomerId(); customer != "" {
		tx.Put(bucketCustomers, key(tenant, textKey(customer), place), []byte{})
	}
	if associate := o.GetAssociate().GetAssociateId(); associate != "" {
		tx.Put(bucketCountsFor, key(tenant, textKey(associate), place), []byte{})
	}
}

// remember adds a commit to the history of an order: its position and index,
// as two numbers of variable length.
func remember(tx *Tx, c eventstore.Commit, place []byte) {
	k := key(c.GetTenant(), place)
	old := tx.Get(bucketHistory, k)
	h := append(make([]byte, 0, len(old)+2*binary.MaxVarintLen32), old...)
	h = binary.AppendUvarint(h, c.Position)
	h = binary.AppendUvarint(h, uint64(c.Index)) //nolint:gosec // an index
	tx.Put(bucketHistory, k, h)
}

// settle books the payment transactions of an answer. A transaction counts
// once: repeated requests carry the ids of those that took place already.
func settle(tx *Tx, o *orderv1.Order, place []byte, e *orderv1.StepAnswered) error {
	for _, t := range e.GetTransactions() {
		k := key(o.GetTenant(), textKey(string(place)), []byte(t.GetTransactionId()))
		last, _, err := Row[*orderv1.PaymentTransaction](tx, bucketTransactions, k)
		if err != nil {
			return err
		}
		if last.GetSucceeded() {
			continue
		}
		if err := document.Book(o, t); err != nil {
			return err
		}
		tx.Keep(bucketTransactions, k, proto.CloneOf(t))
	}
	return nil
}

func statusKey(tenant string, s orderv1.OrderStatus, place []byte) []byte {
	return key(tenant, number(int64(s)), place)
}

func numberKey(tenant string, n uint64) []byte {
	return key(tenant, binary.BigEndian.AppendUint64(nil, n))
}

// orderTopic is what subscribers to one order listen to.
func orderTopic(tenant, id string) string { return string(key(tenant, []byte(id))) }
