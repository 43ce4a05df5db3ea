package order

import (
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Update replaces the descriptive part of an order. It has no effect on what
// was ordered, paid or shipped.
type Update struct {
	Reference       string
	Channel         string
	Locale          string
	Customer        Customer
	ShippingAddress *Address
	BillingAddress  *Address
	ShippingMethod  string
	Properties      map[string]string
	By              string
	Now             time.Time
}

// Decide replaces it. Where the order goes cannot change once all has left.
func (c Update) Decide(o Order) ([]proto.Message, error) {
	if err := o.editable(); err != nil {
		return nil, err
	}
	if c.Customer.CustomerID != "" && c.Customer.CustomerID != o.CustomerID {
		return nil, fault.Field("customer.customer_id", "must be %q: an order does not change hands", o.CustomerID)
	}
	c.Customer.CustomerID, c.Customer.Guest = o.CustomerID, o.Guest
	return []proto.Message{&orderv1.OrderUpdated{
		Reference: c.Reference, Channel: c.Channel, Locale: c.Locale, Customer: c.Customer.stored(),
		ShippingAddress: c.ShippingAddress.stored(), BillingAddress: c.BillingAddress.stored(),
		ShippingMethod: c.ShippingMethod, Properties: c.Properties, UpdatedBy: c.By, At: stamp(c.Now),
	}}, nil
}

// Metadata are the fields without effect on the status (DirectScale
// UpdateOrderEvent).
type Metadata struct {
	CommissionDate     string
	PV                 string
	QV                 string
	Bonus              string
	PartyID            string
	LocalInvoiceNumber string
	Notes              string
	CustomFields       map[string]string
}

func (m Metadata) stored() *orderv1.OrderMetadata {
	return &orderv1.OrderMetadata{
		CommissionDate: m.CommissionDate, Pv: m.PV, Qv: m.QV, Bonus: m.Bonus, PartyId: m.PartyID,
		LocalInvoiceNumber: m.LocalInvoiceNumber, Notes: m.Notes, CustomFields: m.CustomFields,
	}
}

// EditMetadata replaces the metadata of an order, in any status.
type EditMetadata struct {
	Metadata Metadata
	By       string
	Now      time.Time
}

// Decide replaces the metadata.
func (c EditMetadata) Decide(o Order) ([]proto.Message, error) {
	if err := o.exists(); err != nil {
		return nil, err
	}
	return []proto.Message{&orderv1.OrderMetadataUpdated{Metadata: c.Metadata.stored(), UpdatedBy: c.By, At: stamp(c.Now)}}, nil
}

// AddNote writes a note to an order, in any status.
type AddNote struct {
	Text string
	By   string
	Now  time.Time
}

// Decide adds the note.
func (c AddNote) Decide(o Order) ([]proto.Message, error) {
	if err := o.exists(); err != nil {
		return nil, err
	}
	if c.Text == "" {
		return nil, fault.Field("text", "must not be empty")
	}
	return []proto.Message{&orderv1.OrderNoteAdded{NoteId: o.newID("n", 0), Text: c.Text, Author: c.By, At: stamp(c.Now)}}, nil
}

// Hold stops the fulfilment of a confirmed order until somebody releases it.
type Hold struct {
	Reason string
	By     string
}

// Decide holds the order, once.
func (c Hold) Decide(o Order) ([]proto.Message, error) {
	if o.Status == OnHold && o.HeldFrom != None {
		return nil, nil
	}
	if err := o.exists(); err != nil {
		return nil, err
	}
	if !o.Status.Confirmed() {
		return nil, o.refuse("cannot be held")
	}
	return o.become(OnHold, &orderv1.OrderHeld{Reason: ReasonOperator, Message: c.Reason})
}

// Release ends a hold that somebody put on a confirmed order.
type Release struct {
	Reason string
	By     string
}

// Decide lets the order go on where it was.
func (c Release) Decide(o Order) ([]proto.Message, error) {
	if err := o.exists(); err != nil {
		return nil, err
	}
	if o.Status.Confirmed() { // asked twice, done once
		return nil, nil
	}
	if o.Status != OnHold || o.HeldFrom == None {
		return nil, o.notHeld(ReasonOperator)
	}
	return []proto.Message{&orderv1.OrderHoldReleased{Reason: ReasonOperator, Message: c.Reason}}, nil
}

// Delete hides an order for good: one whose sale has ended, or that was never
// confirmed, which is cancelled first.
type Delete struct {
	Reason string
	By     string
	Now    time.Time
}

// Decide deletes the order, or asks for its end first.
func (c Delete) Decide(o Order) ([]proto.Message, error) {
	if o.Status == Deleted || o.DeleteRequested {
		return nil, nil // asked twice, done once
	}
	if err := o.exists(); err != nil {
		return nil, err
	}
	asked := &orderv1.OrderDeleteRequested{Reason: c.Reason, RequestedBy: c.By}
	switch {
	case o.Status == Cancelled, o.Status == Returned, o.Status == Cancelling:
		return []proto.Message{asked}, nil
	case o.Confirmed():
		return nil, fault.New(fault.Precondition, "order_confirmed", "order %s is %s: cancel it, or wait for its return", o.ID, o.Status)
	}
	return o.become(Cancelling, asked, &orderv1.OrderCancelRequested{Reason: c.Reason, RequestedBy: c.By})
}

// editable says whether the description of an order can still change.
func (o Order) editable() error {
	if err := o.exists(); err != nil {
		return err
	}
	if o.Status == Cancelling || o.Status.Final() {
		return o.refuse("cannot change any more")
	}
	return nil
}
