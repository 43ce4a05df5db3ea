package saga_test

import (
	"slices"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

// books are the participants after the sale: they count units and money, and
// answer each request once, as the real ones do.
type books struct {
	t      fataler
	answer func(orderv1.Step) act

	onHand, reserved map[string]int64            // by SKU
	held             map[string]map[string]int64 // by request id and SKU
	opened, net      map[string]int64            // by payment item
	linked           map[string]bool
	credit           int64 // that went back to the order that it came from
	replies          map[string]order.Answer
	closed           map[string]bool
	known            map[string]bool // ids of transactions
}

// plenty is how much of every SKU there is before the sale.
const plenty = 1000

// booksOf are the books right after the checkout of an order.
func booksOf(t fataler, o order.Order, answer func(orderv1.Step) act) *books {
	b := &books{
		t: t, answer: answer, onHand: map[string]int64{}, reserved: map[string]int64{}, held: map[string]map[string]int64{},
		opened: map[string]int64{}, net: map[string]int64{}, linked: map[string]bool{},
		replies: map[string]order.Answer{}, closed: map[string]bool{}, known: map[string]bool{},
	}
	for _, p := range o.Steps {
		for _, tx := range p.Transactions {
			b.known[tx.ID] = true
		}
	}
	checkout := o.Reserved()[0]
	b.held[checkout] = map[string]int64{}
	for _, i := range o.Items {
		b.onHand[i.SKU] = plenty
		b.reserved[i.SKU] += i.Quantity
		b.held[checkout][i.SKU] += i.Quantity
	}
	for _, p := range o.Payments {
		b.opened[p.ItemID], b.net[p.ItemID] = p.Ledger.Open(), p.Ledger.Net()
	}
	return b
}

func (b *books) receive(r saga.Request) []order.Answer {
	what := b.answer(r.Step)
	if what == ignore {
		return nil
	}
	a, known := b.replies[r.ID]
	if !known {
		a = b.work(r, what == refuse || what == half || what == torn || what == reject)
		b.replies[r.ID] = a
	}
	switch what {
	case lose, late:
		return nil
	case twice:
		return []order.Answer{a, a}
	}
	return []order.Answer{a}
}

func (b *books) work(r saga.Request, refused bool) order.Answer {
	a := order.Answer{Step: r.Step, RequestID: r.ID, Succeeded: !refused && !b.closed[r.ID], Code: skava.CodeDone}
	if !refused {
		for _, id := range r.UndoOf {
			b.closed[id] = true
		}
	}
	switch body := r.Payload.(type) {
	case skava.InventoryBulkTransaction:
		a.Succeeded = a.Succeeded && b.stock(r, body)
	case skava.PaymentBulkTransaction:
		for _, tx := range body.Transactions {
			if b.known[tx.ID] {
				b.t.Fatalf("%s: transaction %s was another one's", r.ID, tx.ID)
			}
			b.known[tx.ID] = true
			out := order.Transaction{ID: tx.ID, Succeeded: a.Succeeded}
			if a.Succeeded {
				out.MovedMinor = b.pay(r, tx)
			}
			a.Transactions = append(a.Transactions, out)
		}
	case skava.LinkedOrder:
		if body.CreditMinor > 0 {
			if a.Succeeded {
				b.credit += body.CreditMinor
			}
			break
		}
		if a.Succeeded && b.linked[body.OrderID] {
			b.t.Fatalf("order %s is created twice", body.OrderID)
		}
		b.linked[body.OrderID] = b.linked[body.OrderID] || a.Succeeded
	}
	if !a.Succeeded {
		a.Code, a.Message = skava.CodeRefused, "refused_by_test"
	}
	return a
}

// stock moves units; false when there are not enough of them.
func (b *books) stock(r saga.Request, body skava.InventoryBulkTransaction) bool {
	if len(r.UndoOf) > 0 {
		for _, id := range r.UndoOf {
			for sku, n := range b.held[id] {
				b.reserved[sku] -= n
			}
			delete(b.held, id)
		}
		return true
	}
	for _, l := range body.BinItems {
		sku, n := l.SKUID, l.Transaction.AtpQty
		switch r.StockAction {
		case skava.StockReserve:
			b.reserved[sku] += n
			if b.held[r.ID] == nil {
				b.held[r.ID] = map[string]int64{}
			}
			b.held[r.ID][sku] += n
		case skava.StockRestock:
			b.onHand[sku] += n
		case skava.StockRelease, skava.StockShip:
			if r.StockAction == skava.StockShip {
				b.onHand[sku] -= n
			}
			b.reserved[sku] -= n
			for _, id := range r.Reservations {
				from := min(n, b.held[id][sku])
				if b.held[id] != nil {
					b.held[id][sku] -= from
				}
				n -= from
			}
			if n != 0 {
				b.t.Fatalf("%s: %d of %s more than %v hold", r.ID, n, sku, r.Reservations)
			}
		default:
			b.t.Fatalf("%s: stock action %q", r.ID, r.StockAction)
		}
	}
	return true
}

// pay moves money and returns how much.
func (b *books) pay(r saga.Request, tx skava.PaymentTransaction) int64 {
	item, n := tx.PaymentItemID, tx.Value
	undo := len(r.UndoOf) > 0
	if undes := tx.Property(skava.PropertyUndoes); undes != "" {
		n = 0
		for _, a := range b.replies {
			for _, t := range a.Transactions {
				if t.ID == undes {
					n = t.MovedMinor
				}
			}
		}
	}
	take := func(from map[string]int64) int64 {
		if n > from[item] && !undo {
			b.t.Fatalf("%s: %d of %d of %s", r.ID, n, from[item], item)
		}
		n = min(n, from[item])
		from[item] -= n
		return n
	}
	switch tx.Type {
	case skava.PaymentAuth:
		b.opened[item] += n
	case skava.PaymentCharge:
		b.net[item] += take(b.opened)
	case skava.PaymentCancelAuth:
		take(b.opened)
	case skava.PaymentRefund:
		take(b.net)
	}
	return n
}

// wrong is what does not agree between the order and the books, once nothing is
// left to do.
func (b *books) wrong(o order.Order) string {
	if len(o.Work) > 0 {
		return "work is left"
	}
	var secured int64
	for _, p := range o.Payments {
		if p.Gateway == order.ExternalGateway {
			secured += p.Ledger.Secured()
			continue
		}
		if p.Ledger.Open() != b.opened[p.ItemID] || p.Ledger.Net() != b.net[p.ItemID] {
			return "the ledger of " + p.ItemID + " is not that of the books"
		}
		secured += p.Ledger.Secured()
	}
	var opened int64
	for _, n := range b.opened {
		opened += n
	}
	overpaid := secured > o.DueMinor && opened == 0 && len(o.Recorded) > 0 // somebody has to give it back
	if secured != o.DueMinor && !overpaid {
		return "what is secured is not what is due"
	}
	if o.FreeCredit() != 0 || b.credit != o.CreditFreed {
		return "credit that is not used has not gone back"
	}
	if o.OwedMinor < 0 || o.OwedMinor > opened {
		return "more is owed than can be taken"
	}
	open, gone := map[string]int64{}, map[string]int64{}
	var skus []string
	for _, i := range o.Items {
		open[i.SKU] += i.Open()
		gone[i.SKU] += i.Shipped - i.Returned // every return is restocked
		skus = append(skus, i.SKU)
	}
	for _, sku := range slices.Compact(skus) {
		if b.reserved[sku] != open[sku] {
			return "the stock kept of " + sku + " is not what is open"
		}
		if _, known := b.onHand[sku]; known && b.onHand[sku] != plenty-gone[sku] && b.onHand[sku] != -gone[sku] {
			return "the stock on hand of " + sku + " is not what has left"
		}
	}
	return ""
}
