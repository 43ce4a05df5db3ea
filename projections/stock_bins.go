package projections

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

// bucketBins holds the bins of each collection, by name; deleted ones stay, so
// that their revision does.
const bucketBins = "bins"

// binEvent is what the events of a bin have in common. Those of its stock say
// the same and more, and are stockEvents.
type binEvent interface {
	proto.Message
	GetCollectionId() int64
	GetBinName() string
}

// changeBin folds an event into the row of its bin.
func changeBin(tx *Tx, tenant string, e binEvent) error {
	k := binKey(tenant, e.GetCollectionId(), e.GetBinName())
	b, ok, err := Row[*inventoryv1.Bin](tx, bucketBins, k)
	if err != nil {
		return err
	}
	if !ok {
		b = &inventoryv1.Bin{CollectionId: e.GetCollectionId(), BinName: e.GetBinName()}
	}
	switch e := e.(type) {
	case *inventoryv1.BinCreated:
		b.WarehouseNumber, b.Automatic, b.Deleted = e.GetNumber(), e.GetAutomatic(), false
		b.DisplayName, b.Address = e.GetDisplayName(), shownAddress(e.GetAddress())
		b.Revision++
	case *inventoryv1.BinUpdated:
		b.Automatic = false
		b.DisplayName, b.Address = e.GetDisplayName(), shownAddress(e.GetAddress())
		b.Revision++
	case *inventoryv1.BinDeleted:
		b.Automatic, b.DisplayName, b.Address, b.Deleted = false, "", nil, true
		b.Revision++
	case *inventoryv1.BinContentsChanged:
		b.StockedSkus = e.GetStockedSkus()
	default:
		tx.Unknown()
		return nil
	}
	tx.Keep(bucketBins, k, b)
	return nil
}

func binKey(tenant string, collection int64, name string) []byte {
	return key(tenant, number(collection), textKey(name))
}

// shownAddress is a stored address as readers see it.
func shownAddress(a *inventoryv1.BinAddress) *inventoryv1.Address {
	if a == nil {
		return nil
	}
	return &inventoryv1.Address{
		Line1: a.GetLine1(), Line2: a.GetLine2(), City: a.GetCity(),
		Region: a.GetRegion(), PostalCode: a.GetPostalCode(), CountryCode: a.GetCountryCode(),
	}
}
