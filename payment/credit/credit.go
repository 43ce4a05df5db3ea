// Package credit is the gateway of money that a customer has with the shop
// already: what returned units are worth in an exchange.
//
// It moves nothing and keeps no books. How much credit there is was decided
// and stored with the return, and the exchange order is paid with exactly
// that; so every call is approved, and a repeat is answered alike.
package credit

import (
	"context"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
)

// Gateway approves what the ledger of an exchange order asks of it. The zero
// value is ready to use, by many callers at once.
type Gateway struct{}

var _ gateway.Gateway = Gateway{}

// Authorize approves; the reference is made of the call's key.
func (Gateway) Authorize(_ context.Context, c gateway.Call) (gateway.Result, error) {
	return approved("credit:" + c.IdempotencyKey), nil
}

// Capture approves.
func (Gateway) Capture(_ context.Context, c gateway.Call) (gateway.Result, error) {
	return approved(c.Reference), nil
}

// Void approves.
func (Gateway) Void(_ context.Context, c gateway.Call) (gateway.Result, error) {
	return approved(c.Reference), nil
}

// Refund approves: the customer has the credit again.
func (Gateway) Refund(_ context.Context, c gateway.Call) (gateway.Result, error) {
	return approved(c.Reference), nil
}

// Lookup answers as the call would be answered.
func (g Gateway) Lookup(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	if c.Operation == payment.Authorize {
		return g.Authorize(ctx, c)
	}
	return approved(c.Reference), nil
}

func approved(reference string) gateway.Result {
	return gateway.Result{Approved: true, Code: payment.Approved, Message: "store credit", Reference: reference}
}
