package order_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

const (
	discount  = orderv1.AdjustmentKind_ADJUSTMENT_KIND_DISCOUNT
	surcharge = orderv1.AdjustmentKind_ADJUSTMENT_KIND_SURCHARGE
)

func TestTotalsAddUp(t *testing.T) {
	got, err := order.Bill{
		Lines: []order.BillLine{
			{Quantity: 3, UnitPrice: 100, Adjustments: []order.BillAdjustment{{Kind: discount, Amount: -300}, {Kind: surcharge, Amount: 50}}, Tax: 10},
			{Quantity: 1, UnitPrice: 2000, Tax: 400},
		},
		Adjustments: []order.BillAdjustment{{Amount: -200}},
		Shipping:    500, ShippingTax: 100,
	}.Totals()
	if err != nil {
		t.Fatal(err)
	}
	want := order.Totals{Items: 2300, Adjustments: -450, Shipping: 500, Tax: 510, Total: 2860}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTotalsRefuseWhatMakesNoSense(t *testing.T) {
	line := func(l order.BillLine) order.Bill { return order.Bill{Lines: []order.BillLine{l}} }
	adjusted := func(as ...order.BillAdjustment) order.Bill {
		return line(order.BillLine{Quantity: 1, UnitPrice: 100, Adjustments: as})
	}
	const most = math.MaxInt64
	for name, tt := range map[string]struct {
		bill order.Bill
		want []string
	}{
		"no quantity":           {line(order.BillLine{UnitPrice: 5}), []string{"items[0].quantity"}},
		"negative price":        {line(order.BillLine{Quantity: 1, UnitPrice: -5}), []string{"items[0].unit_price.minor_units"}},
		"negative tax":          {line(order.BillLine{Quantity: 1, Tax: -5}), []string{"items[0].tax.minor_units"}},
		"negative shipping":     {order.Bill{Shipping: -1, ShippingTax: -1}, []string{"shipping.price.minor_units", "shipping.tax.minor_units"}},
		"discount that charges": {adjusted(order.BillAdjustment{Kind: discount, Amount: 1}), []string{"items[0].adjustments[0].amount.minor_units"}},
		"default is discount":   {adjusted(order.BillAdjustment{Amount: 1}), []string{"items[0].adjustments[0].amount.minor_units"}},
		"surcharge that gives":  {adjusted(order.BillAdjustment{Kind: surcharge, Amount: -1}), []string{"items[0].adjustments[0].amount.minor_units"}},
		"unknown kind":          {adjusted(order.BillAdjustment{Kind: 9, Amount: 1}), []string{"items[0].adjustments[0].kind"}},
		"line below zero":       {adjusted(order.BillAdjustment{Amount: -101}), []string{"items[0].adjustments", "adjustments"}},
		"total below zero": {order.Bill{
			Lines: []order.BillLine{{Quantity: 1, UnitPrice: 100}}, Adjustments: []order.BillAdjustment{{Amount: -101}},
		}, []string{"adjustments"}},
		"line overflows":      {line(order.BillLine{Quantity: 2, UnitPrice: most}), []string{"items"}},
		"items overflow":      {order.Bill{Lines: []order.BillLine{{Quantity: 1, UnitPrice: most}, {Quantity: 1, UnitPrice: 1}}}, []string{"items"}},
		"taxes overflow":      {order.Bill{ShippingTax: most, Lines: []order.BillLine{{Quantity: 1, Tax: 1}}}, []string{"items"}},
		"total overflows":     {order.Bill{Shipping: most, ShippingTax: 1}, []string{"items"}},
		"discounts overflow":  {adjusted(order.BillAdjustment{Amount: math.MinInt64}, order.BillAdjustment{Amount: -1}), []string{"items"}},
		"surcharges overflow": {adjusted(order.BillAdjustment{Kind: surcharge, Amount: most}, order.BillAdjustment{Kind: surcharge, Amount: most}), []string{"items"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tt.bill.Totals()
			if diff := cmp.Diff(tt.want, fields(err)); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("kind %v, want invalid", fault.KindOf(err))
			}
		})
	}
}

// bill draws bills of which most are right and some are too large.
func bill() *rapid.Generator[order.Bill] {
	amount := rapid.OneOf(rapid.Int64Range(0, 1e6), rapid.Int64Range(math.MaxInt64/3, math.MaxInt64))
	adjustment := rapid.Custom(func(t *rapid.T) order.BillAdjustment {
		n := amount.Draw(t, "adjustment")
		if rapid.Bool().Draw(t, "surcharge") {
			return order.BillAdjustment{Kind: surcharge, Amount: n}
		}
		return order.BillAdjustment{Kind: discount, Amount: -n % 1000}
	})
	line := rapid.Custom(func(t *rapid.T) order.BillLine {
		return order.BillLine{
			Quantity:    rapid.Int64Range(1, 50).Draw(t, "quantity"),
			UnitPrice:   amount.Draw(t, "price"),
			Adjustments: rapid.SliceOfN(adjustment, 0, 3).Draw(t, "adjustments"),
			Tax:         amount.Draw(t, "tax"),
		}
	})
	return rapid.Custom(func(t *rapid.T) order.Bill {
		return order.Bill{
			Lines:       rapid.SliceOfN(line, 0, 6).Draw(t, "lines"),
			Adjustments: rapid.SliceOfN(adjustment, 0, 3).Draw(t, "adjustments"),
			Shipping:    amount.Draw(t, "shipping"), ShippingTax: amount.Draw(t, "shipping tax"),
		}
	})
}

// TestPartsAlwaysSumToTheWhole adds every bill up a second time without a
// limit: the totals are exact, or the bill is refused.
func TestPartsAlwaysSumToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := bill().Draw(t, "bill")
		got, err := b.Totals()
		if err != nil {
			return
		}
		exact, signed := new(big.Int), new(big.Int)
		add := func(n int64) { exact.Add(exact, big.NewInt(n)) }
		adjust := func(as []order.BillAdjustment) {
			for _, a := range as {
				add(a.Amount)
				signed.Add(signed, big.NewInt(a.Amount))
			}
		}
		for _, l := range b.Lines {
			exact.Add(exact, new(big.Int).Mul(big.NewInt(l.Quantity), big.NewInt(l.UnitPrice)))
			add(l.Tax)
			adjust(l.Adjustments)
		}
		adjust(b.Adjustments)
		add(b.Shipping)
		add(b.ShippingTax)
		if !exact.IsInt64() || exact.Int64() != got.Total || signed.Int64() != got.Adjustments {
			t.Fatalf("%+v, but the total is %v and the adjustments are %v", got, exact, signed)
		}
		if got.Total != got.Items+got.Adjustments+got.Shipping+got.Tax || got.Total < 0 {
			t.Fatalf("%+v does not add up", got)
		}
	})
}

func TestOrderOfLinesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := bill().Draw(t, "bill")
		want, wantErr := b.Totals()
		b.Lines = rapid.Permutation(b.Lines).Draw(t, "other order")
		got, err := b.Totals()
		if got != want || (err == nil) != (wantErr == nil) {
			t.Fatalf("%+v, %v in another order; %+v, %v before", got, err, want, wantErr)
		}
	})
}
