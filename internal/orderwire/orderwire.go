// Package orderwire writes orders in the wire models of package skava: the
// requests that sagas send and the messages that the publisher sends share it.
package orderwire

import (
	"strconv"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/order"
)

// BinItems are the lines of an order as stock movements. The transaction id of
// a line is its item id.
func BinItems(o order.Order, kind skava.InventoryType) []skava.BinItem {
	items := make([]skava.BinItem, len(o.Items))
	for i, it := range o.Items {
		items[i] = skava.BinItem{
			BinName: it.Bin, SKUID: it.SKU,
			Transaction: skava.InventoryTransaction{ID: it.ItemID, Type: kind, AtpQty: it.Quantity, Notes: StockNotes(o)},
		}
	}
	return items
}

// StockNotes say for people what a stock movement is for.
func StockNotes(o order.Order) string { return "order " + strconv.FormatUint(o.Number, 10) }

// PromoCodes are the promo codes of an order.
func PromoCodes(o order.Order) []skava.PromoCode {
	codes := make([]skava.PromoCode, len(o.PromoCodes))
	for i, p := range o.PromoCodes {
		codes[i] = skava.PromoCode{ConfirmationCode: p.Confirmation, PromoCode: p.Code}
	}
	return codes
}

// operations are the source system's names of the payment operations.
var operations = map[orderv1.PaymentOperation]string{
	orderv1.PaymentOperation_PAYMENT_OPERATION_UNSPECIFIED: "",
	orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE:   skava.PaymentAuth,
	orderv1.PaymentOperation_PAYMENT_OPERATION_VOID:        skava.PaymentCancelAuth,
	orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE:     skava.PaymentCharge,
	orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND:      skava.PaymentRefund,
}

// Operation is the source system's name of a payment operation; empty for one
// that it does not have.
func Operation(op orderv1.PaymentOperation) string { return operations[op] }

// PreProcessInventory is the Skava model of that name.
func PreProcessInventory(o order.Order, kind skava.InventoryType) skava.PreProcessInventory {
	return skava.PreProcessInventory{
		OrderID: o.ID, CollectionID: o.CollectionID, InventoryCollectionID: o.CollectionID, BinItems: BinItems(o, kind),
	}
}

// PreProcessPromotion is the Skava model of that name.
func PreProcessPromotion(o order.Order) skava.PreProcessPromotion {
	return skava.PreProcessPromotion{
		OrderID: o.ID, CollectionID: o.CollectionID, PromotionCollectionID: o.CollectionID, PromotionList: PromoCodes(o),
	}
}

// PreProcessPayment is the Skava model of that name. What is published never
// carries the token of a payment method.
func PreProcessPayment(o order.Order, asked []*orderv1.PaymentTransaction) skava.PreProcessPayment {
	p := skava.PreProcessPayment{
		OrderID: o.ID, CollectionID: o.CollectionID, PaymentCollectionID: o.CollectionID, AllOrNone: true,
		Transactions: make([]skava.PaymentTransaction, len(asked)),
	}
	for i, t := range asked {
		p.Transactions[i] = skava.PaymentTransaction{
			ID: t.GetTransactionId(), PaymentItemID: t.GetPaymentItemId(), Type: Operation(t.GetOperation()),
			Value: t.GetAmountMinor(), Status: skava.PaymentPending, CreatedBy: order.BySaga, CreatedTime: skava.Millis(o.CreatedAt),
			Properties: []skava.Property{{Name: skava.PropertyCurrency, Value: o.Currency}},
		}
	}
	return p
}

// PreProcessUnits is the Skava PreProcessInventory about some units of an order,
// or of lines that the work's edit adds.
func PreProcessUnits(o order.Order, w order.Work, units []order.Units, kind skava.InventoryType) skava.PreProcessInventory {
	p := skava.PreProcessInventory{
		OrderID: o.ID, CollectionID: o.CollectionID, InventoryCollectionID: o.CollectionID, BinItems: make([]skava.BinItem, len(units)),
	}
	for n, u := range units {
		item := w.Line(o, u.ItemID)
		p.BinItems[n] = skava.BinItem{
			BinName: item.Bin, SKUID: item.SKU, Transaction: skava.InventoryTransaction{ID: u.ItemID, Type: kind, AtpQty: u.Quantity, Notes: StockNotes(o)},
		}
	}
	return p
}
