package payment

import (
	"cmp"
	"slices"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
)

// Item is the ledger of one payment item.
type Item struct {
	// ID is the payment item id.
	ID string `cbor:"1,keyasint,omitempty"`
	// Authorizations are the approved ones, oldest first. There is usually one;
	// another follows when one was given up or ran out.
	Authorizations []Authorization `cbor:"2,keyasint,omitempty"`
}

// Authorization is an amount that a gateway reserved, and what became of it.
// All amounts only ever grow.
type Authorization struct {
	// TransactionID is the transaction that made it.
	TransactionID string `cbor:"1,keyasint,omitempty"`
	// Gateway keeps it, and Reference names it there.
	Gateway   string `cbor:"2,keyasint,omitempty"`
	Reference string `cbor:"3,keyasint,omitempty"`
	// Authorized is the amount reserved.
	Authorized int64 `cbor:"4,keyasint,omitempty"`
	// Voided was given up of it, and Captured was taken.
	Voided   int64 `cbor:"5,keyasint,omitempty"`
	Captured int64 `cbor:"6,keyasint,omitempty"`
	// Refunded was given back of what was taken.
	Refunded int64 `cbor:"7,keyasint,omitempty"`
}

// Open is what can still be captured or voided.
func (a Authorization) Open() int64 { return a.Authorized - a.Voided - a.Captured }

// Refundable is what can still be refunded.
func (a Authorization) Refundable() int64 { return a.Captured - a.Refunded }

// Gateway is the gateway of the item's latest authorization.
func (i Item) Gateway() string {
	if len(i.Authorizations) == 0 {
		return ""
	}
	return i.Authorizations[len(i.Authorizations)-1].Gateway
}

// Authorized is everything that was ever reserved for the item.
func (i Item) Authorized() int64 {
	return i.sum(func(a Authorization) int64 { return a.Authorized })
}

// Open is what is reserved and neither captured nor given up.
func (i Item) Open() int64 { return i.sum(Authorization.Open) }

// Captured is everything that was ever taken.
func (i Item) Captured() int64 { return i.sum(func(a Authorization) int64 { return a.Captured }) }

// Refunded is what was given back of it.
func (i Item) Refunded() int64 { return i.sum(func(a Authorization) int64 { return a.Refunded }) }

func (i Item) sum(of func(Authorization) int64) int64 {
	var total int64
	for _, a := range i.Authorizations {
		total += of(a)
	}
	return total
}

// Paid is what was captured and not given back, over all items.
func (p Payment) Paid() int64 {
	var paid int64
	for _, i := range p.Items {
		paid += i.Captured() - i.Refunded()
	}
	return paid
}

// Open is what is reserved and neither captured nor given up, over all items.
func (p Payment) Open() int64 {
	var open int64
	for _, i := range p.Items {
		open += i.Open()
	}
	return open
}

// Item returns the ledger of a payment item; it is empty when nothing was ever
// authorized for it.
func (p Payment) Item(id string) Item {
	if n := p.indexOf(id); n >= 0 {
		return p.Items[n]
	}
	return Item{ID: id}
}

func (p Payment) indexOf(item string) int {
	return slices.IndexFunc(p.Items, func(i Item) bool { return i.ID == item })
}

// authorized adds an authorization to the ledger.
func (p Payment) authorized(t *paymentv1.Transaction) Payment {
	p.Currency = cmp.Or(p.Currency, t.GetCurrencyCode())
	i := p.Item(t.GetPaymentItemId())
	i.Authorizations = slices.Concat(i.Authorizations, []Authorization{{
		TransactionID: t.GetTransactionId(), Gateway: t.GetGateway(), Reference: t.GetGatewayReference(), Authorized: t.GetAmountMinor(),
	}})
	return p.withItem(i)
}

// moved books an operation on the authorization that it refers to.
func (p Payment) moved(t *paymentv1.Transaction, o Operation) Payment {
	return p.book(t.GetPaymentItemId(), t.GetGatewayReference(), o, t.GetAmountMinor())
}

// book books an operation on an authorization; without such an authorization
// it books nothing.
func (p Payment) book(item, reference string, o Operation, amount int64) Payment {
	i := p.Item(item)
	n := slices.IndexFunc(i.Authorizations, func(a Authorization) bool { return a.Reference == reference })
	if n < 0 {
		return p
	}
	i.Authorizations = slices.Clone(i.Authorizations)
	switch a := &i.Authorizations[n]; o {
	case Void:
		a.Voided += amount
	case Capture:
		a.Captured += amount
	case Refund:
		a.Refunded += amount
	case Authorize, paymentv1.Operation_OPERATION_UNSPECIFIED: // make no use of an authorization
	}
	return p.withItem(i)
}

// withItem returns the payment with i in place of the item of that id.
func (p Payment) withItem(i Item) Payment {
	n := p.indexOf(i.ID)
	if n < 0 {
		p.Items = slices.Concat(p.Items, []Item{i})
		return p
	}
	p.Items = slices.Clone(p.Items)
	p.Items[n] = i
	return p
}

// share is the part of an operation that one authorization takes.
type share struct {
	authorization Authorization
	amount        int64
}

// spread divides an amount over authorizations with room for it, as few as can
// be: gateways are asked one authorization at a time. The shares add up to the
// amount, or to all room there is when that is less.
func spread(amount int64, over []Authorization, room func(Authorization) int64) []share {
	if n := slices.IndexFunc(over, func(a Authorization) bool { return room(a) >= amount }); n >= 0 {
		over = over[n : n+1]
	}
	var shares []share
	for _, a := range over {
		if part := min(amount, room(a)); part > 0 {
			shares = append(shares, share{a, part})
			amount -= part
		}
	}
	return shares
}
