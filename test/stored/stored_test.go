package stored_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/eventstore"
	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
)

var add = flag.Bool("add", false, "write the bytes of events that have none yet")

// files are the .proto files whose messages are stored.
var files = []protoreflect.FileDescriptor{
	logv1.File_oms_log_v1_log_proto, orderv1.File_oms_order_v1_events_proto, inventoryv1.File_oms_inventory_v1_events_proto,
	paymentv1.File_oms_payment_v1_events_proto, promotionv1.File_oms_promotion_v1_events_proto,
	orderv1.File_oms_order_v1_change_events_proto, orderv1.File_oms_order_v1_fulfilment_events_proto,
	orderv1.File_oms_order_v1_payment_events_proto,
	customerv1.File_oms_customer_v1_events_proto,
}

// golden is one stored event: the bytes, and what they say.
type golden struct {
	Bytes string          `json:"bytes"`
	Says  json.RawMessage `json:"says"`
}

// TestEveryStoredEventReadsAsItDid decodes the kept bytes with today's code.
// Kept bytes are never rewritten: -add only adds those of new events.
func TestEveryStoredEventReadsAsItDid(t *testing.T) {
	for _, f := range files {
		for i := range f.Messages().Len() {
			d := f.Messages().Get(i)
			t.Run(string(d.FullName()), func(t *testing.T) { check(t, d) })
		}
	}
}

func check(t *testing.T, d protoreflect.MessageDescriptor) {
	t.Helper()
	path := filepath.Join("testdata", string(d.FullName())+".v1.json")
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) && *add {
		data = write(t, path, d)
	} else if err != nil {
		t.Fatalf("%v; -add writes the bytes of a new event", err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(g.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	m, err := eventstore.Decode(&logv1.Event{Type: string(d.FullName()), Version: 1, Data: raw})
	if err != nil || m == nil {
		t.Fatalf("decoded %v, %v", m, err)
	}
	if diff := cmp.Diff(indent(t, g.Says), indent(t, says(t, m))); diff != "" {
		t.Errorf("the bytes read otherwise than they did (-then +now):\n%s", diff)
	}
	if unknown := m.ProtoReflect().GetUnknown(); len(unknown) > 0 {
		t.Errorf("%d bytes have become unknown", len(unknown))
	}
}

func write(t *testing.T, path string, d protoreflect.MessageDescriptor) []byte {
	t.Helper()
	m := dynamicpb.NewMessage(d)
	fill(m, 3)
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.MarshalIndent(golden{hex.EncodeToString(raw), says(t, m)}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	return data
}

// fill gives every field a value that tells it from the others.
func fill(m protoreflect.Message, depth int) {
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		switch {
		case f.IsMap():
			mp := m.Mutable(f).Map()
			mp.Set(protoreflect.ValueOfString("key").MapKey(), protoreflect.ValueOfString("value"))
		case f.IsList() && f.Kind() == protoreflect.MessageKind:
			if depth > 0 {
				fill(m.Mutable(f).List().AppendMutable().Message(), depth-1)
			}
		case f.IsList():
			m.Mutable(f).List().Append(value(f))
		case f.Kind() == protoreflect.MessageKind:
			if f.Message().FullName() == "google.protobuf.Timestamp" {
				at := timestamppb.Timestamp{Seconds: 1_767_355_200 + int64(f.Number()), Nanos: 123_000}
				raw, _ := proto.Marshal(&at)
				_ = proto.Unmarshal(raw, m.Mutable(f).Message().Interface())
			} else if depth > 0 {
				fill(m.Mutable(f).Message(), depth-1)
			}
		default:
			m.Set(f, value(f))
		}
	}
}

func value(f protoreflect.FieldDescriptor) protoreflect.Value {
	n := int64(f.Number())
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(string(f.Name()))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(f.Name()))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(1000 + n)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(uint64(1000 + n))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(1000 + n))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(f.Enum().Values().Get(1).Number())
	}
	panic("a stored event has a field of a kind without sample: " + f.FullName())
}

func says(t *testing.T, m proto.Message) json.RawMessage {
	t.Helper()
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// indent makes two renderings comparable: protojson varies its spaces.
func indent(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAnEventFromTheFutureIsPassedOver(t *testing.T) {
	m, err := eventstore.Decode(&logv1.Event{Type: "oms.order.v9.OrderTeleported", Data: []byte{1, 2, 3}})
	if m != nil || err != nil {
		t.Errorf("decoded %v, %v; want nothing and no error", m, err)
	}
}

// FuzzDecode reads any bytes as any stored event: an error, or a message that
// can be stored again, but never a panic.
func FuzzDecode(f *testing.F) {
	var names []string
	for _, file := range files {
		for i := range file.Messages().Len() {
			names = append(names, string(file.Messages().Get(i).FullName()))
		}
	}
	sort.Strings(names)
	f.Add(uint(0), []byte{})
	f.Add(uint(3), []byte{0x0a, 0x03, 'a', 'b', 'c'})
	f.Fuzz(func(t *testing.T, which uint, data []byte) {
		m, err := eventstore.Decode(&logv1.Event{Type: names[which%uint(len(names))], Data: data})
		if err != nil {
			return
		}
		if _, err := eventstore.Encode("a", 1, m); err != nil {
			t.Error(err)
		}
	})
}
