package payment

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// RecordExternal writes down a payment that was made elsewhere. It is a charge
// of the payment item "external"; no gateway is asked for anything, so it cannot
// be refunded from here either.
//
// The order does not learn of it: what an order is owed and paid is decided in
// the order's own log, by its saga. Whoever records a payment sees it in the
// ledger and among the payment records.
type RecordExternal struct {
	// ID names the payment; recorded twice is recorded once.
	ID string
	// Amount in minor units of Currency.
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
	if err := c.check(p); err != nil {
		return nil, err
	}
	if known, found := p.transaction(c.TransactionID()); found {
		if known.Amount != c.Amount || known.Currency != c.Currency {
			return nil, fault.New(fault.Conflict, "payment_reused", "idempotency_key: %q was another payment", c.ID)
		}
		return nil, nil
	}
	t := &paymentv1.Transaction{
		TransactionId: c.TransactionID(), PaymentItemId: External, Operation: Capture,
		AmountMinor: c.Amount, CurrencyCode: c.Currency, Gateway: External, GatewayReference: c.TransactionID(),
		ResponseCode: Approved, ResponseMessage: "recorded", At: timestamppb.New(c.Now),
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

// external books a payment that was made elsewhere.
func (p Payment) external(e *paymentv1.PaymentRecorded) Payment {
	t := e.GetTransaction()
	p = p.noted(t, true)
	last := &p.Transactions[len(p.Transactions)-1] // noted copied the list
	last.Method, last.ExternalReference = e.GetMethod(), e.GetReference()
	return p.authorized(t).moved(t, Capture)
}
