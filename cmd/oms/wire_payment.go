package main

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/participants"
	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/credit"
	"github.com/orderstream/oms/payment/gateway"
	"github.com/orderstream/oms/payment/simulated"
	"github.com/orderstream/oms/payment/stripe"
)

// webhookPath is where Stripe sends its events.
const webhookPath = "POST /webhooks/stripe"

// openGateways opens the ways to payment providers. Stripe is asked by the
// participant, and by whoever takes its webhooks.
func (s *service) openGateways(context.Context) (err error) {
	if s.cfg.StripeKeyFile != "" {
		key, err := stripe.ReadSecret(s.cfg.StripeKeyFile)
		if err != nil {
			return usageError("--stripe-key-file: %w", err)
		}
		if s.stripe, err = stripe.Open(stripe.Config{Key: key, URL: s.cfg.StripeURL}); err != nil {
			return err
		}
	}
	if !s.cfg.runs("payment") {
		return nil
	}
	s.gateway, err = simulated.Open(simulated.Config{Path: filepath.Join(s.cfg.Data, "simulated-gateway.db")})
	return err
}

// gateways are those of this process, by the names that orders use.
func (s *service) gateways() gateway.Set {
	set := gateway.Set{order.DefaultGateway: s.gateway, order.CreditGateway: credit.Gateway{}}
	if s.stripe != nil {
		set[stripe.Name] = s.stripe
	}
	return set
}

// openPayment starts the participant that moves money.
func (s *service) openPayment(hooks participants.Hooks) {
	p := &participants.Payment{Queues: s.queues, Log: s.payments(), Gateways: s.gateways(), Now: time.Now, Hooks: hooks}
	s.engines = append(s.engines, engine{"payment", p.Run})
	tell := participants.Tell{Queues: s.queues, Payments: s.payments(), Orders: s.orders(), Now: time.Now}
	s.engines = append(s.engines, engine{"recorded payments", tell.Run})
}

// stripeWebhook takes the events of Stripe; nil when nobody told how they are
// signed. Their signature is all that lets them in.
func (s *service) stripeWebhook() (http.Handler, error) {
	if s.cfg.StripeWebhookSecretFile == "" {
		return nil, nil
	}
	secrets, err := stripe.ReadSecrets(s.cfg.StripeWebhookSecretFile)
	if err != nil {
		return nil, usageError("--stripe-webhook-secret-file: %w", err)
	}
	return &stripe.Webhook{Gateway: s.stripe, Secrets: secrets, Settle: s.settleStripe, Taken: s.metrics.Webhook("stripe")}, nil
}

// settleStripe records what Stripe told about an order of ours.
func (s *service) settleStripe(ctx context.Context, told stripe.Told) error {
	if !slices.Contains(s.cfg.Tenants, told.Tenant) {
		return stripe.ErrUnknownOrder
	}
	snap, err := s.orders().Read(ctx, told.Tenant, told.OrderID, told.OrderID)
	if err != nil {
		return err
	}
	if snap.Revision == 0 {
		return stripe.ErrUnknownOrder
	}
	_, err = s.payments().Execute(ctx, eventstore.Meta{Tenant: told.Tenant, Actor: stripe.Name}, told.OrderID,
		payment.Settle{Results: told.Results, Now: time.Now()})
	return err
}
