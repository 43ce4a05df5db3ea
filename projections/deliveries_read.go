package projections

import (
	"encoding/binary"
	"time"

	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// Deliveries reads the view of deliveries.
type Deliveries struct {
	// View is that of a runner of DeliveriesProjector.
	View *View
}

// Due is a delivery that waits for its next attempt.
type Due struct {
	endpoint.Ref
	// At is when it is due.
	At time.Time
	// Attempts of this round so far.
	Attempts int
}

// Waiting returns the deliveries of an endpoint behind a notice that were not
// attempted yet, oldest first, at most so many.
func (v Deliveries) Waiting(tenant, id string, after endpoint.Ref, limit int) (refs []endpoint.Ref, err error) {
	err = v.View.Read(func(tx *ReadTx) error {
		dropped, err := droppedUpTo(tx, tenant, id)
		if err != nil {
			return err
		}
		if after.Position <= dropped {
			after = endpoint.Ref{Position: dropped, Place: 1<<32 - 1}
		}
		prefix := key(tenant, textKey(id))
		for k := range tx.Ascend(bucketWaiting, prefix, append(prefix, ref(after.Position, after.Place)...)) {
			if refs = append(refs, refOf(k)); len(refs) == limit {
				break
			}
		}
		return nil
	})
	return refs, err
}

// Due returns the deliveries of an endpoint that wait for another attempt, the
// first to be due first, at most so many.
func (v Deliveries) Due(tenant, id string, limit int) (due []Due, err error) {
	err = v.View.Read(func(tx *ReadTx) error {
		dropped, err := droppedUpTo(tx, tenant, id)
		if err != nil {
			return err
		}
		for k := range tx.Ascend(bucketRetries, key(tenant, textKey(id)), nil) {
			r := refOf(k)
			if r.Position <= dropped {
				continue
			}
			d, ok, err := Load[*deliveryv1.Delivery](tx, bucketDeliveries, key(tenant, ref(r.Position, r.Place), textKey(id)))
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			due = append(due, Due{r, d.GetNextAt().AsTime(), int(d.GetAttemptCount() - d.GetEarlier())})
			if len(due) == limit {
				break
			}
		}
		return nil
	})
	return due, err
}

// InRange returns notices of a replay that are to be delivered again: those
// behind a position, at most about so many, in whole messages; and the position
// up to which they were looked for, and whether that is the end.
func (v Deliveries) InRange(tenant, id string, r endpoint.Range, limit int) (refs []endpoint.Ref, upTo uint64, done bool, err error) {
	upTo, done = r.To, true
	seen := 0
	err = v.View.Read(func(tx *ReadTx) error {
		prefix := key(tenant, textKey(id))
		for k := range tx.Ascend(bucketOfEndpoint, prefix, append(prefix, ref(r.From-1, 1<<32-1)...)) {
			at := refOf(k)
			if at.Position > r.To {
				break
			}
			if seen >= limit && at.Position > upTo {
				done = false
				return nil
			}
			if seen++; seen >= limit {
				upTo = at.Position
			}
			d, ok, err := Load[*deliveryv1.Delivery](tx, bucketDeliveries, key(tenant, ref(at.Position, at.Place), textKey(id)))
			if err != nil {
				return err
			}
			if ok && replayed(d, r) {
				refs = append(refs, at)
			}
		}
		upTo = r.To
		return nil
	})
	return refs, upTo, done, err
}

func replayed(d *deliveryv1.Delivery, r endpoint.Range) bool {
	switch d.GetStatus() { //nolint:exhaustive // what is on its way arrives anyhow
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_PARKED:
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_DELIVERED, deliveryv1.DeliveryStatus_DELIVERY_STATUS_DROPPED:
		if r.ParkedOnly {
			return false
		}
	default:
		return false
	}
	return (r.Type == "" || r.Type == d.GetType()) && (r.OrderID == "" || r.OrderID == d.GetOrderId())
}

// refOf is the notice at the end of a key.
func refOf(k []byte) endpoint.Ref {
	k = k[len(k)-12:]
	return endpoint.Ref{Position: binary.BigEndian.Uint64(k) ^ 1<<63, Place: binary.BigEndian.Uint32(k[8:])}
}

func droppedUpTo(tx *ReadTx, tenant, id string) (uint64, error) {
	r, _, err := Load[*deliveryv1.EndpointRow](tx, bucketEndpoints, key(tenant, textKey(id)))
	return r.GetDroppedUpTo(), err
}
