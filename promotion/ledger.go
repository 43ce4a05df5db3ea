package promotion

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
)

// sweepAtMost bounds the expired blocks that one command records, so that the
// first request after a stampede does not pay for all of it. One would be
// enough for the limit: with one freed, the request's own use fits.
const sweepAtMost = 100

// ledger books uses of the codes of one collection: it records each fact for
// every aggregate that the fact is about, and so keeps them in step.
type ledger struct {
	collection int64
	load       func(id string) State
	record     func(id string, e proto.Message)
}

func (l ledger) code(code string) Code { return l.load(CodeID(l.collection, code)).Code }

func (l ledger) use(code, order string) Use { return l.load(UseID(l.collection, code, order)).Use }

func (l ledger) customer(code, customer string) Customer {
	return l.load(CustomerID(l.collection, code, customer)).Customer
}

// book records a fact about an order's use: for the code, for the use, and for
// the customer where one is given.
func (l ledger) book(code, order, customer string, e proto.Message) {
	l.record(CodeID(l.collection, code), e)
	l.record(UseID(l.collection, code, order), e)
	if customer != "" {
		l.record(CustomerID(l.collection, code, customer), e)
	}
}

// capped is the customer whose cap a use of the code counts against; empty
// when the code has none. Customers are followed only where it matters.
func (c Code) capped(customer string) string {
	if c.Terms.CustomerLimit == 0 {
		return ""
	}
	return customer
}

// block books a use that is kept for an order until a time.
func (l ledger) block(code, order, customer, capped string, until time.Time) {
	l.book(code, order, capped, &promotionv1.PromotionBlocked{
		CollectionId: l.collection, PromoCode: code, OrderId: order, CustomerId: customer, ExpiresAt: timestamppb.New(until),
	})
}

// assign books that an order redeemed the use that is blocked for it.
func (l ledger) assign(code, order string) {
	l.book(code, order, "", &promotionv1.PromotionAssigned{CollectionId: l.collection, PromoCode: code, OrderId: order})
}

// release books that an order gave its use back.
func (l ledger) release(code, order string) {
	capped := l.code(code).capped(l.use(code, order).CustomerID)
	l.book(code, order, capped, &promotionv1.PromotionReleased{CollectionId: l.collection, PromoCode: code, OrderId: order})
}

// expire books that a block ended by itself.
func (l ledger) expire(code string, b Block) {
	capped := l.code(code).capped(b.CustomerID)
	l.book(code, b.OrderID, capped, &promotionv1.PromotionBlockExpired{CollectionId: l.collection, PromoCode: code, OrderId: b.OrderID})
}

// sweep books the blocks of a code that ended, the oldest first.
func (l ledger) sweep(code string, now time.Time) {
	freed := 0
	for _, b := range l.code(code).Blocks {
		if freed == sweepAtMost {
			return
		}
		if b.expired(now) {
			l.expire(code, b)
			freed++
		}
	}
}

// sweepOne books the first block that meets a condition and ended.
func (l ledger) sweepOne(code string, now time.Time, match func(Block) bool) {
	blocks := l.code(code).Blocks
	if n := slices.IndexFunc(blocks, func(b Block) bool { return b.expired(now) && match(b) }); n >= 0 {
		l.expire(code, blocks[n])
	}
}
