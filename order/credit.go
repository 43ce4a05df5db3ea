package order

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// CreditGateway is the gateway of what returned units are worth in an exchange.
const CreditGateway = "credit"

// FreeCredit is the credit of an exchange order that it does not use any more
// and has not given back to the order that it came from. Before the sale stands
// it may still be needed.
func (o Order) FreeCredit() int64 {
	if o.OriginalOrderID == "" || !o.Confirmed() && o.Status != Cancelled {
		return 0
	}
	free := -o.CreditFreed
	for _, p := range o.Payments {
		if p.Gateway == CreditGateway {
			free += p.AmountMinor - p.Ledger.Secured()
		}
	}
	return free
}

// GiveBackCredit takes back credit that an exchange order does not use any
// more: what the payments of this order still have of it is refunded, the rest
// the customer keeps as credit.
type GiveBackCredit struct {
	// RequestID is that of the exchange order's saga; asked twice, done once.
	RequestID string
	// From is the exchange order.
	From  string
	Minor int64
	Now   time.Time
}

// Decide takes the credit back, of a deleted order too: it is the customer's.
func (c GiveBackCredit) Decide(o Order) ([]proto.Message, error) {
	if o.Status == None {
		return nil, o.missing()
	}
	if slices.Contains(o.CreditsBack, c.RequestID) {
		return nil, nil
	}
	if c.Minor <= 0 {
		return nil, fault.Field("credit", "must be more than zero")
	}
	e := &orderv1.CreditGivenBack{
		RequestId: c.RequestID, ExchangeOrderId: c.From, RefundMinor: min(c.Minor, max(o.refundable(), 0)), At: stamp(c.Now),
	}
	e.KeptMinor = c.Minor - e.GetRefundMinor()
	if e.GetRefundMinor() > 0 {
		e.Work = &orderv1.Work{WorkId: o.newID("w", 0), GiveBackMinor: e.GetRefundMinor()}
	}
	return []proto.Message{e}, nil
}

// refundable is what can be given back of what was taken here, or was to be,
// beside what is about to be given back.
func (o Order) refundable() int64 {
	room := o.OwedMinor
	for _, p := range o.Payments {
		if p.Gateway != ExternalGateway {
			room += p.Ledger.Net()
		}
	}
	for _, w := range o.Work {
		room -= max(w.GiveBackMinor-w.GivenBackMinor, 0)
	}
	return room
}

// evolveCredit folds the events of credit that goes back to where it came from.
// It reports whether it knows the event.
func (o Order) evolveCredit(e proto.Message) (Order, bool) {
	switch e := e.(type) {
	case *orderv1.CreditFreed:
		o.CreditFreed += e.GetAmountMinor()
		o = o.addWork(e.GetWork(), Work{Kind: CreditWork, Subject: e.GetOriginalOrderId(), CreditMinor: e.GetWork().GetCreditMinor()})
	case *orderv1.CreditReturned:
		o = o.endWork(e.GetWorkId())
	case *orderv1.CreditGivenBack:
		o.UpdatedAt = at(e.GetAt())
		o.CreditsBack = slices.Concat(o.CreditsBack, []string{e.GetRequestId()})
		o.DueMinor -= e.GetRefundMinor()
		if e.GetWork() != nil {
			o = o.addWork(e.GetWork(), Work{Kind: RefundWork})
		}
	default:
		return o, false
	}
	return o, true
}

// creditOf is how what returned units are worth pays for an order.
func (c Create) creditOf() []*orderv1.PlannedPayment {
	if c.Credit.Minor == 0 {
		return nil
	}
	return []*orderv1.PlannedPayment{{
		PaymentItemId: CreditGateway, Gateway: CreditGateway, Token: c.OriginalOrderID + "/" + c.OriginalReturnID, AmountMinor: c.Credit.Minor,
	}}
}

// Payable reports whether more can be asked of the payments that the order has:
// what returned units were worth is spent, and nobody here can ask for what is
// paid elsewhere.
func (o Order) Payable() bool {
	return slices.ContainsFunc(o.Payments, func(p Payment) bool { return !p.stays() })
}

// stays reports whether a payment is kept when others take the place of the
// rest.
func (p Payment) stays() bool { return p.Gateway == ExternalGateway || p.Gateway == CreditGateway }

// staying are the payments that are kept when others take the place of the
// rest, and what they pay.
func staying(ps []Payment) (kept []Payment, minor int64) {
	for _, p := range ps {
		switch p.Gateway {
		case CreditGateway:
			minor += p.AmountMinor
		case ExternalGateway:
			minor += p.Ledger.Net()
		default:
			continue
		}
		kept = append(kept, p)
	}
	return kept, minor
}
