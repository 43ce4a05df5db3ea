package inventory_test

import (
	"math"
	"strings"
	"testing"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/inventory"
)

type lines = []inventory.Adjustment

func adjust(l ...inventory.Adjustment) inventory.AdjustStock {
	return inventory.AdjustStock{CollectionID: 1, TransactionID: "t1", Lines: l, Now: noon}
}

func TestAdjustStockMovesEveryLine(t *testing.T) {
	main, east := inventory.StockID(1, "", "a"), inventory.StockID(1, "east", "a")
	for name, tt := range map[string]struct {
		lines lines
		want  []fact
	}{
		"add":      {lines{{Movement: inventory.Add, SKU: "a", Quantity: 7}}, []fact{{main, adjusted("main", "a", 7, inventory.Add, "t1")}}},
		"remove":   {lines{{Movement: inventory.Remove, SKU: "a", Quantity: 6}}, []fact{{main, adjusted("main", "a", -6, inventory.Remove, "t1")}}},
		"transfer": {lines{{Movement: inventory.Transfer, SKU: "a", ToBin: "east", Quantity: 6}}, []fact{{main, adjusted("main", "a", -6, inventory.Transfer, "t1")}, {east, adjusted("east", "a", 6, inventory.Transfer, "t1")}}},
		"counted more": {
			lines{{Movement: inventory.Reconcile, SKU: "a", Quantity: 12}}, []fact{{main, adjusted("main", "a", 2, inventory.Reconcile, "t1")}},
		},
		"counted fewer": {
			lines{{Movement: inventory.Reconcile, SKU: "a", Quantity: 4}}, []fact{{main, adjusted("main", "a", -6, inventory.Reconcile, "t1")}},
		},
		"counted right":     {lines: lines{{Movement: inventory.Reconcile, SKU: "a", Quantity: 10}}},
		"counted to be new": {lines{{Movement: inventory.Reconcile, SKU: "n"}}, []fact{{inventory.StockID(1, "", "n"), adjusted("main", "n", 0, inventory.Reconcile, "t1")}}},
		"later line sees the earlier one": {
			lines{{Movement: inventory.Transfer, SKU: "a", ToBin: "east", Quantity: 6}, {Movement: inventory.Remove, SKU: "a", Bin: "east", Quantity: 6}},
			[]fact{
				{main, adjusted("main", "a", -6, inventory.Transfer, "t1")},
				{east, adjusted("east", "a", 6, inventory.Transfer, "t1")},
				{east, adjusted("east", "a", -6, inventory.Remove, "t1")},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := given(t, stocked("a", 10), reserved("a", 4, "r0")).do(adjust(tt.lines...))
			if err != nil {
				t.Fatal(err)
			}
			same(t, tt.want, ofStock(got))
		})
	}
}

func TestAdjustStockNamesTheFieldThatIsAtFault(t *testing.T) {
	ok := inventory.Adjustment{Movement: inventory.Add, SKU: "a", Quantity: 1}
	for name, tt := range map[string]struct {
		lines  lines
		kind   fault.Kind
		reason string
		field  string
	}{
		"no lines":                    {nil, fault.Invalid, "invalid_fields", "lines:"},
		"no movement":                 {lines{{SKU: "a", Quantity: 1}}, fault.Invalid, "invalid_fields", "lines[0].movement:"},
		"unknown movement":            {lines{{Movement: 99, SKU: "a", Quantity: 1}}, fault.Invalid, "invalid_fields", "lines[0].movement:"},
		"no SKU":                      {lines{ok, {Movement: inventory.Add, Quantity: 1}}, fault.Invalid, "invalid_fields", "lines[1].sku_id:"},
		"adds nothing":                {lines{{Movement: inventory.Add, SKU: "a"}}, fault.Invalid, "invalid_fields", "lines[0].quantity:"},
		"removes less than nothing":   {lines{{Movement: inventory.Remove, SKU: "a", Quantity: math.MinInt64}}, fault.Invalid, "invalid_fields", "lines[0].quantity:"},
		"adds too many":               {lines{{Movement: inventory.Add, SKU: "a", Quantity: math.MaxInt64}}, fault.Invalid, "invalid_fields", "lines[0].quantity:"},
		"counts less than nothing":    {lines{{Movement: inventory.Reconcile, SKU: "a", Quantity: -1}}, fault.Invalid, "invalid_fields", "lines[0].quantity:"},
		"transfer to nowhere":         {lines{{Movement: inventory.Transfer, SKU: "a", Quantity: 1}}, fault.Invalid, "invalid_fields", "lines[0].to_bin_name:"},
		"transfer to itself":          {lines{{Movement: inventory.Transfer, SKU: "a", ToBin: "main", Quantity: 1}}, fault.Invalid, "invalid_fields", "lines[0].to_bin_name:"},
		"target of an addition":       {lines{{Movement: inventory.Add, SKU: "a", ToBin: "east", Quantity: 1}}, fault.Invalid, "invalid_fields", "lines[0].to_bin_name:"},
		"removes the unknown":         {lines{ok, {Movement: inventory.Remove, SKU: "x", Quantity: 1}}, fault.NotFound, "unknown_sku", "lines[1].sku_id:"},
		"transfers the unknown":       {lines{{Movement: inventory.Transfer, SKU: "a", Bin: "east", ToBin: "main", Quantity: 1}}, fault.NotFound, "unknown_sku", "lines[0].sku_id:"},
		"removes the reserved":        {lines{ok, {Movement: inventory.Remove, SKU: "a", Quantity: 8}}, fault.Precondition, "out_of_stock", "lines[1].quantity:"},
		"transfers the reserved":      {lines{{Movement: inventory.Transfer, SKU: "a", ToBin: "east", Quantity: 7}}, fault.Precondition, "out_of_stock", "lines[0].quantity:"},
		"counts below the reserved":   {lines{{Movement: inventory.Reconcile, SKU: "a", Quantity: 3}}, fault.Precondition, "below_reserved", "lines[0].quantity:"},
		"adds more than counts":       {lines{{Movement: inventory.Reconcile, SKU: "a", Quantity: inventory.MaxOnHand}, ok}, fault.Precondition, "too_many_units", "lines[1].quantity:"},
		"transfers more than counts":  {lines{{Movement: inventory.Reconcile, SKU: "a", Bin: "east", Quantity: inventory.MaxOnHand}, {Movement: inventory.Transfer, SKU: "a", ToBin: "east", Quantity: 1}}, fault.Precondition, "too_many_units", "lines[1].quantity:"},
		"counts more than is counted": {lines{{Movement: inventory.Reconcile, SKU: "a", Quantity: inventory.MaxOnHand + 1}}, fault.Invalid, "invalid_fields", "lines[0].quantity:"},
	} {
		t.Run(name, func(t *testing.T) {
			p := given(t, stocked("a", 10), reserved("a", 4, "r0"))
			_, err := p.do(adjust(tt.lines...))
			if fault.KindOf(err) != tt.kind || fault.ReasonOf(err) != tt.reason || !strings.HasPrefix(fault.Public(err), tt.field) {
				t.Errorf("got %v %s %q, want %v %s %q", fault.KindOf(err), fault.ReasonOf(err), fault.Public(err), tt.kind, tt.reason, tt.field)
			}
			if s := p.stock("a"); s.OnHand != 10 || s.Reserved != 4 {
				t.Errorf("a refused request left %+v", s)
			}
		})
	}
}
