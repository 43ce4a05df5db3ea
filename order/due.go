package order

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// retryDue asks for what units cost that have left and could not be taken. New
// payments must come to it; they take the place of the authorization that it
// could not be taken from, which is given up as far as they are charged.
func (c RetryPayment) retryDue(o Order) ([]proto.Message, error) {
	for _, w := range o.Work {
		if w.Kind == PayWork {
			return nil, fault.New(fault.Precondition, "order_busy", "order %s is being paid: try again", o.ID)
		}
	}
	e := &orderv1.PaymentRetryRequested{
		RetryId: o.newID("y", 0), RequestedBy: c.By, At: stamp(c.Now),
		Work: &orderv1.Work{WorkId: o.newID("w", 0), CaptureMinor: o.OwedMinor},
	}
	if len(c.Payments) > 0 {
		var err error
		if e.Payments, err = o.furtherPayments(c.Payments, o.OwedMinor); err != nil {
			return nil, err
		}
		e.Work.AuthorizeMinor, e.Work.VoidFirst = o.OwedMinor, true
	}
	return []proto.Message{e}, nil
}

// furtherPayments plans how something is paid beside the payments that the
// order has.
func (o Order) furtherPayments(asked []PaymentItem, total int64) ([]*orderv1.PlannedPayment, error) {
	var v fault.Fields
	asked = append([]PaymentItem(nil), asked...)
	for n := range asked {
		for k := len(o.Payments) + 1; asked[n].ItemID == ""; k++ {
			if id := fmt.Sprint("p", k+n); o.paymentAt(id) < 0 {
				asked[n].ItemID = id
			}
		}
		if o.paymentAt(asked[n].ItemID) >= 0 {
			v.Add(fmt.Sprintf("payments[%d].payment_item_id", n), "%q is a payment of the order already", asked[n].ItemID)
		}
	}
	plan := pay(asked, o.Currency, total, true, &v)
	return plan, v.Err()
}

// evolvePayment folds the events of what is due of a sale that stands. It
// reports whether it knows the event.
func (o Order) evolvePayment(e proto.Message) (Order, bool) {
	switch e := e.(type) {
	case *orderv1.OrderPaymentRecorded:
		o = o.recorded(e)
	case *orderv1.SurplusFound:
		o.Recount = false
		o = o.addWork(e.GetWork(), Work{Kind: SurplusWork})
	case *orderv1.PaymentDue:
		o.OwedMinor += e.GetAmountMinor()
		o.UpdatedAt = at(e.GetAt())
		o = o.changeWork(e.GetWorkId(), func(w *Work) { w.CaptureMinor = w.CapturedMinor })
	case *orderv1.PaymentRetryRequested:
		o.UpdatedAt = at(e.GetAt())
		w := Work{Kind: PayWork, Subject: e.GetRetryId(), By: e.GetRequestedBy(), Edit: Edit{PaymentIDs: paymentIDs(e.GetPayments())}}
		o = o.addWork(e.GetWork(), w).withPayments(e.GetPayments())
	case *orderv1.PaymentRetried:
		o.UpdatedAt = at(e.GetAt())
		o = o.withoutPayments(e.GetWorkId()).endWork(e.GetWorkId())
	default:
		return o, false
	}
	return o, true
}

func paymentIDs(ps []*orderv1.PlannedPayment) (ids []string) {
	for _, p := range ps {
		ids = append(ids, p.GetPaymentItemId())
	}
	return ids
}

// Brought are the payments that a piece of work brings: its money is taken from
// them alone. None means that it is taken from those of the order.
func (w Work) Brought() []string { return w.Edit.PaymentIDs }
