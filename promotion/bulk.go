package promotion

import (
	"time"

	"google.golang.org/protobuf/proto"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/fault"
)

// DefaultBlockTTL is how long a use is kept for an order in checkout.
const DefaultBlockTTL = 300 * time.Second

// Type is what a bulk transaction does with its codes.
type Type string

const (
	// BlockCodes keeps a use of each code for the order.
	BlockCodes Type = "BLOCK"
	// AssignCodes redeems the uses that are kept for the order.
	AssignCodes Type = "ASSIGN"
)

// BulkTransaction is a request of the saga, as it comes through the queue: all
// codes or none. Its outcome is recorded under its id, so that a repeat uses
// nothing up and is answered alike; read it with State.Outcome from the
// aggregate TransactionID.
type BulkTransaction struct {
	// CollectionID is the promotion collection of every code.
	CollectionID int64
	// ID is the request id.
	ID string
	// OrderID is the order that uses the codes.
	OrderID string
	// CustomerID is the customer whose cap counts; empty for a guest.
	CustomerID string
	// Type is what to do.
	Type Type
	// Codes are the codes with what has to come with them.
	Codes []CodeRef
	// Now is when the request is decided.
	Now time.Time
	// BlockTTL is how long a block lasts; 0 means DefaultBlockTTL.
	BlockTTL time.Duration
}

// CodeRef names a code to use.
type CodeRef struct {
	// PromoCode is the code.
	PromoCode string
	// ConfirmationCode has to be that of the code.
	ConfirmationCode string
}

// Decide blocks or assigns every code and records the outcome, the refused one
// too: a refusal is an answer, not an error. A transaction that was decided or
// undone before records nothing.
func (c BulkTransaction) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	if err := c.check(); err != nil {
		return err
	}
	id := TransactionID(c.CollectionID, c.ID)
	if _, found := load(id).Outcome(); found {
		return nil
	}
	d := draft{load: load, states: map[string]State{}}
	outcomes, succeeded := c.try(ledger{collection: c.CollectionID, load: d.state, record: d.record})
	if !succeeded {
		d.events = nil
		for _, o := range outcomes {
			if o.GetRefusal() == "" {
				o.Refusal = NotApplied
			}
		}
	}
	record(id, &promotionv1.BulkTransactionApplied{
		CollectionId: c.CollectionID, TransactionId: c.ID, Succeeded: succeeded, Outcomes: outcomes,
	})
	for _, e := range d.events {
		record(e.id, e.event)
	}
	return nil
}

// check refuses a request that cannot be recorded, or that nobody could mean.
func (c BulkTransaction) check() error {
	var f fault.Fields
	if c.ID == "" {
		f.Add("id", "must not be empty")
	}
	if c.OrderID == "" {
		f.Add("order_id", "must not be empty")
	}
	if c.Type != BlockCodes && c.Type != AssignCodes {
		f.Add("type", "must be %s or %s", BlockCodes, AssignCodes)
	}
	if len(c.Codes) == 0 {
		f.Add("codes", "must not be empty")
	}
	if c.BlockTTL < 0 {
		f.Add("block_ttl", "must not be negative")
	}
	return f.Err()
}

// try books every code, and reports whether all succeeded.
func (c BulkTransaction) try(l ledger) (outcomes []*promotionv1.PromoOutcome, succeeded bool) {
	outcomes, succeeded = make([]*promotionv1.PromoOutcome, len(c.Codes)), true
	for n, ref := range c.Codes {
		refusal := c.one(l, ref)
		succeeded = succeeded && refusal == ""
		outcomes[n] = &promotionv1.PromoOutcome{PromoCode: ref.PromoCode, ConfirmationCode: ref.ConfirmationCode, Refusal: refusal}
	}
	return outcomes, succeeded
}

// one books one code, or says why not.
func (c BulkTransaction) one(l ledger, ref CodeRef) (refusal string) {
	code, use := l.code(ref.PromoCode), l.use(ref.PromoCode, c.OrderID)
	switch {
	case !code.Created:
		return UnknownCode
	case code.Terms.ConfirmationCode != "" && code.Terms.ConfirmationCode != ref.ConfirmationCode:
		return WrongConfirmationCode
	case use.Status == Assigned: // asked twice, done once
		return ""
	case c.Type == BlockCodes:
		return c.block(l, ref.PromoCode)
	}
	return c.assign(l, ref.PromoCode, use)
}

// block keeps a use of a code for the order. An order that has a live block
// keeps that one for longer: a checkout that is tried again takes one use.
func (c BulkTransaction) block(l ledger, promo string) (refusal string) {
	code, until := l.code(promo), c.until()
	if n := code.blockOf(c.OrderID); n >= 0 && !code.Blocks[n].expired(c.Now) {
		if code.Blocks[n].ExpiresAt.Before(until) {
			l.block(promo, c.OrderID, code.Blocks[n].CustomerID, "", until)
		}
		return ""
	}
	if refusal := code.closedTo(c.CustomerID, c.Now); refusal != "" {
		return refusal
	}
	l.sweep(promo, c.Now)
	l.sweepOne(promo, c.Now, func(b Block) bool { return b.OrderID == c.OrderID })
	if code := l.code(promo); code.Terms.UsageLimit > 0 && code.used() >= code.Terms.UsageLimit {
		return UsageLimitReached
	}
	capped := code.capped(c.CustomerID)
	if capped != "" && l.customer(promo, capped).Uses >= code.Terms.CustomerLimit {
		l.sweepOne(promo, c.Now, func(b Block) bool { return b.CustomerID == capped })
		if l.customer(promo, capped).Uses >= code.Terms.CustomerLimit {
			return CustomerLimitReached
		}
	}
	l.block(promo, c.OrderID, c.CustomerID, capped, until)
	return ""
}

// closedTo says why a customer cannot use a code now, whatever its limits.
func (c Code) closedTo(customer string, now time.Time) (refusal string) {
	switch {
	case c.Disabled:
		return CodeDisabled
	case now.Before(c.Terms.StartsAt):
		return NotStarted
	case !c.Terms.EndsAt.IsZero() && !now.Before(c.Terms.EndsAt):
		return Ended
	case c.Terms.CustomerLimit > 0 && customer == "":
		return CustomerRequired
	}
	return ""
}

// assign redeems the use that is kept for the order. An order whose block
// ended gets another use if there is one left: it was paid in good faith.
func (c BulkTransaction) assign(l ledger, promo string, use Use) (refusal string) {
	if use.Status == Unused {
		return NotBlocked
	}
	code := l.code(promo)
	if n := code.blockOf(c.OrderID); n < 0 || code.Blocks[n].expired(c.Now) {
		if c.block(l, promo) != "" {
			return BlockExpired
		}
	}
	l.assign(promo, c.OrderID)
	return ""
}

// until is when a block that is made now ends.
func (c BulkTransaction) until() time.Time {
	if c.BlockTTL == 0 {
		return c.Now.Add(DefaultBlockTTL)
	}
	return c.Now.Add(c.BlockTTL)
}
