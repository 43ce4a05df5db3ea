package inventory_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/inventory"
)

const (
	inStock    = inventoryv1.StockStatus_STOCK_STATUS_IN_STOCK
	outOfStock = inventoryv1.StockStatus_STOCK_STATUS_OUT_OF_STOCK
)

func thresholds(outOf, low int64) inventory.SetStockThresholds {
	return inventory.SetStockThresholds{CollectionID: 1, SKU: "a", OutOfStock: &outOf, LowStock: &low}
}

// flips are what a command makes follow, in short.
func (p *partition) flips(c command) (flips []string) {
	p.t.Helper()
	for _, e := range p.follow(c) {
		f, _ := e.Event.(*inventoryv1.StockStatusChanged)
		text := strings.ToLower(strings.TrimPrefix(f.GetStatus().String(), "STOCK_STATUS_"))
		if f.GetStatus() == f.GetPreviousStatus() {
			text = "still " + text
		}
		if f.GetLowStock() {
			text += ", low"
		}
		flips = append(flips, text)
	}
	return flips
}

// follow does a command and what follows by rule, as the store does it.
func (p *partition) follow(c command) (followed []fact) {
	p.t.Helper()
	facts, err := p.do(c)
	if err != nil {
		p.t.Fatalf("%T: %v", c, err)
	}
	for _, f := range facts {
		for _, e := range inventory.React(p.items[f.ID], noon) {
			followed = append(followed, fact{f.ID, e})
			p.fold(fact{f.ID, e})
		}
		if again := inventory.React(p.items[f.ID], noon); again != nil {
			p.t.Fatalf("the rule does not end: %v", again)
		}
	}
	return followed
}

func TestOnlyAFlipOfTheStatusIsTold(t *testing.T) {
	p := given(t)
	for _, step := range []struct {
		what string
		do   command
		want string
	}{
		{"counted, and none found", adjust(inventory.Adjustment{Movement: inventory.Reconcile, SKU: "a"}), ""},
		{"the first units", adjust(inventory.Adjustment{Movement: inventory.Add, SKU: "a", Quantity: 10}), "in_stock"},
		{"a threshold that is not met", thresholds(0, 3), ""},
		{"the same again", thresholds(0, 3), ""},
		{"fewer", reserve("r1", remove("a", 6)), ""},
		{"few", reserve("r2", remove("a", 1)), "still in_stock, low"},
		{"fewer still", reserve("r3", remove("a", 1)), ""},
		{"none", reserve("r4", remove("a", 2)), "out_of_stock, low"},
		{"shipped, and still none", ship("s1", []string{"r1"}, out("a", 6)), ""},
		{"one is given back", release("g1", []string{"r4"}, add("a", 1)), "in_stock, low"},
		{"there and back", adjust(
			inventory.Adjustment{Movement: inventory.Add, SKU: "a", Quantity: 9},
			inventory.Adjustment{Movement: inventory.Remove, SKU: "a", Quantity: 9}), ""},
		{"many come back", act("in", inventory.ToRestock, nil, add("a", 9)), "still in_stock"},
		{"as few as ten are none", thresholds(10, 20), "out_of_stock, low"},
		{"none of them is few", thresholds(0, 0), "in_stock"},
		{"a reservation is undone", inventory.Release{CollectionID: 1, ID: "r3", RequestID: "u", Now: noon}, ""},
	} {
		if got := strings.Join(p.flips(step.do), "; "); got != step.want {
			t.Errorf("%s: told %q, want %q", step.what, got, step.want)
		}
	}
}

func TestAFlipSaysWhatItWasBefore(t *testing.T) {
	p := given(t)
	p.must(thresholds(1, 5))
	got := p.follow(adjust(inventory.Adjustment{Movement: inventory.Add, SKU: "a", Quantity: 4}))
	same(t, []fact{{inventory.StockID(1, "", "a"), &inventoryv1.StockStatusChanged{
		CollectionId: 1, BinName: "main", SkuId: "a", Status: inStock, PreviousStatus: outOfStock, LowStock: true,
		Available: 4, At: timestamppb.New(noon),
	}}}, got)
}

func TestThresholdsAreSetOnlyWhenTheyMakeSense(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*inventory.SetStockThresholds)
		reason string
		says   string
	}{
		"low is out":     {func(c *inventory.SetStockThresholds) { c.LowStock = proto.Int64(2) }, "invalid_fields", "low_stock: must be above out_of_stock, which is 2"},
		"out is low":     {func(c *inventory.SetStockThresholds) { c.OutOfStock = proto.Int64(9) }, "invalid_fields", "low_stock:"},
		"less than none": {func(c *inventory.SetStockThresholds) { c.OutOfStock = proto.Int64(-1) }, "invalid_fields", "out_of_stock:"},
		"low below none": {func(c *inventory.SetStockThresholds) { c.LowStock = proto.Int64(-1) }, "invalid_fields", "low_stock:"},
		"none given":     {func(*inventory.SetStockThresholds) {}, "invalid_fields", "out_of_stock:"},
		"no SKU":         {func(c *inventory.SetStockThresholds) { c.SKU, c.OutOfStock = "", proto.Int64(0) }, "invalid_fields", "sku_id:"},
		"seen by nobody": {func(c *inventory.SetStockThresholds) { c.LowStock, c.ExpectRevision = proto.Int64(7), 9 }, "revision_mismatch", "expected_revision:"},
		"as it was seen": {func(c *inventory.SetStockThresholds) { c.LowStock, c.ExpectRevision = proto.Int64(7), 1 }, "", ""},
		"one by itself":  {func(c *inventory.SetStockThresholds) { c.LowStock = proto.Int64(8) }, "", ""},
		"never low":      {func(c *inventory.SetStockThresholds) { c.LowStock = proto.Int64(0) }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := given(t)
			p.must(thresholds(2, 5))
			c := inventory.SetStockThresholds{CollectionID: 1, SKU: "a"}
			tt.change(&c)
			got, err := p.do(c)
			if tt.reason == "" {
				if s := p.stock("a").Thresholds(); err != nil || len(got) != 1 || s.OutOfStock != 2 || s.Revision != 2 {
					t.Errorf("recorded %v, %v, thresholds %+v", got, err, s)
				}
				return
			}
			if fault.ReasonOf(err) != tt.reason || !strings.HasPrefix(fault.Public(err), tt.says) {
				t.Errorf("got %q %q, want %q %q", fault.ReasonOf(err), fault.Public(err), tt.reason, tt.says)
			}
		})
	}
}
