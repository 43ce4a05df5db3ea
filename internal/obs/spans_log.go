package obs

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/trace"

	"github.com/orderstream/oms/eventstore"
)

// TraceLog is a log whose commands have spans: from the call to the durable
// commit, the way to the owner of the partition included. The commit carries
// the span's own trace context, so that what follows from it, even after a
// restart, is under it. A nil Tracer returns the log itself.
func TraceLog[S any](t *Tracer, name string, log eventstore.Log[S]) eventstore.Log[S] {
	if t == nil {
		return log
	}
	return tracedLog[S]{log, t, name}
}

type tracedLog[S any] struct {
	eventstore.Log[S]
	t    *Tracer
	name string
}

// Execute implements eventstore.Log.
func (l tracedLog[S]) Execute(ctx context.Context, m eventstore.Meta, id string, c eventstore.Command[S]) (eventstore.Result[S], error) {
	next, span := l.begin(m, id, c)
	m.Traceparent = next
	res, err := l.Log.Execute(ctx, m, id, c)
	settle(span, res, err)
	return res, err
}

// Transact implements eventstore.Log.
func (l tracedLog[S]) Transact(ctx context.Context, m eventstore.Meta, scope string, c eventstore.Transaction[S]) (eventstore.Result[S], error) {
	next, span := l.begin(m, scope, c)
	m.Traceparent = next
	res, err := l.Log.Transact(ctx, m, scope, c)
	settle(span, res, err)
	return res, err
}

func (l tracedLog[S]) begin(m eventstore.Meta, scope string, command any) (string, trace.Span) {
	about := []trace.SpanStartOption{trace.WithAttributes(attrLog.String(l.name), attrTenant.String(m.Tenant), attrScope.String(scope))}
	if l.name == "order" || l.name == "payment" { // whose scopes are orders
		about = append(about, trace.WithAttributes(attrOrder.String(scope)))
	}
	return l.t.begin(m.Traceparent, fmt.Sprintf("execute %T", command), about...)
}

func settle[S any](span trace.Span, res eventstore.Result[S], err error) {
	if err == nil && span.IsRecording() {
		span.SetAttributes(
			attrRevision.Int64(int64(res.Revision)), attrPosition.Int64(int64(res.Position)), //nolint:gosec // both count from 1
			attrEvents.Int(len(res.Events)), attrRepeated.Bool(res.Repeated),
		)
	}
	ending(span)(err)
}
