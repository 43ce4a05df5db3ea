package eventstore

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
)

// Command decides on one aggregate. A command is data: its exported fields say
// everything, so that it can travel to the process that owns the partition.
type Command[S any] interface {
	// Decide answers with the events that happen, with none when what was
	// asked is so already, or with an error of package fault. It is pure.
	Decide(S) ([]proto.Message, error)
}

// Transaction decides on several aggregates of one partition at once.
type Transaction[S any] interface {
	// Decide reads states with load and stores events with record, which folds
	// them at once: a later load sees them. An error stores nothing.
	Decide(load func(id string) S, record func(id string, e proto.Message)) error
}

// Meta is what surrounds a command.
type Meta struct {
	// Tenant on whose behalf the command runs; one NATS token.
	Tenant string
	// Key is the caller's idempotency key; empty means every call is new.
	Key string
	// Hash of the command's input, compared when the key is seen again.
	Hash []byte
	// Actor is who asks.
	Actor string
	// CorrelationID groups all that follows from one outside request; empty
	// takes the commit's own id.
	CorrelationID string
	// CausationID is the commit or message that caused the command.
	CausationID string
	// Traceparent is the W3C trace context of the command.
	Traceparent string
	// ExpectRevision refuses the command when the aggregate has another
	// revision; 0 means any.
	ExpectRevision uint64
}

// Result is what became of a command.
type Result[S any] struct {
	// Position of the commit in the log; for a repeat the position of the
	// first run, and for a command without events the last position.
	Position uint64
	// Revision of the aggregate named in Execute after the command.
	Revision uint64
	// Repeated is true when the idempotency key had been used before with the
	// same input: nothing was decided now.
	Repeated bool
	// Events that were stored; empty when nothing was to do.
	Events []proto.Message
	// States holds every aggregate that the command loaded or changed, as it
	// is after the command. The states are shared: do not change them.
	States map[string]S
}

// Snapshot is the durable state of one aggregate.
type Snapshot[S any] struct {
	Tenant   string
	ID       string
	Revision uint64 // number of events; 0 means the aggregate does not exist
	Position uint64 // last log position the state's partition has seen
	State    S
	// Traceparent is the trace context of the last command that had one: what
	// is done about the aggregate later, on nobody's behalf, belongs there.
	Traceparent string
}

// Log stores the events of one kind of aggregate. It is safe for concurrent
// use. Errors are those of package fault: what the command decided, Conflict
// for a reused idempotency key or an unexpected revision, and Unavailable when
// the outcome is not known: repeat with the same key.
type Log[S any] interface {
	// Execute runs a command on the aggregate id; the id is also its scope.
	Execute(ctx context.Context, m Meta, id string, c Command[S]) (Result[S], error)
	// Transact runs a transaction on the aggregates of a scope.
	Transact(ctx context.Context, m Meta, scope string, t Transaction[S]) (Result[S], error)
	// Read returns the durable state of one aggregate of a scope.
	Read(ctx context.Context, tenant, scope, id string) (Snapshot[S], error)
	// Active returns aggregates with unfinished work, oldest wake-up first.
	// With due set, only those whose wake-up time is not after it. Where
	// processes share a log, each lists those of the partitions it owns.
	Active(ctx context.Context, due time.Time, limit int) ([]Snapshot[S], error)
}

// Single makes a Transaction of a Command on one aggregate.
func Single[S any](id string, c Command[S]) Transaction[S] { return single[S]{id, c} }

type single[S any] struct {
	id string
	c  Command[S]
}

func (s single[S]) Decide(load func(string) S, record func(string, proto.Message)) error {
	events, err := s.c.Decide(load(s.id))
	if err != nil {
		return err
	}
	for _, e := range events {
		record(s.id, e)
	}
	return nil
}

// Named is the command behind a transaction, for its name in the log.
func (s single[S]) Named() any { return s.c }

// AsSingle takes apart what Single made; ok is false for any other transaction.
func AsSingle[S any](t Transaction[S]) (id string, c Command[S], ok bool) {
	s, ok := t.(single[S])
	return s.id, s.c, ok
}
