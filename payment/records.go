package payment

import (
	"slices"
	"time"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
)

// External is the gateway of payments that were made elsewhere.
const External = "external"

// Record types and statuses by the names that the rest of the code uses.
const (
	Charge = paymentv1.PaymentType_PAYMENT_TYPE_CHARGE
	Credit = paymentv1.PaymentType_PAYMENT_TYPE_CREDIT

	Paid     = paymentv1.PaymentStatus_PAYMENT_STATUS_PAID
	Rejected = paymentv1.PaymentStatus_PAYMENT_STATUS_REJECTED
)

// Entry is one payment record: a movement of money, or an attempt that failed.
// Entries are never changed and never removed: what gives money back is another
// one, of type Credit with a negative amount.
type Entry struct {
	// Number is unique in the installation.
	Number int64
	// Transaction is the one that it was.
	Transaction Transaction
	// Type, Status and Amount say what moved; the amount of a credit is negative.
	Type   paymentv1.PaymentType
	Status paymentv1.PaymentStatus
	Amount int64
	// Refunds is the charge that a credit gives back from, and Full says that
	// nothing of it is left.
	Refunds int64
	Full    bool
	// At is when it was recorded.
	At time.Time
}

// Entries are the payment records of the order, oldest first. An authorization
// moves no money and is none, unless it failed; neither is what was given up of
// one.
func (p Payment) Entries() []Entry {
	var entries []Entry
	for _, t := range p.Transactions {
		if t.Number != 0 {
			entries = append(entries, t.entry())
		}
	}
	return entries
}

// entry is the payment record of a transaction that has a number.
func (t Transaction) entry() Entry {
	e := Entry{Number: t.Number, Transaction: t, Type: TypeOf(t.Operation), Status: Rejected, Amount: t.Amount, Refunds: t.Refunds, Full: t.FullRefund, At: t.At}
	if t.Approved {
		e.Status = Paid
	}
	if e.Type == Credit {
		e.Amount = -t.Amount
	}
	return e
}

// TypeOf is the type of the payment record that an operation makes.
func TypeOf(o Operation) paymentv1.PaymentType {
	switch o {
	case Authorize, Capture:
		return Charge
	case Refund:
		return Credit
	case Void, paymentv1.Operation_OPERATION_UNSPECIFIED:
	}
	return paymentv1.PaymentType_PAYMENT_TYPE_UNSPECIFIED
}

// numbersAnOrder is how many records of an order have numbers beside each other.
// The few that have more go on in a range that no order begins in.
const (
	numbersAnOrder = 1000
	furtherNumbers = 1_000_000_000_000_000
)

// nextNumber is the number of the next payment record.
func (p Payment) nextNumber() int64 {
	n := p.Records + 1
	return int64(p.Ordinal)*numbersAnOrder + n%numbersAnOrder + n/numbersAnOrder*furtherNumbers //nolint:gosec // orders are counted
}

// recorded says whether an outcome is a payment record. What a lookup found was
// never made is no attempt.
func recorded(o Operation, approved bool, code string) bool {
	if approved {
		return o == Capture || o == Refund
	}
	return TypeOf(o) != paymentv1.PaymentType_PAYMENT_TYPE_UNSPECIFIED && code != NeverMade
}

// numbered gives a transaction that is about to be stored its number, and a
// refund its charge.
func (p Payment) numbered(t *paymentv1.Transaction, approved bool) {
	if !recorded(t.GetOperation(), approved, t.GetResponseCode()) {
		return
	}
	t.PaymentNumber = p.nextNumber()
	if t.GetOperation() == Refund && approved {
		t.RefundedPaymentNumber, t.FullRefund = p.refunded(t.GetPaymentItemId(), t.GetGatewayReference(), t.GetAmountMinor())
	}
}

// refunded is the charge that a refund gives back from, and whether it takes the
// last of it. That is the oldest charge of the authorization with room for all
// of it. When only several together have room, it is the oldest with any.
func (p Payment) refunded(item, reference string, amount int64) (number int64, full bool) {
	var charges []Transaction
	left := map[int64]int64{}
	for _, t := range p.Transactions {
		switch {
		case !t.Approved || t.PaymentItemID != item || t.Reference != reference:
		case t.Operation == Capture:
			charges = append(charges, t)
			left[t.Number] += t.Amount
		case t.Operation == Refund:
			left[t.Refunds] -= t.Amount
		}
	}
	for _, least := range []int64{amount, 1} {
		if n := slices.IndexFunc(charges, func(t Transaction) bool { return left[t.Number] >= least }); n >= 0 {
			number = charges[n].Number
			return number, left[number] <= amount
		}
	}
	return 0, false
}
