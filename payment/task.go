package payment

import (
	"cmp"
	"strings"
)

// Key is the idempotency key of a transaction of an order.
func Key(order, transaction string) string { return order + "/" + transaction }

// OrderOf is the order of the transaction that a key was made for.
func OrderOf(key, transaction string) string { return strings.TrimSuffix(key, "/"+transaction) }

// Call is one question to a gateway.
type Call struct {
	// IdempotencyKey makes a repeat harmless: the gateway answers it alike.
	IdempotencyKey string
	// Operation is what the call is for. Only a lookup, which settles a call of
	// any operation, has to read it.
	Operation Operation
	// Reference names the authorization; empty for Authorize.
	Reference string
	// AmountMinor is in minor units of Currency, an ISO 4217 code.
	AmountMinor int64
	Currency    string
	// Token is the payment method at the gateway; needed by Authorize.
	Token string
	// Tenant, OrderID, TransactionID and PaymentItemID say what the call is for.
	// Perform fills them in, for gateways that tell results by another way as
	// well, and are to say of what.
	Tenant, OrderID, TransactionID, PaymentItemID string
}

// Result is a gateway's answer to a call.
type Result struct {
	// Approved is false when the gateway refused.
	Approved bool
	// Code and Message are the gateway's own; code "200" is approved.
	Code    string
	Message string
	// Reference names a new authorization at the gateway.
	Reference string
	// Twice is true when the gateway answers a second time by another way, as
	// a webhook that races the call does.
	Twice bool
}

// Task is a call that somebody has to make.
type Task struct {
	// TransactionID is the transaction as it will be recorded.
	TransactionID string
	// PaymentItemID is the payment item that it is for.
	PaymentItemID string
	// Gateway is the one to ask.
	Gateway string
	// Lookup wants to know what became of an earlier call with the same key.
	Lookup bool
	// Call is what to ask.
	Call Call
}

// TaskResult is a task with what came back.
type TaskResult struct {
	Task   Task
	Result Result
}

// compensation is the call that takes an approved one back, if it can be.
func (r TaskResult) compensation() (Task, bool) {
	t, suffix := r.Task, separator+voidSuffix
	switch {
	case r.Result.Approved && t.Call.Operation == Authorize:
		t.Call.Operation = Void
	case r.Result.Approved && t.Call.Operation == Capture:
		t.Call.Operation, suffix = Refund, separator+refundSuffix
	default:
		return Task{}, false
	}
	t.TransactionID += suffix
	t.Call.IdempotencyKey += suffix
	t.Call.Reference = r.reference()
	return t, true
}

// reference names the authorization that the transaction made or used. A
// gateway that gives no reference is asked by the transaction that made it.
func (r TaskResult) reference() string {
	if r.Task.Call.Operation == Authorize {
		return cmp.Or(r.Result.Reference, r.Task.TransactionID)
	}
	return r.Task.Call.Reference
}
