package rpc

import (
	"context"
	"time"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

// returns serves ReturnService.
type returns struct {
	orders
	window time.Duration
}

func (s returns) SubmitReturn(ctx context.Context, req *orderv1.SubmitReturnRequest) (*orderv1.SubmitReturnResponse, error) {
	id := madeID(ctx, "r", req.GetReturnId(), req)
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		c := order.SubmitReturn{ReturnID: id, Reasons: map[string]string{}, Window: s.window, By: by, Now: s.now()}
		for _, l := range req.GetLines() {
			c.Lines = append(c.Lines, order.Units{ItemID: l.GetItemId(), Quantity: l.GetQuantity()})
			if l.GetReason() != "" {
				c.Reasons[l.GetItemId()] = l.GetReason()
			}
		}
		return c
	})
	if err != nil {
		return nil, err
	}
	if e := find[*orderv1.ReturnSubmitted](res.events); e != nil {
		id = e.GetReturnId()
	}
	return &orderv1.SubmitReturnResponse{Receipt: res.receipt, ReturnId: id}, nil
}

func (s returns) AcceptReturn(ctx context.Context, req *orderv1.AcceptReturnRequest) (*orderv1.AcceptReturnResponse, error) {
	snap, err := s.log.Read(ctx, callOf(ctx).Tenant, req.GetOrderId(), req.GetOrderId())
	if err != nil {
		return nil, err
	}
	if c := req.GetFee().GetCurrencyCode(); req.GetFee() != nil && c != snap.State.Currency && snap.State.Currency != "" {
		return nil, fault.Field("fee.currency_code", "must be %q like the order, not %q", snap.State.Currency, c)
	}
	linked := s.linkedID(ctx, req)
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		c := order.AcceptReturn{ReturnID: req.GetReturnId(), Restock: req.GetRestock(), FeeMinor: req.GetFee().GetMinorUnits(), By: by, Now: s.now()}
		if x := req.GetExchange(); x != nil {
			c.Exchange = &order.Exchange{
				OrderID: linked, Items: linesOf(x.GetItems()), Payments: s.paidBy(paymentsOf(x.GetPayments())), ShippingAddress: addressOf(x.GetShippingAddress()),
				Shipping: order.Shipping{
					Method: x.GetShipping().GetMethod(), Price: amountOf(x.GetShipping().GetPrice()), Tax: amountOf(x.GetShipping().GetTax()),
				},
			}
		}
		return c
	})
	if err != nil {
		return nil, err
	}
	r, _ := res.order.Return(req.GetReturnId())
	return &orderv1.AcceptReturnResponse{Receipt: res.receipt, ExchangeOrderId: r.ExchangeID}, nil
}

// linkedID is the id of an order that a request makes: with an idempotency key
// it follows from the key, so that a repeat comes to the same order.
func (s returns) linkedID(ctx context.Context, req orderRequest) string {
	if key := req.GetIdempotencyKey(); key != "" {
		return orderIDOf(callOf(ctx).Tenant, "linked\x00"+req.GetOrderId()+"\x00"+key)
	}
	return newOrderID(s.now())
}

func (s returns) RejectReturn(ctx context.Context, req *orderv1.RejectReturnRequest) (*orderv1.RejectReturnResponse, error) {
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		return order.RejectReturn{ReturnID: req.GetReturnId(), Reason: req.GetReason(), By: by, Now: s.now()}
	})
	return &orderv1.RejectReturnResponse{Receipt: res.receipt}, err
}

func (s returns) ReplaceItems(ctx context.Context, req *orderv1.ReplaceItemsRequest) (*orderv1.ReplaceItemsResponse, error) {
	id := s.linkedID(ctx, req)
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		return order.Replace{
			OrderID: id, Lines: unitsOf(req.GetLines()), Reason: req.GetReason(), By: by, ShippingAddress: addressOf(req.GetShippingAddress()), Now: s.now(),
		}
	})
	return &orderv1.ReplaceItemsResponse{Receipt: res.receipt, ReplaceOrderId: id}, err
}
