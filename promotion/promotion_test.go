package promotion_test

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/promotion"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 500, time.UTC)

// command is a command over several aggregates of one collection.
type command interface {
	Decide(load func(id string) promotion.State, record func(id string, e proto.Message)) error
}

// fact is an event with the aggregate that it belongs to.
type fact struct {
	ID    string
	Event proto.Message
}

// partition plays the one writer of a collection: what a command records is
// seen by its next load, and a command that fails leaves nothing behind.
type partition struct {
	t      tb
	states map[string]promotion.State
}

type tb interface {
	Helper()
	Fatalf(format string, args ...any)
}

// given is a partition with a code of some terms, FLAT50.
func given(t tb, terms promotion.Terms) *partition {
	t.Helper()
	p := &partition{t: t, states: map[string]promotion.State{}}
	p.create("FLAT50", terms)
	return p
}

func (p *partition) create(code string, terms promotion.Terms) {
	p.t.Helper()
	p.one(promotion.CodeID(1, code), promotion.CreateCode{CollectionID: 1, PromoCode: code, Terms: terms}.Decide)
}

// one runs a command on one aggregate.
func (p *partition) one(id string, decide func(promotion.State) ([]proto.Message, error)) {
	p.t.Helper()
	events, err := decide(p.load(id))
	if err != nil {
		p.t.Fatalf("%s: %v", id, err)
	}
	for _, e := range events {
		p.fold(fact{id, e})
	}
}

func (p *partition) load(id string) promotion.State {
	if s, ok := p.states[id]; ok {
		return s
	}
	return promotion.New(id, 1)
}

// fold moves the state by one event, and checks that the state from before is
// left as it was and that the new one survives being stored.
func (p *partition) fold(f fact) {
	p.t.Helper()
	before := p.load(f.ID)
	kept := encode(p.t, before)
	after := promotion.Evolve(before, f.Event)
	if !bytes.Equal(kept, encode(p.t, before)) {
		p.t.Fatalf("%T changed the state that it was given", f.Event)
	}
	var stored promotion.State
	if err := cbor.Unmarshal(encode(p.t, after), &stored); err != nil {
		p.t.Fatalf("decode state: %v", err)
	}
	if diff := cmp.Diff(after, stored); diff != "" {
		p.t.Fatalf("stored state differs (-want +got):\n%s", diff)
	}
	p.states[f.ID] = after
}

func encode(t tb, s promotion.State) []byte {
	t.Helper()
	mode, err := cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode()
	if err != nil {
		t.Fatalf("encoding: %v", err)
	}
	b, err := mode.Marshal(s)
	if err != nil {
		t.Fatalf("encode state: %v", err)
	}
	return b
}

func (p *partition) do(c command) ([]fact, error) {
	p.t.Helper()
	before := maps.Clone(p.states)
	var facts []fact
	err := c.Decide(p.load, func(id string, e proto.Message) {
		facts = append(facts, fact{id, e})
		p.fold(fact{id, e})
	})
	if err != nil {
		p.states = before
		return nil, err
	}
	return facts, nil
}

// must is do for commands that have to succeed.
func (p *partition) must(c command) []fact {
	p.t.Helper()
	facts, err := p.do(c)
	if err != nil {
		p.t.Fatalf("%T: %v", c, err)
	}
	return facts
}

// refusals runs a bulk transaction and returns how each code was refused.
func (p *partition) refusals(c promotion.BulkTransaction) []string {
	p.t.Helper()
	p.must(c)
	o, found := p.load(promotion.TransactionID(1, c.ID)).Outcome()
	if !found {
		p.t.Fatalf("%s has no outcome", c.ID)
	}
	refusals, succeeded := make([]string, len(o.Codes)), true
	for n, code := range o.Codes {
		refusals[n] = code.Refusal
		succeeded = succeeded && code.Refusal == ""
	}
	if o.Succeeded != succeeded || o.Closed {
		p.t.Fatalf("outcome %+v contradicts itself", o)
	}
	return refusals
}

func (p *partition) code(code string) promotion.Code { return p.load(promotion.CodeID(1, code)).Code }

func same(t *testing.T, want, got []fact) {
	t.Helper()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestEveryStoredEventMovesSomeState(t *testing.T) {
	partsOfEvents := map[protoreflect.Name]bool{"PromoOutcome": true}
	messages := promotionv1.File_oms_promotion_v1_events_proto.Messages()
	for n := range messages.Len() {
		md := messages.Get(n)
		if partsOfEvents[md.Name()] {
			continue
		}
		e, moved := filled(t, md), false
		for _, id := range []string{promotion.CodeID(1, "x"), promotion.UseID(1, "x", "x"), promotion.TransactionID(1, "x")} {
			moved = moved || !cmp.Equal(promotion.Evolve(promotion.New(id, 1), e), promotion.New(id, 1))
		}
		if !moved {
			t.Errorf("%s leaves every state as it was", md.Name())
		}
	}
}

// filled returns a message with every scalar field set.
func filled(t *testing.T, md protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
	if err != nil {
		t.Fatal(err)
	}
	m := mt.New()
	for n := range md.Fields().Len() {
		switch fd := md.Fields().Get(n); fd.Kind() {
		case protoreflect.StringKind:
			m.Set(fd, protoreflect.ValueOfString("x"))
		case protoreflect.Int64Kind:
			m.Set(fd, protoreflect.ValueOfInt64(7))
		case protoreflect.BoolKind:
			m.Set(fd, protoreflect.ValueOfBool(true))
		default: // messages and lists may stay empty
		}
	}
	return m.Interface()
}

func TestUnknownEventsAreIgnored(t *testing.T) {
	for _, id := range []string{promotion.CodeID(1, "x"), promotion.UseID(1, "x", "x"), promotion.CustomerID(1, "x", "x"), promotion.TransactionID(1, "x")} {
		for _, e := range []proto.Message{nil, timestamppb.New(noon)} {
			if got, want := promotion.Evolve(promotion.New(id, 1), e), promotion.New(id, 1); !cmp.Equal(got, want) {
				t.Errorf("%T made %+v of %s", e, got, id)
			}
		}
	}
}

func TestIDsTellKindsAndNamesApart(t *testing.T) {
	ids := map[string]promotion.Kind{
		promotion.CodeID(1, "FLAT50"):                   promotion.CodeKind,
		promotion.CodeID(1, "use/x"):                    promotion.CodeKind,
		promotion.UseID(1, "FLAT50", "o1"):              promotion.UseKind,
		promotion.UseID(1, "FLAT50/o1", "o2"):           promotion.UseKind,
		promotion.UseID(1, "FLAT50", "o1/o2"):           promotion.UseKind,
		promotion.UseID(1, "FLAT50%2Fo1", "o2"):         promotion.UseKind,
		promotion.CustomerID(1, "FLAT50", "c1"):         promotion.CustomerKind,
		promotion.CustomerID(12, "FLAT50", "a/b"):       promotion.CustomerKind,
		promotion.TransactionID(1, "r1"):                promotion.TransactionKind,
		promotion.TransactionID(1, "cust/1/FLAT50/c1/"): promotion.TransactionKind,
	}
	if len(ids) != 10 {
		t.Errorf("only %d of 10 ids are different", len(ids))
	}
	for id, want := range ids {
		if got := promotion.KindOf(id); got != want {
			t.Errorf("%s is of kind %d, want %d", id, got, want)
		}
	}
	for id, want := range map[string]string{
		promotion.CodeID(1, "A"):          "1/A",
		promotion.UseID(1, "A", "o1"):     "use/1/A/o1",
		promotion.CustomerID(1, "A", "c"): "cust/1/A/c",
		promotion.TransactionID(1, "r"):   "tx/1/r",
	} {
		if id != want {
			t.Errorf("id %s, want %s", id, want)
		}
	}
}
