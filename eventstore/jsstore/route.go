package jsstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
)

// CommandSubject is where the owner of a partition takes commands of other
// processes. Only processes of oms may use it.
func CommandSubject(log string, partition int) string {
	return "cmd." + log + "." + strconv.Itoa(partition)
}

const (
	// routeWait bounds the way to the owner for callers who set no limit.
	routeWait = 30 * time.Second
	// tryWait bounds one try of a call that can be made again: a server that
	// dies takes questions and answers with it.
	tryWait = 5 * time.Second
	// movedGrace is how long an answer may still come after the partition has
	// another owner: the old one answers what it had in hand.
	movedGrace = 500 * time.Millisecond
	// A partition without owner is looked for again after a growing pause.
	firstPause, longestPause = 2 * time.Millisecond, 250 * time.Millisecond
)

// errMoved says that the partition changed hands before an answer came, or that
// none came in time.
var errMoved = errors.New("the partition has another owner now, or its answer is lost")

// transact runs a transaction here when this process owns the partition, and
// where it is owned otherwise.
func (s *shared[S]) transact(ctx context.Context, i int, m eventstore.Meta, scope string, tx eventstore.Transaction[S]) (eventstore.Result[S], error) {
	if res, err := s.transactHere(ctx, i, m, scope, tx); !errors.Is(err, errNotOwner) {
		return res, err
	}
	cmd, unnamed := s.commands.encode(tx)
	c := &call{Meta: m, Scope: scope, Command: &cmd}
	limited, end := limit(ctx)
	defer end()
	for w := s.way(i); ; {
		res, err := s.transactHere(ctx, i, m, scope, tx)
		if !errors.Is(err, errNotOwner) {
			return res, err
		}
		if unnamed != nil {
			return res, unnamed
		}
		a, err := s.ask(limited, w, c)
		if err == nil {
			return a.result()
		}
		// With a key the next owner answers for what the last one stored.
		if err := w.again(limited, err, m.Key != ""); err != nil {
			return res, err
		}
	}
}

func (s *shared[S]) transactHere(ctx context.Context, i int, m eventstore.Meta, scope string, tx eventstore.Transaction[S]) (eventstore.Result[S], error) {
	if !s.seats[i].mine.Load() {
		return eventstore.Result[S]{}, errNotOwner
	}
	return s.log.parts[i].transact(ctx, m, scope, tx)
}

// read reads an aggregate here when this process owns the partition and is sure
// of it, and where it is owned otherwise.
func (s *shared[S]) read(ctx context.Context, i int, tenant, scope, id string) (eventstore.Snapshot[S], error) {
	if snap, err := s.readHere(ctx, i, tenant, id); !errors.Is(err, errNotOwner) {
		return snap, err
	}
	c := &call{Meta: eventstore.Meta{Tenant: tenant}, Scope: scope, Read: id}
	limited, end := limit(ctx)
	defer end()
	for w := s.way(i); ; {
		snap, err := s.readHere(ctx, i, tenant, id)
		if !errors.Is(err, errNotOwner) {
			return snap, err
		}
		a, err := s.ask(limited, w, c)
		if err == nil && a.State != nil {
			snap.Revision, snap.Position, snap.State = a.Result.Revision, a.Result.Position, *a.State
			return snap, nil
		}
		if err := w.again(limited, err, true); err != nil {
			return snap, err
		}
	}
}

func (s *shared[S]) readHere(ctx context.Context, i int, tenant, id string) (eventstore.Snapshot[S], error) {
	if at := s.seats[i]; at.mine.Load() && at.keeper.sure() {
		return s.log.parts[i].read(ctx, tenant, id)
	}
	return eventstore.Snapshot[S]{Tenant: tenant, ID: id}, errNotOwner
}

// ask sends a call to whoever owns the partition and waits for the answer.
// errNotOwner means that nothing was done.
func (s *shared[S]) ask(ctx context.Context, w *way, c *call) (a answer[S], err error) {
	deadline, _ := ctx.Deadline()
	c.Left = time.Until(deadline)
	data, err := encMode.Marshal(c)
	if err != nil {
		return a, fmt.Errorf("encode call: %w", err)
	}
	if c.repeatable() {
		var end context.CancelFunc
		ctx, end = context.WithTimeoutCause(ctx, tryWait, errMoved)
		defer end()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go w.watch(ctx, cancel)
	if s.cfg.Hooks.Routed != nil {
		asked := s.cfg.Now()
		defer func() { s.cfg.Hooks.Routed(s.log.def.Name, w.partition, s.cfg.Now().Sub(asked), err) }()
	}
	msg, err := s.cfg.Conn.RequestWithContext(ctx, CommandSubject(s.log.def.Name, w.partition), data)
	switch {
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, nats.ErrReconnectBufExceeded):
		return a, errNotOwner
	case errors.Is(err, nats.ErrMaxPayload):
		return a, fault.New(fault.Invalid, "too_large", "the command has %d bytes; the servers take at most %d", len(data), s.cfg.Conn.MaxPayload())
	case err != nil && errors.Is(context.Cause(ctx), errMoved):
		return a, errMoved
	case err != nil:
		return a, unknownOutcome(err)
	}
	if err := decMode.Unmarshal(msg.Data, &a); err != nil {
		return a, fmt.Errorf("answer of the owner: %w", err)
	}
	switch {
	case a.NotOwner:
		return a, errNotOwner
	case a.Fault != nil:
		return a, a.Fault.err()
	}
	return a, nil
}

// way is one caller's way to the owner of a partition.
type way struct {
	ls        *leases
	partition int
	next      time.Duration
	doubt     bool // something was asked, and what became of it is not known
}

func (s *shared[S]) way(partition int) *way {
	return &way{ls: s.ls, partition: partition, next: firstPause}
}

// limit bounds the way of a caller who sets no limit.
func limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, limited := ctx.Deadline(); limited {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, routeWait)
}

// watch ends a call whose partition has changed hands.
func (w *way) watch(ctx context.Context, cancel context.CancelCauseFunc) {
	v := w.ls.look(w.partition)
	for {
		select {
		case <-ctx.Done():
			return
		case <-v.moved:
		}
		was := v.holder
		if v = w.ls.look(w.partition); was != "" && was != v.holder && wait(ctx, movedGrace) {
			cancel(errMoved)
		}
	}
}

// again waits before the owner is looked for once more. It returns what the
// caller is told instead when the error says that nobody else can help.
func (w *way) again(ctx context.Context, err error, repeatable bool) error {
	switch {
	case errors.Is(err, errMoved) && repeatable:
		w.doubt = true
	case errors.Is(err, errMoved):
		return unknownOutcome(err)
	case err != nil && !errors.Is(err, errNotOwner):
		return err
	}
	select {
	case <-w.ls.look(w.partition).moved: // the new owner is about to begin
		w.next = firstPause
	case <-time.After(w.next):
		w.next = min(2*w.next, longestPause)
	case <-ctx.Done():
	}
	switch err := ctx.Err(); {
	case err == nil:
		return nil
	case w.doubt:
		return unknownOutcome(err)
	default:
		return fault.Wrap(err, fault.Unavailable, "no_owner", "no process decides here at the moment; nothing was stored")
	}
}
