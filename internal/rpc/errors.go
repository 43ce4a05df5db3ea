package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/internal/auth"
	"github.com/orderstream/oms/internal/fault"
)

// Domain of the reasons in error details.
const Domain = "oms"

// codes is the one table from kinds of faults to codes.
var codes = map[fault.Kind]connect.Code{
	fault.Internal:         connect.CodeInternal,
	fault.Invalid:          connect.CodeInvalidArgument,
	fault.NotFound:         connect.CodeNotFound,
	fault.Precondition:     connect.CodeFailedPrecondition,
	fault.Conflict:         connect.CodeAborted,
	fault.Unavailable:      connect.CodeUnavailable,
	fault.PermissionDenied: connect.CodePermissionDenied,
}

// codesOf has the reasons whose code says more than their kind does. A
// conflict is Aborted: read again and try again. That never helps where the
// thing to create is there already, and a reused idempotency key is such a
// case: under that key there is another request.
var codesOf = map[string]connect.Code{
	"order_exists":             connect.CodeAlreadyExists,
	"promo_code_exists":        connect.CodeAlreadyExists,
	"bin_exists":               connect.CodeAlreadyExists,
	"item_exists":              connect.CodeAlreadyExists,
	"endpoint_exists":          connect.CodeAlreadyExists,
	"sku_taken":                connect.CodeAlreadyExists,
	"idempotency_key_reused":   connect.CodeAlreadyExists,
	reasonTooLarge:             connect.CodeResourceExhausted,
	auth.ReasonUnauthenticated: connect.CodeUnauthenticated,
}

// What an error says at most: thousands of lines may all be wrong, and gRPC
// sends the details in a trailer.
const (
	maxViolations = 20
	maxText       = 4096
)

// toError is a failure as the caller sees it: code, public text, stable reason
// and the fields at fault. What nobody classified is logged and shows nothing.
func toError(ctx context.Context, procedure string, err error) *connect.Error {
	var f *fault.Error
	var ready *connect.Error
	switch {
	case errors.As(err, &f) && f.Kind != fault.Internal:
		return classified(err)
	case errors.As(err, &ready): // from connect itself, such as a caller that is gone
		return ready
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return connect.NewError(connect.CodeCanceled, errors.New("the caller is gone"))
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil:
		return connect.NewError(connect.CodeDeadlineExceeded, errors.New("the caller's time is over"))
	}
	slog.LogAttrs(ctx, slog.LevelError, "call failed", slog.String("procedure", procedure), slog.Any("error", err))
	return classified(err)
}

// classified builds the error of a fault.
func classified(err error) *connect.Error {
	kind, reason := fault.KindOf(err), fault.ReasonOf(err)
	code, special := codesOf[reason]
	if !special {
		code = codes[kind]
	}
	violations := fault.Violations(err)
	e := connect.NewError(code, errors.New(publicText(err, violations)))
	addDetail(e, &errdetails.ErrorInfo{Reason: reason, Domain: Domain})
	if len(violations) > 0 {
		bad := &errdetails.BadRequest{}
		for _, v := range violations[:min(len(violations), maxViolations)] {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: shorten(v.Field, 256), Description: shorten(v.Message, 512),
			})
		}
		addDetail(e, bad)
	}
	if code == connect.CodeUnauthenticated {
		e.Meta().Set("Www-Authenticate", "Bearer")
	}
	return e
}

func addDetail(e *connect.Error, m proto.Message) {
	if d, err := connect.NewErrorDetail(m); err == nil {
		e.AddDetail(d)
	}
}

// publicText is the text of a fault; of many violations it has the first ones.
func publicText(err error, violations []fault.Violation) string {
	if len(violations) <= maxViolations {
		return shorten(fault.Public(err), maxText)
	}
	var b strings.Builder
	for _, v := range violations[:maxViolations] {
		b.WriteString(shorten(v.String(), maxText/maxViolations))
		b.WriteString("; ")
	}
	fmt.Fprintf(&b, "and %d more", len(violations)-maxViolations)
	return b.String()
}

// shorten cuts a text to so many bytes, between two characters. What is not
// UTF-8 is replaced: details are proto messages and could not be sent.
func shorten(s string, most int) string {
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// outcome is the interceptor around everything else: it turns what a call came
// to into an error for the caller, panics too, and reports it to the hooks.
type outcome struct {
	now   func() time.Time
	hooks Hooks
}

func (o outcome) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (res connect.AnyResponse, err error) {
		err = o.around(ctx, req.Spec().Procedure, func(ctx context.Context) error {
			res, err = next(ctx, req)
			return err
		})
		if err != nil {
			return nil, err
		}
		return res, nil
	}
}

func (o outcome) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return o.around(ctx, conn.Spec().Procedure, func(ctx context.Context) error { return next(ctx, conn) })
	}
}

// WrapStreamingClient changes nothing: this is a server.
func (o outcome) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (o outcome) around(ctx context.Context, procedure string, call func(context.Context) error) error {
	started := o.now()
	ctx, ended := o.begin(ctx, procedure)
	var code connect.Code
	defer func() { ended(code) }()
	if err := recovered(ctx, call); err != nil {
		failed := toError(ctx, procedure, err)
		code = failed.Code()
		o.report(ctx, procedure, code, started)
		return failed
	}
	o.report(ctx, procedure, 0, started)
	return nil
}

// begin gives a call the trace context that its commands carry.
func (o outcome) begin(ctx context.Context, procedure string) (context.Context, func(connect.Code)) {
	if o.hooks.Calling == nil {
		return ctx, func(connect.Code) {}
	}
	c := callOf(ctx)
	next, ended := o.hooks.Calling(procedure, c.Tenant, c.traceparent)
	c.traceparent = next
	return context.WithValue(ctx, callKey{}, c), ended
}

func (o outcome) report(ctx context.Context, procedure string, code connect.Code, started time.Time) {
	if o.hooks.Called != nil {
		o.hooks.Called(ctx, procedure, code, o.now().Sub(started))
	}
}

// recovered makes a panic an error with its stack. A handler that wants the
// connection cut gets it.
func recovered(ctx context.Context, call func(context.Context) error) (err error) {
	defer func() {
		if bug := recover(); bug != nil {
			if bug == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this
				panic(bug)
			}
			err = fmt.Errorf("panic: %v\n%s", bug, debug.Stack())
		}
	}()
	return call(ctx)
}
