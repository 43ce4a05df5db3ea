package obs

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/orderstream/oms/internal/fault"
)

// TraceConfig says where spans go.
type TraceConfig struct {
	// Endpoint is the base URL of an OTLP collector that takes HTTP; empty
	// leaves it to OTEL_EXPORTER_OTLP_ENDPOINT and its kin.
	Endpoint string
	// Ratio of the traces that begin here which are kept, 0 to 1. A trace that
	// somebody else began is kept when he keeps it.
	Ratio float64
}

// Tracer makes spans of what the engines report. A nil Tracer makes none: its
// methods give back the hooks as they were. Spans carry ids, positions, codes
// and names of commands, never what is in a request.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	root     context.Context //nolint:containedctx // carries nothing: what a span is under comes in a header
}

// NewTracer returns nil when neither the configuration nor the environment
// names a collector.
func NewTracer(ctx context.Context, cfg TraceConfig) (*Tracer, error) {
	var opts []otlptracehttp.Option
	switch {
	case os.Getenv("OTEL_SDK_DISABLED") == "true":
		return nil, nil //nolint:nilnil // nil traces nothing
	case cfg.Endpoint != "":
		opts = append(opts, otlptracehttp.WithEndpointURL(strings.TrimSuffix(cfg.Endpoint, "/")+"/v1/traces"))
	case os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "":
		return nil, nil //nolint:nilnil // nil traces nothing
	}
	exporter, err := otlptracehttp.New(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	// What the environment says about the service comes last, so that it wins.
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attribute.String("service.name", "oms")), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		slog.WarnContext(ctx, "spans are lost", slog.Any("error", err))
	}))
	p := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter), sdktrace.WithResource(about),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(cfg.Ratio))),
	)
	return &Tracer{provider: p, tracer: p.Tracer("github.com/orderstream/oms"), root: context.WithoutCancel(ctx)}, nil
}

// Close sends the spans that are left.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// begin starts a span under a trace context and returns the one for what
// follows. Without a context, or with one that is none, a trace begins here.
//
//nolint:contextcheck,nolintlint // the context comes in a header; the linter asks for it at every caller
func (t *Tracer) begin(traceparent, name string, opts ...trace.SpanStartOption) (string, trace.Span) {
	c := carrier(traceparent)
	ctx := propagation.TraceContext{}.Extract(t.root, &c)
	ctx, span := t.tracer.Start(ctx, name, opts...)
	c = ""
	propagation.TraceContext{}.Inject(ctx, &c)
	return string(c), span
}

// ending ends a span with what became of it. The kind and reason of a fault
// are stable words; its text may repeat what the caller sent and stays out.
func ending(span trace.Span) func(error) {
	return func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, reason(err))
		}
		span.End()
	}
}

func reason(err error) string {
	if r := fault.ReasonOf(err); r != "" {
		return r
	}
	return "internal"
}

// carrier holds the traceparent header, and nothing else: tracestate and
// baggage are the caller's own words and are not kept in the log.
type carrier string

func (c *carrier) Get(key string) string {
	if key == "traceparent" {
		return string(*c)
	}
	return ""
}

func (c *carrier) Set(key, value string) {
	if key == "traceparent" {
		*c = carrier(value)
	}
}

func (c *carrier) Keys() []string { return []string{"traceparent"} }
