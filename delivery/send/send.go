// Package send is what every destination of events has in common: a message, one
// attempt to hand it over, and the verdict on that attempt.
//
// A sender makes one attempt and says what became of it. It never waits to try
// again, never remembers, and never decides what a failure means for the
// endpoint: that is for the engine, which is the same for all of them. The
// contract suite in sendtest holds every sender to this.
package send

import (
	"context"
	"time"
)

// Message is one event on its way to one endpoint.
type Message struct {
	// ID is the same at every attempt and every replay: receivers recognise a
	// repeat by it (Standard Webhooks webhook-id, CloudEvents id).
	ID string
	// Type of the event in the words of the endpoint, e.g. "CreateOrderEvent".
	Type string
	// Subject is what the event is about, e.g. the order id; events of one
	// subject keep their order where the destination can keep one. May be empty.
	Subject string
	// Tenant whose event it is.
	Tenant string
	// Environment is "live" or "stage".
	Environment string
	// Time of the event.
	Time time.Time
	// ContentType of the body, "application/json" mostly.
	ContentType string
	// Body as the receiver gets it.
	Body []byte
	// Headers that the endpoint's vocabulary asks for, besides those of the
	// destination. Destinations without headers carry them as attributes, or leave
	// them out.
	Headers []Header
	// Attempt counts from 1.
	Attempt int
}

// Header is a name and a value.
type Header struct{ Name, Value string }

// Outcome of an attempt.
type Outcome uint8

const (
	// Failed: it may succeed later. The zero value, so that what nobody looked at
	// is tried again.
	Failed Outcome = iota
	// Delivered: the receiver has it.
	Delivered
	// Refused: this message will never be taken; others may.
	Refused
	// Gone: the receiver wants nothing more, ever (HTTP 410).
	Gone
	// Throttled: the receiver wants less, or later (HTTP 429, 503 with Retry-After,
	// ThrottlingException).
	Throttled
	// TooLarge: the receiver takes nothing of this size.
	TooLarge
	// Unsent: the failure is on our side of the endpoint, such as a proxy that is
	// down or a token server that does not answer. It counts as no attempt.
	Unsent
)

// String is the snake_case name, as attempts and metrics carry it.
func (o Outcome) String() string {
	names := [...]string{"failed", "delivered", "refused", "gone", "throttled", "too_large", "unsent"}
	if int(o) < len(names) {
		return names[o]
	}
	return "unknown"
}

// Verdict is what became of one message at one attempt.
type Verdict struct {
	Outcome Outcome
	// Status the receiver answered with, in its own numbers; 0 when it did not.
	Status int
	// Reason is a stable snake_case code for what is not Delivered, e.g.
	// "http_500", "timeout", "address_not_allowed", "tls".
	Reason string
	// Detail is for people. It holds no secret and no address behind the endpoint.
	Detail string
	// RetryAfter is what the receiver asked for; 0 when it did not.
	RetryAfter time.Duration
	// Response is the beginning of what the receiver answered.
	Response []byte
	// Took is how long the attempt lasted.
	Took time.Duration
}

// Sender hands messages to one endpoint. It is safe for concurrent use.
type Sender interface {
	// Send makes one attempt for each message and returns as many verdicts, in the
	// same order. It returns when the attempt is over, or soon after the context
	// ends. It never panics on what a receiver answers.
	Send(ctx context.Context, messages []Message) []Verdict
	// Limits say what fits into one Send.
	Limits() Limits
	// Close gives back what the sender holds. No Send is under way.
	Close()
}

// Limits of one Send.
type Limits struct {
	// Messages at most; at least 1.
	Messages int
	// Bytes of one message's body at most; 0 means no limit. What is larger is
	// sent thin.
	Bytes int
	// Total bytes of the bodies at most; 0 means no limit.
	Total int
}
