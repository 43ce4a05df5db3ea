package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/orderstream/oms/internal/auth"
)

// Exit codes, as the help of oms lists them.
const (
	exitDone = iota
	exitFailed
	exitInvalid
	exitNotFound
	exitRefused
	exitUnavailable
	exitInterrupted = 130
)

// exits are the exit codes of what the service answers; every other code is
// exitFailed.
var exits = map[connect.Code]int{
	connect.CodeInvalidArgument:    exitInvalid,
	connect.CodeResourceExhausted:  exitInvalid,
	connect.CodeNotFound:           exitNotFound,
	connect.CodeFailedPrecondition: exitRefused,
	connect.CodeAborted:            exitRefused,
	connect.CodeAlreadyExists:      exitRefused,
	connect.CodeUnavailable:        exitUnavailable,
	connect.CodeDeadlineExceeded:   exitUnavailable,
}

// dial builds a client of a service of the API.
func dial[C any](a *app, build func(connect.HTTPClient, string, ...connect.ClientOption) C) (C, error) {
	var none C
	u, err := url.Parse(a.url)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return none, usageError("--server: %q is not a URL like http://127.0.0.1:8480", a.url)
	}
	return build(http.DefaultClient, a.url, connect.WithInterceptors(headers{a})), nil
}

// headers puts on every request who asks, and for whom.
type headers struct{ *app }

var actorSyntax = regexp.MustCompile(`^[!-~]{1,128}$`)

func (h headers) set(to http.Header) {
	if h.tenant != "" {
		to.Set(auth.HeaderTenant, h.tenant)
	}
	if h.token != "" {
		to.Set("Authorization", "Bearer "+h.token)
	} else if user := os.Getenv("USER"); actorSyntax.MatchString(user) {
		to.Set(auth.HeaderActor, user)
	}
}

// WrapUnary sets the headers, and ends a request when its time is over.
func (h headers) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		ctx, cancel := context.WithTimeout(ctx, h.timeout)
		defer cancel()
		h.set(req.Header())
		return next(ctx, req)
	}
}

// WrapStreamingClient sets the headers; a stream goes on until it ends.
func (h headers) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		h.set(conn.RequestHeader())
		return conn
	}
}

// WrapStreamingHandler changes nothing: this is a client.
func (h headers) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// exit says what went wrong, and returns the exit code for it.
func (a *app) exit(ctx context.Context, err error) int {
	var wrong usage
	var answer *connect.Error
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &wrong):
		a.complain("usage", "", err.Error())
		return exitInvalid
	case errors.As(err, &answer):
		return a.refused(answer)
	}
	a.complain("failed", "", err.Error())
	return exitFailed
}

// reasonOf is the stable reason of an error of the API; empty when it has none.
func reasonOf(err error) (reason string) {
	var answer *connect.Error
	if !errors.As(err, &answer) {
		return ""
	}
	for _, d := range answer.Details() {
		if v, err := d.Value(); err == nil {
			if info, ok := v.(*errdetails.ErrorInfo); ok {
				reason = info.GetReason()
			}
		}
	}
	return reason
}

// refused reports an error of the API.
func (a *app) refused(e *connect.Error) int {
	text, reason := e.Message(), reasonOf(e)
	if !connect.IsWireError(e) && e.Code() == connect.CodeUnavailable {
		text = fmt.Sprintf("no answer from %s: is the service running there? (%s)", a.url, text)
	}
	a.complain(e.Code().String(), reason, text)
	if code, ok := exits[e.Code()]; ok {
		return code
	}
	return exitFailed
}

func (a *app) complain(code, reason, text string) {
	if a.json {
		line, err := json.Marshal(struct {
			Code    string `json:"code"`
			Reason  string `json:"reason,omitempty"`
			Message string `json:"message"`
		}{code, reason, text})
		if err == nil {
			fmt.Fprintf(a.err, "%s\n", line)
		}
		return
	}
	if reason != "" && !strings.Contains(text, reason) {
		text += " (" + reason + ")"
	}
	fmt.Fprintf(a.err, "oms: %s\n", text)
}
