// Package order is one order as the log knows it: what it is (Order), how
// events make it (Evolve), and what may be asked of it (the commands).
//
// Everything in here is pure. Commands are values that decide on an order and
// answer with events; time and ids arrive in them. Which step of the checkout
// comes next is not decided here but in package saga, from the same state.
package order

import (
	"regexp"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Stable reasons of holds, releases and cancellations.
const (
	ReasonPaymentDeclined  = "payment_declined"
	ReasonFraudReview      = "fraud_review"
	ReasonFraudRejected    = "fraud_rejected"
	ReasonOutOfStock       = "out_of_stock"
	ReasonPromotionRefused = "promotion_refused"
	ReasonHoldExpired      = "hold_expired"
	ReasonCancelled        = "cancelled"
	ReasonOperator         = "operator"
	ReasonPaymentRetried   = "payment_retried"
	ReasonFraudAccepted    = "fraud_accepted"
	ReasonPaymentCovered   = "payment_covered"
)

// BySaga stands where a user would when nobody asked and the checkout failed.
const BySaga = "saga"

// Order is the folded state of one order: what decisions and the saga need,
// and nothing else. Names, addresses and prices of lines are in the events and
// in the read models. The zero value is an order that does not exist.
type Order struct {
	ID     string `cbor:"1,keyasint,omitzero"`
	Number uint64 `cbor:"2,keyasint,omitzero"`
	Status Status `cbor:"3,keyasint,omitzero"`
	// Reason is the stable code of why the order has this status; empty when
	// all is well. Message is beside it for people.
	Reason  string `cbor:"4,keyasint,omitzero"`
	Message string `cbor:"5,keyasint,omitzero"`

	CollectionID    int64     `cbor:"6,keyasint,omitzero"`
	CustomerID      string    `cbor:"7,keyasint,omitzero"`
	Email           string    `cbor:"8,keyasint,omitzero"`
	IP              string    `cbor:"9,keyasint,omitzero"`
	Guest           bool      `cbor:"10,keyasint,omitzero"`
	BillingCountry  string    `cbor:"11,keyasint,omitzero"`
	ShippingCountry string    `cbor:"12,keyasint,omitzero"`
	Currency        string    `cbor:"13,keyasint,omitzero"`
	TotalMinor      int64     `cbor:"14,keyasint,omitzero"`
	Items           []Item    `cbor:"15,keyasint,omitzero"`
	Payments        []Payment `cbor:"16,keyasint,omitzero"`
	PromoCodes      []Promo   `cbor:"17,keyasint,omitzero"`
	// OnDecline says what a declined payment does; unspecified leaves it to the
	// saga's policy.
	OnDecline orderv1.PaymentDeclinePolicy `cbor:"18,keyasint,omitzero"`
	CreatedAt time.Time                    `cbor:"19,keyasint,omitzero"`
	// UpdatedAt is the latest time that an event of the order told; not every
	// event tells one. The time of each commit is in the log.
	UpdatedAt time.Time `cbor:"20,keyasint,omitzero"`

	// HoldUntil is when a hold ends by itself; zero when only a person ends it.
	HoldUntil    time.Time            `cbor:"21,keyasint,omitzero"`
	FraudVerdict orderv1.FraudVerdict `cbor:"22,keyasint,omitzero"`
	// CancelRequested says that somebody wants the order cancelled: CancelledBy.
	CancelRequested bool   `cbor:"23,keyasint,omitzero"`
	CancelledBy     string `cbor:"24,keyasint,omitzero"`
	// Compensating says that the saga undoes what was done, and why.
	Compensating       bool   `cbor:"25,keyasint,omitzero"`
	CompensationReason string `cbor:"26,keyasint,omitzero"`
	// Parked says that the saga waits for an operator at ParkedStep.
	Parked       bool         `cbor:"27,keyasint,omitzero"`
	ParkedReason string       `cbor:"28,keyasint,omitzero"`
	ParkedStep   orderv1.Step `cbor:"29,keyasint,omitzero"`
	// Round counts the payment rounds, starting at 1. Steps that are asked
	// again in a new round are asked under a new request id.
	Round uint32 `cbor:"30,keyasint,omitzero"`
	// Steps are the requests of the saga, in the order in which they were made.
	Steps []StepProgress `cbor:"31,keyasint,omitzero"`

	Type orderv1.OrderType `cbor:"32,keyasint,omitzero"`
	// OriginalOrderID is the order whose units this one takes the place of.
	OriginalOrderID string            `cbor:"33,keyasint,omitzero"`
	Imported        bool              `cbor:"34,keyasint,omitzero"`
	CaptureAt       orderv1.CaptureAt `cbor:"35,keyasint,omitzero"`
	// ShippingMinor is shipping with its tax, less what of the adjustments the
	// lines could not bear: ShippingShareMinor. It is not worth any unit.
	ShippingMinor      int64 `cbor:"36,keyasint,omitzero"`
	ShippingShareMinor int64 `cbor:"61,keyasint,omitzero"`
	// AdjustmentsMinor are the adjustments of the whole order, as the lines
	// share them.
	AdjustmentsMinor int64 `cbor:"37,keyasint,omitzero"`
	// Totals are the sums of the order as it was created, or edited.
	Totals Totals `cbor:"38,keyasint,omitzero"`
	// DueMinor is what the order owes after all that was cancelled and returned;
	// with no work left, exactly that is authorized or taken.
	DueMinor int64 `cbor:"39,keyasint,omitzero"`
	// Work is what decisions left to be done, the oldest first. Made counts the
	// things that were given an id, and Requests the requests of all work ever,
	// so that no id is used twice.
	Work     []Work `cbor:"40,keyasint,omitzero"`
	Made     uint32 `cbor:"41,keyasint,omitzero"`
	Requests uint32 `cbor:"42,keyasint,omitzero"`
	// Reservations are the requests of edits that hold stock, the newest first.
	Reservations []string  `cbor:"43,keyasint,omitzero"`
	Packages     []Package `cbor:"44,keyasint,omitzero"`
	Returns      []Return  `cbor:"45,keyasint,omitzero"`
	// HeldFrom is the status that a hold of a confirmed order ends with.
	HeldFrom Status `cbor:"46,keyasint,omitzero"`
	// DeleteRequested says that the order is to be deleted once it is cancelled.
	DeleteRequested bool   `cbor:"47,keyasint,omitzero"`
	DeletedBy       string `cbor:"48,keyasint,omitzero"`
	DeletedReason   string `cbor:"49,keyasint,omitzero"`
	// Invoices are the ids of the order's invoices.
	Invoices []string `cbor:"50,keyasint,omitzero"`
	// ShippingTaken says that shipping was captured with an earlier package.
	ShippingTaken bool `cbor:"51,keyasint,omitzero"`
	// KeepPromotion says that a cancellation leaves the promo codes used.
	KeepPromotion bool `cbor:"53,keyasint,omitzero"`
	// LastShipped is when units left last.
	LastShipped time.Time `cbor:"54,keyasint,omitzero"`
	// OwedMinor is the part of DueMinor that units cost that have left and that
	// could not be taken: it is authorized at best.
	OwedMinor int64 `cbor:"55,keyasint,omitzero"`
	// Recorded are the ids of payments that were made elsewhere. Recount says that
	// something was, or that units were cancelled during the checkout, and nobody
	// has looked yet whether too much is authorized for that.
	Recorded []string `cbor:"56,keyasint,omitzero"`
	Recount  bool     `cbor:"57,keyasint,omitzero"`
	// Retried says that a hold has ended for that: it does not end so again.
	Retried bool `cbor:"62,keyasint,omitzero"`
	// CreditFreed is the credit of an exchange that went back to where it came
	// from, and CreditsBack are the requests that brought credit back here.
	CreditFreed int64    `cbor:"58,keyasint,omitzero"`
	CreditsBack []string `cbor:"59,keyasint,omitzero"`
	// Associate is the account that the order counts for.
	Associate Associate `cbor:"60,keyasint,omitzero"`
	// Linked are the orders that take the place of units of this one.
	Linked []string `cbor:"52,keyasint,omitzero"`
}

// Payment is one way in which the order is paid.
type Payment struct {
	ItemID      string `cbor:"1,keyasint,omitzero"`
	Gateway     string `cbor:"2,keyasint,omitzero"`
	Token       string `cbor:"3,keyasint,omitzero"`
	AmountMinor int64  `cbor:"4,keyasint,omitzero"`
	// Ledger is what is known for certain of its money.
	Ledger Ledger `cbor:"5,keyasint,omitzero"`
}

// Promo is a promo code and the confirmation code that is checked with it.
type Promo struct {
	Code         string `cbor:"1,keyasint,omitzero"`
	Confirmation string `cbor:"2,keyasint,omitzero"`
}

// New is the order without history; number is the one that it would get.
func New(id string, number uint64) Order { return Order{ID: id, Number: number} }

var idSyntax = regexp.MustCompile(`^[A-Za-z0-9_-]{14,25}$`)

// ValidID reports whether id can be an order's: 14 to 25 letters, digits, "-"
// and "_". In particular it has no dots, spaces and wildcards.
func ValidID(id string) bool { return idSyntax.MatchString(id) }
