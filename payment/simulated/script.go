package simulated

import (
	"context"
	"slices"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/payment"
)

// Outcome is how the gateway answers a call with a new key. A repeat is always
// answered from the ledger, at once and in full.
type Outcome = paymentv1.ScriptedOutcome

// The outcomes.
const (
	// Approve approves, if the ledger lets it.
	Approve = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_APPROVE
	// Decline declines.
	Decline = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_DECLINE
	// Timeout does the work, but answers that the outcome is not known.
	Timeout = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_TIMEOUT
	// AnswerTwice approves, and marks the result as answered twice.
	AnswerTwice = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_ANSWER_TWICE
	// AnswerLate does the work at once and answers after Config.LateAfter.
	AnswerLate = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_ANSWER_LATE
	// Unavailable fails before any work is done; the key stays new.
	Unavailable = paymentv1.ScriptedOutcome_SCRIPTED_OUTCOME_UNAVAILABLE
)

// Tokens that need no script. Any other token is approved.
const (
	// TokenDecline declines every call.
	TokenDecline = "tok_decline"
	// TokenTimeout does the work of every call, and never says so at once.
	TokenTimeout = "tok_timeout"
	// TokenLate answers every call late.
	TokenLate = "tok_late"
	// TokenTwice answers every call twice.
	TokenTwice = "tok_twice"
	// TokenUnavailableOnce fails every call the first time that it is made.
	TokenUnavailableOnce = "tok_unavailable_once"
	// TokenCaptureDecline authorizes, but declines to capture.
	TokenCaptureDecline = "tok_capture_decline" //nolint:gosec // the name of a test card, not a secret
)

// script is a list of outcomes with the place that was reached in it.
type script struct {
	Outcomes []Outcome `json:"outcomes,omitempty"`
	Next     int       `json:"next,omitempty"`
}

// Script sets the outcomes of calls with a token, and of calls on
// authorizations made with it: they are used in turn, one a call with a new
// key, and the last one repeats. Without outcomes it removes the script. A
// script outlives a restart, with the place reached in it.
func (g *Gateway) Script(ctx context.Context, token string, outcomes ...Outcome) error {
	if err := checkKey("token", token); err != nil {
		return err
	}
	return g.store.update(ctx, func(b book) {
		write(b, scriptsBucket, token, script{Outcomes: slices.Clone(outcomes)})
	})
}

// outcome decides how a call with a new key is answered; times counts how
// often the key was used, this call included.
func (b book) outcome(token string, o payment.Operation, times int) Outcome {
	if token == "" {
		return Approve
	}
	if s := read[script](b, scriptsBucket, token); len(s.Outcomes) > 0 {
		next := s.Outcomes[s.Next]
		if s.Next < len(s.Outcomes)-1 {
			s.Next++
			write(b, scriptsBucket, token, s)
		}
		return next
	}
	switch {
	case token == TokenDecline,
		token == TokenCaptureDecline && o == payment.Capture:
		return Decline
	case token == TokenTimeout:
		return Timeout
	case token == TokenLate:
		return AnswerLate
	case token == TokenTwice:
		return AnswerTwice
	case token == TokenUnavailableOnce && times == 1:
		return Unavailable
	}
	return Approve
}
