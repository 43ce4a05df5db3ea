package order

import (
	"fmt"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// Bill is what an order charges for, in minor units of one currency.
type Bill struct {
	Lines       []BillLine
	Adjustments []BillAdjustment
	Shipping    int64
	ShippingTax int64
}

// BillLine is one line of a bill.
type BillLine struct {
	Quantity    int64
	UnitPrice   int64
	Adjustments []BillAdjustment
	Tax         int64
}

// BillAdjustment is a discount, zero or less, or a surcharge, zero or more. An
// unspecified kind is a discount.
type BillAdjustment struct {
	Kind   orderv1.AdjustmentKind
	Amount int64
}

// Totals are the sums of a bill: Total = Items + Adjustments + Shipping + Tax.
type Totals struct {
	// Items is the sum of quantity times unit price.
	Items int64
	// Adjustments is the signed sum of all adjustments, of lines and order.
	Adjustments int64
	// Shipping is the price of shipping before tax.
	Shipping int64
	// Tax is the sum of the taxes on lines and on shipping.
	Tax int64
	// Total is what the customer pays.
	Total int64
}

// Totals sums a bill. Nothing is rounded, because nothing is divided: taxes
// and discounts arrive as amounts. The rules:
//
//   - total = items + line adjustments + order adjustments + shipping + tax;
//   - quantities are at least 1; prices, shipping and taxes are zero or more;
//   - a discount is zero or less, a surcharge zero or more;
//   - a line, quantity times price plus its adjustments, is zero or more;
//   - the total is zero or more;
//   - every sum fits into 64 bits; one that does not is an error, whatever the
//     order of the lines, even if later parts would bring it back.
//
// The error is Invalid and names every field that breaks a rule.
func (b Bill) Totals() (Totals, error) {
	var v fault.Fields
	t := b.sum(&v)
	if err := v.Err(); err != nil {
		return Totals{}, err
	}
	return t, nil
}

// sum adds up and notes what breaks a rule. Discounts and everything else are
// added apart, so that each sum only ever grows: whether it overflows does not
// depend on the order of the lines.
func (b Bill) sum(v *fault.Fields) Totals {
	var items, shipping, tax, surcharges, discounts tally
	for i, line := range b.Lines {
		path := fmt.Sprintf("items[%d]", i)
		price, up, down := line.sum(path, v)
		items.merge(price)
		surcharges.merge(up)
		discounts.merge(down)
		tax.add(notNegative(path+".tax", line.Tax, v))
	}
	up, down := adjust("adjustments", b.Adjustments, v)
	surcharges.merge(up)
	discounts.merge(down)
	shipping.add(notNegative("shipping.price", b.Shipping, v))
	tax.add(notNegative("shipping.tax", b.ShippingTax, v))

	var total tally
	for _, part := range []tally{items, shipping, tax, surcharges, discounts} {
		total.merge(part)
	}
	if total.over {
		v.Add("items", "come to more than can be counted")
	} else if total.sum < 0 {
		v.Add("adjustments", "take more than the order costs")
	}
	return Totals{
		Items: items.sum, Adjustments: surcharges.sum + discounts.sum, // of opposite sign
		Shipping: shipping.sum, Tax: tax.sum, Total: total.sum,
	}
}

// sum is quantity times unit price, the surcharges and the discounts of a
// line; it notes a line that is worth less than nothing.
func (l BillLine) sum(path string, v *fault.Fields) (price, up, down tally) {
	if l.Quantity < 1 {
		v.Add(path+".quantity", "must be at least 1")
	}
	product, err := money.Mul(max(l.Quantity, 0), notNegative(path+".unit_price", l.UnitPrice, v))
	price = tally{sum: product, over: err != nil}
	up, down = adjust(path+".adjustments", l.Adjustments, v)
	whole := price
	whole.merge(up)
	whole.merge(down)
	if !whole.over && whole.sum < 0 {
		v.Add(path+".adjustments", "take more than the line costs")
	}
	return price, up, down
}

// adjust adds up surcharges and discounts apart and notes wrong signs.
func adjust(path string, as []BillAdjustment, v *fault.Fields) (surcharges, discounts tally) {
	for i, a := range as {
		field := fmt.Sprintf("%s[%d].amount.minor_units", path, i)
		switch a.Kind {
		case orderv1.AdjustmentKind_ADJUSTMENT_KIND_DISCOUNT, orderv1.AdjustmentKind_ADJUSTMENT_KIND_UNSPECIFIED:
			if a.Amount > 0 {
				v.Add(field, "must be zero or less: it is a discount")
				continue
			}
			discounts.add(a.Amount)
		case orderv1.AdjustmentKind_ADJUSTMENT_KIND_SURCHARGE:
			if a.Amount < 0 {
				v.Add(field, "must be zero or more: it is a surcharge")
				continue
			}
			surcharges.add(a.Amount)
		default:
			v.Add(fmt.Sprintf("%s[%d].kind", path, i), "is not known")
		}
	}
	return surcharges, discounts
}

func notNegative(path string, n int64, v *fault.Fields) int64 {
	if n < 0 {
		v.Add(path+".minor_units", "must be zero or more")
		return 0
	}
	return n
}

// tally is a sum that remembers whether it overflowed.
type tally struct {
	sum  int64
	over bool
}

func (t *tally) add(n int64) {
	sum, err := money.Add(t.sum, n)
	if err != nil {
		t.over = true
		return
	}
	t.sum = sum
}

func (t *tally) merge(other tally) {
	t.add(other.sum)
	t.over = t.over || other.over
}
