package projections

import (
	"encoding/base64"
	"iter"
	"slices"
	"time"

	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Endpoint returns an endpoint and how it has been doing; false when the view
// knows none of that id.
func (v Deliveries) Endpoint(tenant, id string) (row *deliveryv1.EndpointRow, ok bool, err error) {
	err = v.View.Read(func(tx *ReadTx) (err error) {
		row, ok, err = Load[*deliveryv1.EndpointRow](tx, bucketEndpoints, key(tenant, textKey(id)))
		return err
	})
	return row, ok, err
}

// Endpoints returns a page of the endpoints that are shown, by id, and the
// cursor of the next page.
func (v Deliveries) Endpoints(
	tenant string, shown func(*deliveryv1.EndpointRow) bool, size int, token string,
) ([]*deliveryv1.EndpointRow, string, error) {
	if size <= 0 {
		size = defaultPage
	}
	return pageOf(v.View, bucketEndpoints, key(tenant), nil, size, token, shown)
}

// Delivery returns what became of a notice at an endpoint; false when it was
// never to go there, or is forgotten.
func (v Deliveries) Delivery(tenant, id string, r endpoint.Ref) (d *deliveryv1.Delivery, ok bool, err error) {
	err = v.View.Read(func(tx *ReadTx) (err error) {
		if d, ok, err = Load[*deliveryv1.Delivery](tx, bucketDeliveries, key(tenant, ref(r.Position, r.Place), textKey(id))); err != nil || !ok {
			return err
		}
		return dropping{}.see(tx, tenant, d)
	})
	return d, ok, err
}

// DeliveryFilter says which deliveries to list. Its zero value lists all.
type DeliveryFilter struct {
	// EndpointID, OrderID and Type name them, where they are not empty.
	EndpointID, OrderID, Type string
	// Status, when it is not unspecified, is where they stand.
	Status deliveryv1.DeliveryStatus
	// From and Before bound when their events happened, From included; a zero
	// time bounds nothing.
	From, Before time.Time
	// Behind leaves out what was queued up to a position of the log, and ends the
	// search there.
	Behind uint64
	// PageSize is the number of deliveries at most; 0 means 25.
	PageSize int
	// PageToken is the cursor of the page before; empty starts at the beginning.
	PageToken string
}

// List returns a page of deliveries, newest first, and the cursor of the next
// page; an empty cursor says that this is the last one. Those of an endpoint
// that are retried are listed by the time of their next attempt, the first to
// be due first. A page can be short and still have a next one, as that of
// Orders.List. The cursor names a place between two deliveries: those that come
// and go meanwhile do not shift it.
func (v Deliveries) List(tenant string, f DeliveryFilter) (all []*deliveryv1.Delivery, next string, err error) {
	if f.PageSize <= 0 {
		f.PageSize = defaultPage
	}
	i := f.index(tenant)
	cursor, err := parsePlace(f.PageToken, i.refAt)
	if err != nil {
		return nil, "", err
	}
	dropped := dropping{}
	err = v.View.Read(func(tx *ReadTx) error {
		var last []byte
		scanned := 0
		for place := range i.places(tx, cursor) {
			if r := refOf(place[:i.refAt+refBytes]); r.Position <= f.Behind {
				if i.due {
					continue
				}
				return nil
			}
			if len(all) == f.PageSize || scanned == maxScan {
				next = base64.RawURLEncoding.EncodeToString(last)
				return nil
			}
			scanned++
			last = append(last[:0], place...)
			d, ok, err := Load[*deliveryv1.Delivery](tx, bucketDeliveries, f.rowKey(tenant, place[i.refAt:]))
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			if err := dropped.see(tx, tenant, d); err != nil {
				return err
			}
			if f.fits(d) {
				all = append(all, d)
			}
		}
		return nil
	})
	return all, next, err
}

// refBytes is the length of a notice in a key.
const refBytes = 12

// deliveryIndex is where a search looks: keys of a bucket that begin with a
// prefix, in which the notice is refAt bytes behind it.
type deliveryIndex struct {
	bucket string
	prefix []byte
	refAt  int
	due    bool
}

// index is the one that narrows the search most.
func (f DeliveryFilter) index(tenant string) deliveryIndex {
	of := func(bucket, id string) deliveryIndex {
		return deliveryIndex{bucket: bucket, prefix: key(tenant, textKey(id))}
	}
	switch {
	case f.OrderID != "":
		return of(bucketOfOrder, f.OrderID)
	case f.EndpointID == "":
		return deliveryIndex{bucket: bucketDeliveries, prefix: key(tenant)}
	}
	switch f.Status { //nolint:exhaustive // the others have no index
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_WAITING:
		return of(bucketWaiting, f.EndpointID)
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_RETRYING:
		i := of(bucketDue, f.EndpointID)
		i.refAt, i.due = len(instant(time.Time{})), true
		return i
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_PARKED:
		return of(bucketParked, f.EndpointID)
	}
	return of(bucketOfEndpoint, f.EndpointID)
}

// places yields what is behind the prefix of the keys that come after a cursor.
func (i deliveryIndex) places(tx *ReadTx, cursor []byte) iter.Seq[[]byte] {
	var from []byte
	if cursor != nil {
		from = slices.Concat(i.prefix, cursor)
	}
	keys := tx.Descend(i.bucket, i.prefix, from)
	if i.due {
		keys = tx.Ascend(i.bucket, i.prefix, from)
	}
	return func(yield func([]byte) bool) {
		for k := range keys {
			if !yield(k[len(i.prefix):]) {
				return
			}
		}
	}
}

// rowKey is the key of a delivery: an index of an endpoint has the notice
// alone.
func (f DeliveryFilter) rowKey(tenant string, place []byte) []byte {
	if len(place) == refBytes {
		return key(tenant, place, textKey(f.EndpointID))
	}
	return key(tenant, place)
}

// fits checks what the index has not.
func (f DeliveryFilter) fits(d *deliveryv1.Delivery) bool {
	at := d.GetAt().AsTime()
	return (f.EndpointID == "" || d.GetEndpointId() == f.EndpointID) && (f.Type == "" || d.GetType() == f.Type) &&
		(f.Status == 0 || d.GetStatus() == f.Status) &&
		(f.From.IsZero() || !at.Before(f.From)) && (f.Before.IsZero() || at.Before(f.Before))
}

// dropping remembers up to where each endpoint's open deliveries are let go of.
type dropping map[string]uint64

// see says of a delivery that was let go of that it was.
func (m dropping) see(tx *ReadTx, tenant string, d *deliveryv1.Delivery) error {
	switch d.GetStatus() { //nolint:exhaustive // the others are over
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_WAITING, deliveryv1.DeliveryStatus_DELIVERY_STATUS_RETRYING:
	default:
		return nil
	}
	upTo, known := m[d.GetEndpointId()]
	if !known {
		var err error
		if upTo, err = droppedUpTo(tx, tenant, d.GetEndpointId()); err != nil {
			return err
		}
		m[d.GetEndpointId()] = upTo
	}
	if d.GetNotice().GetPosition() <= upTo {
		d.Status, d.NextAt = deliveryv1.DeliveryStatus_DELIVERY_STATUS_DROPPED, nil
	}
	return nil
}

// parsePlace reads a cursor: a place whose notice is so many bytes behind its
// beginning.
func parsePlace(token string, refAt int) ([]byte, error) {
	if token == "" {
		return nil, nil
	}
	place, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(place) < refAt+refBytes {
		return nil, fault.Field("page_token", "must be the cursor of the page before")
	}
	return place, nil
}
