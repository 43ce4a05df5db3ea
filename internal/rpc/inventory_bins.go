package rpc

import (
	"cmp"
	"context"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/inventory"
)

func (s stock) CreateBin(ctx context.Context, req *inventoryv1.CreateBinRequest) (*inventoryv1.CreateBinResponse, error) {
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	item, res, err := s.run(ctx, req, collection, inventory.BinID(collection, req.GetBinName()), inventory.CreateBin{
		CollectionID: collection, Bin: req.GetBinName(), Name: req.GetDisplayName(),
		Address: placeOf(req.GetAddress()), ExpectRevision: req.GetExpectedRevision(),
	})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.CreateBinResponse{
		Bin: binOf(collection, req.GetBinName(), item.Bin()), Position: res.Position, Repeated: res.Repeated,
	}, nil
}

func (s stock) UpdateBin(ctx context.Context, req *inventoryv1.UpdateBinRequest) (*inventoryv1.UpdateBinResponse, error) {
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	c := inventory.UpdateBin{
		CollectionID: collection, Bin: req.GetBinName(), Name: req.DisplayName, ExpectRevision: req.GetExpectedRevision(),
	}
	if req.GetAddress() != nil {
		c.Address = new(placeOf(req.GetAddress()))
	}
	item, res, err := s.run(ctx, req, collection, inventory.BinID(collection, req.GetBinName()), c)
	if err != nil {
		return nil, err
	}
	return &inventoryv1.UpdateBinResponse{
		Bin: binOf(collection, req.GetBinName(), item.Bin()), Position: res.Position, Repeated: res.Repeated,
	}, nil
}

func (s stock) DeleteBin(ctx context.Context, req *inventoryv1.DeleteBinRequest) (*inventoryv1.DeleteBinResponse, error) {
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	item, res, err := s.run(ctx, req, collection, inventory.BinID(collection, req.GetBinName()), inventory.DeleteBin{
		CollectionID: collection, Bin: req.GetBinName(), ExpectRevision: req.GetExpectedRevision(),
	})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.DeleteBinResponse{
		Bin: binOf(collection, req.GetBinName(), item.Bin()), Position: res.Position, Repeated: res.Repeated,
	}, nil
}

func (s stock) ListBins(ctx context.Context, req *inventoryv1.ListBinsRequest) (*inventoryv1.ListBinsResponse, error) {
	if err := await(ctx, s.view, req.GetMinPosition()); err != nil {
		return nil, err
	}
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	page, next, err := s.view.Bins(callOf(ctx).Tenant, collection, int(req.GetPageSize()), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListBinsResponse{Bins: page, NextPageToken: next}, nil
}

func binOf(collection int64, name string, b inventory.Bin) *inventoryv1.Bin {
	out := &inventoryv1.Bin{
		CollectionId: collection, BinName: name, WarehouseNumber: b.Number, DisplayName: b.Name,
		Automatic: b.Automatic, StockedSkus: b.Stocked, Revision: b.Revision, Deleted: !b.Known,
	}
	if a := b.Address; a != (inventory.Address{}) {
		out.Address = &inventoryv1.Address{
			Line1: a.Line1, Line2: a.Line2, City: a.City, Region: a.Region, PostalCode: a.PostalCode, CountryCode: a.CountryCode,
		}
	}
	return out
}

// placeOf is where a bin stands.
func placeOf(a *inventoryv1.Address) inventory.Address {
	return inventory.Address{
		Line1: a.GetLine1(), Line2: a.GetLine2(), City: a.GetCity(),
		Region: a.GetRegion(), PostalCode: a.GetPostalCode(), CountryCode: a.GetCountryCode(),
	}
}
