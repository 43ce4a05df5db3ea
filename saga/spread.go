package saga

import (
	"slices"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
)

// missing spreads what the checkout still needs over what each payment was to
// pay; that is all of it unless something was paid elsewhere.
func missing(o order.Order) []int64 {
	return bounded(-o.Surplus(), each(func(p order.Payment) int64 { return p.AmountMinor - p.Ledger.Secured() })(o))
}

// untaken spreads what the checkout still has to take over what is authorized.
func untaken(o order.Order) []int64 {
	return bounded(leftToTake(o), each(func(p order.Payment) int64 { return min(p.Ledger.Open(), p.AmountMinor-p.Ledger.Net()) })(o))
}

// leftToTake is what is not taken of all that the order owes, and that its work
// is about to give back.
func leftToTake(o order.Order) int64 {
	left := -o.Surplus()
	for _, p := range o.Payments {
		left += p.Ledger.Open()
	}
	return left
}

// toAuthorize spreads what an edit costs more: over the payments that it
// brings, or else over those of the order, in proportion to their amounts.
func toAuthorize(o order.Order) []int64 {
	w, _ := o.CurrentWork()
	if w.AuthorizeMinor == 0 || w.Rejected || o.Imported { // what was sold elsewhere is paid there
		return nil
	}
	if brought := w.Brought(); len(brought) > 0 {
		return among(brought, true, func(p order.Payment) int64 { return p.AmountMinor - p.Ledger.Secured() })(o)
	}
	return money.Split(w.AuthorizeMinor, each(func(p order.Payment) int64 {
		if p.Gateway == order.CreditGateway {
			return 0 // it is spent
		}
		return p.AmountMinor
	})(o))
}

// toCapture spreads what is to be taken over what is authorized.
func toCapture(o order.Order) []int64 {
	w, _ := o.CurrentWork()
	left := w.CaptureMinor - w.CapturedMinor
	switch w.Kind { //nolint:exhaustive // less of these when it was paid elsewhere meanwhile
	case order.PayWork:
		left = min(left, o.OwedMinor)
	case order.ShipWork:
		left = min(left, leftToTake(o))
	}
	if brought := w.Brought(); len(brought) > 0 {
		return bounded(left, among(brought, true, open)(o))
	}
	return bounded(left, each(open)(o))
}

// toVoid spreads what is to be given up over what is authorized: all of it
// first when the work says so, else what was due for units that came back, and
// what refunds cannot give back. Of a rejected edit it is what that secured
// beyond what the order owes.
func toVoid(o order.Order) []int64 {
	w, _ := o.CurrentWork()
	back := w.GiveBackMinor - w.GivenBackMinor
	switch {
	case w.Kind == order.PayWork:
		return replaced(o, w)
	case w.Kind == order.SurplusWork:
		back = o.Surplus()
	case w.Rejected:
		back = -o.DueMinor
		for _, p := range o.Payments {
			back += p.Ledger.Secured()
		}
		back = min(back, moved(o, w, orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE)-
			moved(o, w, orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE)-moved(o, w, orderv1.PaymentOperation_PAYMENT_OPERATION_VOID))
	case !w.VoidFirst:
		owed := min(back, o.OwedMinor)
		for _, n := range each(net)(o) {
			back -= n
		}
		back = max(back, owed)
	}
	return moneyFirst(o, back, each(open)(o))
}

// replaced is what another attempt to pay leaves to be given up: what it brought
// and did not take, and the authorizations that the rest takes the place of.
func replaced(o order.Order, w order.Work) []int64 {
	brought := w.Brought()
	if len(brought) == 0 {
		return nil
	}
	unused, old := among(brought, true, open)(o), o.Surplus()
	for _, n := range unused {
		old -= n
	}
	for i, n := range moneyFirst(o, old, among(brought, false, open)(o)) {
		unused[i] += n
	}
	return unused
}

// among asks only the payment items that are among some, or only those that are
// not.
func among(ids []string, are bool, needs func(order.Payment) int64) func(order.Order) []int64 {
	return each(func(p order.Payment) int64 {
		if slices.Contains(ids, p.ItemID) != are {
			return 0
		}
		return needs(p)
	})
}

// toRefund spreads what is left to give back over what was taken. Of a rejected
// edit it is what that took beyond what the order owes: what was paid elsewhere
// meanwhile is for whoever recorded it to give back.
func toRefund(o order.Order) []int64 {
	w, _ := o.CurrentWork()
	back := w.GiveBackMinor - w.GivenBackMinor
	if w.Rejected {
		back = -o.DueMinor
		for _, p := range o.Payments {
			back += p.Ledger.Net()
		}
		back = min(back, moved(o, w, orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE)-moved(o, w, orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND))
	}
	return moneyFirst(o, back, each(net)(o))
}

// moved is what the requests of a piece of work have moved for certain, but for
// those that take back what nobody knows of.
func moved(o order.Order, w order.Work, op orderv1.PaymentOperation) (sum int64) {
	for _, p := range o.Steps {
		for _, t := range p.Transactions {
			if p.Work == w.ID && t.Operation == op && t.Undoes == "" {
				sum += t.MovedMinor
			}
		}
	}
	return sum
}

// moneyFirst spreads what goes back over the room that there is: what was paid
// with money goes back as money before credit of an exchange becomes free.
func moneyFirst(o order.Order, amount int64, room []int64) []int64 {
	money, credit := slices.Clone(room), slices.Clone(room)
	for i, p := range o.Payments {
		if p.Gateway == order.CreditGateway {
			money[i] = 0
		} else {
			credit[i] = 0
		}
	}
	out := bounded(amount, money)
	for _, n := range out {
		amount -= n
	}
	rest := bounded(amount, credit)
	if out == nil {
		return rest
	}
	for i, n := range rest {
		out[i] += n
	}
	return out
}

// bounded spreads an amount in proportion to the room there is, and never
// beyond it.
func bounded(amount int64, room []int64) []int64 {
	var all int64
	for _, r := range room {
		all += r
	}
	if amount <= 0 || all <= 0 {
		return nil
	}
	return money.Split(min(amount, all), room)
}
