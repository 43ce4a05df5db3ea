package rpc

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"

	"github.com/orderstream/oms/internal/fault"
)

// helpful says what to send to somebody who forgot the content type, as curl
// does.
func helpful(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := r.Header.Get("Content-Type")
		if r.Method == http.MethodPost && (kind == "" || strings.HasPrefix(kind, "application/x-www-form-urlencoded")) {
			http.Error(w, "send JSON, with the header Content-Type: application/json", http.StatusUnsupportedMediaType)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func readyz(ready func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if ready != nil {
			if err := ready(r.Context()); err != nil {
				http.Error(w, fault.Public(err), http.StatusServiceUnavailable)
				return
			}
		}
		_, _ = w.Write([]byte("ready\n"))
	}
}

// health answers the gRPC health protocol like /readyz.
type health struct {
	ready func(context.Context) error
	names []string
}

// Check reports whether a service, or with no name the process, is ready.
func (h health) Check(ctx context.Context, req *grpchealth.CheckRequest) (*grpchealth.CheckResponse, error) {
	if req.Service != "" && !slices.Contains(h.names, req.Service) {
		return nil, connect.NewError(connect.CodeNotFound, errors.New("no such service here"))
	}
	status := grpchealth.StatusServing
	if h.ready != nil && h.ready(ctx) != nil {
		status = grpchealth.StatusNotServing
	}
	return &grpchealth.CheckResponse{Status: status}, nil
}

// NewServer is an HTTP server that is safe to show to slow and idle clients. It
// speaks HTTP/1.1 and, without TLS, HTTP/2 by prior knowledge, as gRPC does.
// There is no limit on how long an answer takes: watching and tailing go on.
// When it shuts down, it ends those calls first.
func NewServer(api *API, handler http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{
		Handler: handler, Protocols: protocols,
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 1000, WriteByteTimeout: 30 * time.Second,
			SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second,
		},
	}
	s.RegisterOnShutdown(api.Stop)
	return s
}
