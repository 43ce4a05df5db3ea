package participants

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/fraud"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
)

// Fraud serves fraud.check: the rules of package fraud, on counts that it
// takes from the order log. A check does not wait for the counts, so an order
// may miss the ones that were placed in the last moments before it.
type Fraud struct {
	Queues *workqueue.Queues
	// Source is the order log; the counts begin one window ago.
	Source interface {
		FollowSince(ctx context.Context, log, headline string, since time.Time, f func(eventstore.Batch) error) error
	}
	Rules fraud.Rules
	Now   func() time.Time
	// Hooks see the work.
	Hooks Hooks

	mu     sync.Mutex
	recent *fraud.Window
}

// Run serves until the context ends.
func (p *Fraud) Run(ctx context.Context) error {
	p.recent = fraud.NewWindow(fraud.WindowConfig{Span: p.Rules.Window})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serve(ctx, p.Queues, skava.QueueFraud, p.Hooks, p.handle) })
	g.Go(func() error { return p.count(ctx) })
	return g.Wait()
}

// Keys of the window: who, and by what.
const (
	byCustomer = "c\x1f"
	byEmail    = "e\x1f"
	byIP       = "i\x1f"
)

func key(by, tenant, who string) string {
	if who == "" {
		return ""
	}
	return by + tenant + "\x1f" + strings.ToLower(who)
}

// count follows the orders as they are created; a log that fails is followed
// again from the same time, with fresh counts.
func (p *Fraud) count(ctx context.Context) error {
	for {
		err := p.Source.FollowSince(ctx, "order", "created", p.Now().Add(-p.Rules.Window), func(b eventstore.Batch) error {
			for _, c := range b.Commits {
				if err := p.add(c); err != nil {
					return err
				}
			}
			return nil
		})
		if ctx.Err() != nil {
			return nil //nolint:nilerr // told to stop
		}
		slog.LogAttrs(ctx, slog.LevelWarn, "counting orders starts again", slog.Any("error", err))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
		p.mu.Lock()
		p.recent = fraud.NewWindow(fraud.WindowConfig{Span: p.Rules.Window})
		p.mu.Unlock()
	}
}

// created is the stored type of the one event that counts.
var created = string((&orderv1.OrderCreated{}).ProtoReflect().Descriptor().FullName())

func (p *Fraud) add(c eventstore.Commit) error {
	for _, e := range c.GetEvents() {
		if e.GetType() != created {
			continue
		}
		m, err := eventstore.Decode(e)
		if err != nil {
			return err
		}
		o, ok := m.(*orderv1.OrderCreated)
		if !ok {
			return errors.New("an order created is not what it says")
		}
		at, who := o.GetCreatedAt().AsTime(), o.GetCustomer()
		p.mu.Lock()
		p.recent.Add(key(byCustomer, c.GetTenant(), who.GetCustomerId()), at)
		p.recent.Add(key(byEmail, c.GetTenant(), who.GetEmail()), at)
		p.recent.Add(key(byIP, c.GetTenant(), who.GetIp()), at)
		p.mu.Unlock()
	}
	return nil
}

// verdicts are the wire names; an order that nobody could judge is for a person.
var verdicts = map[fraud.Decision]string{
	orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED: skava.VerdictReview,
	fraud.Accept: skava.VerdictAccept, fraud.Review: skava.VerdictReview, fraud.Reject: skava.VerdictReject,
}

func (p *Fraud) handle(_ context.Context, r request, m jetstream.Msg) (any, error) {
	body, err := decode[skava.FraudRequest](m)
	if err != nil {
		return nil, err
	}
	v := fraud.Check(p.Rules, fraud.Input{
		OrderID: body.OrderID, AmountMinor: body.Value, Currency: body.Currency, CustomerID: body.CustomerID,
		Email: body.Email, IP: body.IP, Guest: body.Guest,
		BillingCountry: body.BillingCountry, ShippingCountry: body.ShippingCountry,
		Recent: p.counts(r.tenant, body),
	})
	reply := skava.FraudReply{RequestID: r.id, OrderID: body.OrderID, Verdict: verdicts[v.Verdict], ResponseCode: skava.CodeDone}
	if len(v.Reasons) > 0 {
		reply.ResponseMessage = v.Reasons[0].Rule
	}
	return reply, nil
}

func (p *Fraud) counts(tenant string, body skava.FraudRequest) fraud.Recent {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	return fraud.Recent{
		ByCustomer: p.recent.Count(key(byCustomer, tenant, body.CustomerID), now),
		ByEmail:    p.recent.Count(key(byEmail, tenant, body.Email), now),
		ByIP:       p.recent.Count(key(byIP, tenant, body.IP), now),
	}
}
