package life_test

import (
	"testing"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// TestADescriptionChangesWithoutEffect updates addresses, contact, reference,
// metadata and notes of an order.
func TestADescriptionChangesWithoutEffect(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	req := order(line("tea", 1))
	req.ShippingAddress = &orderv1.Address{Line1: "1 High Street", City: "Leeds", CountryCode: "GB"}
	id := s.confirm(t, req)
	c := s.Changes()
	must[*orderv1.UpdateOrderResponse](t)(c.UpdateOrder(t.Context(), &orderv1.UpdateOrderRequest{
		OrderId: id, Reference: "PO-77", Customer: &orderv1.Customer{Email: "new@example.com"},
		BillingAddress: &orderv1.Address{City: "York"}, ShippingMethod: "express", Properties: map[string]string{"gift": "yes"},
	}))
	refused(t, connect.CodeInvalidArgument, second(c.UpdateOrder(t.Context(), &orderv1.UpdateOrderRequest{
		OrderId: id, Customer: &orderv1.Customer{CustomerId: "somebody-else"},
	})), "another customer")
	must[*orderv1.EditMetadataResponse](t)(c.EditMetadata(t.Context(), &orderv1.EditMetadataRequest{
		OrderId: id, Metadata: &orderv1.OrderMetadata{CommissionDate: "2026-11-30", Pv: "12.5", CustomFields: map[string]string{"team": "red"}},
	}))
	for _, text := range []string{"called", "called again"} {
		must[*orderv1.AddNoteResponse](t)(c.AddNote(t.Context(), &orderv1.AddNoteRequest{OrderId: id, Text: text}))
	}
	o := s.stands(t, id, submitted, 1000, 0, 1000)
	switch {
	case o.GetCustomer().GetEmail() != "new@example.com", o.GetCustomer().GetCustomerId() != req.GetCustomer().GetCustomerId():
		t.Errorf("customer %v", o.GetCustomer())
	case o.GetShippingAddress().GetCity() != "Leeds", o.GetBillingAddress().GetCity() != "York":
		t.Errorf("ships to %v, bill to %v", o.GetShippingAddress(), o.GetBillingAddress())
	case o.GetShipping().GetMethod() != "express", o.GetProperties()["gift"] != "yes", o.GetMetadata().GetCustomFields()["team"] != "red":
		t.Errorf("shipping %v, properties %v, metadata %v", o.GetShipping(), o.GetProperties(), o.GetMetadata())
	case len(o.GetNotes()) != 2 || o.GetNotes()[1].GetText() != "called again" || o.GetNotes()[0].GetNoteId() == o.GetNotes()[1].GetNoteId():
		t.Errorf("notes %v", o.GetNotes())
	}
	for reference, code := range map[string]connect.Code{"PO-77": 0, req.GetReference(): connect.CodeNotFound} {
		_, err := s.Orders().GetOrder(t.Context(), &orderv1.GetOrderRequest{Key: &orderv1.GetOrderRequest_Reference{Reference: reference}})
		if err != nil && connect.CodeOf(err) != code || err == nil && code != 0 {
			t.Errorf("by reference %s: %v", reference, err)
		}
	}
}

// TestInvoicesAreRecordedAndReplaced keeps invoices with an order.
func TestInvoicesAreRecordedAndReplaced(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	id := s.sell(t, atConfirm, line("tea", 2))
	k := s.ship(t, id, units("1", 1))
	req := &orderv1.CreateInvoiceRequest{OrderId: id, IdempotencyKey: "i", Invoice: &orderv1.OrderInvoice{
		Lines: lines(units("1", 1)), Items: euros(10), Tax: euros(2), PackageId: k,
	}}
	first := must[*orderv1.CreateInvoiceResponse](t)(s.Changes().CreateInvoice(t.Context(), req))
	other := must[*orderv1.CreateInvoiceResponse](t)(s.Changes().CreateInvoice(t.Context(), &orderv1.CreateInvoiceRequest{OrderId: id, Invoice: &orderv1.OrderInvoice{InvoiceId: "INV-2"}}))
	same(t, first, must[*orderv1.CreateInvoiceResponse](t)(s.Changes().CreateInvoice(t.Context(), req)), (*orderv1.CreateInvoiceResponse).GetReceipt)
	if other.GetInvoiceId() != "INV-2" || first.GetInvoiceId() == "INV-2" {
		t.Errorf("invoices %v, %v", first, other)
	}
	must[*orderv1.UpdateInvoiceResponse](t)(s.Changes().UpdateInvoice(t.Context(), &orderv1.UpdateInvoiceRequest{
		OrderId: id, Invoice: &orderv1.OrderInvoice{InvoiceId: "INV-2", Items: euros(10), InvoiceDate: "2026-11-21"},
	}))
	refused(t, connect.CodeNotFound, second(s.Changes().UpdateInvoice(t.Context(), &orderv1.UpdateInvoiceRequest{OrderId: id, Invoice: &orderv1.OrderInvoice{InvoiceId: "nope"}})), "an unknown invoice")
	refused(t, connect.CodeInvalidArgument, second(s.Changes().CreateInvoice(t.Context(), &orderv1.CreateInvoiceRequest{
		OrderId: id, Invoice: &orderv1.OrderInvoice{Lines: lines(units("1", 3))},
	})), "more units than the line has")
	if o := s.AwaitSettled(t, id); len(o.GetInvoiceIds()) != 2 {
		t.Errorf("invoices %v", o.GetInvoiceIds())
	}
}
