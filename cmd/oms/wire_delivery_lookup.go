package main

import (
	"context"

	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/delivery/directscale"
	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/inventory"
)

// translators say what happens in the words of those who listen.
func (s *service) translators() []delivery.Translator {
	l := lookup{s}
	return []delivery.Translator{
		directscale.NewOrders(l, l.history),
		directscale.Payments{Lookup: l},
		directscale.Inventory{Lookup: l},
		directscale.Accounts{},
	}
}

// lookup finds numbers in the states of the logs.
type lookup struct{ *service }

// history reads the commits of an order up to a log position.
func (l lookup) history(ctx context.Context, tenant, id string, upTo uint64) ([]eventstore.Commit, error) {
	return l.service.history()(ctx, tenant, id, upTo)
}

// Order implements directscale.Lookup.
func (l lookup) Order(ctx context.Context, tenant, id string) (int64, error) {
	snap, err := l.logs.orders.Read(ctx, tenant, id, id)
	return int64(snap.State.Number), err //nolint:gosec // counted up from 1
}

// Associate implements directscale.Lookup.
func (l lookup) Associate(ctx context.Context, tenant, id string) (int64, error) {
	snap, err := l.logs.customers.Read(ctx, tenant, customer.Scope, customer.AssociateID(id))
	if err != nil || !snap.State.Associate.Exists() {
		return 0, err
	}
	return snap.State.Associate.Number, nil
}

// Bin implements directscale.Lookup.
func (l lookup) Bin(ctx context.Context, tenant string, collection int64, name string) (int64, error) {
	if name == "" {
		name = inventory.DefaultBin
	}
	snap, err := l.logs.inventory.Read(ctx, tenant, inventory.Scope(collection), inventory.BinID(collection, name))
	return snap.State.Bin().Number, err
}

// Item implements directscale.Lookup.
func (l lookup) Item(ctx context.Context, tenant string, collection int64, sku string) (int64, error) {
	snap, err := l.logs.inventory.Read(ctx, tenant, inventory.Scope(collection), inventory.ItemID(collection, sku))
	return snap.State.Catalogue().Number, err
}
