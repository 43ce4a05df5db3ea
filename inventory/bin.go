package inventory

import (
	"strconv"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

// Bin is a place for stock, also called warehouse.
type Bin struct {
	// Known is true from its creation to its deletion.
	Known bool `cbor:"1,keyasint,omitempty"`
	// Automatic is true when nobody created it, but units came into it.
	Automatic bool `cbor:"2,keyasint,omitempty"`
	// Number is what it is called where warehouses have numbers. It outlives a
	// deletion.
	Number int64 `cbor:"3,keyasint,omitempty"`
	// Name is for people.
	Name string `cbor:"4,keyasint,omitempty"`
	// Address is where it stands.
	Address Address `cbor:"5,keyasint,omitzero"`
	// Stocked counts the SKUs of which it holds units.
	Stocked int64 `cbor:"6,keyasint,omitempty"`
	// Revision counts how often it was created, updated or deleted.
	Revision uint64 `cbor:"7,keyasint,omitempty"`
}

// Address is where a bin stands.
type Address struct {
	Line1       string `cbor:"1,keyasint,omitempty"`
	Line2       string `cbor:"2,keyasint,omitempty"`
	City        string `cbor:"3,keyasint,omitempty"`
	Region      string `cbor:"4,keyasint,omitempty"`
	PostalCode  string `cbor:"5,keyasint,omitempty"`
	CountryCode string `cbor:"6,keyasint,omitempty"`
}

// Numbers are the last numbers that a collection has given to its bins and
// items.
type Numbers struct {
	Bin  int64 `cbor:"1,keyasint,omitempty"`
	Item int64 `cbor:"2,keyasint,omitempty"`
}

// BinID is the id of the aggregate of a bin.
func BinID(collection int64, name string) string {
	return "bin/" + strconv.FormatInt(collection, 10) + "/" + binOf(name)
}

// NumbersID is the id of the aggregate of a collection's numbers.
func NumbersID(collection int64) string { return "numbers/" + strconv.FormatInt(collection, 10) }

// evolve folds one event of a bin.
func (b Bin) evolve(e proto.Message) Bin {
	switch e := e.(type) {
	case *inventoryv1.BinCreated:
		b.Known, b.Automatic, b.Number = true, e.GetAutomatic(), e.GetNumber()
		b.Name, b.Address = e.GetDisplayName(), addressOf(e.GetAddress())
		b.Revision++
	case *inventoryv1.BinUpdated:
		b.Automatic = false
		b.Name, b.Address = e.GetDisplayName(), addressOf(e.GetAddress())
		b.Revision++
	case *inventoryv1.BinDeleted:
		b = Bin{Number: b.Number, Stocked: b.Stocked, Revision: b.Revision + 1}
	case *inventoryv1.BinContentsChanged:
		b.Stocked = e.GetStockedSkus()
	}
	return b
}

func addressOf(a *inventoryv1.BinAddress) Address {
	return Address{
		Line1: a.GetLine1(), Line2: a.GetLine2(), City: a.GetCity(),
		Region: a.GetRegion(), PostalCode: a.GetPostalCode(), CountryCode: a.GetCountryCode(),
	}
}

// stored is the address as events have it; nil when there is none.
func (a Address) stored() *inventoryv1.BinAddress {
	if a == (Address{}) {
		return nil
	}
	return &inventoryv1.BinAddress{
		Line1: a.Line1, Line2: a.Line2, City: a.City,
		Region: a.Region, PostalCode: a.PostalCode, CountryCode: a.CountryCode,
	}
}

// shelves keep the bins in step with what a command does to stock: a bin that
// units come into becomes known, and knows of how many SKUs it holds units, so
// that it is not deleted with anything in it.
type shelves struct {
	collection int64
	load       func(id string) Item
	keep       func(id string, e proto.Message)
	names      []string         // bins in the order of their first change
	change     map[string]int64 // in SKUs that they hold units of
}

// onHandEvent is what the events that change units on hand have in common.
type onHandEvent interface {
	GetBinName() string
}

// record stores an event, and takes note of what it does to a bin.
func (s *shelves) record(id string, e proto.Message) {
	var delta int64
	switch e := e.(type) {
	case *inventoryv1.StockAdjusted:
		delta = e.GetDelta()
	case *inventoryv1.StockShipped:
		delta = -e.GetQuantity()
	default:
		s.keep(id, e)
		return
	}
	before := s.load(id).Stock
	s.keep(id, e)
	if more := filled(before.OnHand+delta) - filled(before.OnHand); more != 0 || !before.Known {
		if at, ok := e.(onHandEvent); ok {
			s.note(at.GetBinName(), more)
		}
	}
}

// filled counts a stock item that has units.
func filled(units int64) int64 { return min(max(units, 0), 1) }

func (s *shelves) note(bin string, more int64) {
	if s.change == nil {
		s.change = map[string]int64{}
	}
	if _, noted := s.change[bin]; !noted {
		s.names = append(s.names, bin)
	}
	s.change[bin] += more
}

// close records what has become of the bins.
func (s *shelves) close() {
	for _, name := range s.names {
		id := BinID(s.collection, name)
		b := s.load(id).Bin()
		if !b.Known {
			s.create(b, &inventoryv1.BinCreated{CollectionId: s.collection, BinName: name, Automatic: true})
		}
		if more := s.change[name]; more != 0 {
			s.keep(id, &inventoryv1.BinContentsChanged{
				CollectionId: s.collection, BinName: name, StockedSkus: max(b.Stocked+more, 0), // 0: from a log older than the count
			})
		}
	}
}

// create makes a bin known, under the number that it has or else the next one.
func (s *shelves) create(b Bin, e *inventoryv1.BinCreated) {
	n := s.load(NumbersID(s.collection)).Numbers()
	if e.Number = b.Number; e.Number == 0 {
		e.Number = n.Bin + 1
	}
	s.keep(BinID(s.collection, e.GetBinName()), e)
	if b.Number == 0 {
		s.keep(NumbersID(s.collection), &inventoryv1.NumbersAssigned{
			CollectionId: s.collection, LastBin: e.GetNumber(), LastItem: n.Item,
		})
	}
}
