package order

import (
	"slices"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Work is a piece of what a decision left to be done by participants. Whatever
// is empty is not done. The saga does one piece after the other, the oldest
// first (Order.Work).
type Work struct {
	ID string `cbor:"1,keyasint,omitzero"`
	// Kind says what the work came from, and so what is told when it is done.
	Kind WorkKind `cbor:"2,keyasint,omitzero"`
	// Subject is the id of the cancellation, edit, package or return, or of the
	// order that is to replace units.
	Subject string `cbor:"3,keyasint,omitzero"`

	Reserve []Units `cbor:"4,keyasint,omitzero"`
	Ship    []Units `cbor:"5,keyasint,omitzero"`
	Release []Units `cbor:"6,keyasint,omitzero"`
	Restock []Units `cbor:"7,keyasint,omitzero"`
	// AuthorizeMinor and CaptureMinor are to be taken, GiveBackMinor is to be
	// given back; VoidFirst gives up authorizations before it refunds.
	AuthorizeMinor int64 `cbor:"8,keyasint,omitzero"`
	CaptureMinor   int64 `cbor:"9,keyasint,omitzero"`
	GiveBackMinor  int64 `cbor:"10,keyasint,omitzero"`
	VoidFirst      bool  `cbor:"11,keyasint,omitzero"`
	// Linked is the order to create, an OrderCreated as it is stored; LinkedID
	// is its id.
	Linked   []byte `cbor:"13,keyasint,omitzero"`
	LinkedID string `cbor:"14,keyasint,omitzero"`

	// CreditMinor is the credit to bring back.
	CreditMinor int64 `cbor:"25,keyasint,omitzero"`

	// Units, By, Reason and ValueMinor are told again when the work is done.
	Units      []Units `cbor:"15,keyasint,omitzero"`
	By         string  `cbor:"16,keyasint,omitzero"`
	Reason     string  `cbor:"17,keyasint,omitzero"`
	ValueMinor int64   `cbor:"18,keyasint,omitzero"`
	// Edit is what the order will be when an edit is done.
	Edit Edit `cbor:"19,keyasint,omitzero"`

	// GivenBackMinor and CapturedMinor are what was moved so far.
	GivenBackMinor int64 `cbor:"20,keyasint,omitzero"`
	CapturedMinor  int64 `cbor:"12,keyasint,omitzero"`
	// ForgivenMinor is the part of GivenBackMinor that was due and not taken.
	ForgivenMinor int64 `cbor:"24,keyasint,omitzero"`
	// Rejected says that a part was refused, and why: what was done is undone.
	Rejected       bool   `cbor:"21,keyasint,omitzero"`
	RejectedReason string `cbor:"22,keyasint,omitzero"`
	RejectedText   string `cbor:"23,keyasint,omitzero"`
}

// WorkKind is what a piece of work came from.
type WorkKind uint8

const (
	// CancelWork gives back what cancelled units hold.
	CancelWork WorkKind = iota + 1
	// EditWork settles the difference that an edit makes.
	EditWork
	// ShipWork settles stock and money of a package that has left.
	ShipWork
	// ReturnWork settles stock and money of a return.
	ReturnWork
	// ReplaceWork creates an order that sends units again.
	ReplaceWork
	// PayWork takes what is due in another way.
	PayWork
	// SurplusWork gives up what is authorized and was paid elsewhere.
	SurplusWork
	// CreditWork brings credit back to the order that it came from.
	CreditWork
	// RefundWork refunds credit that came back.
	RefundWork
)

// Line is a line of the order, or one that the work's edit adds.
func (w Work) Line(o Order, id string) Item {
	if i, known := o.Item(id); known {
		return i
	}
	for _, i := range w.Edit.Lines {
		if i.ItemID == id {
			return i
		}
	}
	return Item{ItemID: id}
}

// CurrentWork is the piece that the saga is at; false when there is none.
func (o Order) CurrentWork() (Work, bool) {
	if len(o.Work) == 0 {
		return Work{}, false
	}
	return o.Work[0], true
}

// addWork queues a piece of work.
func (o Order) addWork(e *orderv1.Work, w Work) Order {
	w.ID = e.GetWorkId()
	w.Reserve, w.Ship = units(e.GetReserve()), units(e.GetShip())
	w.Release, w.Restock = units(e.GetRelease()), units(e.GetRestock())
	w.AuthorizeMinor, w.CaptureMinor = e.GetAuthorizeMinor(), e.GetCaptureMinor()
	w.GiveBackMinor, w.VoidFirst = e.GetGiveBackMinor(), e.GetVoidFirst()
	if linked := e.GetLinkedOrder(); linked != nil {
		data, err := proto.MarshalOptions{Deterministic: true}.Marshal(linked)
		if err == nil { // it came from the wire, so it goes there
			w.Linked, w.LinkedID = data, linked.GetOrderId()
		}
	}
	o.Work = slices.Concat(o.Work, []Work{w})
	o.Made++
	return o
}

// endWork forgets a piece of work and its requests. The reservation that an
// edit made is kept: units are shipped and given back from it.
func (o Order) endWork(id string) Order {
	n := slices.IndexFunc(o.Work, func(w Work) bool { return w.ID == id })
	if n < 0 {
		return o
	}
	rejected := o.Work[n].Rejected
	o.Work = slices.Delete(slices.Clone(o.Work), n, n+1)
	steps := make([]StepProgress, 0, len(o.Steps))
	for _, p := range o.Steps {
		if p.Work != id {
			steps = append(steps, p)
			continue
		}
		if p.Step == orderv1.Step_STEP_RESERVE_UNITS && p.State == StepDone && !rejected {
			o.Reservations = slices.Concat([]string{p.RequestID}, o.Reservations)
		}
	}
	o.Steps = steps
	return o
}

// changeWork changes a piece of work in a copy.
func (o Order) changeWork(id string, change func(*Work)) Order {
	n := slices.IndexFunc(o.Work, func(w Work) bool { return w.ID == id })
	if n < 0 {
		return o
	}
	o.Work = slices.Clone(o.Work)
	change(&o.Work[n])
	return o
}

// workMoved counts what a request of the current work moved.
func (o Order) workMoved(ts []Transaction) Order {
	w, any := o.CurrentWork()
	if !any || len(ts) == 0 || w.Rejected {
		return o
	}
	owed := o.OwedMinor
	settled := func(moved int64) int64 { // what of it is not owed any more
		part := min(owed, moved)
		owed -= part
		return part
	}
	o = o.changeWork(w.ID, func(w *Work) {
		for _, t := range ts {
			switch t.Operation {
			case orderv1.PaymentOperation_PAYMENT_OPERATION_VOID, orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND:
				w.GivenBackMinor += t.MovedMinor
				if (w.Kind == ReturnWork || w.Kind == RefundWork) && t.Operation == orderv1.PaymentOperation_PAYMENT_OPERATION_VOID {
					w.ForgivenMinor += settled(t.MovedMinor)
				}
			case orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE:
				w.CapturedMinor += t.MovedMinor
				if w.Kind == PayWork {
					settled(t.MovedMinor)
				}
			case orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE, orderv1.PaymentOperation_PAYMENT_OPERATION_UNSPECIFIED:
			}
		}
	})
	o.OwedMinor = owed
	return o
}

// Reserved are the ids of the requests that hold the order's stock, the newest
// first.
func (o Order) Reserved() []string {
	out := slices.Clone(o.Reservations)
	if p, asked := o.Step(orderv1.Step_STEP_RESERVE_INVENTORY); asked && p.RequestID != "" {
		out = append(out, p.RequestID)
	}
	return out
}

func units(lines []*orderv1.ItemQuantity) []Units {
	if len(lines) == 0 {
		return nil
	}
	out := make([]Units, len(lines))
	for i, l := range lines {
		out[i] = Units{ItemID: l.GetItemId(), Quantity: l.GetQuantity()}
	}
	return out
}

// worth sets what each of the units is worth.
func worth(us []Units, minor []int64) []Units {
	for i := range us {
		if i < len(minor) {
			us[i].Minor = minor[i]
		}
	}
	return us
}

func storedUnits(us []Units) (lines []*orderv1.ItemQuantity, values []int64, sum int64) {
	for _, u := range us {
		lines = append(lines, &orderv1.ItemQuantity{ItemId: u.ItemID, Quantity: u.Quantity})
		values = append(values, u.Minor)
		sum += u.Minor
	}
	return lines, values, sum
}
