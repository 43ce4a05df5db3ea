package rpc

import (
	"context"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

// fulfilment serves FulfilmentService.
type fulfilment struct{ orders }

func (s fulfilment) CreatePackage(ctx context.Context, req *orderv1.CreatePackageRequest) (*orderv1.CreatePackageResponse, error) {
	id := madeID(ctx, "k", req.GetPackageId(), req)
	res, err := s.change(ctx, req, func(string) eventstore.Command[order.Order] {
		return order.Pack{
			PackageID: id, Lines: unitsOf(req.GetLines()), Transport: transportOf(req.GetTransport()), Submit: req.GetSubmit(), Now: s.now(),
		}
	})
	return &orderv1.CreatePackageResponse{Receipt: res.receipt, PackageId: packageOf(res, id)}, err
}

// packageOf is the id of the package that a command made, under the id that was
// asked for or one that the order chose.
func packageOf(res result, asked string) string {
	if asked != "" {
		return asked
	}
	if e := find[*orderv1.PackageCreated](res.events); e != nil {
		return e.GetPackage().GetPackageId()
	}
	return ""
}

func (s fulfilment) SubmitPackage(ctx context.Context, req *orderv1.SubmitPackageRequest) (*orderv1.SubmitPackageResponse, error) {
	res, err := s.change(ctx, req, func(string) eventstore.Command[order.Order] {
		return order.SubmitPackage{PackageID: req.GetPackageId(), Now: s.now()}
	})
	return &orderv1.SubmitPackageResponse{Receipt: res.receipt}, err
}

func (s fulfilment) SplitPackage(ctx context.Context, req *orderv1.SplitPackageRequest) (*orderv1.SplitPackageResponse, error) {
	res, err := s.change(ctx, req, func(string) eventstore.Command[order.Order] {
		c := order.SplitPackage{PackageID: req.GetPackageId(), Now: s.now()}
		for _, p := range req.GetInto() {
			c.Into = append(c.Into, unitsOf(p.GetLines()))
		}
		return c
	})
	if err != nil {
		return nil, err
	}
	out := &orderv1.SplitPackageResponse{Receipt: res.receipt}
	for _, p := range res.order.Packages { // a repeat stored nothing now
		if p.SplitFrom == req.GetPackageId() {
			out.PackageIds = append(out.PackageIds, p.ID)
		}
	}
	return out, nil
}

func (s fulfilment) UpdatePackage(ctx context.Context, req *orderv1.UpdatePackageRequest) (*orderv1.UpdatePackageResponse, error) {
	res, err := s.update(ctx, req)
	return &orderv1.UpdatePackageResponse{Receipt: res.receipt}, err
}

func (s fulfilment) update(ctx context.Context, req *orderv1.UpdatePackageRequest) (result, error) {
	return s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		c := order.UpdatePackage{
			PackageID: req.GetPackageId(), Status: req.GetStatus(), Transport: transportOf(req.GetTransport()),
			LegacyFTP: req.GetLegacyFtp(), By: by, Now: s.now(),
		}
		if req.GetShippedAt() != nil {
			c.ShippedAt = req.GetShippedAt().AsTime()
		}
		return c
	})
}

// UpdatePackages decides on each update by itself, in their order.
func (s fulfilment) UpdatePackages(ctx context.Context, req *orderv1.UpdatePackagesRequest) (*orderv1.UpdatePackagesResponse, error) {
	out := &orderv1.UpdatePackagesResponse{}
	for _, u := range req.GetUpdates() {
		res, err := s.update(ctx, u)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r := &orderv1.PackageUpdateResult{Receipt: res.receipt}
		if err != nil {
			r.Reason, r.Message = fault.ReasonOf(err), fault.Public(err)
		}
		out.Results = append(out.Results, r)
	}
	return out, nil
}

func (s fulfilment) ShipOrder(ctx context.Context, req *orderv1.ShipOrderRequest) (*orderv1.ShipOrderResponse, error) {
	id := madeID(ctx, "k", req.GetPackageId(), req)
	res, err := s.change(ctx, req, func(by string) eventstore.Command[order.Order] {
		return order.Ship{
			PackageID: id, Lines: unitsOf(req.GetLines()), Transport: transportOf(req.GetTransport()), By: by, Now: s.now(),
		}
	})
	return &orderv1.ShipOrderResponse{Receipt: res.receipt, PackageId: packageOf(res, id)}, err
}
