package projections

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
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
	bucketStatuses     = "statuses"     // status, place
	bucketHistory      = "history"      // place: positions of the order's commits
	bucketTransactions = "transactions" // place, transaction id: the payment transaction
)

// OrdersProjector folds the order log into whole orders, with indexes and
// histories. Orders reads them.
func OrdersProjector() Projector {
	return Projector{Name: "orders", Version: 1, Log: "order", Main: bucketOrders, Project: projectOrders}
}

// projectOrders folds one commit. All of its events are of one order, as a
// rule, but nothing here depends on that.
func projectOrders(tx *Tx, c eventstore.Commit, events []eventstore.Recorded) error {
	var seen []string
	for _, e := range events {
		p := orderPlace(tx, c.GetTenant(), e)
		if p == nil {
			tx.Unknown() // of an order that never began
			continue
		}
		if err := projectOrder(tx, c, e, p); err != nil {
			return fmt.Errorf("order %s: %w", e.Aggregate, err)
		}
		if !slices.Contains(seen, e.Aggregate) {
			seen = append(seen, e.Aggregate)
			remember(tx, c, p)
			tx.Changed(orderTopic(c.GetTenant(), e.Aggregate))
		}
	}
	return nil
}

// orderPlace finds the place of an event's order, or gives one to a new order.
// It is nil for an order that does not exist.
func orderPlace(tx *Tx, tenant string, e eventstore.Recorded) []byte {
	id := key(tenant, []byte(e.Aggregate))
	if p := tx.Get(bucketIDs, id); p != nil {
		return p
	}
	created, ok := e.Event.(*orderv1.OrderCreated)
	if !ok {
		return nil
	}
	p := append(instant(created.GetCreatedAt().AsTime()), e.Aggregate...)
	tx.Put(bucketIDs, id, p)
	return p
}

func projectOrder(tx *Tx, c eventstore.Commit, e eventstore.Recorded, place []byte) error {
	tenant := c.GetTenant()
	o, exists, err := Row[*orderv1.Order](tx, bucketOrders, key(tenant, place))
	if err != nil {
		return err
	}
	created, isCreated := e.Event.(*orderv1.OrderCreated)
	before := o.GetStatus()
	known := true
	switch {
	case isCreated && !exists:
		if o, err = newOrder(tenant, created); err != nil {
			return err
		}
		indexOrder(tx, o, place)
	case isCreated: // cannot happen twice
	case !exists:
		return errors.New("the row is missing")
	default:
		known = foldOrder(o, e.Event, c.GetTime())
		if answer, ok := e.Event.(*orderv1.StepAnswered); ok {
			err = settle(tx, o, place, answer)
		}
	}
	if err != nil {
		return err
	}
	if !known {
		tx.Unknown()
	}
	if o.GetStatus() != before {
		if exists {
			tx.Delete(bucketStatuses, statusKey(tenant, before, place))
		}
		tx.Put(bucketStatuses, statusKey(tenant, o.GetStatus(), place), place)
	}
	o.Revision, o.Position, o.UpdatedAt = e.Revision, c.Position, c.GetTime()
	tx.Keep(bucketOrders, key(tenant, place), o)
	return nil
}

// indexOrder makes a new order findable by what never changes about it.
func indexOrder(tx *Tx, o *orderv1.Order, place []byte) {
	tenant := o.GetTenant()
	tx.Put(bucketNumbers, numberKey(tenant, o.GetOrderNumber()), place)
	if ref := o.GetReference(); ref != "" {
		tx.Put(bucketReferences, key(tenant, textKey(ref), place), place)
	}
	if customer := o.GetCustomer().GetCustomerId(); customer != "" {
		tx.Put(bucketCustomers, key(tenant, textKey(customer), place), place)
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
		now := proto.CloneOf(t)
		now.Succeeded = now.GetSucceeded() || e.GetSucceeded()
		if err := book(o, now); err != nil {
			return err
		}
		tx.Keep(bucketTransactions, k, now)
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
