package life_test

import (
	"context"
	"testing"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// TestARepeatIsAnsweredAsBefore sends the same requests again under their keys,
// when the order has long moved on: each is answered as it was, and nothing
// happens twice.
func TestARepeatIsAnsweredAsBefore(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	id := s.sell(t, atConfirm, line("tea", 9))
	pack := &orderv1.CreatePackageRequest{OrderId: id, IdempotencyKey: "pack", Lines: lines(units("1", 4)), Submit: true}
	packed := must[*orderv1.CreatePackageResponse](t)(s.Fulfilment().CreatePackage(t.Context(), pack))
	split := &orderv1.SplitPackageRequest{OrderId: id, IdempotencyKey: "split", PackageId: packed.GetPackageId(), Into: parts(lines(units("1", 1)), lines(units("1", 3)))}
	halves := must[*orderv1.SplitPackageResponse](t)(s.Fulfilment().SplitPackage(t.Context(), split))
	send := &orderv1.ShipOrderRequest{OrderId: id, IdempotencyKey: "ship", Lines: lines(units("1", 3))}
	sent := must[*orderv1.ShipOrderResponse](t)(s.Fulfilment().ShipOrder(t.Context(), send))
	give := &orderv1.CancelItemsRequest{OrderId: id, IdempotencyKey: "cancel", Lines: lines(units("1", 1))}
	given := must[*orderv1.CancelItemsResponse](t)(s.Changes().CancelItems(t.Context(), give))
	back := &orderv1.SubmitReturnRequest{OrderId: id, IdempotencyKey: "back", Lines: []*orderv1.ReturnLine{{ItemId: "1", Quantity: 1}}}
	returns := must[*orderv1.SubmitReturnResponse](t)(s.Returns().SubmitReturn(t.Context(), back))
	take := &orderv1.AcceptReturnRequest{OrderId: id, IdempotencyKey: "take", ReturnId: returns.GetReturnId(), Restock: true, Exchange: &orderv1.ExchangeOrder{Items: []*orderv1.LineItem{line("tea", 1)}}}
	taken := must[*orderv1.AcceptReturnResponse](t)(s.Returns().AcceptReturn(t.Context(), take))
	s.ship(t, id, units("1", 1)) // life goes on
	s.sendBack(t, id, units("1", 1))
	before := s.AwaitSettled(t, id).GetRevision()

	same(t, packed, must[*orderv1.CreatePackageResponse](t)(s.Fulfilment().CreatePackage(t.Context(), pack)), (*orderv1.CreatePackageResponse).GetReceipt)
	same(t, halves, must[*orderv1.SplitPackageResponse](t)(s.Fulfilment().SplitPackage(t.Context(), split)), (*orderv1.SplitPackageResponse).GetReceipt)
	same(t, sent, must[*orderv1.ShipOrderResponse](t)(s.Fulfilment().ShipOrder(t.Context(), send)), (*orderv1.ShipOrderResponse).GetReceipt)
	same(t, given, must[*orderv1.CancelItemsResponse](t)(s.Changes().CancelItems(t.Context(), give)), (*orderv1.CancelItemsResponse).GetReceipt)
	same(t, returns, must[*orderv1.SubmitReturnResponse](t)(s.Returns().SubmitReturn(t.Context(), back)), (*orderv1.SubmitReturnResponse).GetReceipt)
	same(t, taken, must[*orderv1.AcceptReturnResponse](t)(s.Returns().AcceptReturn(t.Context(), take)), (*orderv1.AcceptReturnResponse).GetReceipt)
	if after := s.AwaitSettled(t, id).GetRevision(); after != before {
		t.Errorf("repeats changed the order from revision %d to %d", before, after)
	}
}

// TestAnOldRevisionIsRefused sends every command with a revision that the order
// has left behind, and with a body that differs under a used key.
func TestAnOldRevisionIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"tea": 100})
	id := s.sell(t, atConfirm, line("tea", 4))
	s.ship(t, id, units("1", 1))
	pack := must[*orderv1.CreatePackageResponse](t)(s.Fulfilment().CreatePackage(t.Context(), &orderv1.CreatePackageRequest{OrderId: id, Lines: lines(units("1", 2))})).GetPackageId()
	back := s.sendBack(t, id, units("1", 1))
	now := s.AwaitSettled(t, id).GetRevision()
	for name, call := range s.everyRequest(id, pack, back) {
		refused(t, connect.CodeAborted, call(t.Context(), now-1), name)
	}
	if after := s.AwaitSettled(t, id).GetRevision(); after != now {
		t.Errorf("refused commands changed the order from revision %d to %d", now, after)
	}
	note := &orderv1.AddNoteRequest{OrderId: id, ExpectedRevision: now, IdempotencyKey: "n", Text: "first"}
	must[*orderv1.AddNoteResponse](t)(s.Changes().AddNote(t.Context(), note))
	must[*orderv1.AddNoteResponse](t)(s.Changes().AddNote(t.Context(), note)) // a repeat, though the revision moved on
	note.Text = "another"
	if err := second(s.Changes().AddNote(t.Context(), note)); err == nil {
		t.Error("another request under the same key was taken")
	}
}

// everyRequest is every request that may expect a revision.
func (s *shop) everyRequest(id, pack, back string) map[string]func(ctx context.Context, rev uint64) error {
	c, f, r := s.Changes(), s.Fulfilment(), s.Returns()
	return map[string]func(ctx context.Context, rev uint64) error{
		"patch": func(ctx context.Context, rev uint64) error {
			return second(c.PatchOrder(ctx, &orderv1.PatchOrderRequest{OrderId: id, ExpectedRevision: rev, ReasonCode: "x"}))
		},
		"update": func(ctx context.Context, rev uint64) error {
			return second(c.UpdateOrder(ctx, &orderv1.UpdateOrderRequest{OrderId: id, ExpectedRevision: rev}))
		},
		"metadata": func(ctx context.Context, rev uint64) error {
			return second(c.EditMetadata(ctx, &orderv1.EditMetadataRequest{OrderId: id, ExpectedRevision: rev, Metadata: &orderv1.OrderMetadata{}}))
		},
		"note": func(ctx context.Context, rev uint64) error {
			return second(c.AddNote(ctx, &orderv1.AddNoteRequest{OrderId: id, ExpectedRevision: rev, Text: "x"}))
		},
		"cancel items": func(ctx context.Context, rev uint64) error {
			return second(c.CancelItems(ctx, &orderv1.CancelItemsRequest{OrderId: id, ExpectedRevision: rev, Lines: lines(units("1", 1))}))
		},
		"preview of an edit": func(ctx context.Context, rev uint64) error {
			return second(c.EditItems(ctx, &orderv1.EditItemsRequest{OrderId: id, ExpectedRevision: rev, Preview: true, Set: []*orderv1.LineItem{line("tea", 1)}}))
		},
		"edit": func(ctx context.Context, rev uint64) error {
			return second(c.EditItems(ctx, &orderv1.EditItemsRequest{OrderId: id, ExpectedRevision: rev, Set: []*orderv1.LineItem{line("tea", 1)}}))
		},
		"hold": func(ctx context.Context, rev uint64) error {
			return second(c.HoldOrder(ctx, &orderv1.HoldOrderRequest{OrderId: id, ExpectedRevision: rev}))
		},
		"release": func(ctx context.Context, rev uint64) error {
			return second(c.ReleaseOrder(ctx, &orderv1.ReleaseOrderRequest{OrderId: id, ExpectedRevision: rev}))
		},
		"delete": func(ctx context.Context, rev uint64) error {
			return second(c.DeleteOrder(ctx, &orderv1.DeleteOrderRequest{OrderId: id, ExpectedRevision: rev}))
		},
		"cancel": func(ctx context.Context, rev uint64) error {
			return second(s.Orders().CancelOrder(ctx, &orderv1.CancelOrderRequest{OrderId: id, ExpectedRevision: rev}))
		},
		"submit": func(ctx context.Context, rev uint64) error {
			return second(f.SubmitPackage(ctx, &orderv1.SubmitPackageRequest{OrderId: id, ExpectedRevision: rev, PackageId: pack}))
		},
		"split": func(ctx context.Context, rev uint64) error {
			return second(f.SplitPackage(ctx, &orderv1.SplitPackageRequest{OrderId: id, ExpectedRevision: rev, PackageId: pack, Into: parts(lines(units("1", 1)), lines(units("1", 1)))}))
		},
		"update package": func(ctx context.Context, rev uint64) error {
			return second(f.UpdatePackage(ctx, &orderv1.UpdatePackageRequest{OrderId: id, ExpectedRevision: rev, PackageId: pack, Status: orderv1.PackageStatus_PACKAGE_STATUS_VOIDED}))
		},
		"submit return": func(ctx context.Context, rev uint64) error {
			return second(r.SubmitReturn(ctx, &orderv1.SubmitReturnRequest{OrderId: id, ExpectedRevision: rev, Lines: []*orderv1.ReturnLine{{ItemId: "1", Quantity: 1}}}))
		},
		"reject": func(ctx context.Context, rev uint64) error {
			return second(r.RejectReturn(ctx, &orderv1.RejectReturnRequest{OrderId: id, ExpectedRevision: rev, ReturnId: back}))
		},
		"update invoice": func(ctx context.Context, rev uint64) error {
			return second(c.UpdateInvoice(ctx, &orderv1.UpdateInvoiceRequest{OrderId: id, ExpectedRevision: rev, Invoice: &orderv1.OrderInvoice{InvoiceId: "i"}}))
		},
		"pack": func(ctx context.Context, rev uint64) error {
			return second(f.CreatePackage(ctx, &orderv1.CreatePackageRequest{OrderId: id, ExpectedRevision: rev, Lines: lines(units("1", 1))}))
		},
		"ship": func(ctx context.Context, rev uint64) error {
			return second(f.ShipOrder(ctx, &orderv1.ShipOrderRequest{OrderId: id, ExpectedRevision: rev, Lines: lines(units("1", 1))}))
		},
		"accept": func(ctx context.Context, rev uint64) error {
			return second(r.AcceptReturn(ctx, &orderv1.AcceptReturnRequest{OrderId: id, ExpectedRevision: rev, ReturnId: back}))
		},
		"replace": func(ctx context.Context, rev uint64) error {
			return second(r.ReplaceItems(ctx, &orderv1.ReplaceItemsRequest{OrderId: id, ExpectedRevision: rev, Lines: lines(units("1", 1))}))
		},
		"invoice": func(ctx context.Context, rev uint64) error {
			return second(c.CreateInvoice(ctx, &orderv1.CreateInvoiceRequest{OrderId: id, ExpectedRevision: rev, Invoice: &orderv1.OrderInvoice{}}))
		},
	}
}
