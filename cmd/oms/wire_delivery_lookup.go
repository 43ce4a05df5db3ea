package main

import (
	"context"
	"sync"

	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/delivery/directscale"
	"github.com/orderstream/oms/delivery/dsco"
	"github.com/orderstream/oms/delivery/skava"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/inventory"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/projections"
)

// translators say what happens in the words of those who listen.
func (s *service) translators() []delivery.Translator {
	l := lookup{s, s.stockLevels()}
	return []delivery.Translator{
		&together{all: []delivery.Translator{directscale.NewOrders(l, l.history), dsco.NewOrders(l, s.cfg.dscoAccounts, l.history), skava.NewOrders(skava.Config{
			Order: l.order, Read: l.history, External: s.cfg.External,
		})}},
		directscale.Payments{Lookup: l},
		&together{all: []delivery.Translator{directscale.Inventory{Lookup: l}, dsco.Inventory{Lookup: l, Accounts: s.cfg.dscoAccounts}}},
		directscale.Accounts{},
	}
}

// together are the translators of one log into several vocabularies. Those of
// several partitions are asked at the same time, and remember.
type together struct {
	mu  sync.Mutex
	all []delivery.Translator
}

// Log implements delivery.Translator.
func (ts *together) Log() string { return ts.all[0].Log() }

// Translate implements delivery.Translator.
func (ts *together) Translate(ctx context.Context, c eventstore.Commit, wanted func(deliveryv1.Vocabulary) bool) (all []delivery.Told, err error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, t := range ts.all {
		told, err := t.Translate(ctx, c, wanted)
		if err != nil {
			return nil, err
		}
		all = append(all, told...)
	}
	return all, nil
}

// lookup finds numbers in the states of the logs.
type lookup struct {
	*service
	levels *dsco.Levels
}

// history reads the commits of an order up to a log position.
func (l lookup) history(ctx context.Context, tenant, id string, upTo uint64) ([]eventstore.Commit, error) {
	return l.service.history()(ctx, tenant, id, upTo)
}

// order reads an order as it is now.
func (l lookup) order(ctx context.Context, tenant, id string) (order.Order, error) {
	snap, err := l.logs.orders.Read(ctx, tenant, id, id)
	return snap.State, err
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

// Catalogue implements dsco.Lookup. What an option is like is what its item is.
func (l lookup) Catalogue(ctx context.Context, tenant string, collection int64, sku string) (inventory.CatalogueItem, error) {
	snap, err := l.logs.inventory.Read(ctx, tenant, inventory.Scope(collection), inventory.ItemID(collection, sku))
	item := snap.State.Catalogue()
	switch {
	case err != nil || item.Known:
		return item, err
	case item.OptionOf != "":
		of, err := l.logs.inventory.Read(ctx, tenant, inventory.Scope(collection), inventory.ItemID(collection, item.OptionOf))
		item.Details = of.State.Catalogue().Details
		return item, err
	case item.Number == 0:
		return item, nil // it never was in the catalogue
	}
	was, ok, err := projections.Stock{View: l.views.stock.View()}.Item(tenant, collection, sku)
	if err != nil || !ok {
		return item, err
	}
	item.Known = true
	item.Details = inventory.Details{Name: was.GetName(), Status: was.GetStatus(), Identifiers: was.GetIdentifiers(), PartnerSKU: was.GetPartnerSku(), Properties: was.GetProperties()}
	if c := was.GetCost(); c != nil {
		item.Details.Cost = money.Amount{Minor: c.GetMinorUnits(), Currency: c.GetCurrencyCode()}
	}
	return item, nil
}

// Warehouse implements dsco.Lookup.
func (l lookup) Warehouse(ctx context.Context, tenant string, collection int64, name string) (inventory.Bin, error) {
	snap, err := l.logs.inventory.Read(ctx, tenant, inventory.Scope(collection), inventory.BinID(collection, name))
	return snap.State.Bin(), err
}

// Before implements dsco.Lookup.
func (l lookup) Before(ctx context.Context, c eventstore.Commit, collection int64, sku string) (map[string]int64, error) {
	return l.levels.Before(ctx, c, collection, sku)
}

// stockLevels reads back from what the view shows.
func (s *service) stockLevels() *dsco.Levels {
	return &dsco.Levels{
		Now: func(ctx context.Context, tenant string, collection int64, sku string, position uint64) (map[string]int64, uint64, error) {
			view := s.views.stock.View() // it is opened after the engine is made
			if err := view.WaitFor(ctx, position); err != nil {
				return nil, 0, err
			}
			rows, seen, err := projections.Stock{View: view}.GetAt(tenant, collection, sku)
			bins := map[string]int64{}
			for _, r := range rows {
				bins[r.GetBinName()] = r.GetAvailable()
			}
			return bins, seen, err
		},
		At: func(ctx context.Context, position uint64) (eventstore.Batch, bool, error) {
			return s.store.At(ctx, "inventory", position)
		},
	}
}
