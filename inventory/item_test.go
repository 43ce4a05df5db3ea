package inventory_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/inventory"
)

const active = inventoryv1.ItemStatus_ITEM_STATUS_ACTIVE

func usd(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }

func eur(minor int64) *money.Amount { return &money.Amount{Minor: minor, Currency: "EUR"} }

// shirt is an item in two sizes.
func shirt() inventory.CreateItem {
	return inventory.CreateItem{
		CollectionID: 1, SKU: "shirt",
		Details: inventory.Details{
			Name: "A shirt", TrackStock: true, Price: usd(2000), Cost: usd(900),
			Identifiers: map[string]string{"upc": "036000291452", "ean": ""}, Properties: map[string]string{"cut": "slim", "fit": "regular"},
		},
		Options: []inventory.Option{size("m", 0), size("l", 2200)},
	}
}

func size(of string, price int64) inventory.Option {
	o := inventory.Option{SKU: "shirt-" + of, Name: strings.ToUpper(of), Attributes: map[string]string{"size": of}}
	if price > 0 {
		o.Price = usd(price)
	}
	return o
}

// storedShirt is what events say of it.
func storedShirt() *inventoryv1.StoredItem {
	return &inventoryv1.StoredItem{
		CollectionId: 1, SkuId: "shirt", Number: 1, Name: "A shirt", Status: active, TrackStock: true,
		CurrencyCode: "USD", PriceMinor: 2000, CostMinor: 900,
		Identifiers: map[string]string{"upc": "036000291452"}, Properties: map[string]string{"cut": "slim", "fit": "regular"},
		Options: []*inventoryv1.StoredOption{storedSize("m", 2, 0), storedSize("l", 3, 2200)},
	}
}

func storedSize(of string, number, price int64) *inventoryv1.StoredOption {
	return &inventoryv1.StoredOption{SkuId: "shirt-" + of, Number: number, Name: strings.ToUpper(of), PriceMinor: price, Attributes: map[string]string{"size": of}}
}

func optionAdded(o *inventoryv1.StoredOption) fact {
	return fact{inventory.ItemID(1, o.GetSkuId()), &inventoryv1.InventoryItemOptionAdded{CollectionId: 1, ItemSkuId: "shirt", Option: o}}
}

func optionDeleted(o *inventoryv1.StoredOption) fact {
	return fact{inventory.ItemID(1, o.GetSkuId()), &inventoryv1.InventoryItemOptionDeleted{
		CollectionId: 1, ItemSkuId: "shirt", ItemNumber: 1, Option: o, TrackStock: true,
	}}
}

func itemNumbers(n int64) fact {
	return fact{inventory.NumbersID(1), &inventoryv1.NumbersAssigned{CollectionId: 1, LastItem: n}}
}

// updated is the shirt after a change, with the prices that changed.
func updated(change func(*inventoryv1.StoredItem), prices ...*inventoryv1.PriceChange) fact {
	s := storedShirt()
	change(s)
	return fact{inventory.ItemID(1, "shirt"), &inventoryv1.InventoryItemUpdated{Item: s, PriceChanges: prices}}
}

func priced(sku string, was, is int64) *inventoryv1.PriceChange {
	return &inventoryv1.PriceChange{SkuId: sku, PreviousCurrencyCode: "USD", PreviousPriceMinor: was, CurrencyCode: "USD", PriceMinor: is}
}

func TestAnItemIsCreatedOnce(t *testing.T) {
	p := given(t)
	got, err := p.do(shirt())
	if err != nil {
		t.Fatal(err)
	}
	same(t, []fact{
		{inventory.ItemID(1, "shirt"), &inventoryv1.InventoryItemCreated{Item: storedShirt()}},
		optionAdded(storedSize("m", 2, 0)), optionAdded(storedSize("l", 3, 2200)), itemNumbers(3),
	}, got)
	if again, err := p.do(shirt()); err != nil || again != nil {
		t.Errorf("a repeat recorded %v, %v", again, err)
	}
}

func TestAnItemChangesOnlyWhereItIsTold(t *testing.T) {
	price := usd(1500)
	for name, tt := range map[string]struct {
		do   command
		want []fact
	}{
		"nothing":      {inventory.UpdateItem{CollectionID: 1, SKU: "shirt"}, nil},
		"what it is":   {inventory.UpdateItem{CollectionID: 1, SKU: "shirt", Name: proto.String("A shirt"), Status: active}, nil},
		"its name":     {inventory.UpdateItem{CollectionID: 1, SKU: "shirt", Name: proto.String("Shirt"), ExpectRevision: 1}, []fact{updated(func(s *inventoryv1.StoredItem) { s.Name = "Shirt" })}},
		"its stock":    {inventory.UpdateItem{CollectionID: 1, SKU: "shirt", TrackStock: proto.Bool(false)}, []fact{updated(func(s *inventoryv1.StoredItem) { s.TrackStock = false })}},
		"its price":    {inventory.UpdateItem{CollectionID: 1, SKU: "shirt", Price: &price}, []fact{updated(func(s *inventoryv1.StoredItem) { s.PriceMinor = 1500 }, priced("shirt", 2000, 1500), priced("shirt-m", 2000, 1500))}},
		"its cost":     {inventory.UpdateItem{CollectionID: 1, SKU: "shirt", Cost: &money.Amount{}}, []fact{updated(func(s *inventoryv1.StoredItem) { s.CostMinor = 0 })}},
		"a property":   {inventory.UpdateItem{CollectionID: 1, SKU: "shirt", Properties: map[string]string{"cut": "", "new": "yes"}}, []fact{updated(func(s *inventoryv1.StoredItem) { s.Properties = map[string]string{"fit": "regular", "new": "yes"} })}},
		"an option":    {options(size("l", 2200)), []fact{updated(func(s *inventoryv1.StoredItem) { s.Options = s.GetOptions()[1:] }), optionDeleted(storedSize("m", 2, 0))}},
		"its options":  {options(), []fact{updated(func(s *inventoryv1.StoredItem) { s.Options = nil }), optionDeleted(storedSize("m", 2, 0)), optionDeleted(storedSize("l", 3, 2200))}},
		"their order":  {options(size("l", 2200), size("m", 0)), []fact{updated(func(s *inventoryv1.StoredItem) { s.Options[0], s.Options[1] = s.Options[1], s.Options[0] })}},
		"their prices": {options(size("m", 0), size("l", 2100)), []fact{updated(func(s *inventoryv1.StoredItem) { s.Options[1].PriceMinor = 2100 }, priced("shirt-l", 2200, 2100))}},
		"one more": {options(size("m", 0), size("s", 0), size("l", 2200)), []fact{
			updated(func(s *inventoryv1.StoredItem) {
				s.Options = []*inventoryv1.StoredOption{s.Options[0], storedSize("s", 4, 0), s.Options[1]}
			}), optionAdded(storedSize("s", 4, 0)), itemNumbers(4),
		}},
		"the same options": {options(size("m", 0), size("l", 2200)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := given(t)
			p.must(shirt())
			got, err := p.do(tt.do)
			if err != nil {
				t.Fatal(err)
			}
			same(t, tt.want, got)
			if again, err := p.do(withoutRevision(tt.do)); err != nil || again != nil {
				t.Errorf("a repeat recorded %v, %v", again, err)
			}
		})
	}
}

func options(all ...inventory.Option) inventory.SetItemOptions {
	return inventory.SetItemOptions{CollectionID: 1, SKU: "shirt", Options: all}
}

// withoutRevision is a command that takes the item as it is.
func withoutRevision(c command) command {
	if u, ok := c.(inventory.UpdateItem); ok {
		u.ExpectRevision = 0
		return u
	}
	return c
}

func TestADeletedItemTakesItsOptionsAlongAndKeepsItsNumber(t *testing.T) {
	p := given(t)
	p.must(shirt())
	got, err := p.do(inventory.DeleteItem{CollectionID: 1, SKU: "shirt", ExpectRevision: 1})
	if err != nil {
		t.Fatal(err)
	}
	same(t, []fact{
		{inventory.ItemID(1, "shirt"), &inventoryv1.InventoryItemDeleted{Item: storedShirt()}},
		optionDeleted(storedSize("m", 2, 0)), optionDeleted(storedSize("l", 3, 2200)),
	}, got)
	if again, err := p.do(inventory.DeleteItem{CollectionID: 1, SKU: "shirt"}); err != nil || again != nil {
		t.Errorf("a repeat recorded %v, %v", again, err)
	}
	p.must(inventory.CreateItem{CollectionID: 1, SKU: "shirt-m"})
	p.must(inventory.CreateItem{CollectionID: 1, SKU: "shirt"})
	if m, all := p.items[inventory.ItemID(1, "shirt-m")].Catalogue(), p.items[inventory.ItemID(1, "shirt")].Catalogue(); m.Number != 2 || all.Number != 1 || all.Revision != 3 {
		t.Errorf("numbers %d and %d, revision %d", m.Number, all.Number, all.Revision)
	}
}

func TestCommandsOnItemsAreRefused(t *testing.T) {
	other := func(change func(*inventory.CreateItem)) command {
		c := inventory.CreateItem{CollectionID: 1, SKU: "hat", Details: inventory.Details{Price: usd(100)}}
		change(&c)
		return c
	}
	for name, tt := range map[string]struct {
		do     command
		kind   fault.Kind
		reason string
		says   string
	}{
		"no SKU":               {other(func(c *inventory.CreateItem) { c.SKU = "" }), fault.Invalid, "invalid_fields", "sku_id:"},
		"unknown status":       {other(func(c *inventory.CreateItem) { c.Details.Status = 99 }), fault.Invalid, "invalid_fields", "status:"},
		"unknown currency":     {other(func(c *inventory.CreateItem) { c.Details.Price.Currency = "XQX" }), fault.Invalid, "invalid_fields", "price:"},
		"less than nothing":    {other(func(c *inventory.CreateItem) { c.Details.Price = usd(-1) }), fault.Invalid, "invalid_fields", "price:"},
		"two currencies":       {other(func(c *inventory.CreateItem) { c.Details.Cost = *eur(1) }), fault.Invalid, "invalid_fields", "cost: is in EUR"},
		"an option's currency": {other(func(c *inventory.CreateItem) { c.Options = []inventory.Option{{SKU: "h", Price: *eur(1)}} }), fault.Invalid, "invalid_fields", "options[0].price:"},
		"option without SKU":   {other(func(c *inventory.CreateItem) { c.Options = []inventory.Option{{}} }), fault.Invalid, "invalid_fields", "options[0].sku_id:"},
		"option is the item":   {other(func(c *inventory.CreateItem) { c.Options = []inventory.Option{{SKU: "hat"}} }), fault.Invalid, "invalid_fields", "options[0].sku_id:"},
		"option given twice":   {other(func(c *inventory.CreateItem) { c.Options = []inventory.Option{{SKU: "h"}, {SKU: "h"}} }), fault.Invalid, "invalid_fields", "options[1].sku_id:"},
		"option of another":    {other(func(c *inventory.CreateItem) { c.Options = []inventory.Option{{SKU: "shirt-m"}} }), fault.Conflict, "sku_taken", "options[0].sku_id:"},
		"option is an item":    {other(func(c *inventory.CreateItem) { c.Options = []inventory.Option{{SKU: "shirt"}} }), fault.Conflict, "sku_taken", "options[0].sku_id:"},
		"item is an option":    {other(func(c *inventory.CreateItem) { c.SKU = "shirt-m" }), fault.Conflict, "sku_taken", "sku_id:"},
		"item exists":          {other(func(c *inventory.CreateItem) { c.SKU = "shirt" }), fault.Conflict, "item_exists", "sku_id:"},
		"not as new":           {other(func(c *inventory.CreateItem) { c.ExpectRevision = 5 }), fault.Conflict, "revision_mismatch", "expected_revision:"},
		"update of none":       {inventory.UpdateItem{CollectionID: 1, SKU: "hat"}, fault.NotFound, "unknown_item", "sku_id:"},
		"update of an option":  {inventory.UpdateItem{CollectionID: 1, SKU: "shirt-m"}, fault.NotFound, "unknown_item", "sku_id:"},
		"another revision":     {inventory.UpdateItem{CollectionID: 1, SKU: "shirt", ExpectRevision: 2}, fault.Conflict, "revision_mismatch", "expected_revision:"},
		"another currency":     {inventory.UpdateItem{CollectionID: 1, SKU: "shirt", Price: eur(1)}, fault.Invalid, "invalid_fields", "cost: is in USD, but other prices of the item are in EUR; options[1].price:"},
		"options of none":      {inventory.SetItemOptions{CollectionID: 1, SKU: "hat"}, fault.NotFound, "unknown_item", "sku_id:"},
		"options, revision":    {inventory.SetItemOptions{CollectionID: 1, SKU: "shirt", ExpectRevision: 2}, fault.Conflict, "revision_mismatch", "expected_revision:"},
		"delete of none":       {inventory.DeleteItem{CollectionID: 1, SKU: "hat"}, fault.NotFound, "unknown_item", "sku_id:"},
		"delete of an option":  {inventory.DeleteItem{CollectionID: 1, SKU: "shirt-m"}, fault.NotFound, "unknown_item", "sku_id:"},
		"delete, revision":     {inventory.DeleteItem{CollectionID: 1, SKU: "shirt", ExpectRevision: 2}, fault.Conflict, "revision_mismatch", "expected_revision:"},
	} {
		p := given(t)
		p.must(shirt())
		_, err := p.do(tt.do)
		if fault.KindOf(err) != tt.kind || fault.ReasonOf(err) != tt.reason || !strings.HasPrefix(fault.Public(err), tt.says) {
			t.Errorf("%s: got %v %s %q", name, fault.KindOf(err), fault.ReasonOf(err), fault.Public(err))
		}
	}
}
