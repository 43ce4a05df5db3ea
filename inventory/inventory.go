// Package inventory decides about stock: what is on hand, what of it is kept
// for orders, and what is left to sell.
//
// A stock item is one SKU in one bin. A bulk transaction is a request of the
// saga with what became of it, kept so that a repeat is answered from there,
// and that no more is undone, released or shipped than the request holds. Bins
// and the items of the catalogue say what stock items are made of. All
// aggregates of one collection live in one partition with
// one writer, so a command sees every item that it touches as it is, and
// 0 <= reserved <= on hand holds after each one.
//
// The package is pure: time and ids arrive in commands, and nothing here does
// I/O.
package inventory

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

// DefaultBin is the bin of a line that names none.
const DefaultBin = "main"

// MaxQuantity is the largest number of units that one line may move.
const MaxQuantity = 1_000_000_000

// MaxOnHand is the largest number of units of one SKU in one bin. It keeps the
// sum over millions of items inside 64 bits.
const MaxOnHand = 1_000_000_000_000

// Movement says what a line does to stock.
type Movement = inventoryv1.StockMovement

// The movements, by the names that the rest of the code uses.
const (
	Add       = inventoryv1.StockMovement_STOCK_MOVEMENT_ADD
	Remove    = inventoryv1.StockMovement_STOCK_MOVEMENT_REMOVE
	Transfer  = inventoryv1.StockMovement_STOCK_MOVEMENT_TRANSFER
	Reconcile = inventoryv1.StockMovement_STOCK_MOVEMENT_RECONCILE
	Restock   = inventoryv1.StockMovement_STOCK_MOVEMENT_RESTOCK
)

// Item is the state of one aggregate of the inventory log. The aggregate's id
// says which part is used; the others stay zero.
type Item struct {
	// Stock is the state of a stock item.
	Stock Stock `cbor:"1,keyasint,omitzero"`
	// Transaction is the state of a bulk transaction.
	Transaction Transaction `cbor:"2,keyasint,omitzero"`
	// Rare is the state of everything else. It stands apart, since there are
	// millions of stock items and transactions, and few others.
	Rare *Rare `cbor:"3,keyasint,omitempty"`
}

// Rare has the parts of an Item that few aggregates use.
type Rare struct {
	// Bin is the state of a bin.
	Bin Bin `cbor:"1,keyasint,omitzero"`
	// Numbers is the state of the numbers of a collection.
	Numbers Numbers `cbor:"2,keyasint,omitzero"`
	// Catalogue is the state of a SKU in the catalogue.
	Catalogue CatalogueItem `cbor:"3,keyasint,omitzero"`
}

// Bin is the state of a bin.
func (i Item) Bin() Bin { return i.rare().Bin }

// Numbers is the state of the numbers of a collection.
func (i Item) Numbers() Numbers { return i.rare().Numbers }

// Catalogue is the state of a SKU in the catalogue.
func (i Item) Catalogue() CatalogueItem { return i.rare().Catalogue }

func (i Item) rare() Rare {
	if i.Rare == nil {
		return Rare{}
	}
	return *i.Rare
}

// evolve folds an event into a copy of the rare parts.
func (r Rare) evolve(e proto.Message) *Rare {
	switch e := e.(type) {
	case *inventoryv1.BinCreated, *inventoryv1.BinUpdated, *inventoryv1.BinDeleted, *inventoryv1.BinContentsChanged:
		r.Bin = r.Bin.evolve(e)
	case *inventoryv1.NumbersAssigned:
		r.Numbers = Numbers{Bin: e.GetLastBin(), Item: e.GetLastItem()}
	default:
		r.Catalogue = r.Catalogue.evolve(e)
	}
	return &r
}

// StockID is the id of the stock item of a SKU in a bin.
func StockID(collection int64, bin, sku string) string {
	// Whatever stands behind the second slash is the SKU, so only the bin
	// must not bring slashes of its own.
	return strconv.FormatInt(collection, 10) + "/" + escape(binOf(bin)) + "/" + sku
}

// TransactionID is the id of the aggregate of a bulk transaction.
func TransactionID(collection int64, id string) string {
	return "tx/" + strconv.FormatInt(collection, 10) + "/" + id
}

// escape makes a name fit between two slashes; different names stay different.
func escape(name string) string {
	if !strings.ContainsAny(name, "%/") {
		return name
	}
	return strings.NewReplacer("%", "%25", "/", "%2F").Replace(name)
}

// binOf is the bin that a line means.
func binOf(name string) string {
	if name == "" {
		return DefaultBin
	}
	return name
}

// New returns an aggregate without history. Neither id nor ordinal matters:
// the id is in every event, and stock is not numbered.
func New(string, uint64) Item { return Item{} }

// Evolve folds one stored event. It never fails and never changes what the
// given state shares.
func Evolve(i Item, e proto.Message) Item {
	switch e := e.(type) {
	case *inventoryv1.StockAdjusted, *inventoryv1.StockReserved, *inventoryv1.StockReleased, *inventoryv1.StockShipped,
		*inventoryv1.StockThresholdsSet, *inventoryv1.StockStatusChanged:
		i.Stock = i.Stock.evolve(e)
	case *inventoryv1.BulkTransactionApplied, *inventoryv1.BulkTransactionReleased, *inventoryv1.ReservationReduced:
		i.Transaction = i.Transaction.evolve(e)
	case *inventoryv1.BinCreated, *inventoryv1.BinUpdated, *inventoryv1.BinDeleted, *inventoryv1.BinContentsChanged,
		*inventoryv1.NumbersAssigned,
		*inventoryv1.InventoryItemCreated, *inventoryv1.InventoryItemUpdated, *inventoryv1.InventoryItemDeleted,
		*inventoryv1.InventoryItemOptionAdded, *inventoryv1.InventoryItemOptionDeleted:
		i.Rare = i.rare().evolve(e)
	}
	return i
}
