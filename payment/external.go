package payment

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// RecordExternal writes down a payment that was made elsewhere, or money that
// was given back of one. It is a charge, or a credit, of the payment item
// "external"; no gateway is asked for anything.
//
// What an order owes and was paid is decided in the order's own log. Until the
// order was told of it (Tell), the record is among the Untold.
type RecordExternal struct {
	// ID names the payment; recorded twice is recorded once.
	ID string
	// Credit says that the money was given back.
	Credit bool
	// Amount in minor units of Currency, above zero.
	Amount   int64
	Currency string
	// Method says how it was paid, and Reference what it is called elsewhere.
	Method    string
	Reference string
	// By is who writes it down.
	By  string
	Now time.Time
}

// externalPrefix keeps the ids of these payments apart from those of the saga.
const externalPrefix = "recorded:"

// TransactionID is the transaction that the payment is recorded as.
func (c RecordExternal) TransactionID() string { return externalPrefix + c.ID }

// Decide records the payment.
func (c RecordExternal) Decide(p Payment) ([]proto.Message, error) {
	t := &paymentv1.Transaction{
		TransactionId: c.TransactionID(), PaymentItemId: External, Operation: Capture,
		AmountMinor: c.Amount, CurrencyCode: c.Currency, Gateway: External, GatewayReference: c.TransactionID(),
		ResponseCode: Approved, ResponseMessage: "recorded", At: timestamppb.New(c.Now),
	}
	if c.Credit {
		t.Operation = Refund
	}
	if known, found := p.transaction(c.TransactionID()); found {
		if known.Amount != c.Amount || known.Currency != c.Currency || known.Operation != t.GetOperation() {
			return nil, fault.New(fault.Conflict, "payment_reused", "idempotency_key: %q was another payment", c.ID)
		}
		return nil, nil
	}
	if err := c.check(p); err != nil {
		return nil, err
	}
	if c.Credit {
		from, most := p.recordedWith(c.Amount)
		if from == "" {
			return nil, fault.Field("amount.minor_units", "is more than is left of one recorded payment: at most %d", most)
		}
		t.GatewayReference = from
	}
	p.numbered(t, true)
	return []proto.Message{&paymentv1.PaymentRecorded{Transaction: t, Method: c.Method, Reference: c.Reference, RecordedBy: c.By}}, nil
}

func (c RecordExternal) check(p Payment) error {
	var f fault.Fields
	if c.ID == "" {
		f.Add("idempotency_key", "must not be empty")
	}
	if c.Amount < 1 || c.Amount > MaxAmount-p.Item(External).Authorized() {
		f.Add("amount.minor_units", "must be between 1 and %d, with all that was recorded before", MaxAmount)
	}
	if _, known := money.Exponent(c.Currency); !known || p.Currency != "" && p.Currency != c.Currency {
		f.Add("amount.currency_code", "must be the currency of the order")
	}
	return f.Err()
}

// recordedWith is the oldest recorded payment of which an amount is left, and
// the most that is left of any.
func (p Payment) recordedWith(amount int64) (reference string, most int64) {
	for _, a := range p.Item(External).Authorizations {
		if left := a.Refundable(); reference == "" && left >= amount {
			reference = a.Reference
		}
		most = max(most, a.Refundable())
	}
	return reference, most
}

// external books a payment that was made elsewhere.
func (p Payment) external(e *paymentv1.PaymentRecorded) Payment {
	t := e.GetTransaction()
	p = p.noted(t, true)
	last := &p.Transactions[len(p.Transactions)-1] // noted copied the list
	last.Method, last.ExternalReference, last.RecordedBy = e.GetMethod(), e.GetReference(), e.GetRecordedBy()
	p.Untold = slices.Concat(p.Untold, []string{t.GetTransactionId()})
	if t.GetOperation() == Refund {
		return p.moved(t, Refund)
	}
	return p.authorized(t).moved(t, Capture)
}

// Unknown are the recorded payments that the order does not know of yet, oldest
// first.
func (p Payment) Unknown() []Entry {
	var entries []Entry
	for _, t := range p.Transactions {
		if slices.Contains(p.Untold, t.ID) {
			entries = append(entries, t.entry())
		}
	}
	return entries
}

// Tell notes that the order knows of recorded payments.
type Tell struct {
	// TransactionIDs are theirs.
	TransactionIDs []string
}

// Decide notes those that it did not know of.
func (c Tell) Decide(p Payment) ([]proto.Message, error) {
	ids := slices.DeleteFunc(slices.Clone(c.TransactionIDs), func(id string) bool { return !slices.Contains(p.Untold, id) })
	if len(ids) == 0 {
		return nil, nil
	}
	return []proto.Message{&paymentv1.PaymentTold{TransactionIds: ids}}, nil
}

// told is the payment after its order was told.
func (p Payment) told(ids []string) Payment {
	p.Untold = slices.DeleteFunc(slices.Clone(p.Untold), func(id string) bool { return slices.Contains(ids, id) })
	if len(p.Untold) == 0 {
		p.Untold = nil // as it is read back
	}
	return p
}

// Wake says whether the order is still to be told of something, which is due at
// once.
func Wake(p Payment) (active bool, at time.Time) {
	for _, t := range p.Transactions {
		if len(p.Untold) > 0 && t.ID == p.Untold[0] {
			return true, t.At
		}
	}
	return false, time.Time{}
}
