package inventory_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/inventory"
)

var (
	skus      = rapid.SampledFrom([]string{"a", "b", "c"})
	bins      = rapid.SampledFrom([]string{"", "east", "w/est"})
	requests  = rapid.SampledFrom([]string{"r1", "r2", "r3", "r4", "r5", "r6"})
	movements = rapid.SampledFrom([]inventory.Movement{inventory.Add, inventory.Remove, inventory.Transfer, inventory.Reconcile, 0})
	quantity  = rapid.Int64Range(-1, 12)
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
			return inventory.Release{CollectionID: 1, ID: requests.Draw(t, "id"), RequestID: "undo", Now: noon}
		}),
		rapid.Custom(func(t *rapid.T) command {
			return inventory.AdjustStock{CollectionID: 1, TransactionID: "t", Lines: rapid.SliceOfN(adjustment, 1, 3).Draw(t, "lines"), Now: noon}
		}),
	)
}

func TestStockIsNeverOversold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := given(t)
		for n := range rapid.IntRange(1, 40).Draw(t, "commands") {
			c := commands().Draw(t, fmt.Sprint("command ", n))
			before := maps.Clone(p.items)
			facts, err := p.do(c)
			if err != nil && !cmp.Equal(before, p.items) {
				t.Fatalf("%+v failed and moved something", c)
			}
			checkStock(t, p)
			checkHistory(t, before, facts, p.items)
			switch c.(type) {
			case inventory.BulkTransaction, inventory.Release: // the others are repeated under the log's own keys
				if again, err := p.do(c); err != nil || again != nil {
					t.Fatalf("a repeat of %+v recorded %v, %v", c, again, err)
				}
			}
		}
	})
}

// checkStock checks every item against the transactions that are open.
func checkStock(t *rapid.T, p *partition) {
	held := map[string]int64{}
	for _, i := range p.items {
		if i.Transaction.Released {
			continue
		}
		for _, l := range i.Transaction.Lines {
			if l.Movement == inventory.Remove && l.Refusal == "" {
				held[inventory.StockID(1, l.Bin, l.SKU)] += l.Quantity
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.items)) {
		s := p.items[id].Stock
		if s.Reserved < 0 || s.Reserved > s.OnHand {
			t.Fatalf("%s has %d reserved of %d on hand", id, s.Reserved, s.OnHand)
		}
		if s.Reserved != held[id] {
			t.Fatalf("%s has %d reserved, but open transactions hold %d", id, s.Reserved, held[id])
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
