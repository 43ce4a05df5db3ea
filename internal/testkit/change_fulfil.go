package testkit

import (
	"context"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

func (c changer) ship() Change {
	req := &orderv1.ShipOrderRequest{}
	moved := c.all(free)
	if c.IntN(3) > 0 {
		req.Lines = c.lines(free)
		moved = req.Lines
	}
	return change(c, "ShipOrder", req, func(p *Process) func(context.Context, *orderv1.ShipOrderRequest) (*orderv1.ShipOrderResponse, error) {
		return p.Fulfilment().ShipOrder
	}).doing(moved, func(i *orderv1.OrderItem, n int64) { i.Shipped += n })
}

func (c changer) pack() Change {
	req := &orderv1.CreatePackageRequest{Lines: c.lines(free), Submit: c.IntN(4) > 0}
	return change(c, "CreatePackage", req, func(p *Process) func(context.Context, *orderv1.CreatePackageRequest) (*orderv1.CreatePackageResponse, error) {
		return p.Fulfilment().CreatePackage
	}).doing(req.GetLines(), func(i *orderv1.OrderItem, n int64) { i.Packed += n })
}

// movePackage announces a package, splits it, or tells something of it.
func (c changer) movePackage() Change {
	if len(c.o.GetPackages()) == 0 {
		return c.pack()
	}
	pkg := c.o.GetPackages()[c.IntN(len(c.o.GetPackages()))]
	switch l := pkg.GetLines()[0]; {
	case pkg.GetStatus() == "created" && c.IntN(4) > 0:
		return change(c, "SubmitPackage", &orderv1.SubmitPackageRequest{PackageId: pkg.GetPackageId()}, func(p *Process) func(context.Context, *orderv1.SubmitPackageRequest) (*orderv1.SubmitPackageResponse, error) {
			return p.Fulfilment().SubmitPackage
		})
	case c.IntN(5) == 0 && len(pkg.GetLines()) == 1 && l.GetQuantity() > 1:
		req := &orderv1.SplitPackageRequest{PackageId: pkg.GetPackageId()}
		for _, n := range []int64{1, l.GetQuantity() - 1} {
			req.Into = append(req.Into, &orderv1.PackageLines{Lines: []*orderv1.ItemQuantity{{ItemId: l.GetItemId(), Quantity: n}}})
		}
		return change(c, "SplitPackage", req, func(p *Process) func(context.Context, *orderv1.SplitPackageRequest) (*orderv1.SplitPackageResponse, error) {
			return p.Fulfilment().SplitPackage
		})
	}
	req := &orderv1.UpdatePackageRequest{PackageId: pkg.GetPackageId(), Status: c.anyPackageStatus()}
	ch := change(c, "UpdatePackage", req, func(p *Process) func(context.Context, *orderv1.UpdatePackageRequest) (*orderv1.UpdatePackageResponse, error) {
		return p.Fulfilment().UpdatePackage
	})
	if s := pkg.GetStatus(); s != "created" && s != "submitted" && s != "printed" {
		return ch // its units have left already, or are in other packages
	}
	return ch.doing(pkg.GetLines(), func(i *orderv1.OrderItem, n int64) {
		switch req.GetStatus() { //nolint:exhaustive // the others move no units
		case orderv1.PackageStatus_PACKAGE_STATUS_VOIDED:
			i.Packed -= n
		case orderv1.PackageStatus_PACKAGE_STATUS_SHIPPED:
			i.Packed -= n
			i.Shipped += n
		}
	})
}

func (c changer) anyPackageStatus() orderv1.PackageStatus {
	switch c.IntN(6) {
	case 0:
		return orderv1.PackageStatus_PACKAGE_STATUS_VOIDED
	case 1:
		return orderv1.PackageStatus_PACKAGE_STATUS_DELIVERED
	case 2:
		return orderv1.PackageStatus_PACKAGE_STATUS_UNDELIVERABLE
	case 3:
		return orderv1.PackageStatus_PACKAGE_STATUS_PRINTED
	}
	return orderv1.PackageStatus_PACKAGE_STATUS_SHIPPED
}

// movePackages tells of several packages in one request, of which each is
// decided by itself.
func (c changer) movePackages() Change {
	if len(c.o.GetPackages()) == 0 {
		return c.pack()
	}
	req := &orderv1.UpdatePackagesRequest{}
	for n, pkg := range c.o.GetPackages() {
		req.Updates = append(req.Updates, &orderv1.UpdatePackageRequest{
			OrderId: c.o.GetOrderId(), IdempotencyKey: c.key + "/" + string(rune('a'+n)), PackageId: pkg.GetPackageId(), Status: c.anyPackageStatus(),
			Transport: &orderv1.Transport{Carrier: "UPS"},
		})
	}
	return Change{Name: "UpdatePackages", Later: true, Send: func(ctx context.Context, p *Process) (last Stored, err error) {
		res, err := p.Fulfilment().UpdatePackages(ctx, req)
		for _, r := range res.GetResults() {
			last.Revision, last.Position = max(last.Revision, r.GetReceipt().GetRevision()), max(last.Position, r.GetReceipt().GetPosition())
		}
		return last, err
	}}
}

func (c changer) sendBack() Change {
	req := &orderv1.SubmitReturnRequest{}
	ls := c.lines(kept)
	for _, l := range ls {
		req.Lines = append(req.Lines, &orderv1.ReturnLine{ItemId: l.GetItemId(), Quantity: l.GetQuantity()})
	}
	return change(c, "SubmitReturn", req, func(p *Process) func(context.Context, *orderv1.SubmitReturnRequest) (*orderv1.SubmitReturnResponse, error) {
		return p.Returns().SubmitReturn
	}).doing(ls, func(i *orderv1.OrderItem, n int64) { i.ReturnPending += n })
}

// answerReturn accepts a return, as a refund or an exchange, or rejects it.
func (c changer) answerReturn() Change {
	if len(c.o.GetReturns()) == 0 {
		return c.sendBack()
	}
	r := c.o.GetReturns()[c.IntN(len(c.o.GetReturns()))]
	var moved []*orderv1.ItemQuantity
	if r.GetStatus() == "submitted" { // else it is decided already
		moved = r.GetLines()
	}
	if c.IntN(5) == 0 {
		req := &orderv1.RejectReturnRequest{ReturnId: r.GetReturnId()}
		return change(c, "RejectReturn", req, func(p *Process) func(context.Context, *orderv1.RejectReturnRequest) (*orderv1.RejectReturnResponse, error) {
			return p.Returns().RejectReturn
		}).doing(moved, func(i *orderv1.OrderItem, n int64) { i.ReturnPending -= n })
	}
	req := &orderv1.AcceptReturnRequest{ReturnId: r.GetReturnId(), Restock: c.IntN(2) == 0}
	if c.IntN(2) == 0 {
		req.Fee = Cents(c.Int64N(300))
	}
	if c.IntN(3) == 0 {
		l := Line(c.o.GetItems()[0].GetSkuId(), 1)
		l.UnitPrice = Cents(1 + c.Int64N(3000))
		req.Exchange = &orderv1.ExchangeOrder{Items: []*orderv1.LineItem{l}}
	}
	return change(c, "AcceptReturn", req, func(p *Process) func(context.Context, *orderv1.AcceptReturnRequest) (*orderv1.AcceptReturnResponse, error) {
		return p.Returns().AcceptReturn
	}).doing(moved, func(i *orderv1.OrderItem, n int64) {
		i.ReturnPending -= n
		i.Returned += n
	})
}

func (c changer) replace() Change {
	req := &orderv1.ReplaceItemsRequest{Lines: c.lines(kept)}
	return change(c, "ReplaceItems", req, func(p *Process) func(context.Context, *orderv1.ReplaceItemsRequest) (*orderv1.ReplaceItemsResponse, error) {
		return p.Returns().ReplaceItems
	})
}
