package eventstore

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
)

// Definition tells a store how the events of one log fold into state, and what
// follows from that state. All its functions are pure and may run more than
// once for the same input.
type Definition[S any] struct {
	// Name of the log: one NATS token in lower case, e.g. "order".
	Name string
	// Version of the meaning of the state. A store that finds state of another
	// version, or of another Go type, builds it anew from the log.
	Version int
	// New is the state of an aggregate without history. The ordinal is the
	// number the aggregate would have in its installation if its first event
	// were stored now; it starts at 1.
	New func(id string, ordinal uint64) S
	// Evolve folds one event. It must not change what the given state shares:
	// the store keeps old states to go back to.
	Evolve func(S, proto.Message) S
	// React names the events that follow from a state by rule, without anybody
	// asking: it runs after every command, on each aggregate that the command
	// touched, and its events join the same commit. It is asked again until it
	// has nothing to add, at most 64 times. Nil means nothing follows.
	React func(s S, now time.Time) []proto.Message
	// Wake says whether an aggregate has unfinished work, and when it wants to
	// be looked at again by itself; the zero time means only somebody else
	// moves it. Nil means no aggregate ever has.
	Wake func(S) (active bool, at time.Time)
	// Commands are prototypes of every Command and Transaction that callers
	// run, so that a store of several processes can bring them to the one that
	// owns the partition. Their exported fields say everything; the name on
	// the way is the Go type's own, "order.Cancel".
	Commands []any
	// Token names an event in the log's subjects: log.<Name>.<token>.<partition>.
	// Nil takes DefaultToken.
	Token func(proto.Message) string
}

// TokenOf is the subject token of an event.
func (d Definition[S]) TokenOf(e proto.Message) string {
	if d.Token != nil {
		return d.Token(e)
	}
	return DefaultToken(d.Name, e)
}

// DefaultToken is the name of the message without the name of the log in
// front, in lower case: OrderCreated in the log "order" is "created".
func DefaultToken(log string, e proto.Message) string {
	name := strings.ToLower(string(e.ProtoReflect().Descriptor().Name()))
	if short := strings.TrimPrefix(name, log); short != "" {
		return short
	}
	return name
}
