package stripetest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// Test cards of Stripe that the server knows.
const (
	Visa      = "pm_card_visa"
	Declining = "pm_card_visa_chargeDeclined"
	NeedsAuth = "pm_card_authenticationRequired"
)

func (s *Server) create(form url.Values) any {
	pi := &intent{
		ID: s.id("pi"), Object: "payment_intent", Amount: number(form, "amount", 0), CaptureMethod: form.Get("capture_method"),
		Currency: form.Get("currency"), Status: "requires_capture", Metadata: metadata(form),
	}
	if pi.Amount < 1 || pi.CaptureMethod != "manual" || form.Get("confirm") != "true" || form.Get("payment_method_types[0]") != "card" {
		return invalid("parameter_invalid_integer", "this double takes confirmed cards with manual capture only")
	}
	multicapture := "available"
	if s.SingleCapture || form.Get("payment_method_options[card][request_multicapture]") != "if_available" {
		multicapture = "unavailable"
	}
	pi.LatestCharge = &charge{
		ID: s.id("ch"), Object: "charge", PaymentIntent: pi.ID, Status: "succeeded",
		Details: map[string]any{"type": "card", "card": map[string]any{"multicapture": map[string]string{"status": multicapture}}},
	}
	f := &fault{status: http.StatusPaymentRequired, Type: "card_error", Code: "card_declined", DeclineCode: "generic_decline", Message: "Your card was declined."}
	switch form.Get("payment_method") {
	case Visa:
		f = nil
	case Declining:
	case NeedsAuth:
		f.Code, f.DeclineCode, f.Message = "authentication_required", "authentication_required", "The payment requires authentication."
	default:
		return invalid("resource_missing", "No such PaymentMethod: '"+form.Get("payment_method")+"'")
	}
	s.intents[pi.ID] = pi
	if f != nil {
		pi.Status, pi.LatestCharge.Status, pi.LastPaymentError = "requires_payment_method", "failed", f
		s.tell("payment_intent.payment_failed", pi)
		told := *f
		told.PaymentIntent = pi.copy()
		return &told
	}
	pi.AmountCapturable = pi.Amount
	s.tell("payment_intent.amount_capturable_updated", pi)
	return pi
}

func (p *intent) copy() *intent {
	c := *p
	c.Metadata = maps.Clone(p.Metadata)
	return &c
}

func (s *Server) capture(pi *intent, form url.Values) any {
	amount, final := number(form, "amount_to_capture", pi.AmountCapturable), form.Get("final_capture") != "false"
	again := pi.LatestCharge.Details["card"].(map[string]any)["multicapture"].(map[string]string)["status"] == "available"
	switch {
	case pi.Status != "requires_capture":
		return invalid("payment_intent_unexpected_state", "This PaymentIntent could not be captured because it has a status of "+pi.Status+".")
	case amount > pi.AmountCapturable:
		return invalid("amount_too_large", "The amount to capture is more than what is capturable.")
	case amount < 1 && (pi.AmountReceived == 0 || !final):
		return invalid("amount_too_small", "The amount to capture must be positive.")
	case !final && !again:
		return invalid("", "final_capture is only for multicapture.")
	}
	maps.Copy(pi.Metadata, metadata(form))
	pi.AmountReceived += amount
	pi.AmountCapturable -= amount
	if final || pi.AmountCapturable == 0 {
		pi.AmountCapturable, pi.Status, pi.LatestCharge.Captured = 0, "succeeded", true
		s.tell("payment_intent.succeeded", pi)
	} else {
		s.tell("payment_intent.amount_capturable_updated", pi)
	}
	s.tell("charge.captured", pi.LatestCharge)
	return pi
}

func (s *Server) cancel(pi *intent) any {
	if pi.Status == "succeeded" || pi.Status == "canceled" || pi.AmountReceived > 0 {
		return invalid("payment_intent_unexpected_state", "You cannot cancel this PaymentIntent because it has a status of "+pi.Status+".")
	}
	pi.Status, pi.AmountCapturable = "canceled", 0
	s.tell("payment_intent.canceled", pi)
	return pi
}

func (s *Server) refund(form url.Values) any {
	pi, found := s.intents[form.Get("payment_intent")]
	if !found {
		return missing("No such payment_intent: '" + form.Get("payment_intent") + "'")
	}
	amount := number(form, "amount", pi.AmountReceived)
	if amount < 1 || amount > pi.AmountReceived-pi.LatestCharge.AmountRefunded {
		return invalid("amount_too_large", "Refund amount is greater than unrefunded amount on charge.")
	}
	pi.LatestCharge.AmountRefunded += amount
	r := &refund{
		ID: s.id("re"), Object: "refund", Amount: amount, Currency: pi.Currency, PaymentIntent: pi.ID, Status: "succeeded", Metadata: metadata(form),
	}
	s.refunds = append(s.refunds, r)
	s.tell("charge.refunded", pi.LatestCharge)
	s.tell("refund.created", r)
	return r
}

// search knows one question: metadata['name']:'value'.
func (s *Server) search(query string) any {
	name, value, _ := strings.Cut(strings.TrimPrefix(query, "metadata['"), "']:'")
	value = strings.TrimSuffix(value, "'")
	found := []*intent{}
	for _, pi := range s.intents {
		if pi.Metadata[name] == value {
			found = append(found, pi)
		}
	}
	return map[string]any{"object": "search_result", "has_more": false, "data": found}
}

// Forget drops every idempotency key, as Stripe does after a day or more.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.kept)
}

// Cancel cancels a PaymentIntent as Stripe does when the authorization lapses,
// or somebody at its dashboard.
func (s *Server) Cancel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel(s.intents[id])
}

// Sums are what the server took and gave back.
func (s *Server) Sums() (open, captured, refunded int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, pi := range s.intents {
		open += pi.AmountCapturable
		captured += pi.AmountReceived
		refunded += pi.LatestCharge.AmountRefunded
	}
	return open, captured, refunded
}

// Events returns the events that the server would have sent to webhooks, and
// forgets them.
func (s *Server) Events() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.events
	s.events = nil
	return events
}

// tell notes an event.
func (s *Server) tell(kind string, object any) {
	raw, err := json.Marshal(map[string]any{
		"id": s.id("evt"), "object": "event", "type": kind, "api_version": "2020-08-27", "data": map[string]any{"object": object},
	})
	if err != nil {
		panic(err) // plain structs always encode
	}
	s.events = append(s.events, raw)
}
