package testkit

import (
	"context"
	"math/rand/v2"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Change is something that is asked of an order after its sale. Sent again, it
// is the same request under the same key.
type Change struct {
	// Name says what it is.
	Name string
	// Send asks it of a process.
	Send func(ctx context.Context, p *Process) error
}

// changer draws changes of one order.
type changer struct {
	*rand.Rand
	o   *orderv1.Order
	key string
}

// AnyChange draws anything that may be asked of an order, often something that
// fits how it is shown.
func AnyChange(r *rand.Rand, o *orderv1.Order, key string) Change {
	c := changer{r, o, key}
	switch c.IntN(20) {
	case 0, 1, 2:
		return c.cancelItems()
	case 3, 4, 5, 6:
		if c.IntN(12) == 0 {
			return c.cancel()
		}
		return c.ship()
	case 7, 8:
		return c.pack()
	case 9, 10, 11:
		return c.movePackage()
	case 12, 13:
		return c.sendBack()
	case 14, 15:
		return c.answerReturn()
	case 16, 17:
		return c.edit()
	case 18:
		return c.replace()
	}
	return c.describe()
}

// lines are some units of some lines, most often as many as there is room for.
func (c changer) lines(room func(*orderv1.OrderItem) int64) (ls []*orderv1.ItemQuantity) {
	for n, i := range c.o.GetItems() {
		most := room(i)
		if c.IntN(8) == 0 {
			most = i.GetQuantity() + 1
		}
		if most > 0 && (c.IntN(2) == 0 || n == len(c.o.GetItems())-1) {
			ls = append(ls, &orderv1.ItemQuantity{ItemId: i.GetItemId(), Quantity: 1 + c.Int64N(most)})
		}
	}
	if len(ls) == 0 {
		ls = append(ls, &orderv1.ItemQuantity{ItemId: c.o.GetItems()[0].GetItemId(), Quantity: 1})
	}
	return ls
}

// free units are open and in no package; kept ones are with the customer.
func free(i *orderv1.OrderItem) int64 {
	return i.GetQuantity() - i.GetCancelled() - i.GetShipped() - i.GetPacked()
}

func kept(i *orderv1.OrderItem) int64 {
	return i.GetShipped() - i.GetReturned() - i.GetReturnPending()
}

func change[Q, R any](name string, req Q, call func(*Process) func(context.Context, Q) (R, error)) Change {
	return Change{name, func(ctx context.Context, p *Process) error {
		_, err := call(p)(ctx, req)
		return err
	}}
}

func (c changer) cancelItems() Change {
	req := &orderv1.CancelItemsRequest{OrderId: c.o.GetOrderId(), IdempotencyKey: c.key, Lines: c.lines(free), Reason: "any"}
	return change("cancel items", req, func(p *Process) func(context.Context, *orderv1.CancelItemsRequest) (*orderv1.CancelItemsResponse, error) {
		return p.Changes().CancelItems
	})
}

func (c changer) cancel() Change {
	req := &orderv1.CancelOrderRequest{OrderId: c.o.GetOrderId(), IdempotencyKey: c.key}
	return change("cancel", req, func(p *Process) func(context.Context, *orderv1.CancelOrderRequest) (*orderv1.CancelOrderResponse, error) {
		return p.Orders().CancelOrder
	})
}

func (c changer) ship() Change {
	req := &orderv1.ShipOrderRequest{OrderId: c.o.GetOrderId(), IdempotencyKey: c.key}
	if c.IntN(3) > 0 {
		req.Lines = c.lines(free)
	}
	return change("ship", req, func(p *Process) func(context.Context, *orderv1.ShipOrderRequest) (*orderv1.ShipOrderResponse, error) {
		return p.Fulfilment().ShipOrder
	})
}

func (c changer) pack() Change {
	req := &orderv1.CreatePackageRequest{OrderId: c.o.GetOrderId(), IdempotencyKey: c.key, Lines: c.lines(free), Submit: c.IntN(4) > 0}
	return change("pack", req, func(p *Process) func(context.Context, *orderv1.CreatePackageRequest) (*orderv1.CreatePackageResponse, error) {
		return p.Fulfilment().CreatePackage
	})
}

// movePackage tells something of a package, or splits it.
func (c changer) movePackage() Change {
	if len(c.o.GetPackages()) == 0 {
		return c.pack()
	}
	pkg := c.o.GetPackages()[c.IntN(len(c.o.GetPackages()))]
	if l := pkg.GetLines()[0]; c.IntN(5) == 0 && len(pkg.GetLines()) == 1 && l.GetQuantity() > 1 {
		req := &orderv1.SplitPackageRequest{OrderId: c.o.GetOrderId(), IdempotencyKey: c.key, PackageId: pkg.GetPackageId()}
		for _, n := range []int64{1, l.GetQuantity() - 1} {
			req.Into = append(req.Into, &orderv1.PackageLines{Lines: []*orderv1.ItemQuantity{{ItemId: l.GetItemId(), Quantity: n}}})
		}
		return change("split", req, func(p *Process) func(context.Context, *orderv1.SplitPackageRequest) (*orderv1.SplitPackageResponse, error) {
			return p.Fulfilment().SplitPackage
		})
	}
	to := orderv1.PackageStatus_PACKAGE_STATUS_SHIPPED
	switch c.IntN(6) {
	case 0:
		to = orderv1.PackageStatus_PACKAGE_STATUS_VOIDED
	case 1:
		to = orderv1.PackageStatus_PACKAGE_STATUS_DELIVERED
	case 2:
		to = orderv1.PackageStatus_PACKAGE_STATUS_UNDELIVERABLE
	case 3:
		to = orderv1.PackageStatus_PACKAGE_STATUS_PRINTED
	}
	req := &orderv1.UpdatePackageRequest{OrderId: c.o.GetOrderId(), IdempotencyKey: c.key, PackageId: pkg.GetPackageId(), Status: to}
	return change("move package", req, func(p *Process) func(context.Context, *orderv1.UpdatePackageRequest) (*orderv1.UpdatePackageResponse, error) {
		return p.Fulfilment().UpdatePackage
	})
}

func (c changer) sendBack() Change {
	req := &orderv1.SubmitReturnRequest{OrderId: c.o.GetOrderId(), IdempotencyKey: c.key}
	for _, l := range c.lines(kept) {
		req.Lines = append(req.Lines, &orderv1.ReturnLine{ItemId: l.GetItemId(), Quantity: l.GetQuantity()})
	}
	return change("submit return", req, func(p *Process) func(context.Context, *orderv1.SubmitReturnRequest) (*orderv1.SubmitReturnResponse, error) {
		return p.Returns().SubmitReturn
	})
}

// answerReturn accepts a return, as a refund or an exchange, or rejects it.
func (c changer) answerReturn() Change {
	if len(c.o.GetReturns()) == 0 {
		return c.sendBack()
	}
	id := c.o.GetReturns()[c.IntN(len(c.o.GetReturns()))].GetReturnId()
	if c.IntN(5) == 0 {
		req := &orderv1.RejectReturnRequest{OrderId: c.o.GetOrderId(), IdempotencyKey: c.key, ReturnId: id}
		return change("reject return", req, func(p *Process) func(context.Context, *orderv1.RejectReturnRequest) (*orderv1.RejectReturnResponse, error) {
			return p.Returns().RejectReturn
		})
	}
	req := &orderv1.AcceptReturnRequest{OrderId: c.o.GetOrderId(), IdempotencyKey: c.key, ReturnId: id, Restock: c.IntN(2) == 0}
	if c.IntN(2) == 0 {
		req.Fee = Cents(c.Int64N(300))
	}
	if c.IntN(3) == 0 {
		l := Line(c.o.GetItems()[0].GetSkuId(), 1)
		l.UnitPrice = Cents(1 + c.Int64N(3000))
		req.Exchange = &orderv1.ExchangeOrder{Items: []*orderv1.LineItem{l}}
	}
	return change("accept return", req, func(p *Process) func(context.Context, *orderv1.AcceptReturnRequest) (*orderv1.AcceptReturnResponse, error) {
		return p.Returns().AcceptReturn
	})
}

func (c changer) edit() Change {
	i := c.o.GetItems()[c.IntN(len(c.o.GetItems()))]
	l := Line(i.GetSkuId(), 1+c.Int64N(5))
	l.UnitPrice = Cents(1 + c.Int64N(3000))
	if c.IntN(3) > 0 {
		l.ItemId = i.GetItemId()
	}
	req := &orderv1.EditItemsRequest{OrderId: c.o.GetOrderId(), IdempotencyKey: c.key, Set: []*orderv1.LineItem{l}}
	if c.IntN(4) == 0 {
		req.Payments = Card([]string{"tok_good", "tok_decline", "tok_capture_decline"}[c.IntN(3)])
	}
	return change("edit", req, func(p *Process) func(context.Context, *orderv1.EditItemsRequest) (*orderv1.EditItemsResponse, error) {
		return p.Changes().EditItems
	})
}

func (c changer) replace() Change {
	req := &orderv1.ReplaceItemsRequest{OrderId: c.o.GetOrderId(), IdempotencyKey: c.key, Lines: c.lines(kept)}
	return change("replace", req, func(p *Process) func(context.Context, *orderv1.ReplaceItemsRequest) (*orderv1.ReplaceItemsResponse, error) {
		return p.Returns().ReplaceItems
	})
}

// describe holds, releases, moves or notes.
func (c changer) describe() Change {
	id := c.o.GetOrderId()
	switch c.IntN(4) {
	case 0:
		return change("hold", &orderv1.HoldOrderRequest{OrderId: id, IdempotencyKey: c.key},
			func(p *Process) func(context.Context, *orderv1.HoldOrderRequest) (*orderv1.HoldOrderResponse, error) {
				return p.Changes().HoldOrder
			})
	case 1:
		return change("release", &orderv1.ReleaseOrderRequest{OrderId: id, IdempotencyKey: c.key},
			func(p *Process) func(context.Context, *orderv1.ReleaseOrderRequest) (*orderv1.ReleaseOrderResponse, error) {
				return p.Changes().ReleaseOrder
			})
	case 2:
		stages := []orderv1.OrderStatus{
			orderv1.OrderStatus_ORDER_STATUS_READY_TO_EDIT, orderv1.OrderStatus_ORDER_STATUS_FREEZE_EDIT, orderv1.OrderStatus_ORDER_STATUS_READY_TO_SHIP,
			orderv1.OrderStatus_ORDER_STATUS_SHIPPED, orderv1.OrderStatus_ORDER_STATUS_DELIVERED, orderv1.OrderStatus_ORDER_STATUS_UNABLE_TO_SHIP,
		}
		req := &orderv1.PatchOrderRequest{OrderId: id, IdempotencyKey: c.key, Status: stages[c.IntN(len(stages))]}
		return change("patch", req, func(p *Process) func(context.Context, *orderv1.PatchOrderRequest) (*orderv1.PatchOrderResponse, error) {
			return p.Changes().PatchOrder
		})
	}
	return change("note", &orderv1.AddNoteRequest{OrderId: id, IdempotencyKey: c.key, Text: "any"},
		func(p *Process) func(context.Context, *orderv1.AddNoteRequest) (*orderv1.AddNoteResponse, error) {
			return p.Changes().AddNote
		})
}
