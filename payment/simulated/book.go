package simulated

import (
	"cmp"
	"encoding/json"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
)

// Buckets of the ledger.
const (
	callsBucket   = "calls"          // by idempotency key: kept
	holdsBucket   = "authorizations" // by reference: hold
	scriptsBucket = "scripts"        // by token: script
)

var buckets = []string{callsBucket, holdsBucket, scriptsBucket}

// kept is what the ledger has of the calls with one key.
type kept struct {
	Operation payment.Operation `json:"operation"`
	Amount    int64             `json:"amount"`
	Currency  string            `json:"currency"`
	Reference string            `json:"reference,omitempty"`
	// Times is how often the key was used.
	Times int `json:"times"`
	// Settled is true once the key has its result.
	Settled bool           `json:"settled,omitempty"`
	Result  gateway.Result `json:"result,omitzero"`
}

// is reports whether a call is the one that was kept.
func (k kept) is(c gateway.Call) bool {
	return k.Operation == c.Operation && k.Amount == c.AmountMinor && k.Currency == c.Currency && k.Reference == c.Reference
}

// hold is an authorization.
type hold struct {
	Token      string `json:"token,omitempty"`
	Currency   string `json:"currency"`
	Authorized int64  `json:"authorized"`
	Voided     int64  `json:"voided,omitempty"`
	Captured   int64  `json:"captured,omitempty"`
	Refunded   int64  `json:"refunded,omitempty"`
}

// reply is how a call is answered.
type reply struct {
	result gateway.Result
	err    error
	late   bool
}

// book is the ledger during one update.
type book struct{ pages }

// pages is where a book is written: names to values, in buckets.
type pages interface {
	get(bucket, key string) []byte
	put(bucket, key string, value []byte)
}

// call decides one call.
func (b book) call(c gateway.Call) reply {
	k := read[kept](b, callsBucket, c.IdempotencyKey)
	k.Times++
	defer func() { write(b, callsBucket, c.IdempotencyKey, k) }()
	if k.Settled {
		if k.Result.Code != payment.NeverMade && !k.is(c) {
			return reply{err: gateway.ErrKeyReused}
		}
		return reply{result: k.Result}
	}
	token := cmp.Or(read[hold](b, holdsBucket, c.Reference).Token, c.Token)
	o := b.outcome(token, c.Operation, k.Times)
	if o == Unavailable {
		return reply{err: gateway.ErrUnavailable}
	}
	k = kept{Operation: c.Operation, Amount: c.AmountMinor, Currency: c.Currency, Reference: c.Reference, Times: k.Times, Settled: true}
	if o == Decline {
		k.Result = gateway.Result{Code: payment.Declined, Message: "declined"}
	} else {
		k.Result = b.move(c)
	}
	if o == Timeout {
		return reply{err: gateway.ErrUnknownOutcome}
	}
	a := reply{result: k.Result, late: o == AnswerLate}
	a.result.Twice = o == AnswerTwice
	return a
}

// lookup returns the result of a key, and settles a key that has none.
func (b book) lookup(c gateway.Call) gateway.Result {
	k := read[kept](b, callsBucket, c.IdempotencyKey)
	if !k.Settled {
		k.Settled, k.Result = true, gateway.Result{Code: payment.NeverMade, Message: "never made"}
		write(b, callsBucket, c.IdempotencyKey, k)
	}
	return k.Result
}

// move moves the money, or says why not.
func (b book) move(c gateway.Call) gateway.Result {
	if c.AmountMinor < 1 || c.AmountMinor > payment.MaxAmount || c.Currency == "" {
		return refused("an amount and a currency are needed")
	}
	if c.Operation == payment.Authorize {
		reference := "sim_" + c.IdempotencyKey
		write(b, holdsBucket, reference, hold{Token: c.Token, Currency: c.Currency, Authorized: c.AmountMinor})
		return approved(reference)
	}
	h := read[hold](b, holdsBucket, c.Reference)
	if h.Authorized == 0 || h.Currency != c.Currency {
		return refused("no such authorization in that currency")
	}
	left, moved := h.Authorized-h.Voided-h.Captured, &h.Captured
	switch c.Operation { //nolint:exhaustive // nothing else gets here
	case payment.Void:
		moved = &h.Voided
	case payment.Refund:
		left, moved = h.Captured-h.Refunded, &h.Refunded
	}
	if c.AmountMinor > left {
		return refused("more than is left of the authorization")
	}
	*moved += c.AmountMinor
	write(b, holdsBucket, c.Reference, h)
	return approved(c.Reference)
}

func approved(reference string) gateway.Result {
	return gateway.Result{Approved: true, Code: payment.Approved, Message: "approved", Reference: reference}
}

func refused(why string) gateway.Result { return gateway.Result{Code: "422", Message: why} }

// read returns a value of the book, zero when it has none.
func read[V any](p pages, bucket, key string) V {
	raw := p.get(bucket, key)
	if raw == nil {
		var none V
		return none
	}
	return decode[V](raw)
}

// decode reads what write wrote.
func decode[V any](raw []byte) V {
	var v V
	if err := json.Unmarshal(raw, &v); err != nil {
		panic("simulated gateway: its ledger is damaged: " + err.Error())
	}
	return v
}

// write puts a value into the book.
func write[V any](p pages, bucket, key string, v V) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("simulated gateway: " + err.Error()) // plain structs always encode
	}
	p.put(bucket, key, raw)
}
