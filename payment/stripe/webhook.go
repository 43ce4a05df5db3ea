package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"
)

// Bounds of a webhook.
const (
	// MaxEvent is the largest event that is read.
	MaxEvent = 1 << 20
	// Tolerance is how old a signature may be.
	Tolerance = 5 * time.Minute

	settleTimeout = 25 * time.Second // Stripe waits a little longer
)

// What becomes of an event; hooks count them.
const (
	// Settled: what Stripe told is in the ledger.
	Settled = "settled"
	// Ignored: the event is of a kind that says nothing about our payments.
	Ignored = "ignored"
	// Unknown: the payment is not one of ours, or its order is not here.
	Unknown = "unknown"
	// Forged: the signature is missing, wrong or too old.
	Forged = "forged"
	// Failed: a refund came back that the ledger has as given; somebody has to
	// look at it.
	Failed = "refund_failed"
	// Later: something is not available; Stripe sends the event again.
	Later = "later"
)

// ErrUnknownOrder is that there is no such order here.
var ErrUnknownOrder = errors.New("unknown order")

// Webhook takes the events of Stripe. What an event says is not believed but
// asked for: it only tells of which payment. So an event that comes late, twice
// or before our own call was answered ends in the same ledger. An event that
// nobody here knows what to do with is acknowledged and counted, since Stripe
// would send it for days.
type Webhook struct {
	// Gateway asks Stripe.
	Gateway *Gateway
	// Secrets sign the events; any of them may, so that one can be rotated.
	Secrets []Secret
	// Settle records what Stripe told; ErrUnknownOrder says that it is not
	// about us.
	Settle func(context.Context, Told) error
	// Taken is called with the kind of each event and what became of it. The
	// kind of a forged one is empty.
	Taken func(ctx context.Context, kind, became string)
}

// ServeHTTP takes one event.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxEvent))
	if err != nil {
		http.Error(w, "the event cannot be read", http.StatusRequestEntityTooLarge)
		return
	}
	event, err := h.verified(body, r.Header.Get("Stripe-Signature"))
	if err != nil {
		h.taken(r.Context(), "", Forged)
		http.Error(w, "the signature does not fit", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), settleTimeout)
	defer cancel()
	became, err := h.take(ctx, event)
	h.taken(ctx, string(event.Type), became)
	if err != nil {
		slog.LogAttrs(ctx, slog.LevelWarn, "stripe event put off", slog.String("event", event.ID), slog.String("kind", string(event.Type)), slog.Any("error", err))
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return
	}
}

func (h *Webhook) taken(ctx context.Context, kind, became string) {
	if h.Taken != nil {
		h.Taken(ctx, kind, became)
	}
}

// verified is the event, if one of the secrets signed it. The version of the
// API that it was written in does not matter: only ids are read.
func (h *Webhook) verified(body []byte, signature string) (event sdk.Event, err error) {
	err = webhook.ErrNoValidSignature
	for _, s := range h.Secrets {
		event, err = webhook.ConstructEventWithOptions(body, signature, string(s), webhook.ConstructEventOptions{
			Tolerance: Tolerance, IgnoreAPIVersionMismatch: true,
		})
		if err == nil {
			return event, nil
		}
	}
	return event, err
}

// take brings the ledger up to date with what an event is about.
func (h *Webhook) take(ctx context.Context, event sdk.Event) (became string, err error) {
	id := intentOf(event)
	if id == "" {
		return Ignored, nil
	}
	told, err := h.Gateway.told(ctx, id)
	if err == nil {
		err = h.Settle(ctx, told)
	}
	switch {
	case errors.Is(err, errNotOurs), errors.Is(err, ErrUnknownOrder):
		return Unknown, nil
	case err != nil:
		return Later, err
	case event.Type == sdk.EventTypeRefundFailed:
		slog.LogAttrs(ctx, slog.LevelWarn, "stripe could not give a refund, and it stays in the ledger", slog.String("event", event.ID), slog.String("order", told.OrderID))
		return Failed, nil
	}
	return Settled, nil
}

// intentOf is the PaymentIntent that an event is about; empty when it is about
// something else.
func intentOf(event sdk.Event) string {
	family, _, _ := strings.Cut(string(event.Type), ".")
	var object struct {
		ID     string          `json:"id"`
		Intent json.RawMessage `json:"payment_intent"`
	}
	if event.Data == nil || json.Unmarshal(event.Data.Raw, &object) != nil {
		return ""
	}
	id := ""
	switch family {
	case "payment_intent":
		id = object.ID
	case "charge", "refund":
		if json.Unmarshal(object.Intent, &id) != nil { // whole, or none
			return ""
		}
	}
	if !strings.HasPrefix(id, "pi_") {
		return ""
	}
	return id
}
