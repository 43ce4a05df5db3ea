package rpc

import (
	"context"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

// changes serves ChangeService.
type changes struct{ orders }

func (s changes) PatchOrder(ctx context.Context, req *orderv1.PatchOrderRequest) (*orderv1.PatchOrderResponse, error) {
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		c := order.Patch{
			Status: order.Status(req.GetStatus()), ReasonCode: req.GetReasonCode(), ReasonMessage: req.GetReasonMessage(), //nolint:gosec // the numbers are the same
			Properties: req.GetProperties(), Other: req.GetOtherProperties(), Transport: transportOf(req.GetTransport()),
			By: by, Operator: callOf(ctx).Operator, Now: s.now(),
		}
		for _, p := range req.GetItems() {
			c.Items = append(c.Items, order.PatchItem{
				ItemID: p.GetItemId(), Status: order.Status(p.GetStatus()), ReasonCode: p.GetReasonCode(), ReasonMessage: p.GetReasonMessage(), //nolint:gosec // the numbers are the same
				Properties: p.GetProperties(), Other: p.GetOtherProperties(), Quantity: p.GetQuantity(), Returnable: p.Returnable,
			})
		}
		return c
	})
	return &orderv1.PatchOrderResponse{Receipt: res.receipt}, err
}

func (s changes) UpdateOrder(ctx context.Context, req *orderv1.UpdateOrderRequest) (*orderv1.UpdateOrderResponse, error) {
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		return order.Update{
			Reference: req.GetReference(), Channel: req.GetChannel(), Locale: req.GetLocale(), Customer: customerOf(req.GetCustomer()),
			ShippingAddress: addressOf(req.GetShippingAddress()), BillingAddress: addressOf(req.GetBillingAddress()),
			ShippingMethod: req.GetShippingMethod(), Properties: req.GetProperties(), By: by, Now: s.now(),
		}
	})
	return &orderv1.UpdateOrderResponse{Receipt: res.receipt}, err
}

func (s changes) EditMetadata(ctx context.Context, req *orderv1.EditMetadataRequest) (*orderv1.EditMetadataResponse, error) {
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		return order.EditMetadata{Metadata: metadataOf(req.GetMetadata()), By: by, Now: s.now()}
	})
	return &orderv1.EditMetadataResponse{Receipt: res.receipt}, err
}

func metadataOf(m *orderv1.OrderMetadata) order.Metadata {
	return order.Metadata{
		CommissionDate: m.GetCommissionDate(), PV: m.GetPv(), QV: m.GetQv(), Bonus: m.GetBonus(), PartyID: m.GetPartyId(),
		LocalInvoiceNumber: m.GetLocalInvoiceNumber(), Notes: m.GetNotes(), CustomFields: m.GetCustomFields(),
	}
}

func (s changes) AddNote(ctx context.Context, req *orderv1.AddNoteRequest) (*orderv1.AddNoteResponse, error) {
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		return order.AddNote{Text: req.GetText(), By: by, Now: s.now()}
	})
	return &orderv1.AddNoteResponse{Receipt: res.receipt}, err
}

// EditItems asks the same command for its preview and for its decision.
func (s changes) EditItems(ctx context.Context, req *orderv1.EditItemsRequest) (*orderv1.EditItemsResponse, error) {
	c := order.EditItems{Set: linesOf(req.GetSet()), Remove: req.GetRemove(), Payments: s.paidBy(paymentsOf(req.GetPayments())), Now: s.now()}
	if !req.GetPreview() {
		res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
			c.By = by
			return c
		})
		return &orderv1.EditItemsResponse{Receipt: res.receipt}, err
	}
	snap, err := s.log.Read(ctx, callOf(ctx).Tenant, req.GetOrderId(), req.GetOrderId())
	if err != nil {
		return nil, err
	}
	if want := req.GetExpectedRevision(); want != 0 && snap.Revision != want {
		return nil, fault.New(fault.Conflict, "revision_mismatch", "%s has revision %d, not %d", req.GetOrderId(), snap.Revision, want)
	}
	d, err := c.Preview(snap.State)
	if err != nil {
		return nil, err
	}
	return &orderv1.EditItemsResponse{
		Before: totalsOf(d.Before, snap.State.Currency), After: totalsOf(d.After, snap.State.Currency),
		Reserve: differences(d.Reserve), Release: differences(d.Release),
	}, nil
}

func differences(cs []order.StockChange) (out []*orderv1.StockDifference) {
	for _, c := range cs {
		out = append(out, &orderv1.StockDifference{SkuId: c.SKU, BinName: c.Bin, Quantity: c.Quantity})
	}
	return out
}

func totalsOf(t order.Totals, currency string) *orderv1.Totals {
	return &orderv1.Totals{
		Items: moneyOf(t.Items, currency), Adjustments: moneyOf(t.Adjustments, currency), Shipping: moneyOf(t.Shipping, currency),
		Tax: moneyOf(t.Tax, currency), Total: moneyOf(t.Total, currency),
	}
}

func (s changes) CancelItems(ctx context.Context, req *orderv1.CancelItemsRequest) (*orderv1.CancelItemsResponse, error) {
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		return order.CancelItems{Lines: unitsOf(req.GetLines()), Reason: req.GetReason(), By: by, Operator: callOf(ctx).Operator, Now: s.now()}
	})
	return &orderv1.CancelItemsResponse{Receipt: res.receipt}, err
}

func (s changes) HoldOrder(ctx context.Context, req *orderv1.HoldOrderRequest) (*orderv1.HoldOrderResponse, error) {
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] { return order.Hold{Reason: req.GetReason(), By: by} })
	return &orderv1.HoldOrderResponse{Receipt: res.receipt}, err
}

func (s changes) ReleaseOrder(ctx context.Context, req *orderv1.ReleaseOrderRequest) (*orderv1.ReleaseOrderResponse, error) {
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		return order.Release{Reason: req.GetReason(), By: by}
	})
	return &orderv1.ReleaseOrderResponse{Receipt: res.receipt}, err
}

func (s changes) DeleteOrder(ctx context.Context, req *orderv1.DeleteOrderRequest) (*orderv1.DeleteOrderResponse, error) {
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		return order.Delete{Reason: req.GetReason(), By: by, Now: s.now()}
	})
	return &orderv1.DeleteOrderResponse{Receipt: res.receipt}, err
}
