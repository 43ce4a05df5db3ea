package rpc

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

const reasonBody = "invalid_body"

// decoder reads request bodies. In JSON, a member that the request has no field
// for is refused and not dropped: an order with a mistyped "properties" must
// not be placed without them. In binary, unknown fields come from newer clients and are kept.
//
// What is wrong with a body has a reason and names its fields. Connect gives a
// codec no way to answer with those, so the codec leaves them in the message,
// as an unknown field that carries a random mark, and the interceptor picks
// them up. A caller does not know the mark and cannot forge one.
type decoder struct{ mark []byte }

func newDecoder() decoder {
	mark := make([]byte, 16)
	_, _ = rand.Read(mark) // never fails
	return decoder{mark}
}

// options makes the decoder read what handlers are sent.
func (d decoder) options() []connect.HandlerOption {
	return []connect.HandlerOption{
		connect.WithCodec(binaryCodec{d}),
		connect.WithCodec(jsonCodec{d, "json"}),
		connect.WithCodec(jsonCodec{d, "json; charset=utf-8"}),
	}
}

// markField is the highest field number, which no message of ours uses.
const markField = protowire.MaxValidNumber

// leave notes in a message why it could not be read.
func (d decoder) leave(m proto.Message, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	said, err := json.Marshal(f)
	if err != nil {
		return err
	}
	proto.Reset(m)
	note := protowire.AppendTag(nil, markField, protowire.BytesType)
	m.ProtoReflect().SetUnknown(protowire.AppendBytes(note, append(bytes.Clone(d.mark), said...)))
	return nil
}

// failure returns what leave noted.
func (d decoder) failure(m proto.Message) error {
	raw := m.ProtoReflect().GetUnknown()
	if len(raw) == 0 {
		return nil
	}
	number, _, n := protowire.ConsumeTag(raw)
	if n < 0 || number != markField {
		return nil
	}
	note, n := protowire.ConsumeBytes(raw[n:])
	said, marked := bytes.CutPrefix(note, d.mark)
	if n < 0 || !marked {
		return nil
	}
	f := &fault.Error{}
	if err := json.Unmarshal(said, f); err != nil {
		return fmt.Errorf("note about a body: %w", err)
	}
	return f
}

// WrapUnary refuses a request that could not be read.
func (d decoder) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if m, ok := req.Any().(proto.Message); ok {
			if err := d.failure(m); err != nil {
				return nil, err
			}
		}
		return next(ctx, req)
	}
}

// WrapStreamingHandler refuses the first message that could not be read.
func (d decoder) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return receiving(next, d.failure)
}

// WrapStreamingClient changes nothing: this is a server.
func (d decoder) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// receiving looks at every message that a stream receives.
func receiving(next connect.StreamingHandlerFunc, look func(proto.Message) error) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return next(ctx, &receiver{conn, look})
	}
}

type receiver struct {
	connect.StreamingHandlerConn
	look func(proto.Message) error
}

func (r *receiver) Receive(msg any) error {
	if err := r.StreamingHandlerConn.Receive(msg); err != nil {
		return err
	}
	if m, ok := msg.(proto.Message); ok {
		return r.look(m)
	}
	return nil
}

// jsonCodec is protobuf JSON, read strictly. Its errors name fields.
type jsonCodec struct {
	decoder
	name string
}

func (c jsonCodec) Name() string { return c.name }

func (c jsonCodec) Marshal(msg any) ([]byte, error) { return c.MarshalAppend(nil, msg) }

// MarshalAppend lets connect reuse its buffers.
func (c jsonCodec) MarshalAppend(b []byte, msg any) ([]byte, error) {
	m, ok := msg.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is not a proto message", msg)
	}
	return protojson.MarshalOptions{}.MarshalAppend(b, m)
}

func (c jsonCodec) Unmarshal(body []byte, msg any) error {
	m, ok := msg.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is not a proto message", msg)
	}
	read := protojson.UnmarshalOptions{DiscardUnknown: lenient(m)}
	if err := read.Unmarshal(body, m); err != nil {
		return c.leave(m, diagnose(body, m.ProtoReflect().Descriptor(), err))
	}
	return nil
}

// lenient says whether members that a request has no field for are ignored: the
// source of these requests adds attributes at any time (DC-CN-13).
func lenient(m proto.Message) bool {
	switch m.(type) {
	case *deliveryv1.CreateWebhookRequest, *deliveryv1.UpdateWebhookRequest:
		return true
	}
	return false
}

// binaryCodec is protobuf's wire format.
type binaryCodec struct{ decoder }

func (c binaryCodec) Name() string { return "proto" }

func (c binaryCodec) Marshal(msg any) ([]byte, error) { return c.MarshalAppend(nil, msg) }

// MarshalAppend lets connect reuse its buffers.
func (c binaryCodec) MarshalAppend(b []byte, msg any) ([]byte, error) {
	m, ok := msg.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is not a proto message", msg)
	}
	return proto.MarshalOptions{}.MarshalAppend(b, m)
}

func (c binaryCodec) Unmarshal(body []byte, msg any) error {
	m, ok := msg.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is not a proto message", msg)
	}
	if err := proto.Unmarshal(body, m); err != nil {
		return c.leave(m, fault.New(fault.Invalid, reasonBody, "the body is not a %s: %s", m.ProtoReflect().Descriptor().Name(), plain(err)))
	}
	return nil
}

// plain is the text of an error of the protobuf libraries, which vary their
// spaces on purpose.
func plain(err error) string {
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	return shorten(strings.TrimPrefix(text, "proto: "), 256)
}
