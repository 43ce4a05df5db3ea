package projections

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Orders reads the view of orders.
type Orders struct {
	// View is that of a runner of OrdersProjector.
	View *View
}

// Get returns an order by its id.
func (v Orders) Get(tenant, id string) (*orderv1.Order, error) {
	return v.find("order "+id, tenant, func(tx *ReadTx) []byte {
		return tx.Get(bucketIDs, key(tenant, []byte(id)))
	})
}

// GetByNumber returns an order by its number.
func (v Orders) GetByNumber(tenant string, n uint64) (*orderv1.Order, error) {
	return v.find("order with this number", tenant, func(tx *ReadTx) []byte {
		return tx.Get(bucketNumbers, numberKey(tenant, n))
	})
}

// GetByReference returns the newest order with a caller's reference.
func (v Orders) GetByReference(tenant, reference string) (*orderv1.Order, error) {
	return v.find("order with this reference", tenant, func(tx *ReadTx) []byte {
		prefix := key(tenant, textKey(reference))
		for k := range tx.Descend(bucketReferences, prefix, nil) {
			return k[len(prefix):]
		}
		return nil
	})
}

// find reads the order at the place that an index names.
func (v Orders) find(what, tenant string, place func(*ReadTx) []byte) (o *orderv1.Order, err error) {
	err = v.View.Read(func(tx *ReadTx) error {
		p := place(tx)
		if p == nil {
			return fault.New(fault.NotFound, "order_not_found", "%s does not exist", what)
		}
		o, err = orderAt(tx, tenant, p)
		return err
	})
	return o, err
}

func orderAt(tx *ReadTx, tenant string, place []byte) (*orderv1.Order, error) {
	o, ok, err := Load[*orderv1.Order](tx, bucketOrders, key(tenant, place))
	if err == nil && !ok {
		err = errors.New("an index names an order that has no row")
	}
	return o, err
}

// CommitRef names a commit of the log.
type CommitRef struct {
	// Position of its message.
	Position uint64
	// Index in its message, starting at 0.
	Index int
}

// History returns the commits of an order, in the order in which they were
// stored.
func (v Orders) History(tenant, id string) (refs []CommitRef, err error) {
	err = v.View.Read(func(tx *ReadTx) error {
		place := tx.Get(bucketIDs, key(tenant, []byte(id)))
		if place == nil {
			return fault.New(fault.NotFound, "order_not_found", "order %s does not exist", id)
		}
		for h := tx.Get(bucketHistory, key(tenant, place)); len(h) > 0; {
			position, n := binary.Uvarint(h)
			index, m := binary.Uvarint(h[max(n, 0):])
			if n <= 0 || m <= 0 {
				return errors.New("a history that cannot be read")
			}
			refs = append(refs, CommitRef{Position: position, Index: int(index)}) //nolint:gosec // written from an int
			h = h[n+m:]
		}
		return nil
	})
	return refs, err
}

// Transactions returns the payment transactions of an order with their latest
// outcome, by id.
func (v Orders) Transactions(tenant, id string) (ts []*orderv1.PaymentTransaction, err error) {
	err = v.View.Read(func(tx *ReadTx) error {
		place := tx.Get(bucketIDs, key(tenant, []byte(id)))
		if place == nil {
			return fault.New(fault.NotFound, "order_not_found", "order %s does not exist", id)
		}
		for _, raw := range tx.Ascend(bucketTransactions, key(tenant, textKey(string(place))), nil) {
			t, err := decodeRow[*orderv1.PaymentTransaction](raw)
			if err != nil {
				return err
			}
			ts = append(ts, t)
		}
		return nil
	})
	return ts, err
}

// Watch yields an order as it is and again whenever it has changed, until the
// context ends. Who looks slowly skips states, but never the newest one.
func (v Orders) Watch(ctx context.Context, tenant, id string) iter.Seq2[*orderv1.Order, error] {
	return func(yield func(*orderv1.Order, error) bool) {
		changed, stop := v.View.Subscribe(orderTopic(tenant, id))
		defer stop()
		for seen := uint64(0); ; {
			o, err := v.Get(tenant, id)
			if err != nil {
				yield(nil, err)
				return
			}
			if o.GetRevision() != seen && !yield(o, nil) {
				return
			}
			seen = o.GetRevision()
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}
}
