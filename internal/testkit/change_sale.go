package testkit

import (
	"context"
	"slices"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

func (c changer) cancelItems() Change {
	req := &orderv1.CancelItemsRequest{Lines: c.lines(free), Reason: "any"}
	ch := change(c, "CancelItems", req, func(p *Process) func(context.Context, *orderv1.CancelItemsRequest) (*orderv1.CancelItemsResponse, error) {
		return p.Changes().CancelItems
	}).doing(req.GetLines(), func(i *orderv1.OrderItem, n int64) {
		i.Cancelled += n
		i.Packed = min(i.Packed, open(i)) // free ones go first
	})
	var left int64
	for _, i := range c.o.GetItems() {
		left += open(i) + i.GetShipped()
	}
	for _, l := range req.GetLines() {
		left -= l.GetQuantity()
	}
	ch.Later = left <= 0 // the whole order, once all is given back
	return ch
}

func (c changer) cancel() Change {
	return later(change(c, "CancelOrder", &orderv1.CancelOrderRequest{KeepPromotion: c.IntN(4) == 0}, func(p *Process) func(context.Context, *orderv1.CancelOrderRequest) (*orderv1.CancelOrderResponse, error) {
		return p.Orders().CancelOrder
	}))
}

// edit sets a line, adds one or removes one; or only looks what that would do.
func (c changer) edit() Change {
	i := c.o.GetItems()[c.IntN(len(c.o.GetItems()))]
	l := Line(i.GetSkuId(), 1+c.Int64N(5))
	l.UnitPrice = Cents(1 + c.Int64N(3000))
	if c.IntN(3) > 0 {
		l.ItemId = i.GetItemId()
	}
	req := &orderv1.EditItemsRequest{Set: []*orderv1.LineItem{l}, Preview: c.IntN(8) == 0}
	if c.IntN(5) == 0 {
		req.Set, req.Remove = nil, []string{i.GetItemId()}
	}
	if c.IntN(4) == 0 {
		req.Payments = Card([]string{"tok_good", "tok_decline", "tok_capture_decline"}[c.IntN(3)])
	}
	return later(change(c, "EditItems", req, func(p *Process) func(context.Context, *orderv1.EditItemsRequest) (*orderv1.EditItemsResponse, error) {
		return p.Changes().EditItems
	}))
}

func (c changer) hold() Change {
	return change(c, "HoldOrder", &orderv1.HoldOrderRequest{Reason: "any"}, func(p *Process) func(context.Context, *orderv1.HoldOrderRequest) (*orderv1.HoldOrderResponse, error) {
		return p.Changes().HoldOrder
	})
}

func (c changer) release() Change {
	return change(c, "ReleaseOrder", &orderv1.ReleaseOrderRequest{}, func(p *Process) func(context.Context, *orderv1.ReleaseOrderRequest) (*orderv1.ReleaseOrderResponse, error) {
		return p.Changes().ReleaseOrder
	})
}

// stages are what an order, or a line, may be patched to.
var stages = []orderv1.OrderStatus{
	orderv1.OrderStatus_ORDER_STATUS_READY_TO_EDIT, orderv1.OrderStatus_ORDER_STATUS_FREEZE_EDIT, orderv1.OrderStatus_ORDER_STATUS_READY_TO_SHIP,
	orderv1.OrderStatus_ORDER_STATUS_SUBMITTED_TO_FULFILLMENT, orderv1.OrderStatus_ORDER_STATUS_UNABLE_TO_SHIP,
	orderv1.OrderStatus_ORDER_STATUS_SHIPPED, orderv1.OrderStatus_ORDER_STATUS_DELIVERED, orderv1.OrderStatus_ORDER_STATUS_UNABLE_TO_DELIVER,
	orderv1.OrderStatus_ORDER_STATUS_RETURN_SUBMITTED, orderv1.OrderStatus_ORDER_STATUS_CANCELLED,
}

// patch moves an order, or one line of it.
func (c changer) patch() Change {
	req := &orderv1.PatchOrderRequest{ReasonCode: "any", Properties: map[string]string{"shelf": "7"}}
	if status := stages[c.IntN(len(stages))]; c.IntN(2) == 0 {
		req.Status = status
	} else {
		req.Items = []*orderv1.PatchItem{{ItemId: c.o.GetItems()[0].GetItemId(), Status: status, Quantity: c.Int64N(3)}}
	}
	return later(change(c, "PatchOrder", req, func(p *Process) func(context.Context, *orderv1.PatchOrderRequest) (*orderv1.PatchOrderResponse, error) {
		return p.Changes().PatchOrder
	}))
}

// describe changes what has no effect on units and money.
func (c changer) describe() Change {
	switch invoices := c.o.GetInvoiceIds(); c.IntN(4) {
	case 0:
		req := &orderv1.UpdateOrderRequest{Reference: c.o.GetReference(), Customer: &orderv1.Customer{Email: "new@example.com"}, ShippingMethod: "express"}
		return change(c, "UpdateOrder", req, func(p *Process) func(context.Context, *orderv1.UpdateOrderRequest) (*orderv1.UpdateOrderResponse, error) {
			return p.Changes().UpdateOrder
		})
	case 1:
		return change(c, "EditMetadata", &orderv1.EditMetadataRequest{Metadata: &orderv1.OrderMetadata{Notes: c.key}}, func(p *Process) func(context.Context, *orderv1.EditMetadataRequest) (*orderv1.EditMetadataResponse, error) {
			return p.Changes().EditMetadata
		})
	case 2:
		if len(invoices) > 0 && c.IntN(2) == 0 {
			req := &orderv1.UpdateInvoiceRequest{Invoice: &orderv1.OrderInvoice{InvoiceId: slices.Max(invoices), InvoiceNumber: c.key[:min(len(c.key), 64)]}}
			return change(c, "UpdateInvoice", req, func(p *Process) func(context.Context, *orderv1.UpdateInvoiceRequest) (*orderv1.UpdateInvoiceResponse, error) {
				return p.Changes().UpdateInvoice
			})
		}
		return change(c, "CreateInvoice", &orderv1.CreateInvoiceRequest{Invoice: &orderv1.OrderInvoice{Items: Cents(c.Int64N(3000))}}, func(p *Process) func(context.Context, *orderv1.CreateInvoiceRequest) (*orderv1.CreateInvoiceResponse, error) {
			return p.Changes().CreateInvoice
		})
	}
	return change(c, "AddNote", &orderv1.AddNoteRequest{Text: "any"}, func(p *Process) func(context.Context, *orderv1.AddNoteRequest) (*orderv1.AddNoteResponse, error) {
		return p.Changes().AddNote
	})
}

// remove deletes the order, most often one that has ended.
func (c changer) remove() Change {
	ended := c.o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_CANCELLED || c.o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_RETURNED
	if !ended && c.IntN(4) > 0 {
		return c.describe()
	}
	return later(change(c, "DeleteOrder", &orderv1.DeleteOrderRequest{Reason: "any"}, func(p *Process) func(context.Context, *orderv1.DeleteOrderRequest) (*orderv1.DeleteOrderResponse, error) {
		return p.Changes().DeleteOrder
	}))
}

// decide is what a person says to an order that waits for its payment or a
// look at it.
func (c changer) decide() Change {
	if c.IntN(3) == 0 {
		return later(change(c, "ReviewOrder", &orderv1.ReviewOrderRequest{Accept: c.IntN(3) > 0, Reason: "any"}, func(p *Process) func(context.Context, *orderv1.ReviewOrderRequest) (*orderv1.ReviewOrderResponse, error) {
			return p.Orders().ReviewOrder
		}))
	}
	req := &orderv1.RetryPaymentRequest{}
	if c.IntN(3) > 0 {
		req.Payments = Card([]string{"tok_good", "", "tok_decline"}[c.IntN(3)])
	}
	return later(change(c, "RetryPayment", req, func(p *Process) func(context.Context, *orderv1.RetryPaymentRequest) (*orderv1.RetryPaymentResponse, error) {
		return p.Orders().RetryPayment
	}))
}
