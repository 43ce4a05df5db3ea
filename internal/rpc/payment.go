package rpc

import (
	"context"
	"time"

	"github.com/orderstream/oms/eventstore"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/payment"
)

// Scripter takes the script of a token: how the simulated gateway answers.
type Scripter interface {
	Script(ctx context.Context, token string, outcomes ...paymentv1.ScriptedOutcome) error
}

// payments serves PaymentService.
type payments struct {
	log    eventstore.Log[payment.Payment]
	orders eventstore.Log[order.Order]
	view   PaymentView
	now    func() time.Time
	script Scripter // nil when the simulated gateway is not enabled
}

func (s payments) GetPayment(ctx context.Context, req *paymentv1.GetPaymentRequest) (*paymentv1.GetPaymentResponse, error) {
	id := req.GetOrderId()
	snap, err := s.log.Read(ctx, callOf(ctx).Tenant, id, id)
	if err != nil {
		return nil, err
	}
	if snap.Revision == 0 {
		return nil, fault.New(fault.NotFound, "payment_not_found", "order_id: order %s has no payments", id)
	}
	return &paymentv1.GetPaymentResponse{Payment: paymentOf(snap.State)}, nil
}

func (s payments) ScriptGateway(ctx context.Context, req *paymentv1.ScriptGatewayRequest) (*paymentv1.ScriptGatewayResponse, error) {
	if s.script == nil {
		return nil, fault.New(fault.Precondition, "simulated_gateway_off", "the simulated gateway is not enabled here")
	}
	if err := s.script.Script(ctx, req.GetToken(), req.GetOutcomes()...); err != nil {
		return nil, err
	}
	return &paymentv1.ScriptGatewayResponse{}, nil
}

func paymentOf(p payment.Payment) *paymentv1.Payment {
	currency := p.Currency
	if currency == "" && len(p.Transactions) > 0 { // nothing was ever authorized
		currency = p.Transactions[0].Currency
	}
	out := &paymentv1.Payment{OrderId: p.OrderID, Paid: moneyOf(p.Paid(), currency)}
	for _, i := range p.Items {
		out.Items = append(out.Items, &paymentv1.PaymentItemLedger{
			PaymentItemId: i.ID, Gateway: i.Gateway(),
			Authorized: moneyOf(i.Open(), currency), Captured: moneyOf(i.Captured(), currency), Refunded: moneyOf(i.Refunded(), currency),
		})
	}
	for _, t := range p.Transactions {
		out.Transactions = append(out.Transactions, &paymentv1.LedgerTransaction{
			TransactionId: t.ID, PaymentItemId: t.PaymentItemID, Operation: t.Operation, Amount: moneyOf(t.Amount, t.Currency),
			Succeeded: t.Approved, ResponseCode: t.Code, ResponseMessage: t.Message, At: timestampOf(t.At),
		})
	}
	for _, e := range p.Entries() {
		out.Records = append(out.Records, recordOf(p.OrderID, e))
	}
	return out
}
