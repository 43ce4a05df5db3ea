package stripe

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
)

// Told is all that Stripe says of one authorization.
type Told struct {
	// Tenant and OrderID say whose it is.
	Tenant, OrderID string
	// Results are what became of it, for payment.Settle, the authorization first.
	Results []payment.TaskResult
}

// errNotOurs is that a PaymentIntent was not made by this package.
var errNotOurs = errors.New("not a payment of ours")

// told asks Stripe what became of an authorization: its state now, whatever the
// event was that made us ask. Events come late, twice and in any order; the
// state does not.
func (g *Gateway) told(ctx context.Context, id string) (Told, error) {
	pi, err := g.intent(ctx, id)
	if err != nil {
		r, err := answered(err)
		if err == nil && r.Code == string(sdk.ErrorCodeResourceMissing) {
			err = errNotOurs
		}
		return Told{}, err
	}
	if pi.Metadata[metaKey] == "" || pi.Metadata[metaOrder] == "" || pi.Metadata[metaTransaction] == "" {
		return Told{}, errNotOurs
	}
	t := Told{Tenant: pi.Metadata[metaTenant], OrderID: pi.Metadata[metaOrder]}
	r, err := authorization(pi)
	if errors.Is(err, gateway.ErrUnknownOutcome) {
		return t, nil // it says nothing yet
	}
	t.add(pi, payment.Authorize, pi.Amount, pi.Metadata[metaTransaction], pi.Metadata[metaItem], r)
	if !r.Approved {
		return t, nil
	}
	t.noted(pi)
	for r, err := range g.refunds(ctx, pi.ID) {
		if err != nil {
			_, err := answered(err)
			return Told{}, cmp.Or(err, gateway.ErrUnavailable)
		}
		if r.Metadata[metaTransaction] != "" {
			t.add(pi, payment.Refund, r.Amount, r.Metadata[metaTransaction], r.Metadata[metaItem], refund(r))
		}
	}
	return t, nil
}

// noted adds what the notes say. A void of all that is left is done once Stripe
// let go of it; whoever made it goes on until then.
func (t *Told) noted(pi *sdk.PaymentIntent) {
	all := notes(pi)
	left := pi.Amount - pi.AmountReceived
	for _, name := range slices.Sorted(maps.Keys(all)) {
		n := all[name]
		if n.operation == payment.Void {
			left -= n.amount
			if pi.Status == sdk.PaymentIntentStatusRequiresCapture && open(pi) == 0 {
				continue
			}
		}
		t.add(pi, n.operation, n.amount, n.transaction, n.item, approved(pi.ID))
	}
	if left > 0 && (pi.Status == sdk.PaymentIntentStatusCanceled || pi.Status == sdk.PaymentIntentStatusSucceeded) {
		// It lapsed, or somebody let go of it at Stripe.
		t.add(pi, payment.Void, left, "lapsed:"+pi.ID, pi.Metadata[metaItem], approved(pi.ID))
	}
}

// add adds a result as the call itself would have got it.
func (t *Told) add(pi *sdk.PaymentIntent, o payment.Operation, amount int64, transaction, item string, r payment.Result) {
	c := payment.Call{
		IdempotencyKey: payment.Key(t.OrderID, transaction), Operation: o, AmountMinor: amount,
		Currency: strings.ToUpper(string(pi.Currency)), Tenant: t.Tenant, OrderID: t.OrderID, TransactionID: transaction, PaymentItemID: item,
	}
	if o != payment.Authorize {
		c.Reference = pi.ID
	}
	t.Results = append(t.Results, payment.TaskResult{
		Task:   payment.Task{TransactionID: transaction, PaymentItemID: item, Gateway: Name, Call: c},
		Result: r,
	})
}
