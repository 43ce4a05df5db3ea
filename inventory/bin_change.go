package inventory

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
)

// CreateBin makes a bin known. Of one that is known only because units came
// into it, it says what nobody had said yet.
type CreateBin struct {
	CollectionID int64
	// Bin is its name in stock movements.
	Bin string
	// Name is for people, Address is where it stands.
	Name    string
	Address Address
	// ExpectRevision refuses a bin with another revision; 0 means any.
	ExpectRevision uint64
}

// Decide creates the bin. Asked twice it is done once; a bin of which something
// else is known is a conflict.
func (c CreateBin) Decide(load func(id string) Item, record func(id string, e proto.Message)) error {
	if c.Bin == "" {
		return fault.Field("bin_name", "must not be empty")
	}
	id := BinID(c.CollectionID, c.Bin)
	b := load(id).Bin()
	if err := expect(c.ExpectRevision, b.Revision, "bin %q", c.Bin); err != nil {
		return err
	}
	switch {
	case b.Known && b.Automatic:
		record(id, &inventoryv1.BinUpdated{
			CollectionId: c.CollectionID, BinName: c.Bin, Number: b.Number, DisplayName: c.Name, Address: c.Address.stored(),
		})
	case b.Known && (b.Name != c.Name || b.Address != c.Address):
		return fault.New(fault.Conflict, "bin_exists", "bin_name: bin %q exists already, and is another one", c.Bin)
	case !b.Known:
		s := shelves{collection: c.CollectionID, load: load, keep: record}
		s.create(b, &inventoryv1.BinCreated{
			CollectionId: c.CollectionID, BinName: c.Bin, DisplayName: c.Name, Address: c.Address.stored(),
		})
	}
	return nil
}

// UpdateBin changes what is known of a bin.
type UpdateBin struct {
	CollectionID int64
	Bin          string
	// Name and Address replace what is known; nil leaves it as it is.
	Name    *string
	Address *Address
	// ExpectRevision refuses a bin with another revision; 0 means any.
	ExpectRevision uint64
}

// Decide changes the bin, if anything is new.
func (c UpdateBin) Decide(load func(id string) Item, record func(id string, e proto.Message)) error {
	id := BinID(c.CollectionID, c.Bin)
	b := load(id).Bin()
	if err := b.there(c.Bin, c.ExpectRevision); err != nil {
		return err
	}
	name, address := b.Name, b.Address
	if c.Name != nil {
		name = *c.Name
	}
	if c.Address != nil {
		address = *c.Address
	}
	if name != b.Name || address != b.Address {
		record(id, &inventoryv1.BinUpdated{
			CollectionId: c.CollectionID, BinName: c.Bin, Number: b.Number, DisplayName: name, Address: address.stored(),
		})
	}
	return nil
}

// DeleteBin forgets a bin in which there is nothing.
type DeleteBin struct {
	CollectionID int64
	Bin          string
	// ExpectRevision refuses a bin with another revision; 0 means any.
	ExpectRevision uint64
}

// Decide deletes the bin, once.
func (c DeleteBin) Decide(load func(id string) Item, record func(id string, e proto.Message)) error {
	id := BinID(c.CollectionID, c.Bin)
	b := load(id).Bin()
	if c.Bin != "" && !b.Known && b.Number != 0 {
		return nil
	}
	if err := b.there(c.Bin, c.ExpectRevision); err != nil {
		return err
	}
	if b.Stocked > 0 {
		return fault.New(fault.Precondition, "bin_not_empty", "bin_name: bin %q holds units of %d SKUs", c.Bin, b.Stocked)
	}
	record(id, &inventoryv1.BinDeleted{CollectionId: c.CollectionID, BinName: c.Bin, Number: b.Number})
	return nil
}

// there refuses a command on a bin that is not known, or not as it was seen.
func (b Bin) there(name string, revision uint64) error {
	switch {
	case name == "":
		return fault.Field("bin_name", "must not be empty")
	case !b.Known:
		return fault.New(fault.NotFound, "unknown_bin", "bin_name: there is no bin %q", name)
	}
	return expect(revision, b.Revision, "bin %q", name)
}
