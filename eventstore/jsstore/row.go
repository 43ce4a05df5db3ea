package jsstore

import (
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

// row is the folded state of one aggregate. Rows are never changed: a new
// event makes a new row.
type row[S any] struct {
	Revision uint64 `cbor:"1,keyasint"`
	State    S      `cbor:"2,keyasint"`
	// Trace is the trace context of the last commit that had one.
	Trace string `cbor:"3,keyasint,omitempty"`
	// pending is the open message that the row waits for; nil once durable.
	pending *message[S]
}

// keyRow remembers the run of an idempotency key.
type keyRow struct {
	Hash     []byte `cbor:"1,keyasint"`
	Position uint64 `cbor:"2,keyasint"`
	Revision uint64 `cbor:"3,keyasint"`
}

var (
	encMode = must(cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode())
	decMode = must(cbor.DecOptions{}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// shape names a Go type by all of its fields, so that state written by other
// code is recognised.
func shape(t reflect.Type, seen map[reflect.Type]bool) string {
	if seen[t] {
		return t.String()
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Struct:
		s := t.String() + "{"
		for i := range t.NumField() {
			f := t.Field(i)
			s += fmt.Sprintf("%s %s %s;", f.Name, shape(f.Type, seen), f.Tag)
		}
		return s + "}"
	case reflect.Slice, reflect.Array, reflect.Pointer:
		return t.Kind().String() + " " + shape(t.Elem(), seen)
	case reflect.Map:
		return "map[" + shape(t.Key(), seen) + "]" + shape(t.Elem(), seen)
	default:
		return t.String()
	}
}
