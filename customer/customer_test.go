package customer_test

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/customer"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 500, time.UTC)

// command is a command over the aggregates of a tenant.
type command interface {
	Decide(load func(id string) customer.State, record func(id string, e proto.Message)) error
}

// fact is an event with the aggregate that it belongs to.
type fact struct {
	ID    string
	Event proto.Message
}

// tenant plays the one writer of a tenant: what a command records is seen by
// its next load, and a command that fails leaves nothing behind.
type tenant struct {
	testing.TB
	states map[string]customer.State
}

func newTenant(tb testing.TB) *tenant {
	tb.Helper()
	return &tenant{tb, map[string]customer.State{}}
}

func (p *tenant) load(id string) customer.State {
	if s, ok := p.states[id]; ok {
		return s
	}
	return customer.New(id, uint64(len(p.states))+1)
}

// fold moves the state by one event, and checks that the state from before is
// left as it was and that the new one survives being stored.
func (p *tenant) fold(f fact) {
	p.Helper()
	before := p.load(f.ID)
	kept := p.encode(before)
	after := customer.Evolve(before, f.Event)
	if !bytes.Equal(kept, p.encode(before)) {
		p.Fatalf("%T changed the state that it was given", f.Event)
	}
	var stored customer.State
	if err := cbor.Unmarshal(p.encode(after), &stored); err != nil {
		p.Fatalf("decode state: %v", err)
	}
	if diff := cmp.Diff(after, stored); diff != "" {
		p.Fatalf("stored state differs (-want +got):\n%s", diff)
	}
	p.states[f.ID] = after
}

func (p *tenant) encode(s customer.State) []byte {
	p.Helper()
	mode, err := cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode()
	if err != nil {
		p.Fatal(err)
	}
	b, err := mode.Marshal(s)
	if err != nil {
		p.Fatal(err)
	}
	return b
}

func (p *tenant) do(c command) ([]fact, error) {
	p.Helper()
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

// must is do for commands that have to succeed; asked twice they are done once.
func (p *tenant) must(c command) []fact {
	p.Helper()
	facts, err := p.do(c)
	if err != nil {
		p.Fatalf("%T: %v", c, err)
	}
	return facts
}

func same(t *testing.T, want, got []fact) {
	t.Helper()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestUnknownEventsAreIgnored(t *testing.T) {
	for _, e := range []proto.Message{nil, timestamppb.New(noon)} {
		if got, want := customer.Evolve(customer.New("associate/a", 7), e), customer.New("associate/a", 7); !cmp.Equal(got, want) {
			t.Errorf("%T made %+v", e, got)
		}
	}
}
