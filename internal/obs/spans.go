package obs

import (
	"time"

	"connectrpc.com/connect"
	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/orderstream/oms/internal/rpc"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/participants"
	"github.com/orderstream/oms/publisher"
	"github.com/orderstream/oms/saga"
)

// Names of attributes.
const (
	attrTenant   = attribute.Key("oms.tenant")
	attrOrder    = attribute.Key("oms.order.id")
	attrRequest  = attribute.Key("oms.request.id")
	attrAttempt  = attribute.Key("oms.request.attempt")
	attrLog      = attribute.Key("oms.log")
	attrScope    = attribute.Key("oms.scope")
	attrRevision = attribute.Key("oms.revision")
	attrPosition = attribute.Key("oms.position")
	attrRepeated = attribute.Key("oms.repeated")
	attrEvents   = attribute.Key("oms.events")
	attrOK       = attribute.Key("oms.succeeded")
	attrStream   = attribute.Key("messaging.destination.name")
	attrSystem   = attribute.Key("messaging.system")
	attrBatch    = attribute.Key("messaging.batch.message_count")
	attrRPC      = attribute.Key("rpc.method")
	attrCode     = attribute.Key("rpc.connect_rpc.error_code")
)

var (
	server   = trace.WithSpanKind(trace.SpanKindServer)
	producer = trace.WithSpanKind(trace.SpanKindProducer)
	consumer = trace.WithSpanKind(trace.SpanKindConsumer)
	onNATS   = attrSystem.String("nats")
)

// API adds a server span to each call.
func (t *Tracer) API(h rpc.Hooks) rpc.Hooks {
	if t == nil {
		return h
	}
	h.Calling = func(procedure, tenant, traceparent string) (string, func(connect.Code)) {
		next, span := t.begin(traceparent, procedure[1:], server, trace.WithAttributes(attrTenant.String(tenant), attrRPC.String(procedure[1:])))
		return next, func(code connect.Code) {
			if code != 0 {
				span.SetAttributes(attrCode.String(code.String()))
				if serverFault(code) {
					span.SetStatus(codes.Error, code.String())
				}
			}
			span.End()
		}
	}
	return h
}

// serverFault tells our failures from those of the caller, as the conventions
// for RPC spans want it.
func serverFault(c connect.Code) bool {
	switch c {
	case connect.CodeUnknown, connect.CodeDeadlineExceeded, connect.CodeUnimplemented, connect.CodeInternal, connect.CodeUnavailable, connect.CodeDataLoss:
		return true
	}
	return false
}

// Saga adds spans to the requests that a saga sends and the answers that it
// records.
func (t *Tracer) Saga(h saga.Hooks) saga.Hooks {
	if t == nil {
		return h
	}
	h.Sending = func(traceparent, tenant string, r saga.Request) (string, func(error)) {
		next, span := t.begin(traceparent, "send "+order.StepName(r.Step), producer, trace.WithAttributes(
			onNATS, attrStream.String(r.Queue), attrTenant.String(tenant), attrOrder.String(r.OrderID),
			attrRequest.String(r.ID), attrAttempt.Int64(int64(r.Attempt)),
		))
		return next, ending(span)
	}
	h.Recording = func(traceparent, tenant, orderID string, a order.Answer) (string, func(error)) {
		next, span := t.begin(traceparent, "answer "+order.StepName(a.Step), consumer, trace.WithAttributes(
			onNATS, attrTenant.String(tenant), attrOrder.String(orderID), attrRequest.String(a.RequestID), attrOK.Bool(a.Succeeded),
		))
		return next, ending(span)
	}
	return h
}

// Participants adds a span to the work on each request.
func (t *Tracer) Participants(h participants.Hooks) participants.Hooks {
	if t == nil {
		return h
	}
	h.Working = func(traceparent string, w participants.Work) (string, func(error)) {
		next, span := t.begin(traceparent, "process "+w.Participant, consumer, trace.WithAttributes(
			onNATS, attrTenant.String(w.Tenant), attrOrder.String(w.OrderID), attrRequest.String(w.RequestID),
		))
		return next, ending(span)
	}
	return h
}

// Publisher adds a span to each message that was published, in the trace of
// what it tells; they all last as long as their batch.
func (t *Tracer) Publisher(h publisher.Hooks) publisher.Hooks {
	if t == nil {
		return h
	}
	h.Appended = func(stream string, msgs []*nats.Msg, started time.Time) {
		for _, m := range msgs {
			traceparent := m.Header.Get("traceparent")
			if traceparent == "" {
				continue
			}
			_, span := t.begin(traceparent, "publish "+m.Header.Get(skava.HeaderRoutingKey), producer, trace.WithTimestamp(started), trace.WithAttributes(
				onNATS, attrStream.String(stream), attrBatch.Int(len(msgs)),
				attrTenant.String(m.Header.Get(workqueue.HeaderTenant)), attrOrder.String(m.Header.Get(skava.HeaderOrderID)),
			))
			span.End()
		}
	}
	return h
}
