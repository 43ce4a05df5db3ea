package rpc

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/eventstore"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/promotion"
)

// defaultCollection is the collection of a request that names none.
const defaultCollection = 1

// promotions serves PromotionService.
type promotions struct {
	log eventstore.Log[promotion.State]
}

func (s promotions) CreatePromoCode(ctx context.Context, req *promotionv1.CreatePromoCodeRequest) (*promotionv1.CreatePromoCodeResponse, error) {
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	usage, position, err := s.execute(ctx, meta, collection, req.GetPromoCode(), promotion.CreateCode{
		CollectionID: collection, PromoCode: req.GetPromoCode(), Terms: promotion.Terms{
			ConfirmationCode: req.GetConfirmationCode(), UsageLimit: req.GetUsageLimit(), CustomerLimit: req.GetCustomerLimit(),
			StartsAt: timeOf(req.GetStartsAt()), EndsAt: timeOf(req.GetEndsAt()), Description: req.GetDescription(),
		},
	})
	if err != nil {
		return nil, err
	}
	return &promotionv1.CreatePromoCodeResponse{PromoCode: usage, Position: position}, nil
}

func (s promotions) DisablePromoCode(ctx context.Context, req *promotionv1.DisablePromoCodeRequest) (*promotionv1.DisablePromoCodeResponse, error) {
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	usage, position, err := s.execute(ctx, meta, collection, req.GetPromoCode(), promotion.DisableCode{
		CollectionID: collection, PromoCode: req.GetPromoCode(),
	})
	if err != nil {
		return nil, err
	}
	return &promotionv1.DisablePromoCodeResponse{PromoCode: usage, Position: position}, nil
}

func (s promotions) GetPromoCode(ctx context.Context, req *promotionv1.GetPromoCodeRequest) (*promotionv1.GetPromoCodeResponse, error) {
	collection := cmp.Or(req.GetCollectionId(), defaultCollection)
	usage, err := s.read(ctx, callOf(ctx).Tenant, collection, req.GetPromoCode())
	if err != nil {
		return nil, err
	}
	return &promotionv1.GetPromoCodeResponse{PromoCode: usage}, nil
}

// execute runs a command on a code and returns the code as it is then.
func (s promotions) execute(
	ctx context.Context, meta eventstore.Meta, collection int64, code string, c eventstore.Command[promotion.State],
) (*promotionv1.PromoCodeUsage, uint64, error) {
	id := promotion.CodeID(collection, code)
	res, err := s.log.Transact(ctx, meta, promotion.Scope(collection), eventstore.Single(id, c))
	if err != nil {
		return nil, 0, err
	}
	if state, ok := res.States[id]; ok {
		return usageOf(collection, code, state.Code), res.Position, nil
	}
	usage, err := s.read(ctx, meta.Tenant, collection, code) // a repeat decides nothing and knows no states
	return usage, res.Position, err
}

func (s promotions) read(ctx context.Context, tenant string, collection int64, code string) (*promotionv1.PromoCodeUsage, error) {
	snap, err := s.log.Read(ctx, tenant, promotion.Scope(collection), promotion.CodeID(collection, code))
	if err != nil {
		return nil, err
	}
	if !snap.State.Code.Created {
		return nil, fault.New(fault.NotFound, promotion.UnknownCode, "promo_code: %q does not exist", code)
	}
	return usageOf(collection, code, snap.State.Code), nil
}

func usageOf(collection int64, code string, c promotion.Code) *promotionv1.PromoCodeUsage {
	return &promotionv1.PromoCodeUsage{
		CollectionId: collection, PromoCode: code,
		UsageLimit: c.Terms.UsageLimit, CustomerLimit: c.Terms.CustomerLimit,
		Blocked: int64(len(c.Blocks)), Assigned: c.Assigned, Enabled: !c.Disabled,
		StartsAt: timestampOf(c.Terms.StartsAt), EndsAt: timestampOf(c.Terms.EndsAt), Description: c.Terms.Description,
	}
}

// timeOf is the time of a message, zero when there is none.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// timestampOf is a time as a message, none when it is zero.
func timestampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
