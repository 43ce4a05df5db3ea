package rpc

import (
	"context"
	"errors"
	"fmt"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/orderstream/oms/internal/fault"
)

// validator applies the rules that stand in the .proto files. The rules of all
// requests are compiled when it is made, so the first request is as fast as any
// other.
//
// It takes 18 µs for an order of 5 lines and 3.2 ms for one of 1,100, on one core
// of a 2.1 GHz server: a fifth and a third of the CPU time of such a call,
// without what the log does (BenchmarkValidate, BenchmarkCreateOrder).
type validator struct{ rules protovalidate.Validator }

func newValidator(requests []protoreflect.MessageDescriptor) (validator, error) {
	rules, err := protovalidate.New(protovalidate.WithMessageDescriptors(requests...), protovalidate.WithDisableLazy())
	if err != nil {
		return validator{}, fmt.Errorf("rules of the requests: %w", err)
	}
	return validator{rules}, nil
}

// check returns a fault that names every field that breaks a rule.
func (v validator) check(m proto.Message) error {
	err := v.rules.Validate(m)
	var broken *protovalidate.ValidationError
	if !errors.As(err, &broken) {
		return err
	}
	var f fault.Fields
	for _, b := range broken.Violations {
		f.Add(protovalidate.FieldPathString(b.Proto.GetField()), "%s", said(b))
	}
	return f.Err()
}

// said is what a rule says when it is broken; rules without words have names.
func said(b *protovalidate.Violation) string {
	if m := b.Proto.GetMessage(); m != "" {
		return m
	}
	return b.Proto.GetRuleId()
}

// WrapUnary refuses a request that breaks a rule.
func (v validator) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if m, ok := req.Any().(proto.Message); ok {
			if err := v.check(m); err != nil {
				return nil, err
			}
		}
		return next(ctx, req)
	}
}

// WrapStreamingHandler refuses a message that breaks a rule.
func (v validator) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return receiving(next, v.check)
}

// WrapStreamingClient changes nothing: this is a server.
func (v validator) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}
