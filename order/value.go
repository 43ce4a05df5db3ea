package order

import (
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
)

// itemOf is a line as it was ordered. Its sums were checked when the order was
// created.
func itemOf(i *orderv1.OrderedItem) Item {
	return Item{
		ItemID: i.GetItemId(), SKU: i.GetSkuId(), Bin: i.GetBinName(), Quantity: i.GetQuantity(),
		LineMinor: lineMinor(i), NotReturnable: !i.GetReturnable(),
	}
}

// lineMinor is what a line costs.
func lineMinor(i *orderv1.OrderedItem) int64 {
	sum := i.GetQuantity()*i.GetUnitPriceMinor() + i.GetTaxMinor()
	for _, a := range i.GetAdjustments() {
		sum += a.GetAmountMinor()
	}
	return sum
}

// share divides the adjustments of the whole order among its lines, in
// proportion to what they cost. No line is worth less than nothing: what they
// cannot bear together is taken off the shipping. Lines of which units were
// cancelled keep the share that was given back with them. The lines must be the
// order's own.
func (o *Order) share() {
	left := o.AdjustmentsMinor
	weights := make([]int64, len(o.Items))
	var cost int64
	settled := true
	for n, i := range o.Items {
		if i.Cancelled > 0 {
			left -= i.ShareMinor
			continue
		}
		weights[n] = i.LineMinor
		cost += i.LineMinor
		settled = false
	}
	if left == 0 && o.AdjustmentsMinor == 0 || settled {
		return
	}
	unborne := min(left+cost, 0)
	o.ShippingMinor += unborne - o.ShippingShareMinor
	o.ShippingShareMinor = unborne
	left -= unborne
	for n, part := range money.Split(left, weights) {
		switch {
		case o.Items[n].Cancelled == 0:
			o.Items[n].ShareMinor = part
		case part != 0: // every line costs nothing: the first one takes all
			o.Items[n].ShareMinor += part
		}
	}
}

func totalsOf(t *orderv1.StoredTotals) Totals {
	return Totals{
		Items: t.GetItemsMinor(), Adjustments: t.GetAdjustmentsMinor(), Shipping: t.GetShippingMinor(), Tax: t.GetTaxMinor(), Total: t.GetTotalMinor(),
	}
}

func (t Totals) stored() *orderv1.StoredTotals {
	return &orderv1.StoredTotals{
		ItemsMinor: t.Items, AdjustmentsMinor: t.Adjustments, ShippingMinor: t.Shipping, TaxMinor: t.Tax, TotalMinor: t.Total,
	}
}
