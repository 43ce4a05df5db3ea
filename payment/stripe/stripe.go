package stripe

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
)

// Name is the gateway's name in an installation.
const Name = "stripe"

// DefaultTimeout is how long one request to Stripe may take.
const DefaultTimeout = 20 * time.Second

// Config says how Stripe is reached.
type Config struct {
	// Key is the secret or restricted key of the account.
	Key Secret
	// URL is that of the API; empty means Stripe's.
	URL string
	// Timeout bounds each request; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Gateway is the way to Stripe. It is safe for concurrent use.
type Gateway struct {
	api  *sdk.Client
	seed maphash.Seed
	// locks let one call at a time work on an authorization: what is open is
	// read before it is used. Calls of one order come one after the other
	// anyway.
	locks [256]sync.Mutex
}

var _ gateway.Gateway = (*Gateway)(nil)

// Open returns the gateway. It asks Stripe nothing yet.
func Open(c Config) (*Gateway, error) {
	if c.Key == "" {
		return nil, errors.New("stripe: the key is empty")
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	backend := &sdk.BackendConfig{
		HTTPClient:        &http.Client{Timeout: c.Timeout},
		LeveledLogger:     &sdk.LeveledLogger{Level: sdk.LevelNull},
		MaxNetworkRetries: sdk.Int64(0),
		EnableTelemetry:   sdk.Bool(false),
	}
	if c.URL != "" {
		backend.URL = sdk.String(c.URL)
	}
	client := sdk.NewClient(string(c.Key), sdk.WithBackends(sdk.NewBackendsWithConfig(backend)))
	return &Gateway{api: client, seed: maphash.MakeSeed()}, nil
}

// lock lets one call at a time work on what a name stands for.
func (g *Gateway) lock(name string) (unlock func()) {
	m := &g.locks[maphash.String(g.seed, name)%uint64(len(g.locks))]
	m.Lock()
	return m.Unlock
}

// Authorize confirms a PaymentIntent whose capture is left to us. The token is
// the id of a payment method, or of a customer and a payment method that is
// kept with it, as cus_…:pm_….
func (g *Gateway) Authorize(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	c.Operation = payment.Authorize
	if r, err := check(c); r.Code != "" || err != nil {
		return r, err
	}
	defer g.lock(c.IdempotencyKey)()
	pi, err := g.api.V1PaymentIntents.Create(ctx, creation(c))
	if err != nil {
		return answered(err)
	}
	if pi.Status == sdk.PaymentIntentStatusProcessing { // a repeat tells the same, even when it is long done
		if pi, err = g.intent(ctx, pi.ID); err != nil {
			return answered(err)
		}
	}
	return authorization(pi)
}

// creation is the request that authorizes.
func creation(c gateway.Call) *sdk.PaymentIntentCreateParams {
	p := &sdk.PaymentIntentCreateParams{
		Params:             sdk.Params{IdempotencyKey: sdk.String(keyOf(c))},
		Amount:             sdk.Int64(c.AmountMinor),
		Currency:           sdk.String(strings.ToLower(c.Currency)),
		CaptureMethod:      sdk.String(string(sdk.PaymentIntentCaptureMethodManual)),
		PaymentMethodTypes: sdk.StringSlice([]string{"card"}),
		Confirm:            sdk.Bool(true),
		OffSession:         sdk.Bool(true),
		Metadata:           metadata(c),
		PaymentMethodOptions: &sdk.PaymentIntentCreatePaymentMethodOptionsParams{
			Card: &sdk.PaymentIntentCreatePaymentMethodOptionsCardParams{
				RequestMulticapture: sdk.String(string(sdk.PaymentIntentPaymentMethodOptionsCardRequestMulticaptureIfAvailable)),
			},
		},
	}
	p.AddExpand("latest_charge")
	method := c.Token
	if customer, kept, both := strings.Cut(c.Token, ":"); both {
		p.Customer, method = sdk.String(customer), kept
	}
	p.PaymentMethod = sdk.String(method)
	return p
}

// Capture takes an amount of what is open.
func (g *Gateway) Capture(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	c.Operation = payment.Capture
	return g.change(ctx, c, func(pi *sdk.PaymentIntent) (gateway.Result, error) {
		left := open(pi)
		if voided(pi) > 0 && c.AmountMinor > left {
			return refused(exceeds, "more than is left of the authorization"), nil
		}
		if c.AmountMinor < left && !capturesAgain(pi) {
			return refused(MulticaptureUnavailable, "a part was asked for, and this card or account can be captured once only"), nil
		}
		p := &sdk.PaymentIntentCaptureParams{
			Params: sdk.Params{IdempotencyKey: sdk.String(keyOf(c))}, AmountToCapture: sdk.Int64(c.AmountMinor),
			Metadata: map[string]string{noteName(c): noteOf(c)},
		}
		if c.AmountMinor < left {
			p.FinalCapture = sdk.Bool(false)
		}
		if _, err := g.api.V1PaymentIntents.Capture(ctx, pi.ID, p); err != nil {
			return answered(err)
		}
		return approved(pi.ID), nil
	})
}

// Void gives up an amount of what is open.
func (g *Gateway) Void(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	c.Operation = payment.Void
	return g.change(ctx, c, func(pi *sdk.PaymentIntent) (gateway.Result, error) {
		if c.AmountMinor > open(pi) {
			return refused(exceeds, "more than is left of the authorization"), nil
		}
		p := &sdk.PaymentIntentUpdateParams{
			Params: sdk.Params{IdempotencyKey: sdk.String(keyOf(c))}, Metadata: map[string]string{noteName(c): noteOf(c)},
		}
		noted, err := g.api.V1PaymentIntents.Update(ctx, pi.ID, p)
		if err != nil {
			return answered(err)
		}
		return g.release(ctx, noted)
	})
}

// release lets go of an authorization of which nothing is left, and answers the
// void that took the last of it.
func (g *Gateway) release(ctx context.Context, pi *sdk.PaymentIntent) (gateway.Result, error) {
	if pi.Status != sdk.PaymentIntentStatusRequiresCapture || open(pi) > 0 {
		return approved(pi.ID), nil
	}
	// Without a key: done twice is done once, and Stripe would repeat its errors.
	var err error
	if pi.AmountReceived > 0 {
		_, err = g.api.V1PaymentIntents.Capture(ctx, pi.ID, &sdk.PaymentIntentCaptureParams{AmountToCapture: sdk.Int64(0), FinalCapture: sdk.Bool(true)})
	} else {
		_, err = g.api.V1PaymentIntents.Cancel(ctx, pi.ID, &sdk.PaymentIntentCancelParams{})
	}
	if err == nil {
		return approved(pi.ID), nil
	}
	if r, err := answered(err); err != nil {
		return r, err
	}
	// What was noted is given up whatever Stripe says: it cannot be captured here.
	return gateway.Result{}, fmt.Errorf("%w: the note of a void is kept, but Stripe did not release %s", gateway.ErrUnknownOutcome, pi.ID)
}

// Refund gives back an amount of what was captured.
func (g *Gateway) Refund(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	c.Operation = payment.Refund
	return g.change(ctx, c, func(pi *sdk.PaymentIntent) (gateway.Result, error) {
		for r, err := range g.refunds(ctx, pi.ID) {
			if err != nil {
				return answered(err)
			}
			if r.Metadata[metaKey] != keyOf(c) {
				continue
			}
			if r.Amount != c.AmountMinor {
				return gateway.Result{}, gateway.ErrKeyReused
			}
			return refund(r), nil
		}
		r, err := g.api.V1Refunds.Create(ctx, &sdk.RefundCreateParams{
			Params:        sdk.Params{IdempotencyKey: sdk.String(keyOf(c))},
			PaymentIntent: sdk.String(pi.ID), Amount: sdk.Int64(c.AmountMinor), Metadata: metadata(c),
		})
		if err != nil {
			return answered(err)
		}
		return refund(r), nil
	})
}

// refunds are those of a PaymentIntent, the newest first.
func (g *Gateway) refunds(ctx context.Context, id string) sdk.Seq2[*sdk.Refund, error] {
	p := &sdk.RefundListParams{PaymentIntent: sdk.String(id)}
	p.Limit = sdk.Int64(100)
	return g.api.V1Refunds.List(ctx, p).All(ctx)
}

// Lookup returns what became of an earlier call, and makes the call when it was
// never made.
func (g *Gateway) Lookup(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	switch c.Operation { //nolint:exhaustive // the rest is an authorization
	case payment.Capture:
		return g.Capture(ctx, c)
	case payment.Void:
		return g.Void(ctx, c)
	case payment.Refund:
		return g.Refund(ctx, c)
	}
	if r, err := check(c); r.Code != "" || err != nil {
		return r, err
	}
	p := &sdk.PaymentIntentSearchParams{SearchParams: sdk.SearchParams{Query: fmt.Sprintf("metadata['%s']:'%s'", metaKey, keyOf(c))}}
	p.AddExpand("data.latest_charge")
	for pi, err := range g.api.V1PaymentIntents.Search(ctx, p).All(ctx) {
		if err != nil {
			return answered(err)
		}
		return authorization(pi)
	}
	// Too young to be found, which its key tells, or never made.
	return g.Authorize(ctx, c)
}

// change makes a call on an authorization, unless its note says that it was.
func (g *Gateway) change(ctx context.Context, c gateway.Call, do func(*sdk.PaymentIntent) (gateway.Result, error)) (gateway.Result, error) {
	if r, err := check(c); r.Code != "" || err != nil {
		return r, err
	}
	if !strings.HasPrefix(c.Reference, "pi_") {
		return refused(string(sdk.ErrorCodeResourceMissing), "no such authorization"), nil
	}
	defer g.lock(c.Reference)()
	pi, err := g.intent(ctx, c.Reference)
	if err != nil {
		return answered(err)
	}
	if !strings.EqualFold(string(pi.Currency), c.Currency) {
		return refused(payment.InvalidCurrency, "the authorization has another currency"), nil
	}
	if n, found := notes(pi)[noteName(c)]; found {
		if n.amount != c.AmountMinor {
			return gateway.Result{}, gateway.ErrKeyReused
		}
		return g.release(ctx, pi)
	}
	return do(pi)
}

// intent reads a PaymentIntent.
func (g *Gateway) intent(ctx context.Context, id string) (*sdk.PaymentIntent, error) {
	p := &sdk.PaymentIntentRetrieveParams{}
	p.AddExpand("latest_charge")
	return g.api.V1PaymentIntents.Retrieve(ctx, id, p)
}
