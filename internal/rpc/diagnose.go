package rpc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/orderstream/oms/internal/fault"
)

// diagnose says which fields keep a JSON body from being a message, after
// protojson has refused it with an error that names a line and no path.
// Whether a single value fits is still protojson's decision. A body that is
// wrong late after thousands of good values gets protojson's own words.
func diagnose(body []byte, md protoreflect.MessageDescriptor, refused error) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return fault.New(fault.Invalid, reasonBody, "the body is empty: send a JSON object, {} at least")
	}
	d := diagnosis{budget: 20_000}
	if err := d.object("", body, md); err != nil && d.fields.OK() {
		return fault.New(fault.Invalid, reasonBody, "the body is not valid JSON: %s", shorten(err.Error(), 256))
	}
	if err := d.fields.Err(); err != nil {
		return err
	}
	return fault.New(fault.Invalid, reasonBody, "the body is not a %s: %s", md.Name(), plain(refused))
}

// diagnosis walks a body beside the message that it should be.
type diagnosis struct {
	fields fault.Fields
	budget int // values that are still looked at
}

func (d *diagnosis) done() bool { return d.budget <= 0 || d.fields.Len() > maxViolations }

// object looks at the members of a JSON object. Its error is one of JSON
// itself.
func (d *diagnosis) object(path string, raw []byte, md protoreflect.MessageDescriptor) error {
	seen := map[protoreflect.FieldNumber]bool{}
	choices := map[protoreflect.FullName]string{}
	return d.members(path, raw, func(key string, value json.RawMessage) error {
		fd := md.Fields().ByJSONName(key)
		if fd == nil {
			fd = md.Fields().ByTextName(key)
		}
		if fd == nil {
			d.fields.Add(join(path, key), "is not a field of %s", md.Name())
			return nil
		}
		at := join(path, string(fd.Name()))
		if seen[fd.Number()] {
			d.fields.Add(at, "is given twice")
		}
		seen[fd.Number()] = true
		if one := fd.ContainingOneof(); one != nil && !one.IsSynthetic() {
			if other, chosen := choices[one.FullName()]; chosen && other != at {
				d.fields.Add(at, "cannot be given beside %s", other)
			}
			choices[one.FullName()] = at
		}
		return d.field(at, value, fd)
	})
}

// field looks at the value of a field.
func (d *diagnosis) field(path string, raw json.RawMessage, fd protoreflect.FieldDescriptor) error {
	switch {
	case string(raw) == "null": // not given
		return nil
	case fd.IsMap():
		return d.members(path, raw, func(key string, value json.RawMessage) error {
			d.value(fmt.Sprintf("%s[%q]", path, key), value, fd, `{`+quote(key)+`:`, `}`)
			return nil
		})
	case fd.IsList():
		return d.elements(path, raw, fd)
	case nested(fd):
		return d.object(path, raw, fd.Message())
	}
	d.value(path, raw, fd, "", "")
	return nil
}

func (d *diagnosis) elements(path string, raw json.RawMessage, fd protoreflect.FieldDescriptor) error {
	if raw[0] != '[' {
		d.fields.Add(path, "must be a list")
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	_, _ = dec.Token() // the bracket
	for i := 0; dec.More() && !d.done(); i++ {
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		at := path + "[" + strconv.Itoa(i) + "]"
		if nested(fd) {
			if err := d.object(at, value, fd.Message()); err != nil {
				return err
			}
			continue
		}
		d.value(at, value, fd, `[`, `]`)
	}
	return nil
}

// value asks protojson whether a value fits its field; open and shut are what
// stands around it in a list or a map.
func (d *diagnosis) value(path string, raw json.RawMessage, fd protoreflect.FieldDescriptor, open, shut string) {
	d.budget--
	alone := fmt.Sprintf("{%s:%s%s%s}", quote(fd.JSONName()), open, raw, shut)
	if protojson.Unmarshal([]byte(alone), dynamicpb.NewMessage(fd.ContainingMessage())) == nil {
		return
	}
	if fd.IsMap() {
		fd = fd.MapValue()
	}
	d.fields.Add(path, "must be %s", expected(fd))
}

// members calls f for each member of a JSON object, in order, the doubled ones
// too.
func (d *diagnosis) members(path string, raw []byte, f func(string, json.RawMessage) error) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	first, err := dec.Token()
	if err != nil {
		return sooner(err)
	}
	if first != json.Delim('{') {
		d.fields.Add(cmp.Or(path, "body"), "must be an object")
		return nil
	}
	for dec.More() && !d.done() {
		key, err := dec.Token()
		if err != nil {
			return sooner(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return sooner(err)
		}
		if err := f(key.(string), value); err != nil { //nolint:forcetypeassert // the name of a member is a string
			return err
		}
	}
	if d.done() {
		return nil
	}
	if _, err := dec.Token(); err != nil {
		return sooner(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object")
	}
	return nil
}

// sooner says that a text ended where it should not have.
func sooner(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// nested reports whether a field is a message with members of its own. Google's
// types, such as Timestamp, have a JSON form of their own.
func nested(fd protoreflect.FieldDescriptor) bool {
	return fd.Message() != nil && !fd.IsMap() && fd.Message().ParentFile().Package() != "google.protobuf"
}

// expected describes the values of a field.
func expected(fd protoreflect.FieldDescriptor) string {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.StringKind:
		return "text in UTF-8"
	case protoreflect.BytesKind:
		return "bytes in base64"
	case protoreflect.EnumKind:
		return "one of " + names(fd.Enum())
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return "a number"
	case protoreflect.MessageKind, protoreflect.GroupKind:
		if fd.Message().Name() == "Timestamp" {
			return `a time like "2026-01-31T12:00:00Z"`
		}
		return "a " + string(fd.Message().Name())
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.Fixed32Kind, protoreflect.Fixed64Kind:
		return "a whole number, zero or more"
	}
	return "a whole number"
}

// names lists the values of an enum.
func names(ed protoreflect.EnumDescriptor) string {
	var all []string
	for i := range ed.Values().Len() {
		if v := ed.Values().Get(i); v.Number() != 0 {
			all = append(all, string(v.Name()))
		}
	}
	return strings.Join(all, ", ")
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// quote writes a text as JSON.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		return `""` // text always encodes
	}
	return string(quoted)
}
