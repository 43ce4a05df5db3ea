package order

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// ExternalGateway is the gateway of payments that were taken elsewhere: no
// money of theirs is ever moved from here.
const ExternalGateway = "external"

// Import takes over an order that was sold elsewhere (DirectScale Import
// External Order). It has no checkout: nothing is asked of stock, promotions or
// payments, and it is finalized once, right after its creation.
type Import struct {
	Create Create
	// Settled is what was paid for it, by payment item id; none means nothing.
	Settled map[string]money.Amount
}

// Decide stores the order as confirmed.
func (c Import) Decide(o Order) ([]proto.Message, error) {
	create := c.Create
	create.Associate.Barred = false // it was sold when the account might order
	create.Payments = append([]PaymentItem(nil), create.Payments...)
	for n := range create.Payments {
		create.Payments[n].Gateway = ""
	}
	events, err := create.Decide(o)
	if err != nil {
		return nil, err
	}
	e := events[0].(*orderv1.OrderCreated)
	e.Imported = true
	var v fault.Fields
	left := len(c.Settled)
	for n, p := range e.GetPayments() {
		p.Gateway = ExternalGateway // nobody here asks for it
		paid, told := c.Settled[p.GetPaymentItemId()]
		if !told {
			continue
		}
		left--
		checkCurrency(fmt.Sprintf("payments[%d].settled", n), paid, create.Currency, true, &v)
		if paid.Minor < 0 || paid.Minor > p.GetAmountMinor() {
			v.Add(fmt.Sprintf("payments[%d].settled.minor_units", n), "must be between zero and the amount")
		}
		p.SettledMinor = paid.Minor
	}
	if left > 0 {
		v.Add("settled", "names payments that the order does not have")
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	paid := Evolve(New(o.ID, o.Number), e).Paid()
	return []proto.Message{
		e, &orderv1.OrderConfirmed{ConfirmedAt: timestamppb.New(create.Now)}, &orderv1.OrderFinalized{Paid: paid},
	}, nil
}
