package jsstore

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
)

// commands are the command types of a log by name, so that a command can
// travel as data to the process that owns its partition.
type commands[S any] map[string]reflect.Type

// strict refuses fields that the owner's build does not know: a command of
// another release must not lose half of its meaning.
var strict = must(cbor.DecOptions{ExtraReturnErrors: cbor.ExtraDecErrorUnknownField}.DecMode())

// newCommands registers prototypes. It refuses two types of one name, and
// types that would not arrive as they left.
func newCommands[S any](prototypes []any) (commands[S], error) {
	byName := commands[S]{}
	for _, p := range prototypes {
		name, t := commandName(p), reflect.TypeOf(p)
		if other, dup := byName[name]; dup && other != t {
			return nil, fmt.Errorf("commands %s of %s and of %s have one name", name, other.PkgPath(), t.PkgPath())
		}
		_, command := p.(eventstore.Command[S])
		_, transaction := p.(eventstore.Transaction[S])
		if !command && !transaction {
			return nil, fmt.Errorf("%s does not decide on the state of this log", name)
		}
		if err := travels(t, name, map[reflect.Type]bool{}); err != nil {
			return nil, err
		}
		byName[name] = t
	}
	return byName, nil
}

// sent is a command on its way.
type sent struct {
	Name string          `cbor:"1,keyasint"`
	One  bool            `cbor:"2,keyasint,omitempty"` // on the aggregate ID alone
	ID   string          `cbor:"3,keyasint,omitempty"`
	Data cbor.RawMessage `cbor:"4,keyasint"`
}

// encode makes the travelling form of a transaction.
func (cs commands[S]) encode(tx eventstore.Transaction[S]) (sent, error) {
	s := sent{Name: commandName(tx)}
	var body any = tx
	if id, c, ok := eventstore.AsSingle(tx); ok {
		s.One, s.ID, body = true, id, c
	}
	if _, ok := cs[s.Name]; !ok {
		return s, fmt.Errorf("command %s is not among the log's Commands, and another process owns its partition", s.Name)
	}
	data, err := encMode.Marshal(body)
	if err != nil {
		return s, fmt.Errorf("encode %s: %w", s.Name, err)
	}
	s.Data = data
	return s, nil
}

// decode makes the transaction again. What this build cannot read was sent by
// another release, and may be asked again when that has replaced this one.
func (cs commands[S]) decode(s sent) (eventstore.Transaction[S], error) {
	t, ok := cs[s.Name]
	if !ok {
		return nil, fault.New(fault.Unavailable, "command_unknown", "the process that decides here does not know the command %s; nothing was stored", s.Name)
	}
	v := reflect.New(t)
	if err := strict.Unmarshal(s.Data, v.Interface()); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "command_unknown", "the process that decides here reads the command %s in another way; nothing was stored", s.Name)
	}
	switch c := v.Elem().Interface().(type) {
	case eventstore.Command[S]:
		if s.One {
			return eventstore.Single(s.ID, c), nil
		}
	case eventstore.Transaction[S]:
		if !s.One {
			return c, nil
		}
	}
	return nil, fmt.Errorf("command %s is not of the kind it was sent as", s.Name)
}

// asItIs are types that encode themselves, whatever fields they have.
var asItIs = []reflect.Type{
	reflect.TypeFor[cbor.Marshaler](), reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.TextMarshaler](),
}

// travels reports a part of a type that would not arrive: what is not exported
// is dropped on the way, and an interface comes out as something else.
func travels(t reflect.Type, path string, seen map[reflect.Type]bool) error {
	if seen[t] || t == reflect.TypeFor[time.Time]() {
		return nil
	}
	seen[t] = true
	for _, self := range asItIs {
		if t.Implements(self) {
			return nil
		}
	}
	switch t.Kind() {
	case reflect.Struct:
		for f := range t.Fields() {
			if !f.IsExported() || strings.HasPrefix(f.Tag.Get("cbor"), "-") {
				return fmt.Errorf("%s.%s is not exported and would be lost on the way to another process", path, f.Name)
			}
			if err := travels(f.Type, path+"."+f.Name, seen); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array, reflect.Pointer:
		return travels(t.Elem(), path, seen)
	case reflect.Map:
		if err := travels(t.Key(), path, seen); err != nil {
			return err
		}
		return travels(t.Elem(), path, seen)
	case reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("%s is a %s and cannot travel to another process", path, t.Kind())
	}
	return nil
}
