package eventstore

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
)

// Commit is one stored commit as a follower sees it.
type Commit struct {
	Log      string // name of the log
	Position uint64 // stream sequence of its message
	Index    int    // place in its message, starting at 0
	Stored   time.Time
	*logv1.Commit
}

// Batch is what a follower is given: the commits of one message.
type Batch struct {
	Position uint64
	Group    string // id of the message, to recognise a log that lost its tail
	Commits  []Commit
	// More is true when the log holds further messages right now.
	More bool
}

// Recorded is one stored event, decoded.
type Recorded struct {
	Aggregate string
	Revision  uint64
	// ID is unique and stable: the commit's id and the event's place in it.
	ID string
	// Event is nil when this build does not know its type: an event from the
	// future is kept and passed over, never refused.
	Event proto.Message
	Type  string
}

// Recorded decodes the events of a commit. It fails only on bytes that are not
// what their type says.
func (c Commit) Recorded() ([]Recorded, error) {
	out := make([]Recorded, 0, len(c.Events))
	for i, e := range c.Events {
		m, err := Decode(e)
		if err != nil {
			return nil, fmt.Errorf("position %d, commit %s, event %d: %w", c.Position, c.Id, i, err)
		}
		out = append(out, Recorded{Aggregate: e.Aggregate, Revision: e.Revision, ID: EventID(c.Id, i), Event: m, Type: e.Type})
	}
	return out, nil
}

// EventID is the stable id of the i-th event of a commit.
func EventID(commit string, i int) string { return fmt.Sprintf("%s.%d", commit, i) }

// Encode makes the stored form of an event.
func Encode(aggregate string, revision uint64, e proto.Message) (*logv1.Event, error) {
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", e, err)
	}
	return &logv1.Event{
		Type: string(e.ProtoReflect().Descriptor().FullName()), Version: 1,
		Aggregate: aggregate, Revision: revision, Data: data,
	}, nil
}

// Decode reads a stored event. An unknown type gives nil without an error.
func Decode(e *logv1.Event) (proto.Message, error) {
	t, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(e.GetType()))
	if err != nil {
		return nil, nil //nolint:nilerr // an event of a later release is passed over
	}
	m := t.New().Interface()
	if err := proto.Unmarshal(e.GetData(), m); err != nil {
		return nil, fmt.Errorf("decode %s: %w", e.GetType(), err)
	}
	return m, nil
}
