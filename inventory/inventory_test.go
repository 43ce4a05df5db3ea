package inventory_test

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/inventory"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// command is a command over several aggregates of one collection.
type command interface {
	Decide(load func(id string) inventory.Item, record func(id string, e proto.Message)) error
}

// fact is an event with the aggregate that it belongs to.
type fact struct {
	ID    string
	Event proto.Message
}

// partition plays the one writer of a collection: what a command records is
// seen by its next load, and a command that fails leaves nothing behind.
type partition struct {
	t     tb
	items map[string]inventory.Item
}

type tb interface {
	Helper()
	Fatalf(format string, args ...any)
}

func given(t tb, facts ...fact) *partition {
	p := &partition{t: t, items: map[string]inventory.Item{}}
	for _, f := range facts {
		p.fold(f)
	}
	return p
}

// fold moves the state by one event, and checks that the state from before is
// left as it was and that the new one survives being stored.
func (p *partition) fold(f fact) {
	p.t.Helper()
	before := p.items[f.ID]
	kept := encode(p.t, before)
	after := inventory.Evolve(before, f.Event)
	if !bytes.Equal(kept, encode(p.t, before)) {
		p.t.Fatalf("%T changed the state that it was given", f.Event)
	}
	var stored inventory.Item
	if err := cbor.Unmarshal(encode(p.t, after), &stored); err != nil {
		p.t.Fatalf("decode state: %v", err)
	}
	if diff := cmp.Diff(after, stored); diff != "" {
		p.t.Fatalf("stored state differs (-want +got):\n%s", diff)
	}
	p.items[f.ID] = after
}

func (p *partition) do(c command) ([]fact, error) {
	p.t.Helper()
	p.travel(c)
	before := maps.Clone(p.items)
	var facts []fact
	err := c.Decide(
		func(id string) inventory.Item { return p.items[id] },
		func(id string, e proto.Message) {
			facts = append(facts, fact{id, e})
			p.fold(fact{id, e})
		})
	if err != nil {
		p.items = before
		return nil, err
	}
	return facts, nil
}

// travel checks that a command says the same after its way to the process that
// decides it.
func (p *partition) travel(c command) {
	p.t.Helper()
	data, err := cbor.Marshal(c)
	if err != nil {
		p.t.Fatalf("encode %T: %v", c, err)
	}
	arrived := reflect.New(reflect.TypeOf(c))
	if err := cbor.Unmarshal(data, arrived.Interface()); err != nil {
		p.t.Fatalf("decode %T: %v", c, err)
	}
	if diff := cmp.Diff(c, arrived.Elem().Interface()); diff != "" {
		p.t.Fatalf("%T is another one after its way (-want +got):\n%s", c, diff)
	}
}

// decide is do without the checks, and forgets what came of it.
func (p *partition) decide(tb testing.TB, c command) {
	tb.Helper()
	items := map[string]inventory.Item{}
	load := func(id string) inventory.Item {
		if i, ok := items[id]; ok {
			return i
		}
		return p.items[id]
	}
	if err := c.Decide(load, func(id string, e proto.Message) { items[id] = inventory.Evolve(load(id), e) }); err != nil {
		tb.Fatal(err)
	}
}

// must is do for commands that are part of the preparation.
func (p *partition) must(c command) {
	p.t.Helper()
	if _, err := p.do(c); err != nil {
		p.t.Fatalf("%T: %v", c, err)
	}
}

func (p *partition) stock(sku string) inventory.Stock {
	return p.items[inventory.StockID(1, "", sku)].Stock
}

// canonical writes equal states alike, whatever the order of their maps.
var canonical, _ = cbor.CanonicalEncOptions().EncMode()

func encode(t tb, i inventory.Item) []byte {
	t.Helper()
	b, err := canonical.Marshal(i)
	if err != nil {
		t.Fatalf("encode state: %v", err)
	}
	return b
}

// stocked is the fact that brought units of a SKU into the main bin.
func stocked(sku string, units int64) fact {
	return fact{inventory.StockID(1, "", sku), adjusted(inventory.DefaultBin, sku, units, inventory.Add, "t0")}
}

func adjusted(bin, sku string, delta int64, m inventory.Movement, tx string) *inventoryv1.StockAdjusted {
	return &inventoryv1.StockAdjusted{CollectionId: 1, BinName: bin, SkuId: sku, Delta: delta, Movement: m, TransactionId: tx}
}

func reserved(sku string, units int64, tx string) fact {
	return fact{inventory.StockID(1, "", sku), &inventoryv1.StockReserved{
		CollectionId: 1, BinName: inventory.DefaultBin, SkuId: sku, Quantity: units, TransactionId: tx,
	}}
}

// ofStock are the facts without those of bins, which follow from them.
func ofStock(facts []fact) []fact {
	return slices.DeleteFunc(facts, func(f fact) bool {
		return strings.HasPrefix(f.ID, "bin/") || strings.HasPrefix(f.ID, "numbers/")
	})
}

func same(t *testing.T, want, got []fact) {
	t.Helper()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// partsOfEvents are messages that are not stored by themselves.
var partsOfEvents = map[protoreflect.Name]bool{
	"BulkLine": true, "ReducedLine": true, "BinAddress": true, "StoredItem": true, "StoredOption": true, "PriceChange": true,
}

func TestEveryStoredEventMovesTheState(t *testing.T) {
	before := inventory.Item{Transaction: inventory.Transaction{Lines: []inventory.LineOutcome{
		{Bin: "x", SKU: "x", Movement: inventory.Remove, Quantity: 9},
	}}}
	messages := inventoryv1.File_oms_inventory_v1_events_proto.Messages()
	for n := range messages.Len() {
		md := messages.Get(n)
		if partsOfEvents[md.Name()] {
			continue
		}
		if e := filled(t, md); cmp.Equal(inventory.Evolve(before, e), before) {
			t.Errorf("%s leaves the state as it was", md.Name())
		}
	}
}

// filled returns a message with every scalar field set, and one element in
// every list of messages.
func filled(t *testing.T, md protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
	if err != nil {
		t.Fatal(err)
	}
	m := mt.New()
	for n := range md.Fields().Len() {
		switch fd := md.Fields().Get(n); {
		case fd.IsMap():
		case fd.IsList() && fd.Kind() == protoreflect.MessageKind:
			m.Mutable(fd).List().Append(protoreflect.ValueOfMessage(filled(t, fd.Message()).ProtoReflect()))
		case fd.IsList():
		case fd.Kind() == protoreflect.MessageKind && fd.Message().FullName() != "google.protobuf.Timestamp":
			m.Set(fd, protoreflect.ValueOfMessage(filled(t, fd.Message()).ProtoReflect()))
		case fd.Kind() == protoreflect.StringKind:
			m.Set(fd, protoreflect.ValueOfString("x"))
		case fd.Kind() == protoreflect.Int64Kind:
			m.Set(fd, protoreflect.ValueOfInt64(7))
		case fd.Kind() == protoreflect.BoolKind:
			m.Set(fd, protoreflect.ValueOfBool(true))
		default: // messages and enums may stay empty
		}
	}
	return m.Interface()
}

func TestUnknownEventsAreIgnored(t *testing.T) {
	i := inventory.Item{Stock: inventory.Stock{Known: true, OnHand: 3}}
	for _, e := range []proto.Message{nil, &emptypb.Empty{}, timestamppb.New(noon)} {
		if got := inventory.Evolve(i, e); !cmp.Equal(got, i) {
			t.Errorf("%T made %+v of %+v", e, got, i)
		}
	}
}

func TestNamesWithSlashesStayApart(t *testing.T) {
	seen := map[string][2]string{}
	for _, name := range [][2]string{
		{"a", "b/c"}, {"a/b", "c"}, {"a%2Fb", "c"}, {"a%252Fb", "c"}, {"", "a/b/c"}, {"tx", "1"}, {"a/", "b"}, {"a", "/b"},
	} {
		id := inventory.StockID(1, name[0], name[1])
		if other, taken := seen[id]; taken {
			t.Errorf("%q and %q share the id %s", other, name, id)
		}
		seen[id] = name
	}
	for id := range seen {
		if id == inventory.TransactionID(1, "1") {
			t.Errorf("%s is a stock item and a transaction", id)
		}
	}
	if got, want := inventory.StockID(7, "", "sku1"), "7/main/sku1"; got != want {
		t.Errorf("id %s, want %s", got, want)
	}
	if got, want := inventory.TransactionID(7, "req1"), "tx/7/req1"; got != want {
		t.Errorf("id %s, want %s", got, want)
	}
}
