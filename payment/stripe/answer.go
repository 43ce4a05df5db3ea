package stripe

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
)

// Codes of refusals that Stripe was not asked for, or has no word for.
const (
	// MulticaptureUnavailable: a part of what is left was to be captured, and
	// Stripe would have let go of the rest.
	MulticaptureUnavailable = "multicapture_unavailable"

	exceeds = "amount_too_large"
)

// maxKey bounds the parts of which keys and metadata are made.
const maxKey = 255

// unfit are the currencies whose smallest unit at Stripe is not that of ISO
// 4217, in which our amounts are.
var unfit = map[string]bool{"ISK": true, "UGX": true, "MGA": true}

// check refuses what Stripe would misunderstand; a result without a code means
// that nothing is wrong.
func check(c gateway.Call) (gateway.Result, error) {
	switch {
	case c.IdempotencyKey == "" || len(c.IdempotencyKey) > maxKey:
		return gateway.Result{}, fmt.Errorf("idempotency key of %d bytes: must be 1 to %d", len(c.IdempotencyKey), maxKey)
	case c.AmountMinor < 1:
		return refused(payment.InvalidAmount, "the amount must be positive"), nil
	case unfit[c.Currency]:
		return refused(payment.InvalidCurrency, "amounts in this currency are counted otherwise at Stripe"), nil
	}
	return gateway.Result{}, nil
}

func approved(reference string) gateway.Result {
	return gateway.Result{Approved: true, Code: payment.Approved, Message: "approved", Reference: reference}
}

func refused(code, why string) gateway.Result { return gateway.Result{Code: code, Message: why} }

// declined is what a card said no with.
func declined(e *sdk.Error) gateway.Result {
	if e == nil {
		return refused(payment.Declined, "declined")
	}
	return refused(payment.Declined, fmt.Sprintf("%s: %s", cmp.Or(string(e.DeclineCode), string(e.Code), "declined"), e.Msg))
}

// authorization is what became of the request for one.
func authorization(pi *sdk.PaymentIntent) (gateway.Result, error) {
	if authorized(pi) {
		return approved(pi.ID), nil
	}
	switch pi.Status { // the rest is under way, unless an error says why it is not
	case sdk.PaymentIntentStatusCanceled, sdk.PaymentIntentStatusRequiresAction:
	default:
		if pi.LastPaymentError == nil || pi.Status == sdk.PaymentIntentStatusProcessing {
			return gateway.Result{}, fmt.Errorf("%w: %s is %s", gateway.ErrUnknownOutcome, pi.ID, pi.Status)
		}
	}
	return declined(pi.LastPaymentError), nil
}

// authorized reports whether a PaymentIntent ever was. A cancelled one is told
// by its charge.
func authorized(pi *sdk.PaymentIntent) bool {
	switch pi.Status { // the rest was not
	case sdk.PaymentIntentStatusRequiresCapture, sdk.PaymentIntentStatusSucceeded:
		return true
	case sdk.PaymentIntentStatusCanceled:
		return pi.LatestCharge != nil && pi.LatestCharge.Status == sdk.ChargeStatusSucceeded
	}
	return false
}

// refund is what became of one. One that is pending is on its way.
func refund(r *sdk.Refund) gateway.Result {
	switch r.Status { // the rest is done or on its way
	case sdk.RefundStatusFailed, sdk.RefundStatusCanceled:
		return refused(cmp.Or(string(r.FailureReason), string(r.Status)), "the refund failed")
	}
	ref := ""
	if r.PaymentIntent != nil {
		ref = r.PaymentIntent.ID
	}
	return approved(ref)
}

// answered tells a refusal from not knowing. No text of ours has the key in it,
// and neither has Stripe's, which shows but its end.
func answered(err error) (gateway.Result, error) {
	var e *sdk.Error
	if !errors.As(err, &e) {
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			return gateway.Result{}, fmt.Errorf("%w: %w", gateway.ErrUnavailable, err)
		}
		return gateway.Result{}, fmt.Errorf("%w: %w", gateway.ErrUnknownOutcome, err)
	}
	said := fmt.Sprintf("stripe: %d %s %s (%s)", e.HTTPStatusCode, e.Type, e.Code, e.RequestID)
	switch {
	case e.Code == sdk.ErrorCodeIdempotencyKeyInUse: // the first one is still at work
		return gateway.Result{}, fmt.Errorf("%w: %s", gateway.ErrUnknownOutcome, said)
	case e.Type == sdk.ErrorTypeIdempotency:
		return gateway.Result{}, fmt.Errorf("%w: %s", gateway.ErrKeyReused, said)
	case e.Type == sdk.ErrorTypeCard:
		return declined(e), nil
	}
	switch e.HTTPStatusCode {
	case http.StatusTooManyRequests, http.StatusUnauthorized, http.StatusForbidden:
		return gateway.Result{}, fmt.Errorf("%w: %s", gateway.ErrUnavailable, said)
	case http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound:
		return refused(cmp.Or(string(e.Code), "422"), e.Msg), nil
	}
	return gateway.Result{}, fmt.Errorf("%w: %s", gateway.ErrUnknownOutcome, said)
}
