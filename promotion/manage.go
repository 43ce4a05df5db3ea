package promotion

import (
	"regexp"
	"time"

	"google.golang.org/protobuf/proto"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/fault"
)

// codePattern is what a promo code may look like.
var codePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// CreateCode makes a promo code usable. Its terms never change afterwards: the
// uses that were counted under them stay counted right.
type CreateCode struct {
	// CollectionID is the promotion collection.
	CollectionID int64
	// PromoCode is the code: 1 to 64 letters, digits, "-" and "_".
	PromoCode string
	// Terms say who may use it, when and how often.
	Terms Terms
}

// Decide creates the code. The same terms a second time change nothing; other
// terms are a conflict.
func (c CreateCode) Decide(s State) ([]proto.Message, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	e := &promotionv1.PromoCodeCreated{
		CollectionId:     c.CollectionID,
		PromoCode:        c.PromoCode,
		ConfirmationCode: c.Terms.ConfirmationCode,
		UsageLimit:       c.Terms.UsageLimit,
		CustomerLimit:    c.Terms.CustomerLimit,
		StartsAt:         timestamp(c.Terms.StartsAt),
		EndsAt:           timestamp(c.Terms.EndsAt),
		Description:      c.Terms.Description,
	}
	switch {
	case !s.Code.Created:
		return []proto.Message{e}, nil
	case s.Code.Terms.equal((Code{}).evolve(e).Terms):
		return nil, nil
	}
	return nil, fault.New(fault.Conflict, "promo_code_exists", "promo_code: %q exists with other terms", c.PromoCode)
}

// check reports everything that is wrong with the request.
func (c CreateCode) check() error {
	var f fault.Fields
	if !codePattern.MatchString(c.PromoCode) {
		f.Add("promo_code", `must be 1 to 64 letters, digits, "-" and "_"`)
	}
	if c.Terms.UsageLimit < 0 {
		f.Add("usage_limit", "must not be negative")
	}
	if c.Terms.CustomerLimit < 0 {
		f.Add("customer_limit", "must not be negative")
	}
	if !c.Terms.EndsAt.IsZero() && !c.Terms.EndsAt.After(c.Terms.StartsAt) {
		f.Add("ends_at", "must be after starts_at")
	}
	return f.Err()
}

// DisableCode stops new uses of a promo code. Uses that are blocked already
// can still be assigned.
type DisableCode struct {
	// CollectionID is the promotion collection.
	CollectionID int64
	// PromoCode is the code.
	PromoCode string
}

// Decide disables the code, once.
func (c DisableCode) Decide(s State) ([]proto.Message, error) {
	switch {
	case !s.Code.Created:
		return nil, fault.New(fault.NotFound, UnknownCode, "promo_code: %q does not exist", c.PromoCode)
	case s.Code.Disabled:
		return nil, nil
	}
	return []proto.Message{&promotionv1.PromoCodeDisabled{CollectionId: c.CollectionID, PromoCode: c.PromoCode}}, nil
}

// ExpireBlocks records the blocks of a code that ended by themselves, the
// oldest first. Nobody has to send it: uses are free from the moment at which
// their block ends, and the next request for the code records what is due. It
// keeps a code that nobody asks for any more in order. One command records a
// bounded number; see Wake for whether more is due.
type ExpireBlocks struct {
	// CollectionID is the promotion collection.
	CollectionID int64
	// PromoCode is the code.
	PromoCode string
	// Now is when the request is decided.
	Now time.Time
}

// Decide frees the uses.
func (c ExpireBlocks) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	l := ledger{collection: c.CollectionID, load: load, record: record}
	l.sweep(c.PromoCode, c.Now)
	return nil
}
