package inventory

import (
	"cmp"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// CreateItem puts an item into the catalogue. Its stock may be there already.
type CreateItem struct {
	CollectionID int64
	SKU          string
	// Details without a status are those of an active item.
	Details Details
	// Options have no numbers yet.
	Options []Option
	// ExpectRevision refuses a SKU with another revision; 0 means any.
	ExpectRevision uint64
}

// Decide creates the item. Asked twice it is done once; an item of which
// something else is said is a conflict.
func (c CreateItem) Decide(load func(id string) Item, record func(id string, e proto.Message)) error {
	l := openItem(c.CollectionID, c.SKU, load, record)
	after := CatalogueItem{Known: true, Number: l.number(c.SKU), Details: c.Details.tidy(), Options: tidy(c.Options)}
	after.Details.Status = cmp.Or(after.Details.Status, inventoryv1.ItemStatus_ITEM_STATUS_ACTIVE)
	if err := l.check(after); err != nil {
		return err
	}
	after.Options = l.numbered(after.Options)
	if err := expect(c.ExpectRevision, l.before.Revision, "item %q", c.SKU); err != nil {
		return err
	}
	if l.before.Known {
		if l.before.Details.equal(after.Details) && slices.EqualFunc(l.before.Options, after.Options, Option.equal) {
			return nil
		}
		return fault.New(fault.Conflict, "item_exists", "sku_id: item %q exists already, and is another one", c.SKU)
	}
	l.write(&inventoryv1.InventoryItemCreated{Item: after.stored(c.CollectionID, c.SKU)}, after)
	return nil
}

// UpdateItem changes an item. Its options have a command of their own.
type UpdateItem struct {
	CollectionID int64
	SKU          string
	// What is nil, or has no value, stays as it is.
	Name        *string
	Description *string
	Status      ItemStatus
	TrackStock  *bool
	Price       *money.Amount
	Cost        *money.Amount
	PartnerSKU  *string
	// Identifiers and Properties are changed one by one; an empty value
	// removes one.
	Identifiers map[string]string
	Properties  map[string]string
	// ExpectRevision refuses an item with another revision; 0 means any.
	ExpectRevision uint64
}

// Decide changes the item, if anything is new.
func (c UpdateItem) Decide(load func(id string) Item, record func(id string, e proto.Message)) error {
	l := openItem(c.CollectionID, c.SKU, load, record)
	if err := l.there(c.ExpectRevision); err != nil {
		return err
	}
	after := l.before
	after.Details = c.applied(after.Details)
	if err := l.check(after); err != nil {
		return err
	}
	l.update(after)
	return nil
}

// update records that the item is another one, if it is.
func (l *listing) update(after CatalogueItem) {
	if l.before.Details.equal(after.Details) && slices.EqualFunc(l.before.Options, after.Options, Option.equal) {
		return
	}
	l.write(&inventoryv1.InventoryItemUpdated{
		Item: after.stored(l.collection, l.sku), PriceChanges: after.repriced(l.sku, l.before),
	}, after)
}

// applied are the details with the changes.
func (c UpdateItem) applied(d Details) Details {
	set(&d.Name, c.Name)
	set(&d.Description, c.Description)
	set(&d.TrackStock, c.TrackStock)
	set(&d.Price, c.Price)
	set(&d.Cost, c.Cost)
	set(&d.PartnerSKU, c.PartnerSKU)
	d.Status = cmp.Or(c.Status, d.Status)
	d.Identifiers = merged(d.Identifiers, c.Identifiers)
	d.Properties = merged(d.Properties, c.Properties)
	return d.tidy()
}

func set[T any](to, value *T) {
	if value != nil {
		*to = *value
	}
}

// merged is a copy of the old values with the new ones in their place.
func merged(old, changes map[string]string) map[string]string {
	all := maps.Clone(old)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, changes)
	return all
}

// tidy is the one way of saying nothing: no amount of zero, no empty value, no
// empty map.
func (d Details) tidy() Details {
	d.Price, d.Cost = worth(d.Price.Minor, d.Price.Currency), worth(d.Cost.Minor, d.Cost.Currency)
	d.Identifiers, d.Properties = nonEmpty(d.Identifiers), nonEmpty(d.Properties)
	return d
}

func nonEmpty(m map[string]string) map[string]string {
	all := maps.Clone(m)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	if len(all) == 0 {
		return nil
	}
	return all
}

// tidy is a copy of the options without empty amounts and values.
func tidy(options []Option) []Option {
	all := slices.Clone(options)
	for n, o := range all {
		all[n].Price, all[n].Attributes = worth(o.Price.Minor, o.Price.Currency), nonEmpty(o.Attributes)
	}
	return all
}

// SetItemOptions says in which forms an item is sold. An option that stays
// keeps its number.
type SetItemOptions struct {
	CollectionID int64
	SKU          string
	// Options are all options, in the order wanted.
	Options []Option
	// ExpectRevision refuses an item with another revision; 0 means any.
	ExpectRevision uint64
}

// Decide replaces the options, if they are others.
func (c SetItemOptions) Decide(load func(id string) Item, record func(id string, e proto.Message)) error {
	l := openItem(c.CollectionID, c.SKU, load, record)
	if err := l.there(c.ExpectRevision); err != nil {
		return err
	}
	after := l.before
	after.Options = tidy(c.Options)
	if err := l.check(after); err != nil {
		return err
	}
	after.Options = l.numbered(after.Options)
	l.update(after)
	return nil
}

// DeleteItem takes an item and its options out of the catalogue. Their stock
// stays where it is.
type DeleteItem struct {
	CollectionID int64
	SKU          string
	// ExpectRevision refuses an item with another revision; 0 means any.
	ExpectRevision uint64
}

// Decide deletes the item, once.
func (c DeleteItem) Decide(load func(id string) Item, record func(id string, e proto.Message)) error {
	l := openItem(c.CollectionID, c.SKU, load, record)
	if b := l.before; !b.Known && b.OptionOf == "" && b.Number != 0 {
		return nil
	}
	if err := l.there(c.ExpectRevision); err != nil {
		return err
	}
	l.write(&inventoryv1.InventoryItemDeleted{Item: l.before.stored(c.CollectionID, c.SKU)}, CatalogueItem{})
	return nil
}
