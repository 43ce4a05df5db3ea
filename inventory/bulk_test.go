package inventory_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/inventory"
)

func remove(sku string, units int64) inventory.Line {
	return inventory.Line{SKU: sku, Movement: inventory.Remove, Quantity: units}
}

func add(sku string, units int64) inventory.Line {
	return inventory.Line{SKU: sku, Movement: inventory.Add, Quantity: units}
}

func bulk(allOrNone bool, lines ...inventory.Line) inventory.BulkTransaction {
	return inventory.BulkTransaction{CollectionID: 1, ID: "r1", AllOrNone: allOrNone, Lines: lines, Now: noon}
}

func TestBulkTransactionRecordsWhatItMoved(t *testing.T) {
	p := given(t, stocked("a", 5), stocked("b", 5))
	got, err := p.do(inventory.BulkTransaction{CollectionID: 1, ID: "r1", AllOrNone: true, Now: noon, Lines: []inventory.Line{
		{SKU: "a", Movement: inventory.Remove, Quantity: 5, LineID: "1", Notes: "shoes"},
		{SKU: "b", Bin: "east", Movement: inventory.Add, Quantity: 2, LineID: "2", Notes: "laces"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	arrived := adjusted("east", "b", 2, inventory.Add, "r1")
	arrived.Notes = "laces"
	same(t, []fact{
		{inventory.TransactionID(1, "r1"), &inventoryv1.BulkTransactionApplied{
			CollectionId: 1, TransactionId: "r1", Succeeded: true, AllOrNone: true, At: timestamppb.New(noon),
			Lines: []*inventoryv1.BulkLine{
				{BinName: "main", SkuId: "a", Movement: inventory.Remove, Quantity: 5, LineId: "1", Notes: "shoes"},
				{BinName: "east", SkuId: "b", Movement: inventory.Add, Quantity: 2, LineId: "2", Notes: "laces"},
			},
		}},
		reserved("a", 5, "r1"),
		{inventory.StockID(1, "east", "b"), arrived},
	}, ofStock(got))
	if s := p.stock("a"); s.Available() != 0 || s.OnHand != 5 {
		t.Errorf("stock of a is %+v, want 5 on hand and none available", s)
	}
}

func TestBulkTransactionRefusesLineByLine(t *testing.T) {
	full := fact{inventory.StockID(1, "", "full"), adjusted("main", "full", inventory.MaxOnHand, inventory.Add, "t0")}
	for name, tt := range map[string]struct {
		lines        []inventory.Line
		each         []string // refusal of each line on its own
		all          []string // refusal of each line when all or none
		left, leftOf int64    // available of "a" after each and after all
	}{
		"fits":                {lines: []inventory.Line{remove("a", 3)}, each: []string{""}, all: []string{""}, left: 2, leftOf: 2},
		"one unit too many":   {lines: []inventory.Line{remove("a", 6)}, each: []string{"out_of_stock"}, all: []string{"out_of_stock"}, left: 5, leftOf: 5},
		"together too many":   {lines: []inventory.Line{remove("a", 3), remove("a", 3)}, each: []string{"", "out_of_stock"}, all: []string{"not_applied", "out_of_stock"}, left: 2, leftOf: 5},
		"together just right": {lines: []inventory.Line{remove("a", 3), remove("a", 2)}, each: []string{"", ""}, all: []string{"", ""}},
		"later line fits":     {lines: []inventory.Line{remove("a", 9), remove("a", 5)}, each: []string{"out_of_stock", ""}, all: []string{"out_of_stock", "not_applied"}, leftOf: 5},
		"added units count":   {lines: []inventory.Line{add("a", 4), remove("a", 9)}, each: []string{"", ""}, all: []string{"", ""}},
		"unknown SKU":         {lines: []inventory.Line{remove("x", 1), remove("a", 1)}, each: []string{"unknown_sku", ""}, all: []string{"unknown_sku", "not_applied"}, left: 4, leftOf: 5},
		"new SKU":             {lines: []inventory.Line{add("x", 1), remove("x", 1)}, each: []string{"", ""}, all: []string{"", ""}, left: 5, leftOf: 5},
		"no SKU":              {lines: []inventory.Line{add("", 1)}, each: []string{"unknown_sku"}, all: []string{"unknown_sku"}, left: 5, leftOf: 5},
		"nothing":             {lines: []inventory.Line{remove("a", 0)}, each: []string{"invalid_quantity"}, all: []string{"invalid_quantity"}, left: 5, leftOf: 5},
		"less than nothing":   {lines: []inventory.Line{remove("a", -1), add("a", -1)}, each: []string{"invalid_quantity", "invalid_quantity"}, all: []string{"invalid_quantity", "invalid_quantity"}, left: 5, leftOf: 5},
		"absurdly many":       {lines: []inventory.Line{add("a", inventory.MaxQuantity+1)}, each: []string{"invalid_quantity"}, all: []string{"invalid_quantity"}, left: 5, leftOf: 5},
		"more than counts":    {lines: []inventory.Line{add("full", 1)}, each: []string{"invalid_quantity"}, all: []string{"invalid_quantity"}, left: 5, leftOf: 5},
		"transfer": {
			lines: []inventory.Line{{SKU: "a", Movement: inventory.Transfer, Quantity: 1}, {SKU: "a", Quantity: 1}, {SKU: "a", Movement: 99, Quantity: 1}},
			each:  []string{"unsupported_movement", "unsupported_movement", "unsupported_movement"}, all: []string{"unsupported_movement", "unsupported_movement", "unsupported_movement"}, left: 5, leftOf: 5,
		},
	} {
		for allOrNone, want := range map[bool]struct {
			refusals []string
			left     int64
		}{false: {tt.each, tt.left}, true: {tt.all, tt.leftOf}} {
			t.Run(fmt.Sprintf("%s, all or none %v", name, allOrNone), func(t *testing.T) {
				p := given(t, stocked("a", 5), full)
				p.must(bulk(allOrNone, tt.lines...))
				o, found := p.items[inventory.TransactionID(1, "r1")].Outcome()
				if !found || o.Closed {
					t.Fatalf("outcome %+v, found %v", o, found)
				}
				succeeded := true
				for n, l := range o.Lines {
					if l.Refusal != want.refusals[n] {
						t.Errorf("line %d refused as %q, want %q", n, l.Refusal, want.refusals[n])
					}
					succeeded = succeeded && l.Refusal == ""
				}
				if o.Succeeded != succeeded {
					t.Errorf("succeeded %v, but the lines are %+v", o.Succeeded, o.Lines)
				}
				if got := p.stock("a").Available(); got != want.left {
					t.Errorf("%d available, want %d", got, want.left)
				}
			})
		}
	}
}

func TestRepeatedBulkTransactionIsAnsweredFromItsRecord(t *testing.T) {
	for name, lines := range map[string][]inventory.Line{
		"done":    {remove("a", 3)},
		"refused": {remove("a", 6)},
	} {
		t.Run(name, func(t *testing.T) {
			p := given(t, stocked("a", 5))
			p.must(bulk(true, lines...))
			want, _ := p.items[inventory.TransactionID(1, "r1")].Outcome()

			p.must(inventory.AdjustStock{CollectionID: 1, Now: noon, Lines: []inventory.Adjustment{
				{Movement: inventory.Add, SKU: "a", Quantity: 100}, // now it would be decided otherwise
			}})
			got, err := p.do(bulk(true, lines...))
			if err != nil || got != nil {
				t.Errorf("repeat recorded %v, %v", got, err)
			}
			o, found := p.items[inventory.TransactionID(1, "r1")].Outcome()
			if diff := cmp.Diff(want, o); diff != "" || !found {
				t.Errorf("found %v, outcome (-first +repeat):\n%s", found, diff)
			}
		})
	}
}

func TestOutcomeBelongsToTheReader(t *testing.T) {
	p := given(t, stocked("a", 5))
	p.must(bulk(true, remove("a", 3)))
	o, _ := p.items[inventory.TransactionID(1, "r1")].Outcome()
	o.Lines[0].Refusal = "scribbled"
	if again, _ := p.items[inventory.TransactionID(1, "r1")].Outcome(); again.Lines[0].Refusal != "" {
		t.Error("a reader changed the state")
	}
}

func TestUnaddressableBulkTransactionIsInvalid(t *testing.T) {
	_, err := given(t).do(inventory.BulkTransaction{CollectionID: 1, Now: noon})
	if fault.KindOf(err) != fault.Invalid || len(fault.Violations(err)) != 2 {
		t.Errorf("got %v, want id and lines to be named", err)
	}
}

func BenchmarkBulkTransactionOf1100Lines(b *testing.B) {
	p := given(b)
	var lines []inventory.Line
	for n := range 1100 {
		sku := fmt.Sprint("sku", n)
		p.fold(stocked(sku, inventory.MaxOnHand))
		lines = append(lines, remove(sku, 1))
	}
	c := bulk(true, lines...)
	for n := 0; b.Loop(); n++ {
		c.ID = fmt.Sprint("r", n)
		p.decide(b, c)
	}
}
