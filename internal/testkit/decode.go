package testkit

import (
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
)

// decode makes the stored event of what the API shows of it.
func decode(t *testing.T, e *logv1.RecordedEvent) proto.Message {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(e.GetType()))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := protojson.Marshal(e.GetData())
	if err != nil {
		t.Fatal(err)
	}
	m := kind.New().Interface()
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, m); err != nil {
		t.Fatalf("%s: %v", e.GetType(), err)
	}
	return m
}
