package testkit

import (
	"fmt"
	"maps"
	"strings"

	"github.com/orderstream/oms/eventstore"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/inventory"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/order/ordertest"
	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/promotion"
)

// books are the states of all aggregates, as the events of the logs make them.
type books struct {
	stock    map[string]inventory.Item
	held     map[string]map[string]int64 // units by reserving request and SKU
	payments map[string]payment.Payment
	promos   map[string]promotion.State
	orders   map[string]order.Order
	credit   map[string]int64 // of exchange orders, that came back to where it came from
	// skipped are orders of which an operator went on without a step; settled
	// are payment requests that are recorded.
	skipped, settled map[string]bool
}

func newBooks() books {
	return books{
		stock: map[string]inventory.Item{}, held: map[string]map[string]int64{}, payments: map[string]payment.Payment{},
		promos: map[string]promotion.State{}, orders: map[string]order.Order{}, credit: map[string]int64{}, skipped: map[string]bool{}, settled: map[string]bool{},
	}
}

// inventory folds an event of the stock, and keeps what each request holds.
func (b books) inventory(r eventstore.Recorded) string {
	b.stock[r.Aggregate] = inventory.Evolve(b.stock[r.Aggregate], r.Event)
	switch e := r.Event.(type) {
	case *inventoryv1.StockReserved:
		return b.hold(e.GetTransactionId(), e.GetSkuId(), e.GetQuantity())
	case *inventoryv1.StockReleased:
		return b.hold(e.GetTransactionId(), e.GetSkuId(), -e.GetQuantity())
	case *inventoryv1.StockShipped:
		return b.hold(e.GetTransactionId(), e.GetSkuId(), -e.GetQuantity())
	}
	return ""
}

func (b books) hold(request, sku string, units int64) string {
	if b.held[request] == nil {
		b.held[request] = map[string]int64{}
	}
	if b.held[request][sku] += units; b.held[request][sku] < 0 {
		return fmt.Sprintf("takes %d more of %s than %s holds", -b.held[request][sku], sku, request)
	}
	return ""
}

func (b books) wrongStock(id string) string {
	if s := b.stock[id].Stock; s.OnHand < 0 || s.Reserved < 0 || s.Reserved > s.OnHand {
		return fmt.Sprintf("%s: %d on hand, %d of them reserved", id, s.OnHand, s.Reserved)
	}
	return ""
}

// payment folds an event of a payment.
func (b books) payment(r eventstore.Recorded) string {
	p, known := b.payments[r.Aggregate]
	if !known {
		p = payment.New(r.Aggregate, 0)
	}
	b.payments[r.Aggregate] = payment.Evolve(p, r.Event)
	if e, ok := r.Event.(*paymentv1.BulkTransactionRecorded); ok {
		if b.settled[e.GetRequestId()] {
			return "records " + e.GetRequestId() + " again"
		}
		b.settled[e.GetRequestId()] = true
	}
	return ""
}

func (b books) wrongPayment(id string) string {
	made := map[string]bool{}
	for _, t := range b.payments[id].Transactions {
		if t.Approved && made[t.ID] {
			return "transaction " + t.ID + " was made twice"
		}
		made[t.ID] = made[t.ID] || t.Approved
	}
	for _, i := range b.payments[id].Items {
		for _, a := range i.Authorizations {
			if min(a.Authorized, a.Voided, a.Captured, a.Refunded, a.Open(), a.Refundable()) < 0 {
				return fmt.Sprintf("order %s, payment %s: more was taken than there is: %+v", id, i.ID, a)
			}
		}
	}
	return ""
}

// promotion folds an event of a promo code or a use of one.
func (b books) promotion(r eventstore.Recorded) string {
	s, known := b.promos[r.Aggregate]
	if !known {
		s = promotion.New(r.Aggregate, 0)
	}
	b.promos[r.Aggregate] = promotion.Evolve(s, r.Event)
	if e, ok := r.Event.(*promotionv1.PromotionAssigned); ok && s.Kind == promotion.UseKind && s.Use.Status == promotion.Assigned {
		return "redeems a code twice for order " + e.GetOrderId()
	}
	return ""
}

func (b books) wrongPromotion(id string) string {
	c := b.promos[id].Code
	used := c.Assigned + int64(len(c.Blocks))
	if c.Assigned < 0 || c.Terms.UsageLimit > 0 && used > c.Terms.UsageLimit {
		return fmt.Sprintf("code %s is used %d times, of %d", id, used, c.Terms.UsageLimit)
	}
	return ""
}

// order folds an event of an order.
func (b books) order(r eventstore.Recorded) string {
	before, known := b.orders[r.Aggregate]
	if !known {
		before = order.New(r.Aggregate, 0)
	}
	after := order.Evolve(before, r.Event)
	b.orders[r.Aggregate] = after
	switch e := r.Event.(type) {
	case *orderv1.StepSkipped:
		b.skipped[r.Aggregate] = true
	case *orderv1.CreditGivenBack:
		b.credit[e.GetExchangeOrderId()] += e.GetRefundMinor() + e.GetKeptMinor()
	}
	if wrong := ordertest.WrongMove(before, after); wrong != "" {
		return "order " + r.Aggregate + " " + wrong
	}
	return ""
}

func (b books) wrongOrder(id string) string {
	wrong := ordertest.Wrong(b.orders[id])
	if wrong == "" && !b.skipped[id] {
		wrong = ordertest.Unsecured(b.orders[id])
	}
	if wrong != "" {
		return "order " + id + ": " + wrong
	}
	return ""
}

// crosswise says where orders do not agree with stock and money: of each order
// on which nobody works, what it holds by the one log and by the other.
func (b books) crosswise() (wrong []string) {
	held := map[string]map[string]int64{}
	for request, units := range b.held {
		id, _, _ := strings.Cut(request, ":")
		if held[id] == nil {
			held[id] = map[string]int64{}
		}
		for sku, n := range units {
			held[id][sku] += n
		}
	}
	for id, o := range b.orders {
		if len(o.Work) > 0 || b.skipped[id] || o.Imported || !o.Confirmed() && o.Status != order.Cancelled && o.Status != order.Deleted {
			continue
		}
		open := map[string]int64{}
		for _, i := range o.Items {
			open[i.SKU] += i.Open()
		}
		none := func(_ string, n int64) bool { return n == 0 }
		maps.DeleteFunc(open, none)
		maps.DeleteFunc(held[id], none)
		if len(b.held) > 0 && !maps.Equal(open, held[id]) { // else an outside service keeps the stock
			wrong = append(wrong, fmt.Sprintf("order %s is %s and has %v to ship, the stock keeps %v for it", id, o.Status, open, held[id]))
		}
		if b.credit[id] != o.CreditFreed {
			wrong = append(wrong, fmt.Sprintf("order %s is %s and gave %d of its credit back, of which %d came to order %s", id, o.Status, o.CreditFreed, b.credit[id], o.OriginalOrderID))
		}
		var secured int64
		for _, p := range o.Payments {
			secured += p.Ledger.Secured()
		}
		if l := b.payments[id]; l.Paid()+l.Open() != secured {
			wrong = append(wrong, fmt.Sprintf("order %s is %s and knows of %d, by the ledger %d were taken and %d authorized", id, o.Status, secured, l.Paid(), l.Open()))
		}
	}
	return wrong
}
