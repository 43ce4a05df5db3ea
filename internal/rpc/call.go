package rpc

import (
	"context"
	"crypto/sha256"
	"net/http"
	"regexp"

	"connectrpc.com/connect"
	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/auth"
	"github.com/orderstream/oms/internal/fault"
)

// Headers of a call, beside those of package auth.
const (
	// HeaderCorrelationID groups everything that follows from one outside
	// request. Every answer carries it, one that was made here if need be.
	HeaderCorrelationID = "Oms-Correlation-Id"
	// HeaderTraceparent is the W3C trace context.
	HeaderTraceparent = "Traceparent"
)

var (
	correlationSyntax = regexp.MustCompile(`^[!-~]{1,128}$`)
	traceparentSyntax = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)
)

// correlate gives every request a correlation id and puts it on the answer.
func correlate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(HeaderCorrelationID) == "" {
			r.Header.Set(HeaderCorrelationID, ulid.Make().String())
		}
		if id := r.Header.Get(HeaderCorrelationID); correlationSyntax.MatchString(id) {
			w.Header().Set(HeaderCorrelationID, id)
		}
		next.ServeHTTP(w, r)
	})
}

// call is what the headers of a request say.
type call struct {
	auth.Caller
	correlation string
	traceparent string
}

type callKey struct{}

// callOf returns the call that the gate let in.
func callOf(ctx context.Context) call {
	c, _ := ctx.Value(callKey{}).(call)
	return c
}

// gate decides on a call before its body is read.
type gate struct{ guard *auth.Guard }

func (g gate) admit(ctx context.Context, spec connect.Spec, _ connect.Peer, h http.Header) (context.Context, error) {
	c, err := g.call(spec.Procedure, h)
	if err != nil {
		return nil, toError(ctx, spec.Procedure, err)
	}
	return context.WithValue(ctx, callKey{}, c), nil
}

func (g gate) call(procedure string, h http.Header) (call, error) {
	need, listed := access[procedure]
	if !listed {
		return call{}, fault.New(fault.PermissionDenied, "procedure_closed", "nobody may call %s", procedure)
	}
	caller, err := g.guard.Admit(h, need)
	if err != nil {
		return call{}, err
	}
	c := call{Caller: caller, correlation: h.Get(HeaderCorrelationID)}
	if !correlationSyntax.MatchString(c.correlation) {
		return call{}, fault.Field(HeaderCorrelationID, "must be 1 to 128 printable ASCII characters without spaces")
	}
	// A trace context that is none is ignored: so the W3C wants it, and a
	// broken proxy must not stop orders.
	if t := h.Get(HeaderTraceparent); traceparentSyntax.MatchString(t) {
		c.traceparent = t
	}
	return c, nil
}

// metaOf is what surrounds the command of a request. With a key the request is
// hashed: the log answers a repeat, and refuses the key with other content. The
// key may be hashed along with the rest, since only requests with the same key
// are ever compared.
func metaOf(ctx context.Context, key string, req proto.Message) (eventstore.Meta, error) {
	c := callOf(ctx)
	m := eventstore.Meta{
		Tenant: c.Tenant, Actor: c.Actor, Key: key, CorrelationID: c.correlation, Traceparent: c.traceparent,
	}
	if key == "" {
		return m, nil
	}
	h := sha256.New()
	h.Write([]byte(req.ProtoReflect().Descriptor().FullName()))
	h.Write([]byte{0})
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return m, err
	}
	h.Write(body)
	m.Hash = h.Sum(nil)
	return m, nil
}
