package jsstore

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
)

// call is what one process asks of the owner of a partition: to run a command,
// to read an aggregate, or to list unfinished work.
type call struct {
	Meta    eventstore.Meta `cbor:"1,keyasint"`
	Scope   string          `cbor:"2,keyasint"`
	Command *sent           `cbor:"3,keyasint,omitempty"`
	Read    string          `cbor:"4,keyasint,omitempty"` // aggregate id; used when Command is nil
	// Left is what remains of the caller's time: clocks differ, durations do not.
	Left time.Duration `cbor:"5,keyasint"`
	List *listCall     `cbor:"6,keyasint,omitempty"` // of unfinished work, instead of the above
}

// repeatable reports whether asking again does no harm: a read, or a command
// that the log knows by its key.
func (c *call) repeatable() bool { return c.List == nil && (c.Command == nil || c.Meta.Key != "") }

// answer is what the owner says.
type answer[S any] struct {
	// NotOwner: nothing was done here, look for the owner again.
	NotOwner bool         `cbor:"1,keyasint,omitempty"`
	Fault    *sentFault   `cbor:"2,keyasint,omitempty"`
	Result   sentResult   `cbor:"3,keyasint,omitempty"`
	States   map[string]S `cbor:"4,keyasint,omitempty"`
	State    *S           `cbor:"5,keyasint,omitempty"` // of a read
	List     *listPage    `cbor:"6,keyasint,omitempty"`
}

type sentResult struct {
	Position uint64      `cbor:"1,keyasint,omitempty"`
	Revision uint64      `cbor:"2,keyasint,omitempty"`
	Repeated bool        `cbor:"3,keyasint,omitempty"`
	Events   []sentEvent `cbor:"4,keyasint,omitempty"`
}

type sentEvent struct {
	Type string `cbor:"1,keyasint"`
	Data []byte `cbor:"2,keyasint"`
}

// sentFault is an error on its way: the outermost fault, or our own bug. Detail
// is for the log of the process that asked.
type sentFault struct {
	Kind       fault.Kind        `cbor:"1,keyasint"`
	Reason     string            `cbor:"2,keyasint,omitempty"`
	Text       string            `cbor:"3,keyasint,omitempty"`
	Violations []fault.Violation `cbor:"4,keyasint,omitempty"`
	Detail     string            `cbor:"5,keyasint,omitempty"`
}

func encodeFault(err error) *sentFault {
	f := &sentFault{Kind: fault.Internal, Detail: err.Error()}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		f.Kind, f.Reason, f.Text, f.Violations = e.Kind, e.Reason, e.Text, e.Violations
	}
	return f
}

func (f *sentFault) err() error {
	if f.Kind == fault.Internal && f.Reason == "" {
		return fmt.Errorf("in the process that owns the partition: %s", f.Detail)
	}
	e := &fault.Error{Kind: f.Kind, Reason: f.Reason, Text: f.Text, Violations: f.Violations}
	if f.Detail == f.Text || f.Detail == "" {
		return e
	}
	return fmt.Errorf("%w (in the process that owns the partition: %s)", e, f.Detail)
}

func encodeResult[S any](r eventstore.Result[S]) (answer[S], error) {
	a := answer[S]{Result: sentResult{Position: r.Position, Revision: r.Revision, Repeated: r.Repeated}, States: r.States}
	for _, e := range r.Events {
		data, err := proto.Marshal(e)
		if err != nil {
			return a, fmt.Errorf("encode %T: %w", e, err)
		}
		a.Result.Events = append(a.Result.Events, sentEvent{string(e.ProtoReflect().Descriptor().FullName()), data})
	}
	return a, nil
}

// result is what the owner answered. An event of a release that this process
// does not know is left out: it is stored, and that is what counts.
func (a answer[S]) result() (eventstore.Result[S], error) {
	r := eventstore.Result[S]{Position: a.Result.Position, Revision: a.Result.Revision, Repeated: a.Result.Repeated, States: a.States}
	if r.States == nil {
		r.States = map[string]S{}
	}
	for _, e := range a.Result.Events {
		t, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(e.Type))
		if err != nil {
			continue
		}
		m := t.New().Interface()
		if err := proto.Unmarshal(e.Data, m); err != nil {
			return r, fmt.Errorf("decode %s: %w", e.Type, err)
		}
		r.Events = append(r.Events, m)
	}
	return r, nil
}
