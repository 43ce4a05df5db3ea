// Package simulated is a payment gateway that moves no money. It plays the
// outside world for demos and tests: it answers as it is told, it loses
// answers, and it keeps its own ledger, against which the one of oms can be
// checked.
//
// The ledger is a file. A call is on disk before it is answered, so a process
// that is killed does not make the outside world forget what it charged: after
// a restart every key is answered as before. Calls that come at the same time
// share one sync of the disk.
package simulated

import (
	"context"
	"fmt"
	"time"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
)

// DefaultLateAfter is how long an answer takes that comes late.
const DefaultLateAfter = time.Minute

// maxKey bounds idempotency keys and tokens, as providers do.
const maxKey = 255

// Config says how the gateway is run.
type Config struct {
	// Path is the ledger's file; it is made when there is none. One process at
	// a time can have it open.
	Path string
	// Memory keeps the ledger in memory instead: the gateway forgets at a
	// restart what it charged, which no real one does. For tests and for demos
	// that keep nothing.
	Memory bool
	// LateAfter is how long an answer takes that comes late; 0 means
	// DefaultLateAfter.
	LateAfter time.Duration
}

// Gateway is the simulated gateway. Close it after use.
type Gateway struct {
	store     store
	lateAfter time.Duration
}

var _ gateway.Gateway = (*Gateway)(nil)

// Open opens the gateway with the ledger as it was left.
func Open(c Config) (*Gateway, error) {
	g := &Gateway{lateAfter: c.LateAfter}
	if g.lateAfter == 0 {
		g.lateAfter = DefaultLateAfter
	}
	if c.Memory {
		g.store = newMemory()
		return g, nil
	}
	disk, err := openDisk(c.Path)
	if err != nil {
		return nil, fmt.Errorf("open the ledger of the simulated gateway: %w", err)
	}
	g.store = disk
	return g, nil
}

// Close ends the gateway. Calls that are under way are finished first, later
// ones fail with ErrUnavailable.
func (g *Gateway) Close() error { return g.store.close() }

// Authorize reserves an amount.
func (g *Gateway) Authorize(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	return g.call(ctx, c, payment.Authorize)
}

// Capture takes an amount of an authorization.
func (g *Gateway) Capture(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	return g.call(ctx, c, payment.Capture)
}

// Void gives up an amount of an authorization.
func (g *Gateway) Void(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	return g.call(ctx, c, payment.Void)
}

// Refund gives back an amount of what was captured.
func (g *Gateway) Refund(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	return g.call(ctx, c, payment.Refund)
}

// Lookup says what became of an earlier call. A call that was never made never
// will be: from now on its key is answered with code payment.NeverMade.
func (g *Gateway) Lookup(ctx context.Context, c gateway.Call) (gateway.Result, error) {
	if err := checkKey("idempotency key", c.IdempotencyKey); err != nil {
		return gateway.Result{}, err
	}
	var r gateway.Result
	err := g.store.update(ctx, func(b book) { r = b.lookup(c) })
	if err != nil {
		return gateway.Result{}, err
	}
	return r, nil
}

// call decides a call on the ledger and answers as the script says.
func (g *Gateway) call(ctx context.Context, c gateway.Call, o payment.Operation) (gateway.Result, error) {
	if err := checkKey("idempotency key", c.IdempotencyKey); err != nil {
		return gateway.Result{}, err
	}
	c.Operation = o
	var a reply
	if err := g.store.update(ctx, func(b book) { a = b.call(c) }); err != nil {
		return gateway.Result{}, err
	}
	if a.err != nil {
		return gateway.Result{}, a.err
	}
	if a.late {
		select {
		case <-ctx.Done():
			return gateway.Result{}, fmt.Errorf("%w: %w", gateway.ErrUnknownOutcome, context.Cause(ctx))
		case <-time.After(g.lateAfter):
		}
	}
	return a.result, nil
}

// checkKey refuses names under which the ledger could keep nothing.
func checkKey(what, key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("%s of %d bytes: must be 1 to %d", what, len(key), maxKey)
	}
	return nil
}
