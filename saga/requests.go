package saga

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderwire"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/order"
)

// Request is a message to a participant.
type Request struct {
	Step orderv1.Step
	// ID is stable: a participant answers a repeat as it answered before.
	ID string
	// Attempt counts the sends, starting at 1.
	Attempt uint32
	// MsgID is unique to one attempt: "<id>#<attempt>".
	MsgID string
	// Queue is the subject to send it to.
	Queue string
	// UndoOf are the ids of the requests that this one takes back, the newest
	// first; those that arrive later must be refused. Empty for a step forward.
	UndoOf []string

	OrderID      string
	CollectionID int64
	CustomerID   string
	// StockAction says what happens to units of an order after its checkout, and
	// Reservations are the requests that hold them, the newest first.
	StockAction  string
	Reservations []string
	// Payload is a model of package skava.
	Payload any
}

// RequestFor builds the message of a request of the order. The same order and
// the same request make the same message.
func RequestFor(o order.Order, st order.StepProgress) Request {
	r := Request{
		Step: st.Step, ID: st.RequestID, Attempt: st.Attempt, MsgID: fmt.Sprintf("%s#%d", st.RequestID, st.Attempt),
		UndoOf: st.UndoOf, OrderID: o.ID, CollectionID: o.CollectionID, CustomerID: o.CustomerID,
	}
	switch st.Step {
	case orderv1.Step_STEP_RESERVE_INVENTORY:
		r.Queue, r.Payload = skava.QueueInventory, stock(o, skava.InventoryRemove)
	case orderv1.Step_STEP_RELEASE_INVENTORY:
		r.Queue, r.Payload, r.UndoOf = skava.QueueInventory, stock(o, skava.InventoryAdd), withEdits(o, st.UndoOf)
	case orderv1.Step_STEP_RESERVE_UNITS, orderv1.Step_STEP_SHIP_UNITS, orderv1.Step_STEP_RELEASE_UNITS, orderv1.Step_STEP_RESTOCK_UNITS:
		r = r.forUnits(o, st)
	case orderv1.Step_STEP_CREATE_LINKED_ORDER:
		w, _ := o.CurrentWork()
		r.Queue, r.Payload = skava.QueueLinkedOrders, skava.LinkedOrder{OrderID: w.LinkedID, Stored: w.Linked}
	case orderv1.Step_STEP_RETURN_CREDIT:
		w, _ := o.CurrentWork()
		r.Queue, r.Payload = skava.QueueLinkedOrders, skava.LinkedOrder{OrderID: w.Subject, CreditMinor: w.CreditMinor}
	case orderv1.Step_STEP_BLOCK_PROMOTION:
		r.Queue, r.Payload = skava.QueuePromotion, promotion(o, skava.PromotionBlock)
	case orderv1.Step_STEP_ASSIGN_PROMOTION:
		r.Queue, r.Payload = skava.QueuePromotion, promotion(o, skava.PromotionAssign)
	case orderv1.Step_STEP_RELEASE_PROMOTION:
		r.Queue, r.Payload = skava.QueuePromotion, promotion(o, skava.PromotionRelease)
	case orderv1.Step_STEP_CHECK_FRAUD:
		r.Queue, r.Payload = skava.QueueFraud, fraud(o)
	case orderv1.Step_STEP_AUTHORIZE_PAYMENT, orderv1.Step_STEP_CAPTURE_PAYMENT, orderv1.Step_STEP_AUTHORIZE_UNITS:
		r.Queue, r.Payload = skava.QueuePayment, payment(o, st, true)
	case orderv1.Step_STEP_VOID_PAYMENT, orderv1.Step_STEP_REFUND_PAYMENT, orderv1.Step_STEP_VOID_UNITS, orderv1.Step_STEP_REFUND_UNITS,
		orderv1.Step_STEP_CAPTURE_UNITS:
		// What can be given back is given back, and what can be taken of what has
		// left is taken, whatever else is refused: taken and given back at once it
		// would use up the authorization.
		r.Queue, r.Payload = skava.QueuePayment, payment(o, st, false)
	case orderv1.Step_STEP_UNSPECIFIED:
	}
	return r
}

// Headers are the headers of the request that follow from the order. Those of
// its surroundings (tenant, reply subject, correlation) are the sender's.
func (r Request) Headers() map[string][]string {
	h := map[string][]string{
		skava.HeaderRequestID:    {r.ID},
		skava.HeaderOrderID:      {r.OrderID},
		skava.HeaderCollectionID: {strconv.FormatInt(r.CollectionID, 10)},
	}
	if r.CustomerID != "" {
		h[skava.HeaderCustomerID] = []string{r.CustomerID}
	}
	if len(r.UndoOf) > 0 {
		h[skava.HeaderUndoOf] = r.UndoOf
	}
	if r.StockAction != "" {
		h[skava.HeaderStockAction] = []string{r.StockAction}
	}
	if len(r.Reservations) > 0 {
		h[skava.HeaderReservation] = r.Reservations
	}
	if c, ok := skava.ChannelOf(r.Queue); ok {
		for name, value := range c.Headers() {
			h[name] = []string{value}
		}
	}
	return h
}

// RequestID takes a request id apart; false for an id that is not one.
func RequestID(id string) (orderID string, step orderv1.Step, ok bool) {
	orderID, rest, _ := strings.Cut(id, ":")
	name, round, found := strings.Cut(rest, ":")
	if _, err := strconv.ParseUint(round, 10, 32); err != nil || !found || !order.ValidID(orderID) {
		return "", orderv1.Step_STEP_UNSPECIFIED, false
	}
	step = orderv1.Step(orderv1.Step_value["STEP_"+strings.ToUpper(name)])
	return orderID, step, step != orderv1.Step_STEP_UNSPECIFIED && order.StepName(step) == name
}

// withEdits are the reservations that an undo of the whole order gives back:
// that of the checkout, and those of edits since.
func withEdits(o order.Order, undone []string) []string {
	return slices.Concat(o.Reservations, undone)
}

// forUnits is the request of a step about some units of the order.
func (r Request) forUnits(o order.Order, st order.StepProgress) Request {
	w, _ := o.CurrentWork()
	var units []order.Units
	kind := skava.InventoryAdd
	switch st.Step { //nolint:exhaustive // the other steps are about the whole order
	case orderv1.Step_STEP_RESERVE_UNITS:
		units, kind, r.StockAction = w.Reserve, skava.InventoryRemove, skava.StockReserve
	case orderv1.Step_STEP_SHIP_UNITS:
		units, kind, r.StockAction, r.Reservations = w.Ship, skava.InventoryNone, skava.StockShip, o.Reserved()
	case orderv1.Step_STEP_RESTOCK_UNITS:
		units, r.StockAction = w.Restock, skava.StockRestock
	case orderv1.Step_STEP_RELEASE_UNITS:
		if len(st.UndoOf) > 0 { // the edit is taken back, and with it what it reserved
			units = w.Reserve
			break
		}
		units, r.StockAction, r.Reservations = w.Release, skava.StockRelease, o.Reserved()
	}
	b := skava.InventoryBulkTransaction{BinItems: make([]skava.BinItem, len(units)), AllOrNone: true}
	for i, u := range units {
		item := w.Line(o, u.ItemID)
		b.BinItems[i] = skava.BinItem{
			BinName: item.Bin, SKUID: item.SKU, Transaction: skava.InventoryTransaction{ID: item.ItemID, Type: kind, AtpQty: u.Quantity, Notes: orderwire.StockNotes(o)},
		}
	}
	r.Queue, r.Payload = skava.QueueInventory, b
	return r
}

func stock(o order.Order, t skava.InventoryType) skava.InventoryBulkTransaction {
	b := skava.InventoryBulkTransaction{BinItems: make([]skava.BinItem, len(o.Items)), AllOrNone: true}
	for i, item := range o.Items {
		b.BinItems[i] = skava.BinItem{
			BinName: item.Bin, SKUID: item.SKU,
			Transaction: skava.InventoryTransaction{ID: item.ItemID, Type: t, AtpQty: item.Quantity, Notes: orderwire.StockNotes(o)},
		}
	}
	return b
}

func promotion(o order.Order, kind string) skava.PromotionBulkTransaction {
	b := skava.PromotionBulkTransaction{ID: o.ID, Type: kind, PromoCodesInfo: make([]skava.PromoCode, len(o.PromoCodes))}
	for i, p := range o.PromoCodes {
		b.PromoCodesInfo[i] = skava.PromoCode{PromoCode: p.Code, ConfirmationCode: p.Confirmation}
	}
	return b
}

func fraud(o order.Order) skava.FraudRequest {
	return skava.FraudRequest{
		OrderID: o.ID, CollectionID: o.CollectionID, CustomerID: o.CustomerID, Guest: o.Guest, Email: o.Email, IP: o.IP,
		BillingCountry: o.BillingCountry, ShippingCountry: o.ShippingCountry,
		Currency: o.Currency, Value: o.TotalMinor, CreatedTime: skava.Millis(o.CreatedAt),
	}
}

func payment(o order.Order, st order.StepProgress, allOrNone bool) skava.PaymentBulkTransaction {
	items := make(map[string]order.Payment, len(o.Payments))
	for _, p := range o.Payments {
		items[p.ItemID] = p
	}
	b := skava.PaymentBulkTransaction{Transactions: make([]skava.PaymentTransaction, len(st.Transactions)), AllOrNone: allOrNone}
	for i, t := range st.Transactions {
		item := items[t.ItemID]
		b.Transactions[i] = skava.PaymentTransaction{
			Value: t.AmountMinor, Type: paymentType(t.Operation), PaymentItemID: t.ItemID, ID: t.ID,
			Status: skava.PaymentPending, CreatedBy: order.BySaga, CreatedTime: skava.Millis(o.CreatedAt),
			Properties: []skava.Property{
				{Name: skava.PropertyCurrency, Value: o.Currency},
				{Name: skava.PropertyGateway, Value: item.Gateway},
			},
		}
		// A token travels only where it is needed.
		if t.Operation == orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE && item.Token != "" {
			b.Transactions[i].Properties = append(b.Transactions[i].Properties, skava.Property{Name: skava.PropertyToken, Value: item.Token})
		}
		if t.Undoes != "" {
			b.Transactions[i].Properties = append(b.Transactions[i].Properties, skava.Property{Name: skava.PropertyUndoes, Value: t.Undoes})
		}
	}
	return b
}

func paymentType(op orderv1.PaymentOperation) string {
	switch op {
	case orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE:
		return skava.PaymentAuth
	case orderv1.PaymentOperation_PAYMENT_OPERATION_VOID:
		return skava.PaymentCancelAuth
	case orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE:
		return skava.PaymentCharge
	case orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND:
		return skava.PaymentRefund
	case orderv1.PaymentOperation_PAYMENT_OPERATION_UNSPECIFIED:
	}
	return ""
}
