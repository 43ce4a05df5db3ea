package participants

import (
	"context"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
)

// Payment serves payment.bulkTransactionRequestQueue (Skava Order to Payment).
type Payment struct {
	Queues   *workqueue.Queues
	Log      eventstore.Log[payment.Payment]
	Gateways gateway.Set
	Now      func() time.Time
	// CallWait is how long the calls of one request may take; default 30 s.
	CallWait time.Duration
	// Hooks see the work.
	Hooks Hooks

	lanes lanes
}

// Run serves until the context ends.
func (p *Payment) Run(ctx context.Context) error {
	if p.CallWait == 0 {
		p.CallWait = 30 * time.Second
	}
	return serve(ctx, p.Queues, skava.QueuePayment, p.Hooks, p.handle)
}

// maxOrderID bounds order ids, which are part of the keys that gateways get.
const maxOrderID = 64

func (p *Payment) handle(ctx context.Context, r request, m jetstream.Msg) (any, error) {
	body, err := decode[skava.PaymentBulkTransaction](m)
	if err != nil {
		return nil, err
	}
	if r.order == "" || len(r.order) > maxOrderID {
		return nil, fault.Field(skava.HeaderOrderID, "must be 1 to %d bytes", maxOrderID)
	}
	defer p.lanes.enter(r.tenant + "/" + r.order)()
	answer, err := p.run(ctx, r, asked(r, body))
	if err != nil {
		return nil, err
	}
	return paymentReply(r, body, answer), nil
}

// run plans, calls and records until the request has an answer. Each round
// either answers or settles what an undone request left open, so it ends.
func (p *Payment) run(ctx context.Context, r request, asked payment.Request) (payment.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, p.CallWait)
	defer cancel()
	snap, err := p.Log.Read(ctx, r.tenant, r.order, r.order)
	if err != nil {
		return payment.Answer{}, err
	}
	state := snap.State
	for {
		w, err := payment.Plan(state, asked)
		if err != nil || w.Answered {
			return w.Answer, err
		}
		results, err := p.Gateways.Perform(ctx, w)
		if err != nil {
			return payment.Answer{}, fault.Wrap(err, fault.Unavailable, "gateway_failed", "the gateway did not answer")
		}
		var c eventstore.Command[payment.Payment] = w.Record(results, p.Now())
		if len(w.Lookups) > 0 {
			c = w.Settle(results, p.Now())
		}
		// The money has moved: it is recorded also when the caller's patience ends.
		res, err := p.Log.Execute(context.WithoutCancel(ctx), r.meta("payment"), r.order, c)
		if err != nil {
			return payment.Answer{}, err
		}
		state = res.States[r.order]
	}
}

var operationOf = map[string]payment.Operation{
	skava.PaymentAuth: payment.Authorize, skava.PaymentCancelAuth: payment.Void,
	skava.PaymentCharge: payment.Capture, skava.PaymentRefund: payment.Refund,
}

// asked is the request in the domain's words.
func asked(r request, body skava.PaymentBulkTransaction) payment.Request {
	req := payment.Request{ID: r.id, Tenant: r.tenant, AllOrNone: body.AllOrNone, Transactions: make([]payment.Asked, len(body.Transactions))}
	if len(r.undoOf) > 0 {
		req.UndoOf = r.undoOf[0]
	}
	for i, t := range body.Transactions {
		req.Transactions[i] = payment.Asked{
			ID: t.ID, PaymentItemID: t.PaymentItemID, Operation: operationOf[t.Type], Amount: t.Value,
			Currency: t.Property(skava.PropertyCurrency), Gateway: t.Property(skava.PropertyGateway),
			Token: t.Property(skava.PropertyToken), Undoes: t.Property(skava.PropertyUndoes),
		}
	}
	return req
}

func amount(name string, minor int64) skava.Property {
	return skava.Property{Name: name, Value: strconv.FormatInt(minor, 10)}
}

// paymentReply repeats the transactions as asked, each with its outcome. The
// token of a payment method is not sent back.
func paymentReply(r request, body skava.PaymentBulkTransaction, answer payment.Answer) skava.PaymentReply {
	reply := skava.PaymentReply{RequestID: r.id, ResponseCode: skava.CodeDone, Transactions: make([]skava.PaymentTransaction, len(body.Transactions))}
	if !answer.Succeeded {
		reply.ResponseCode = skava.CodeRefused
	}
	for i, t := range body.Transactions {
		t.Properties = nil
		t.Status, t.ResponseCode, t.ResponseMessage = skava.PaymentFailed, skava.CodeRefused, payment.RequestClosed
		if i < len(answer.Transactions) {
			out := answer.Transactions[i]
			t.ResponseCode, t.ResponseMessage = out.Code, out.Message
			if out.Approved {
				t.Status = t.Type
			}
			if out.Amount != t.Moved() {
				t.Properties = append(t.Properties, amount(skava.PropertyMoved, out.Amount))
			}
			if out.Reverted > 0 {
				t.Properties = append(t.Properties, amount(skava.PropertyReverted, out.Reverted))
			}
		}
		if t.Status == skava.PaymentFailed && (reply.ResponseMessage == "" || reply.ResponseMessage == payment.NotApplied) {
			reply.ResponseMessage = t.ResponseMessage
		}
		reply.Transactions[i] = t
	}
	return reply
}
