package projections

import (
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// The buckets of the view of deliveries. A delivery is kept once, in the order
// in which it was queued; what is open is in one index each for those that were
// not attempted and those that are due again, and what is parked in a third.
const (
	bucketEndpoints       = "endpoints"
	bucketDeliveries      = "deliveries"
	bucketOfEndpoint      = "endpoint_deliveries"
	bucketOfOrder         = "order_deliveries"
	bucketWaiting         = "waiting"
	bucketRetries         = "due"
	bucketParked          = "parked"
	keptAttempts          = 20
	deliveriesProjVersion = 1
)

// DeliveriesProjector folds the delivery log into endpoints, and what became of
// every notice at every endpoint. Deliveries reads them.
func DeliveriesProjector() Projector {
	return Projector{
		Name: "deliveries", Version: deliveriesProjVersion, Log: endpoint.Log, Main: bucketDeliveries, Project: projectDeliveries,
	}
}

func projectDeliveries(tx *Tx, c eventstore.Commit, events []eventstore.Recorded) error {
	place := endpoint.FirstPlace(c.Index)
	for _, rec := range events {
		id, _ := endpoint.IDOf(rec.Aggregate)
		p := deliveryFold{tx: tx, tenant: c.GetTenant(), position: c.Position, endpoint: id}
		var err error
		switch e := rec.Event.(type) {
		case *deliveryv1.EndpointCreated:
			p.keep(&deliveryv1.EndpointRow{Endpoint: e.GetEndpoint(), Health: &deliveryv1.EndpointHealth{}})
		case *deliveryv1.EndpointUpdated:
			err = p.change(func(r *deliveryv1.EndpointRow) { r.Endpoint = e.GetEndpoint() })
		case *deliveryv1.EndpointStatusChanged:
			err = p.status(e)
		case *deliveryv1.EndpointDeleted:
			err = p.change(func(r *deliveryv1.EndpointRow) {
				r.Endpoint.Status, r.DroppedUpTo, r.Replay = endpoint.Deleted, c.Position, nil
			})
		case *deliveryv1.NoticesQueued:
			for _, n := range e.GetNotices() {
				p.queue(n, place)
				place++
			}
		case *deliveryv1.AttemptsRecorded:
			err = p.attempted(e)
		case *deliveryv1.ReplayStarted:
			err = p.change(func(r *deliveryv1.EndpointRow) { r.Replay = e.GetReplay() })
		case *deliveryv1.DeliveriesRequeued:
			err = p.requeued(e)
		case *deliveryv1.RetentionApplied:
			err = p.forget(e.GetBeforePosition())
		case *deliveryv1.FeedStarted, *deliveryv1.FeedAdvanced, *deliveryv1.CustomEventDefined, *deliveryv1.CustomEventPublished:
			// Nothing that is read here.
		default:
			tx.Unknown()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deliveryFold folds one event.
type deliveryFold struct {
	tx       *Tx
	tenant   string
	position uint64
	endpoint string
}

// ref is a notice as a part of a key.
func ref(position uint64, place uint32) []byte {
	return append(number(int64(position)), byte(place>>24), byte(place>>16), byte(place>>8), byte(place)) //nolint:gosec // positions are counted up from 1
}

func (p deliveryFold) keep(r *deliveryv1.EndpointRow) {
	p.tx.Keep(bucketEndpoints, key(p.tenant, textKey(p.endpoint)), r)
	p.tx.Changed(p.tenant + "/" + p.endpoint)
}

func (p deliveryFold) change(f func(*deliveryv1.EndpointRow)) error {
	r, ok, err := Row[*deliveryv1.EndpointRow](p.tx, bucketEndpoints, key(p.tenant, textKey(p.endpoint)))
	if err != nil || !ok {
		return err
	}
	f(r)
	p.keep(r)
	return nil
}

func (p deliveryFold) status(e *deliveryv1.EndpointStatusChanged) error {
	return p.change(func(r *deliveryv1.EndpointRow) {
		r.Endpoint.Status, r.Endpoint.StatusReason = e.GetStatus(), e.GetReason()
		if e.GetSkipKept() || e.GetStatus() == endpoint.Disabled {
			r.DroppedUpTo = p.position
		}
		if e.GetStatus() == endpoint.Enabled {
			r.Health.Failures, r.Health.FailingSince = 0, nil
		}
	})
}

// queue makes a delivery for everybody who is to hear a notice.
func (p deliveryFold) queue(n *deliveryv1.Notice, place uint32) {
	at := ref(p.position, place)
	for _, id := range n.GetEndpointIds() {
		p.tx.Keep(bucketDeliveries, key(p.tenant, at, textKey(id)), &deliveryv1.Delivery{
			EndpointId: id, NoticeId: n.GetNoticeId(), Type: n.GetType(), Subject: n.GetSubject(), OrderId: n.GetOrderId(), At: n.GetAt(),
			Notice: &deliveryv1.NoticeRef{Position: p.position, Place: place}, Status: deliveryv1.DeliveryStatus_DELIVERY_STATUS_WAITING,
		})
		p.tx.Put(bucketOfEndpoint, key(p.tenant, textKey(id), at), []byte{})
		p.tx.Put(bucketWaiting, key(p.tenant, textKey(id), at), []byte{})
		if n.GetOrderId() != "" {
			p.tx.Put(bucketOfOrder, key(p.tenant, textKey(n.GetOrderId()), at, textKey(id)), []byte{})
		}
	}
}

// attempted adds attempts to the deliveries of an endpoint, and to its health.
func (p deliveryFold) attempted(e *deliveryv1.AttemptsRecorded) error {
	for _, a := range e.GetAttempts() {
		d, ok, err := Row[*deliveryv1.Delivery](p.tx, bucketDeliveries, key(p.tenant, ref(a.GetPosition(), a.GetPlace()), textKey(p.endpoint)))
		if err != nil {
			return err
		}
		if !ok {
			continue // forgotten
		}
		d.AttemptCount++
		if d.Attempts = append(d.Attempts, a); len(d.Attempts) > keptAttempts {
			d.Attempts = d.Attempts[len(d.Attempts)-keptAttempts:]
		}
		p.move(d, statusAfter(a.GetOutcome()), a)
	}
	return p.change(func(r *deliveryv1.EndpointRow) { addHealth(r.Health, e.GetAttempts()) })
}

func statusAfter(o deliveryv1.Outcome) deliveryv1.DeliveryStatus {
	switch o {
	case endpoint.Delivered:
		return deliveryv1.DeliveryStatus_DELIVERY_STATUS_DELIVERED
	case endpoint.Retry:
		return deliveryv1.DeliveryStatus_DELIVERY_STATUS_RETRYING
	case endpoint.Parked, deliveryv1.Outcome_OUTCOME_UNSPECIFIED:
	}
	return deliveryv1.DeliveryStatus_DELIVERY_STATUS_PARKED
}

func addHealth(h *deliveryv1.EndpointHealth, attempts []*deliveryv1.Attempt) {
	for _, a := range attempts {
		if a.GetOutcome() == endpoint.Delivered {
			h.Failures, h.FailingSince, h.DeliveredAt = 0, nil, a.GetAt()
			h.Delivered++
			continue
		}
		if h.Failures++; h.FailingSince == nil {
			h.FailingSince = a.GetAt()
		}
		h.Failed++
		if a.GetOutcome() == endpoint.Parked {
			h.Parked++
		}
	}
}

// move puts a delivery where it belongs now; attempt is nil when it begins anew.
func (p deliveryFold) move(d *deliveryv1.Delivery, to deliveryv1.DeliveryStatus, attempt *deliveryv1.Attempt) {
	at := ref(d.GetNotice().GetPosition(), d.GetNotice().GetPlace())
	of := textKey(p.endpoint)
	switch d.GetStatus() { //nolint:exhaustive // the others are in no index
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_WAITING:
		p.tx.Delete(bucketWaiting, key(p.tenant, of, at))
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_RETRYING:
		p.tx.Delete(bucketRetries, key(p.tenant, of, instant(d.GetNextAt().AsTime()), at))
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_PARKED:
		p.tx.Delete(bucketParked, key(p.tenant, of, at))
	}
	d.Status, d.NextAt = to, attempt.GetNextAt()
	switch to { //nolint:exhaustive // the others are in no index
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_WAITING:
		p.tx.Put(bucketWaiting, key(p.tenant, of, at), []byte{})
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_RETRYING:
		p.tx.Put(bucketRetries, key(p.tenant, of, instant(d.GetNextAt().AsTime()), at), []byte{})
	case deliveryv1.DeliveryStatus_DELIVERY_STATUS_PARKED:
		p.tx.Put(bucketParked, key(p.tenant, of, at), []byte{})
	}
	p.tx.Keep(bucketDeliveries, key(p.tenant, at, of), d)
}

func (p deliveryFold) requeued(e *deliveryv1.DeliveriesRequeued) error {
	for _, n := range e.GetNotices() {
		d, ok, err := Row[*deliveryv1.Delivery](p.tx, bucketDeliveries, key(p.tenant, ref(n.GetPosition(), n.GetPlace()), textKey(p.endpoint)))
		if err != nil {
			return err
		}
		if ok {
			d.Earlier = d.GetAttemptCount()
			p.move(d, deliveryv1.DeliveryStatus_DELIVERY_STATUS_WAITING, nil)
		}
	}
	if e.GetAfterPosition() == 0 && !e.GetReplayDone() {
		return nil
	}
	return p.change(func(r *deliveryv1.EndpointRow) {
		if r.Replay == nil {
			return
		}
		if r.Replay = proto.CloneOf(r.Replay); e.GetReplayDone() {
			r.Replay = nil
			return
		}
		r.Replay.FromPosition = e.GetAfterPosition() + 1
	})
}

// forget removes the deliveries of a tenant before a position.
func (p deliveryFold) forget(before uint64) error {
	tx, err := p.tx.Reader()
	if err != nil {
		return err
	}
	end := string(key(p.tenant, ref(before, 0)))
	for k, v := range tx.Ascend(bucketDeliveries, key(p.tenant), nil) {
		if string(k) >= end {
			break
		}
		d, err := decodeRow[*deliveryv1.Delivery](v)
		if err != nil {
			return err
		}
		at, of := ref(d.GetNotice().GetPosition(), d.GetNotice().GetPlace()), textKey(d.GetEndpointId())
		p.tx.Delete(bucketDeliveries, append([]byte(nil), k...))
		p.tx.Delete(bucketOfEndpoint, key(p.tenant, of, at))
		p.tx.Delete(bucketWaiting, key(p.tenant, of, at))
		p.tx.Delete(bucketParked, key(p.tenant, of, at))
		p.tx.Delete(bucketRetries, key(p.tenant, of, instant(d.GetNextAt().AsTime()), at))
		p.tx.Delete(bucketOfOrder, key(p.tenant, textKey(d.GetOrderId()), at, of))
	}
	return nil
}
