package participants

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/promotion"
)

// Promotion serves promotion.block/assign (Skava Order to Promotion).
type Promotion struct {
	Queues *workqueue.Queues
	Log    eventstore.Log[promotion.State]
	Now    func() time.Time
	// Hooks see the work.
	Hooks Hooks
}

// Run serves until the context ends, and records the blocks that ended by
// themselves.
func (p Promotion) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serve(ctx, p.Queues, skava.QueuePromotion, p.Hooks, p.handle) })
	g.Go(func() error { return p.Queues.Ticks(ctx, "promotion", p.expire) })
	return g.Wait()
}

// expireLimit bounds the codes looked at in one tick; the rest is due at the next.
const expireLimit = 1000

func (p Promotion) expire(ctx context.Context) error {
	due, err := p.Log.Active(ctx, p.Now(), expireLimit)
	if err != nil {
		return err
	}
	for _, s := range due {
		collection, code, _ := strings.Cut(s.ID, "/")
		n, err := strconv.ParseInt(collection, 10, 64)
		if err != nil {
			return fmt.Errorf("promotion aggregate %q: %w", s.ID, err)
		}
		c := promotion.ExpireBlocks{CollectionID: n, PromoCode: code, Now: p.Now()}
		meta := eventstore.Meta{Tenant: s.Tenant, Actor: "promotion"}
		if _, err := p.Log.Transact(ctx, meta, promotion.Scope(n), c); err != nil {
			return err
		}
	}
	return nil
}

func (p Promotion) handle(ctx context.Context, r request, m jetstream.Msg) (any, error) {
	body, err := decode[skava.PromotionBulkTransaction](m)
	if err != nil {
		return nil, err
	}
	if r.order == "" {
		r.order = body.ID
	}
	scope := promotion.Scope(r.collection)
	if body.Type == skava.PromotionRelease {
		c := promotion.Release{CollectionID: r.collection, RequestID: r.id, OrderID: r.order, ClosedIDs: r.undoOf, Now: p.Now()}
		for _, code := range body.PromoCodesInfo {
			c.Codes = append(c.Codes, code.PromoCode)
		}
		if _, err := p.Log.Transact(ctx, r.meta("promotion"), scope, c); err != nil {
			return nil, err
		}
		return promotionReply(r, body, promotion.Outcome{Succeeded: true}), nil
	}
	tx := promotion.BulkTransaction{
		CollectionID: r.collection, ID: r.id, OrderID: r.order, CustomerID: r.customer, Type: promotion.Type(body.Type), Now: p.Now(),
	}
	for _, code := range body.PromoCodesInfo {
		tx.Codes = append(tx.Codes, promotion.CodeRef{PromoCode: code.PromoCode, ConfirmationCode: code.ConfirmationCode})
	}
	res, err := p.Log.Transact(ctx, r.meta("promotion"), scope, tx)
	if err != nil {
		return nil, err
	}
	out, _ := res.States[promotion.TransactionID(r.collection, r.id)].Outcome()
	same := func(c promotion.CodeRef, o promotion.CodeOutcome) bool { return c.PromoCode == o.PromoCode }
	if !out.Closed && !slices.EqualFunc(tx.Codes, out.Codes, same) {
		return nil, errReused
	}
	return promotionReply(r, body, out), nil
}

// promotionReply repeats the codes as asked, each with its outcome.
func promotionReply(r request, body skava.PromotionBulkTransaction, out promotion.Outcome) skava.PromotionReply {
	reply := skava.PromotionReply{
		ID: body.ID, Type: body.Type, RequestID: r.id, ResponseCode: skava.CodeDone,
		PromoCodesInfo: make([]skava.PromoCodeReply, len(body.PromoCodesInfo)),
	}
	for i, code := range body.PromoCodesInfo {
		refusal := ""
		switch {
		case out.Closed:
			refusal = promotion.TransactionClosed
		case i < len(out.Codes):
			refusal = out.Codes[i].Refusal
		}
		if !out.Succeeded {
			reply.ResponseCode = skava.CodeRefused
			if reply.ResponseMessage == "" || reply.ResponseMessage == promotion.NotApplied {
				reply.ResponseMessage = refusal
			}
		}
		reply.PromoCodesInfo[i] = skava.PromoCodeReply{
			PromoCode: code.PromoCode, ConfirmationCode: code.ConfirmationCode, ResponseCode: outcome(refusal), ResponseMessage: refusal,
		}
	}
	return reply
}
