// Package document tells the whole order as its history tells it: names,
// addresses, prices and what became of everything. It is what the read model
// keeps and what fat events carry.
//
// Package order folds the same events for decisions, into as little as they
// need. What both have in common, how many units are where and the status that
// follows, is the one rule of that package.
package document

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
)

// New is the order as it was placed. It fails on sums that do not fit into 64
// bits, which no stored order has.
func New(tenant string, e *orderv1.OrderCreated) (*orderv1.Order, error) {
	cur := currency(e.GetCurrencyCode())
	o := &orderv1.Order{
		OrderId: e.GetOrderId(), OrderNumber: e.GetOrderNumber(), Tenant: tenant,
		CollectionId: e.GetCollectionId(), Reference: e.GetReference(),
		Channel: e.GetChannel(), StoreId: e.GetStoreId(), Locale: e.GetLocale(),
		Status: orderv1.OrderStatus_ORDER_STATUS_CREATED, Customer: e.GetCustomer(),
		CurrencyCode: e.GetCurrencyCode(), Adjustments: cur.adjustments(e.GetAdjustments()),
		Shipping: &orderv1.Shipping{
			Method: e.GetShippingMethod(), Price: cur.money(e.GetShippingMinor()), Tax: cur.money(e.GetShippingTaxMinor()),
		},
		ShippingAddress: e.GetShippingAddress(), BillingAddress: e.GetBillingAddress(),
		Payments: cur.payments(e.GetPayments()), PromoCodes: e.GetPromoCodes(), Properties: e.GetProperties(),
		OrderType: e.GetOrderType(), OriginalOrderId: e.GetOriginalOrderId(), Imported: e.GetImported(), CaptureAt: e.GetCaptureAt(),
		Associate: e.GetAssociate(), Metadata: e.GetMetadata(), Due: cur.money(e.GetTotals().GetTotalMinor()),
		Totals: cur.totals(e.GetTotals()), CreatedAt: e.GetCreatedAt(), CreatedBy: e.GetCreatedBy(),
	}
	if o.GetBillingAddress() == nil {
		o.BillingAddress = proto.CloneOf(o.GetShippingAddress())
	}
	for _, i := range e.GetItems() {
		item, err := cur.item(i)
		if err != nil {
			return nil, fmt.Errorf("item %s: %w", i.GetItemId(), err)
		}
		o.Items = append(o.Items, item)
	}
	if e.GetImported() {
		become(o, orderv1.OrderStatus_ORDER_STATUS_SUBMITTED, "", "")
	}
	return o, nil
}

// currency is the ISO 4217 code that the amounts of an order share.
type currency string

func (c currency) money(minor int64) *moneyv1.Money {
	return &moneyv1.Money{CurrencyCode: string(c), MinorUnits: minor}
}

func (c currency) adjustments(as []*orderv1.StoredAdjustment) []*orderv1.Adjustment {
	var out []*orderv1.Adjustment
	for _, a := range as {
		out = append(out, &orderv1.Adjustment{
			Kind: a.GetKind(), Code: a.GetCode(), Description: a.GetDescription(), Amount: c.money(a.GetAmountMinor()),
		})
	}
	return out
}

func (c currency) totals(t *orderv1.StoredTotals) *orderv1.Totals {
	return &orderv1.Totals{
		Items: c.money(t.GetItemsMinor()), Adjustments: c.money(t.GetAdjustmentsMinor()),
		Shipping: c.money(t.GetShippingMinor()), Tax: c.money(t.GetTaxMinor()), Total: c.money(t.GetTotalMinor()),
	}
}

// payments are payment items with nothing done about them yet.
func (c currency) payments(ps []*orderv1.PlannedPayment) []*orderv1.OrderPayment {
	var out []*orderv1.OrderPayment
	for _, p := range ps {
		out = append(out, &orderv1.OrderPayment{
			PaymentItemId: p.GetPaymentItemId(), Gateway: p.GetGateway(), Amount: c.money(p.GetAmountMinor()),
			Authorized: c.money(0), Captured: c.money(p.GetSettledMinor()), Refunded: c.money(0),
		})
	}
	return out
}

func (c currency) item(i *orderv1.OrderedItem) (*orderv1.OrderItem, error) {
	total, err := money.Mul(i.GetQuantity(), i.GetUnitPriceMinor())
	for _, a := range i.GetAdjustments() {
		if err == nil {
			total, err = money.Add(total, a.GetAmountMinor())
		}
	}
	if err == nil {
		total, err = money.Add(total, i.GetTaxMinor())
	}
	return &orderv1.OrderItem{
		ItemId: i.GetItemId(), SkuId: i.GetSkuId(), BinName: i.GetBinName(), Name: i.GetName(), Quantity: i.GetQuantity(),
		UnitPrice: c.money(i.GetUnitPriceMinor()), Adjustments: c.adjustments(i.GetAdjustments()),
		Tax: c.money(i.GetTaxMinor()), Total: c.money(total), Returnable: i.GetReturnable(), Properties: i.GetProperties(),
		Status: orderv1.OrderStatus_ORDER_STATUS_CREATED,
	}, err
}

// Book adds what a payment transaction moved to the ledger of its payment item,
// and notes the response.
func Book(o *orderv1.Order, t *orderv1.PaymentTransaction) (err error) {
	p := paymentItem(o, t.GetPaymentItemId())
	if p == nil {
		return nil // of a payment item that was replaced
	}
	p.ResponseMessage = t.GetResponseMessage()
	moved, reverted := t.GetMovedMinor(), t.GetRevertedMinor()
	if t.MovedMinor == nil && t.GetSucceeded() {
		moved = t.GetAmountMinor()
	}
	unheard := int64(0) // what an undo took back that nobody had known of
	if t.GetUndoes() != "" {
		unheard = moved
	}
	add := func(m *moneyv1.Money, n int64) {
		if err == nil {
			m.MinorUnits, err = money.Add(m.GetMinorUnits(), n)
		}
	}
	switch t.GetOperation() {
	case orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE:
		add(p.GetAuthorized(), moved)
	case orderv1.PaymentOperation_PAYMENT_OPERATION_VOID:
		if t.GetSucceeded() && t.GetUndoes() == "" { // what was not there to be given up is used up
			moved = t.GetAmountMinor()
		}
		add(p.GetAuthorized(), unheard-moved) // what was given up and taken back is as it was
	case orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE:
		add(p.GetAuthorized(), -moved-reverted)
		add(p.GetCaptured(), moved+reverted)
		add(p.GetRefunded(), reverted)
	case orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND:
		add(p.GetAuthorized(), -unheard)
		add(p.GetCaptured(), unheard)
		add(p.GetRefunded(), moved)
	case orderv1.PaymentOperation_PAYMENT_OPERATION_UNSPECIFIED:
	}
	return err
}

func paymentItem(o *orderv1.Order, id string) *orderv1.OrderPayment {
	for _, p := range o.GetPayments() {
		if p.GetPaymentItemId() == id {
			return p
		}
	}
	return nil
}
