package order

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// event is the command as it is stored, with what was decided about it.
func (c Create) event(o Order, t Totals, payments []*orderv1.PlannedPayment) *orderv1.OrderCreated {
	e := &orderv1.OrderCreated{
		OrderId: o.ID, OrderNumber: o.Number,
		CollectionId: c.CollectionID, Reference: c.Reference, Channel: c.Channel, StoreId: c.StoreID, Locale: c.Locale,
		Customer: c.Customer.stored(), CurrencyCode: c.Currency,
		Adjustments:    stored(c.Adjustments),
		ShippingMethod: c.Shipping.Method, ShippingMinor: c.Shipping.Price.Minor, ShippingTaxMinor: c.Shipping.Tax.Minor,
		ShippingAddress: c.ShippingAddress.stored(), BillingAddress: c.BillingAddress.stored(),
		Payments: payments, Properties: c.Properties,
		Totals: &orderv1.StoredTotals{
			ItemsMinor: t.Items, AdjustmentsMinor: t.Adjustments, ShippingMinor: t.Shipping, TaxMinor: t.Tax, TotalMinor: t.Total,
		},
		OnPaymentDecline: c.OnDecline, CreatedAt: timestamppb.New(c.Now), CreatedBy: c.CreatedBy,
		OrderType: c.Type, OriginalOrderId: c.OriginalOrderID, OriginalReturnId: c.OriginalReturnID, CaptureAt: c.CaptureAt,
		Associate: c.Associate.stored(),
	}
	if m := c.Metadata.stored(); proto.Size(m) > 0 {
		e.Metadata = m
	}
	for _, l := range c.Items {
		e.Items = append(e.Items, l.stored())
	}
	for _, p := range c.PromoCodes {
		e.PromoCodes = append(e.PromoCodes, &orderv1.PromoCode{PromoCode: p.Code, ConfirmationCode: p.Confirmation})
	}
	return e
}

func (l Line) stored() *orderv1.OrderedItem {
	return &orderv1.OrderedItem{
		ItemId: l.ItemID, SkuId: l.SKU, BinName: l.Bin, Name: l.Name, Quantity: l.Quantity,
		UnitPriceMinor: l.UnitPrice.Minor, Adjustments: stored(l.Adjustments), TaxMinor: l.Tax.Minor,
		Returnable: !l.FinalSale, Properties: l.Properties,
	}
}

func stored(as []Adjustment) []*orderv1.StoredAdjustment {
	var out []*orderv1.StoredAdjustment
	for _, a := range as {
		kind := a.Kind
		if kind == orderv1.AdjustmentKind_ADJUSTMENT_KIND_UNSPECIFIED {
			kind = orderv1.AdjustmentKind_ADJUSTMENT_KIND_DISCOUNT
		}
		out = append(out, &orderv1.StoredAdjustment{Kind: kind, Code: a.Code, Description: a.Description, AmountMinor: a.Amount.Minor})
	}
	return out
}
