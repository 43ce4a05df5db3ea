package rpc

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect"

	"github.com/orderstream/oms/internal/fault"
)

// DefaultMaxBody is how large a request may be: an order of 5,000 lines with
// properties fits.
const DefaultMaxBody = 4 << 20

const reasonTooLarge = "request_too_large"

// tooLarge has its code and details already: it comes up inside connect while a
// body is read, where no interceptor sees it.
func tooLarge(limit int64) error {
	return classified(fault.New(fault.Invalid, reasonTooLarge, "the request is larger than %d bytes", limit))
}

// bodyTimeout is how long a client may take to send a request.
const bodyTimeout = 30 * time.Second

// limitBodies bounds what is read of a request, and how long that may take. A
// request that says that it is larger is refused before any of it is read.
func limitBodies(limit int64, patience time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A server's own ReadTimeout would end streams, too: a connection is
		// always read from, to see that the client goes.
		c := http.NewResponseController(w)
		late := time.AfterFunc(patience, func() { _ = c.SetReadDeadline(time.Unix(0, 0)) })
		defer late.Stop()
		r.Body = &limitedBody{
			ReadCloser: http.MaxBytesReader(w, r.Body, limit), limit: limit, over: r.ContentLength > limit, late: late,
		}
		next.ServeHTTP(w, r)
	})
}

type limitedBody struct {
	io.ReadCloser
	limit int64
	over  bool
	late  *time.Timer
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.over {
		return 0, tooLarge(b.limit)
	}
	n, err := b.ReadCloser.Read(p)
	var over *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		b.late.Stop()
	case errors.As(err, &over):
		err = tooLarge(b.limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = classified(fault.New(fault.Unavailable, "request_too_slow", "the request did not arrive in time"))
	}
	return n, err
}

// limitGzip replaces connect's gzip by one that stops at the limit, too: a few
// bytes can unpack to gigabytes.
func limitGzip(limit int64) connect.HandlerOption {
	return connect.WithCompression("gzip",
		func() connect.Decompressor { return &limitedGzip{limit: limit} },
		func() connect.Compressor { return gzip.NewWriter(io.Discard) },
	)
}

type limitedGzip struct {
	gzip.Reader
	limit, left int64
}

func (g *limitedGzip) Reset(r io.Reader) error {
	g.left = g.limit
	return g.Reader.Reset(r)
}

func (g *limitedGzip) Read(p []byte) (int, error) {
	if g.left < 0 {
		return 0, tooLarge(g.limit)
	}
	if int64(len(p)) > g.left+1 { // one more byte than may come, to see that it does
		p = p[:g.left+1]
	}
	n, err := g.Reader.Read(p)
	if g.left -= int64(n); g.left < 0 {
		return 0, tooLarge(g.limit)
	}
	return n, err
}
