package projections

import (
	"encoding/base64"
	"slices"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// OrderFilter says which orders to list. Its zero value lists all.
type OrderFilter struct {
	// CustomerID, when it is not empty, names the buyer.
	CustomerID string
	// AssociateID, when it is not empty, names the account that they count for.
	AssociateID string
	// PaymentDue lists only orders of which a payment is due.
	PaymentDue bool
	// Status, when it is not unspecified, is that of the orders.
	Status orderv1.OrderStatus
	// From and Before bound the time of creation, From included; a zero time
	// bounds nothing.
	From, Before time.Time
	// PageSize is the number of orders at most; 0 means 25.
	PageSize int
	// PageToken is the cursor of the page before; empty starts with the newest.
	PageToken string
}

const (
	defaultPage = 25
	// maxScan bounds the entries of an index that one page looks at.
	maxScan = 2000
)

// List returns a page of orders, newest first, and the cursor of the next page;
// an empty cursor says that this is the last one. A page can be short, or even
// empty, and still have a next one: when few of many orders fit the filter, it
// ends after a bounded search. The cursor names a place between two orders, so
// orders that are placed meanwhile do not shift it.
func (v Orders) List(tenant string, f OrderFilter) (orders []*orderv1.Order, next string, err error) {
	if f.PageSize <= 0 {
		f.PageSize = defaultPage
	}
	cursor, err := parseCursor(f.PageToken)
	if err != nil {
		return nil, "", err
	}
	err = v.View.Read(func(tx *ReadTx) error {
		var last []byte
		scanned := 0
		for place := range f.places(tx, tenant, cursor) {
			if len(orders) == f.PageSize || scanned == maxScan {
				next = base64.RawURLEncoding.EncodeToString(last)
				return nil
			}
			scanned++
			last = append(last[:0], place...)
			if !f.fits(tx, tenant, place) {
				continue
			}
			o, err := orderAt(tx, tenant, place)
			if err != nil {
				return err
			}
			orders = append(orders, o)
		}
		return nil
	})
	return orders, next, err
}

// places yields the places of the index that narrows the search most, newest
// first, inside the time that is asked for.
func (f OrderFilter) places(tx *ReadTx, tenant string, cursor []byte) func(yield func([]byte) bool) {
	bucket, prefix := bucketOrders, key(tenant)
	if all := f.indexes(tenant); len(all) > 0 {
		bucket, prefix = all[0].bucket, all[0].prefix
	}
	var end, start []byte
	if !f.Before.IsZero() {
		end = slices.Concat(prefix, instant(f.Before))
	}
	if c := slices.Concat(prefix, cursor); cursor != nil && (end == nil || string(c) < string(end)) {
		end = c
	}
	if !f.From.IsZero() {
		start = instant(f.From)
	}
	return func(yield func([]byte) bool) {
		for k := range tx.Descend(bucket, prefix, end) {
			place := k[len(prefix):]
			if string(place) < string(start) || !yield(place) {
				return
			}
		}
	}
}

// index is where the places of the orders are that fit one part of a filter.
type index struct {
	bucket string
	prefix []byte
}

// indexes are those of the parts that are asked for, the one with the fewest
// places first, as a rule.
func (f OrderFilter) indexes(tenant string) (all []index) {
	if f.CustomerID != "" {
		all = append(all, index{bucketCustomers, key(tenant, textKey(f.CustomerID))})
	}
	if f.AssociateID != "" {
		all = append(all, index{bucketCountsFor, key(tenant, textKey(f.AssociateID))})
	}
	if f.PaymentDue {
		all = append(all, index{bucketDue, key(tenant)})
	}
	if f.Status != orderv1.OrderStatus_ORDER_STATUS_UNSPECIFIED {
		all = append(all, index{bucketStatuses, statusKey(tenant, f.Status, nil)})
	}
	return all
}

// fits checks what the index that is read has not. It looks into the other
// ones, which is quicker than reading the order.
func (f OrderFilter) fits(tx *ReadTx, tenant string, place []byte) bool {
	all := f.indexes(tenant)
	for n := 1; n < len(all); n++ {
		if tx.Get(all[n].bucket, slices.Concat(all[n].prefix, place)) == nil {
			return false
		}
	}
	return true
}

func parseCursor(token string) ([]byte, error) {
	if token == "" {
		return nil, nil
	}
	cursor, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(cursor) < len(instant(time.Time{})) {
		return nil, fault.Field("page_token", "must be the cursor of the page before")
	}
	return cursor, nil
}
