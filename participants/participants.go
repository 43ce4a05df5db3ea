// Package participants answers the requests of sagas: inventory, promotion,
// payment and fraud, each behind its work queue.
//
// A participant reads a request, runs it as a command on its own log and
// replies with what the log says became of it. A repeated request moves
// nothing and is answered as before; a request that was undone before it
// arrived is refused. Any of them can be left out of a process, so that an
// outside service can own its queue: it consumes the queue's subject and
// publishes its reply to the message's Reply-To header.
package participants

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
)

// Hooks see participants at work; each may be nil.
type Hooks struct {
	// Working: work on a request of a trace begins. What it does, and its reply,
	// carry the trace context that comes back; ended is called when it is done.
	Working func(traceparent string, w Work) (next string, ended func(error))
}

// Work names a request.
type Work struct {
	Participant, Tenant, OrderID, RequestID string
}

// parallel is how many requests a participant works on at a time. They share
// group commits, so more of them cost little.
const parallel = 256

// request is what the headers of a message on a work queue say.
type request struct {
	tenant      string
	id          string
	undoOf      []string
	replyTo     string
	order       string
	customer    string
	collection  int64
	correlation string
	traceparent string
}

// requestOf reads the headers of a request to the participant of a name.
func requestOf(m jetstream.Msg, name string) (request, error) {
	h := m.Headers()
	r := request{
		tenant: h.Get(workqueue.HeaderTenant), id: h.Get(skava.HeaderRequestID), undoOf: h.Values(skava.HeaderUndoOf),
		replyTo: h.Get(skava.HeaderReplyTo), order: h.Get(skava.HeaderOrderID), customer: h.Get(skava.HeaderCustomerID),
		correlation: h.Get(workqueue.HeaderCorrelationID), traceparent: h.Get("traceparent"), collection: 1,
	}
	if r.tenant == "" {
		r.tenant = workqueue.DefaultTenant
	}
	if r.id == "" {
		return r, fault.Field(skava.HeaderRequestID, "is missing")
	}
	if c := h.Get(skava.HeaderCollectionID); c != "" {
		n, err := strconv.ParseInt(c, 10, 64)
		if err != nil {
			return r, fault.Field(skava.HeaderCollectionID, "is not a number")
		}
		r.collection = n
	}
	return r, checkReplyTo(r.replyTo, name)
}

// meta of the command that a request becomes. Requests have ids of their own
// in the domain, so the log's idempotency keys are not needed.
func (r request) meta(actor string) eventstore.Meta {
	return eventstore.Meta{
		Tenant: r.tenant, Actor: actor, CorrelationID: r.correlation, CausationID: r.id, Traceparent: r.traceparent,
	}
}

// reply builds the answer; nil when nobody asked for one.
func (r request) reply(payload any) (*nats.Msg, error) {
	if r.replyTo == "" {
		return nil, nil //nolint:nilnil // no reply wanted
	}
	data, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("reply to %s: %w", r.id, err)
	}
	m := nats.NewMsg(r.replyTo)
	m.Data = data
	m.Header = nats.Header{
		skava.HeaderRequestID: {r.id}, skava.HeaderOrderID: {r.order}, workqueue.HeaderTenant: {r.tenant},
	}
	if r.correlation != "" {
		m.Header[workqueue.HeaderCorrelationID] = []string{r.correlation}
	}
	if r.traceparent != "" {
		m.Header["traceparent"] = []string{r.traceparent}
	}
	return m, nil
}

// decode reads the body of a request. Unknown fields are ignored: outside
// services may send more than we know.
func decode[T any](m jetstream.Msg) (T, error) {
	var body T
	if err := json.Unmarshal(m.Data(), &body); err != nil {
		return body, fault.Wrap(err, fault.Invalid, "invalid_body", "the body is not a %T", body)
	}
	return body, nil
}

// errReused refuses a request with the id of another one: the outcome that is
// recorded says nothing about it.
var errReused = fault.New(fault.Conflict, "transaction_reused", "%s: it was another request", skava.HeaderRequestID)

// outcome is the response code of a request or a line.
func outcome(refusal string) string {
	if refusal == "" {
		return skava.CodeDone
	}
	return skava.CodeRefused
}

// serve runs a participant's handler on its queue.
func serve(ctx context.Context, q *workqueue.Queues, queue string, hooks Hooks, h func(context.Context, request, jetstream.Msg) (any, error)) error {
	name := nameOf[queue]
	return q.ServeQueue(ctx, queue, parallel, func(ctx context.Context, m jetstream.Msg) (reply *nats.Msg, err error) {
		r, err := requestOf(m, name)
		if err != nil {
			return nil, err
		}
		if hooks.Working != nil {
			var ended func(error)
			r.traceparent, ended = hooks.Working(r.traceparent, Work{Participant: name, Tenant: r.tenant, OrderID: r.order, RequestID: r.id})
			defer func() { ended(err) }()
		}
		payload, err := h(ctx, r, m)
		if fault.KindOf(err) == fault.Conflict { // its id is another request's, and stays that
			err = fault.Wrap(err, fault.Invalid, fault.ReasonOf(err), "request %q", r.id)
		}
		if err != nil {
			return nil, err
		}
		return r.reply(payload)
	})
}
