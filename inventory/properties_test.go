package inventory_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/inventory"
)

var (
	skus      = rapid.SampledFrom([]string{"a", "b", "c"})
	bins      = rapid.SampledFrom([]string{"", "east", "w/est"})
	requests  = rapid.SampledFrom([]string{"r1", "r2", "r3", "r4", "r5", "r6"})
	movements = rapid.SampledFrom([]inventory.Movement{inventory.Add, inventory.Remove, inventory.Transfer, inventory.Reconcile, inventory.Restock, 0})
	actions   = rapid.SampledFrom([]inventory.Action{inventory.ToRelease, inventory.ToShip, inventory.ToShip, inventory.ToReserve, inventory.ToRestock})
	movesOf   = map[inventory.Action]inventory.Movement{
		inventory.ByMovement: inventory.Remove, inventory.ToReserve: inventory.Remove,
		inventory.ToRelease: inventory.Add, inventory.ToShip: 0, inventory.ToRestock: inventory.Add,
	}
	quantity = rapid.Int64Range(-1, 12)
)

// commands draws any command, sensible or not.
func commands() *rapid.Generator[command] {
	line := rapid.Custom(func(t *rapid.T) inventory.Line {
		return inventory.Line{Bin: bins.Draw(t, "bin"), SKU: skus.Draw(t, "sku"), Movement: movements.Draw(t, "movement"), Quantity: quantity.Draw(t, "quantity")}
	})
	adjustment := rapid.Custom(func(t *rapid.T) inventory.Adjustment {
		return inventory.Adjustment{
			Movement: movements.Draw(t, "movement"), SKU: skus.Draw(t, "sku"),
			Bin: bins.Draw(t, "bin"), ToBin: bins.Draw(t, "to"), Quantity: quantity.Draw(t, "quantity"),
		}
	})
	return rapid.OneOf(
		rapid.Custom(func(t *rapid.T) command {
			return inventory.BulkTransaction{
				CollectionID: 1, ID: requests.Draw(t, "id"), AllOrNone: rapid.Bool().Draw(t, "all or none"),
				Lines: rapid.SliceOfN(line, 1, 5).Draw(t, "lines"), Now: noon,
			}
		}),
		rapid.Custom(func(t *rapid.T) command {
			c := inventory.BulkTransaction{
				CollectionID: 1, ID: requests.Draw(t, "id"), AllOrNone: rapid.Bool().Draw(t, "all or none"), Action: actions.Draw(t, "action"),
				Reservations: rapid.SliceOfN(requests, 0, 3).Draw(t, "reservations"), Lines: rapid.SliceOfN(line, 1, 3).Draw(t, "lines"), Now: noon,
			}
			for n := range c.Lines {
				c.Lines[n].Movement = movesOf[c.Action]
			}
			return c
		}),
		rapid.Custom(func(t *rapid.T) command {
			return inventory.SetStockThresholds{
				CollectionID: 1, SKU: skus.Draw(t, "sku"), Bin: bins.Draw(t, "bin"),
				OutOfStock: rapid.Ptr(quantity, true).Draw(t, "out"), LowStock: rapid.Ptr(quantity, true).Draw(t, "low"),
			}
		}),
		rapid.Custom(func(t *rapid.T) command {
			bin := bins.Draw(t, "bin")
			return rapid.SampledFrom([]command{
				inventory.CreateBin{CollectionID: 1, Bin: bin, Name: "a bin"},
				inventory.UpdateBin{CollectionID: 1, Bin: bin, Address: &inventory.Address{City: "Leeds"}},
				inventory.DeleteBin{CollectionID: 1, Bin: bin},
			}).Draw(t, "bin command")
		}),
		rapid.Custom(func(t *rapid.T) command {
			return inventory.Release{CollectionID: 1, ID: requests.Draw(t, "id"), RequestID: "undo", Now: noon}
		}),
		rapid.Custom(func(t *rapid.T) command {
			return inventory.AdjustStock{CollectionID: 1, TransactionID: "t", Lines: rapid.SliceOfN(adjustment, 1, 3).Draw(t, "lines"), Now: noon}
		}),
	)
}

// TestStockIsNeverOversold runs any commands in any order. After each of them
// no more is reserved than is there, every unit is accounted for, and what was
// asked before, sooner or later asked again, changes nothing.
func TestStockIsNeverOversold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, b := given(t), books{}
		var requests []command
		for n := range rapid.IntRange(1, 40).Draw(t, "commands") {
			c := commands().Draw(t, fmt.Sprint("command ", n))
			before := maps.Clone(p.items)
			facts, err := p.do(c)
			if err != nil && !cmp.Equal(before, p.items) {
				t.Fatalf("%+v failed and moved something", c)
			}
			for _, f := range facts {
				b.enter(f)
			}
			b.check(t, p)
			checkBins(t, p)
			checkHistory(t, before, facts, p.items)
			checkStatus(t, p, facts)
			switch c.(type) {
			case inventory.BulkTransaction, inventory.Release: // the others are repeated under the log's own keys
				requests = append(requests, c)
				if again, err := p.do(c); err != nil || again != nil {
					t.Fatalf("a repeat of %+v recorded %v, %v", c, again, err)
				}
			}
		}
		for _, c := range rapid.Permutation(requests).Draw(t, "late repeats") {
			if again, err := p.do(c); err != nil || again != nil {
				t.Fatalf("a late repeat of %+v recorded %v, %v", c, again, err)
			}
		}
	})
}

// books are kept from the events alone: units by stock item, and units that
// transactions hold by stock item and transaction.
type books map[string]*account

type account struct {
	in, shipped int64 // in is added and restocked, less removed
	held        map[string]int64
}

func (b books) enter(f fact) {
	if b[f.ID] == nil {
		b[f.ID] = &account{held: map[string]int64{}}
	}
	switch e := f.Event.(type) {
	case *inventoryv1.StockAdjusted:
		b[f.ID].in += e.GetDelta()
	case *inventoryv1.StockReserved:
		b[f.ID].held[e.GetTransactionId()] += e.GetQuantity()
	case *inventoryv1.StockReleased:
		b[f.ID].held[e.GetTransactionId()] -= e.GetQuantity()
	case *inventoryv1.StockShipped:
		b[f.ID].shipped += e.GetQuantity()
		b[f.ID].held[e.GetTransactionId()] -= e.GetQuantity()
	}
}

// check compares the books with the stock items, and with what the transactions
// say that they hold.
func (b books) check(t *rapid.T, p *partition) {
	held := map[string]map[string]int64{}
	for id, i := range p.items {
		_, request, _ := strings.Cut(strings.TrimPrefix(id, "tx/"), "/")
		for _, l := range i.Transaction.Lines {
			if i.Transaction.Released || l.Movement != inventory.Remove || l.Refusal != "" {
				continue
			}
			at := inventory.StockID(1, l.Bin, l.SKU)
			if held[at] == nil {
				held[at] = map[string]int64{}
			}
			held[at][request] += l.Quantity - l.Gone
		}
	}
	for _, id := range slices.Sorted(maps.Keys(b)) {
		a, s := b[id], p.items[id].Stock
		var reserved int64
		for request, units := range a.held {
			if reserved += units; units < 0 || units != held[id][request] {
				t.Fatalf("%s holds %d of %s, but says %d", request, units, id, held[id][request])
			}
		}
		if s.Reserved < 0 || s.Reserved > s.OnHand || s.Reserved != reserved || s.OnHand != a.in-a.shipped || s.Shipped != a.shipped {
			t.Fatalf("%s is %+v, but %d came in, %d were shipped, and %d are held", id, s, a.in, a.shipped, reserved)
		}
	}
}

// checkBins checks that every bin knows how full it is, and has a number of its
// own, and that no deleted bin holds anything.
func checkBins(t *rapid.T, p *partition) {
	stocked, numbers := map[string]int64{}, map[int64]string{}
	for _, i := range p.items {
		if s := i.Stock; s.OnHand > 0 {
			stocked[inventory.BinID(1, s.Place.Bin)]++
		}
	}
	for id, i := range p.items {
		b := i.Bin()
		if b.Stocked != stocked[id] || b.Stocked > 0 && !b.Known {
			t.Fatalf("%s is %+v, but holds units of %d SKUs", id, b, stocked[id])
		}
		if other, taken := numbers[b.Number]; taken && b.Number != 0 {
			t.Fatalf("%s and %s are both number %d", id, other, b.Number)
		}
		numbers[b.Number] = id
	}
}

// checkStatus lets follow what follows: afterwards the status is that of the
// units, and whatever did not flip said nothing.
func checkStatus(t *rapid.T, p *partition, facts []fact) {
	for _, f := range facts {
		before := p.items[f.ID]
		follow := inventory.React(before, noon)
		for _, e := range follow {
			p.fold(fact{f.ID, e})
		}
		s := p.items[f.ID].Stock
		inStock, low := s.Available() > s.Thresholds().OutOfStock, s.Thresholds().LowStock > 0 && s.Available() <= s.Thresholds().LowStock
		if s.Known && (s.InStock != inStock || s.Low != low) || inventory.React(p.items[f.ID], noon) != nil {
			t.Fatalf("%s is %+v after %v", f.ID, s, follow)
		}
		if len(follow) > 0 && s.InStock == before.Stock.InStock && s.Low == before.Stock.Low {
			t.Fatalf("%s did not flip, but said %v", f.ID, follow)
		}
	}
}

// checkHistory checks that the recorded events alone lead to the same state.
func checkHistory(t *rapid.T, before map[string]inventory.Item, facts []fact, after map[string]inventory.Item) {
	got := maps.Clone(before)
	for _, f := range facts {
		b, err := proto.Marshal(f.Event)
		if err != nil {
			t.Fatal(err)
		}
		stored := f.Event.ProtoReflect().New().Interface()
		if err := proto.Unmarshal(b, stored); err != nil {
			t.Fatal(err)
		}
		got[f.ID] = inventory.Evolve(got[f.ID], stored)
	}
	if diff := cmp.Diff(after, got); diff != "" {
		t.Fatalf("the stored events lead elsewhere (-want +got):\n%s", diff)
	}
}
