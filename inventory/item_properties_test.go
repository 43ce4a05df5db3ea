package inventory_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/inventory"
)

// catalogueCommands draws any command on the catalogue.
func catalogueCommands() *rapid.Generator[command] {
	sku := rapid.SampledFrom([]string{"a", "b", "c", "d"})
	price := rapid.SampledFrom([]money.Amount{{}, usd(1), usd(2), *eur(1), usd(-1)})
	option := rapid.Custom(func(t *rapid.T) inventory.Option {
		return inventory.Option{SKU: sku.Draw(t, "option"), Price: price.Draw(t, "price")}
	})
	options := rapid.SliceOfNDistinct(option, 0, 3, func(o inventory.Option) string { return o.SKU })
	return rapid.OneOf(
		rapid.Custom(func(t *rapid.T) command {
			return inventory.CreateItem{
				CollectionID: 1, SKU: sku.Draw(t, "sku"), Details: inventory.Details{Price: price.Draw(t, "price")}, Options: options.Draw(t, "options"),
			}
		}),
		rapid.Custom(func(t *rapid.T) command {
			p := price.Draw(t, "price")
			return inventory.UpdateItem{CollectionID: 1, SKU: sku.Draw(t, "sku"), Price: &p}
		}),
		rapid.Custom(func(t *rapid.T) command {
			return inventory.SetItemOptions{CollectionID: 1, SKU: sku.Draw(t, "sku"), Options: options.Draw(t, "options")}
		}),
		rapid.Custom(func(t *rapid.T) command { return inventory.DeleteItem{CollectionID: 1, SKU: sku.Draw(t, "sku")} }),
		rapid.Custom(func(t *rapid.T) command { return inventory.CreateBin{CollectionID: 1, Bin: sku.Draw(t, "bin")} }),
	)
}

// catalogue is what subscribers know from the events alone.
type catalogue struct {
	price  map[string]money.Amount // of what is in the catalogue, by SKU
	number map[string]int64        // of every SKU that ever was
	events map[string]uint64       // by aggregate
}

// hear checks an event against what was known, and remembers it.
func (c catalogue) hear(t *rapid.T, f fact) {
	c.events[f.ID]++
	switch e := f.Event.(type) {
	case *inventoryv1.InventoryItemCreated:
		c.added(t, e.GetItem().GetSkuId(), e.GetItem().GetNumber())
	case *inventoryv1.InventoryItemOptionAdded:
		c.added(t, e.GetOption().GetSkuId(), e.GetOption().GetNumber())
	case *inventoryv1.InventoryItemDeleted:
		c.deleted(t, e.GetItem().GetSkuId(), e.GetItem().GetNumber())
	case *inventoryv1.InventoryItemOptionDeleted:
		c.deleted(t, e.GetOption().GetSkuId(), e.GetOption().GetNumber())
	case *inventoryv1.InventoryItemUpdated:
		for _, p := range e.GetPriceChanges() {
			was := money.Amount{Minor: p.GetPreviousPriceMinor(), Currency: p.GetPreviousCurrencyCode()}
			if c.price[p.GetSkuId()] != was {
				t.Fatalf("%s is said to have cost %v, but did %v", p.GetSkuId(), was, c.price[p.GetSkuId()])
			}
			c.price[p.GetSkuId()] = money.Amount{Minor: p.GetPriceMinor(), Currency: p.GetCurrencyCode()}
		}
	}
}

func (c catalogue) added(t *rapid.T, sku string, number int64) {
	if _, there := c.price[sku]; there {
		t.Fatalf("%s was there already", sku)
	}
	c.price[sku] = money.Amount{}
	for other, n := range c.number {
		if (n == number) != (other == sku) {
			t.Fatalf("%s is number %d, %s is number %d", sku, number, other, n)
		}
	}
	c.number[sku] = number
}

func (c catalogue) deleted(t *rapid.T, sku string, number int64) {
	if _, there := c.price[sku]; !there || c.number[sku] != number {
		t.Fatalf("%s, number %d, is not there", sku, number)
	}
	delete(c.price, sku)
}

// prices are those of everything in the catalogue, from the state.
func (p *partition) prices() map[string]money.Amount {
	all := map[string]money.Amount{}
	for id, i := range p.items {
		if i.Catalogue().Known {
			all[strings.TrimPrefix(id, "item/1/")] = i.Catalogue().Details.Price
			for _, o := range i.Catalogue().Options {
				all[o.SKU] = o.Price
				if o.Price == (money.Amount{}) {
					all[o.SKU] = i.Catalogue().Details.Price
				}
			}
		}
	}
	return all
}

// TestTheCatalogueIsWhatItsEventsSay: every SKU in it was added and not deleted
// since, has one number for ever that no other SKU has, and no price changes
// without a word.
func TestTheCatalogueIsWhatItsEventsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := given(t)
		known := catalogue{map[string]money.Amount{}, map[string]int64{}, map[string]uint64{}}
		for n := range rapid.IntRange(1, 30).Draw(t, "commands") {
			c := catalogueCommands().Draw(t, fmt.Sprint("command ", n))
			before := maps.Clone(p.items)
			facts, _ := p.do(c) // refused ones change nothing, which is checked below
			for _, f := range facts {
				known.hear(t, f)
			}
			checkHistory(t, before, facts, p.items)
			prices := p.prices()
			for sku, is := range prices {
				if was, there := known.price[sku]; !there || was != is && was != (money.Amount{}) {
					t.Fatalf("%s costs %v, but is known at %v, %v, after %v", sku, is, was, there, facts)
				}
			}
			if len(prices) != len(known.price) {
				t.Fatalf("%v is in the catalogue, %v is known of", prices, known.price)
			}
			known.price = prices // what is added comes with its price
			for id, i := range p.items {
				if strings.HasPrefix(id, "item/") && i.Catalogue().Revision != known.events[id] {
					t.Fatalf("%s has revision %d after %d events", id, i.Catalogue().Revision, known.events[id])
				}
			}
		}
	})
}
