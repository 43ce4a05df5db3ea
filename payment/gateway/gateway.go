// Package gateway is the way from the payment ledger to the outside: what a
// payment provider has to offer, and how the calls of a plan are carried out.
//
// A gateway moves money, so the contract is about what happens when something
// breaks: every call carries an idempotency key, and a caller that does not
// know what became of a call makes it again, or looks it up, with the same
// key. Package gatewaytest has the suite that every gateway passes.
package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/orderstream/oms/payment"
)

// Call is one question to a gateway.
type Call = payment.Call

// Result is a gateway's answer. A refusal is an answer, not an error.
type Result = payment.Result

// Gateway is a payment provider. It is safe for concurrent use.
//
// A call with a key that was used before does nothing and is answered as the
// first one was; with another operation, amount, currency or reference it
// fails with ErrKeyReused. A call that a caller gave up waiting for may still
// take effect.
type Gateway interface {
	// Authorize reserves the amount with the payment method of the token. An
	// approved result has a reference of its own, by which the later
	// operations find the authorization.
	Authorize(ctx context.Context, c Call) (Result, error)
	// Capture takes an amount of an authorization, at most what is open.
	Capture(ctx context.Context, c Call) (Result, error)
	// Void gives up an amount of an authorization, at most what is open.
	Void(ctx context.Context, c Call) (Result, error)
	// Refund gives back an amount of what was captured of an authorization, at
	// most what was not given back before.
	Refund(ctx context.Context, c Call) (Result, error)
	// Lookup settles what became of an earlier call with the same key: the
	// result is what any later call with that key gets. A call that was never
	// made is either made now, or answered with code payment.NeverMade and
	// never carried out afterwards.
	Lookup(ctx context.Context, c Call) (Result, error)
}

// Errors of a gateway. Any other error is as ErrUnknownOutcome.
var (
	// ErrUnavailable means that nothing was done: try again later.
	ErrUnavailable = errors.New("gateway is unavailable")
	// ErrUnknownOutcome means that the gateway may have done the work or not:
	// call again, or look up, with the same key.
	ErrUnknownOutcome = errors.New("outcome at the gateway is not known")
	// ErrKeyReused means that the idempotency key belongs to another call.
	ErrKeyReused = errors.New("idempotency key belongs to another call")
)

// Set is the gateways of an installation by name.
type Set map[string]Gateway

// Perform makes the calls that a plan asks for, one after the other, and
// returns their results: for lookups those that Settle wants, else those that
// Record wants, compensation included. An all-or-none request ends with its
// first refusal.
//
// An error means that a result is missing and nothing may be recorded. The
// caller plans and performs again later; what was done is then repeated by the
// gateway and not done twice.
func (s Set) Perform(ctx context.Context, w payment.Work) ([]payment.TaskResult, error) {
	if len(w.Lookups) > 0 {
		return s.each(ctx, w, w.Lookups, false)
	}
	results, err := s.each(ctx, w, w.Calls, w.Request.AllOrNone)
	if err != nil {
		return nil, err
	}
	undone, err := s.each(ctx, w, w.Compensate(results), false)
	if err != nil {
		return nil, err
	}
	return append(results, undone...), nil
}

// each performs tasks in order, up to the first refusal when told so.
func (s Set) each(ctx context.Context, w payment.Work, tasks []payment.Task, untilRefused bool) ([]payment.TaskResult, error) {
	var results []payment.TaskResult
	for _, t := range tasks {
		r, err := s.perform(ctx, w.Request.Tenant, t)
		if err != nil {
			return nil, fmt.Errorf("gateway %s, transaction %s: %w", t.Gateway, t.TransactionID, err)
		}
		results = append(results, payment.TaskResult{Task: t, Result: r})
		if untilRefused && !r.Approved {
			break
		}
	}
	return results, nil
}

// perform asks the task's gateway. A gateway that does not exist refuses.
func (s Set) perform(ctx context.Context, tenant string, t payment.Task) (Result, error) {
	g, known := s[t.Gateway]
	if !known {
		return Result{Code: payment.UnknownGateway, Message: "there is no such gateway"}, nil
	}
	t.Call.Tenant, t.Call.TransactionID, t.Call.PaymentItemID = tenant, t.TransactionID, t.PaymentItemID
	t.Call.OrderID = payment.OrderOf(t.Call.IdempotencyKey, t.TransactionID)
	if t.Lookup {
		return g.Lookup(ctx, t.Call)
	}
	switch t.Call.Operation { //nolint:exhaustive // the rest is refused below
	case payment.Authorize:
		return g.Authorize(ctx, t.Call)
	case payment.Capture:
		return g.Capture(ctx, t.Call)
	case payment.Void:
		return g.Void(ctx, t.Call)
	case payment.Refund:
		return g.Refund(ctx, t.Call)
	}
	return Result{Code: payment.UnsupportedOperation, Message: "there is no such operation"}, nil
}
