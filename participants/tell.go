package participants

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/payment"
)

// Tell lets orders know of payments that were made elsewhere and written into
// the payment ledger, each process those of the partitions that it owns.
//
// An order is told first, and then the ledger notes that it was. A process that
// dies in between tells it again, and the order counts each record once.
type Tell struct {
	Queues   *workqueue.Queues
	Payments eventstore.Log[payment.Payment]
	Orders   eventstore.Log[order.Order]
	Now      func() time.Time
}

// tellLimit bounds the orders told at one tick; the rest is told at the next.
const tellLimit = 1000

// Run looks for recorded payments until the context ends.
func (p Tell) Run(ctx context.Context) error { return p.Queues.Ticks(ctx, "tell", p.Tick) }

// Tick tells what is to be told now, once. An order that cannot be told holds up
// no other; it is told at the next tick.
func (p Tell) Tick(ctx context.Context) error {
	due, err := p.Payments.Active(ctx, p.Now(), tellLimit)
	if err != nil {
		return err
	}
	var failed []error
	for _, snap := range due {
		if err := p.tell(ctx, snap); err != nil {
			failed = append(failed, fmt.Errorf("order %s: %w", snap.ID, err))
		}
	}
	return errors.Join(failed...)
}

// tell tells one order. One that is not there any more need not know.
func (p Tell) tell(ctx context.Context, snap eventstore.Snapshot[payment.Payment]) error {
	meta := eventstore.Meta{Tenant: snap.Tenant, Actor: "payment", CorrelationID: snap.ID, CausationID: snap.ID, Traceparent: snap.Traceparent}
	var told payment.Tell
	for _, e := range snap.State.Unknown() {
		t := e.Transaction
		_, err := p.Orders.Execute(ctx, meta, snap.ID, order.NotePayment{
			RecordID: t.ID, Number: e.Number, Minor: e.Amount, Method: t.Method, Reference: t.ExternalReference, By: t.RecordedBy, Now: p.Now(),
		})
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		told.TransactionIDs = append(told.TransactionIDs, t.ID)
	}
	_, err := p.Payments.Execute(ctx, meta, snap.ID, told)
	return err
}
