package jsstore

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
)

type (
	nothing struct{}
	full    struct {
		At    time.Time
		Names map[string][]string
		Deep  *full
		Bytes []byte
	}
	hides  struct{ secret, Open int }
	vague  struct{ Any any }
	nested struct{ In []hides }
	batch2 struct{ From, To string }
)

func (nothing) Decide(int) ([]proto.Message, error) { return nil, nil }
func (full) Decide(int) ([]proto.Message, error)    { return nil, nil }
func (h hides) Decide(int) ([]proto.Message, error) { return nil, errors.New(fmt.Sprint(h.secret)) }
func (vague) Decide(int) ([]proto.Message, error)   { return nil, nil }
func (nested) Decide(int) ([]proto.Message, error)  { return nil, nil }
func (batch2) Decide(func(string) int, func(string, proto.Message)) error {
	return nil
}

func TestCommandsArriveAsTheyLeft(t *testing.T) {
	cs, err := newCommands[int]([]any{nothing{}, full{}, batch2{}})
	if err != nil {
		t.Fatal(err)
	}
	c := full{
		At: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC), Names: map[string][]string{"a": {"b", ""}},
		Deep: &full{Bytes: []byte{0, 255}},
	}
	for name, tx := range map[string]eventstore.Transaction[int]{
		"empty": eventstore.Single("id", eventstore.Command[int](nothing{})),
		"full":  eventstore.Single("id", eventstore.Command[int](c)),
		"batch": batch2{"x", "y"},
	} {
		s, err := cs.encode(tx)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := cs.decode(s)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		id, one, _ := eventstore.AsSingle(tx)
		gotID, gotOne, _ := eventstore.AsSingle(got)
		if diff := cmp.Diff([]any{id, one}, []any{gotID, gotOne}); diff != "" {
			t.Errorf("%s (-sent +arrived):\n%s", name, diff)
		}
		if one == nil && got != tx {
			t.Errorf("%s arrived as %+v", name, got)
		}
	}
}

func TestCommandsThatWouldLoseSomethingAreRefusedAtTheStart(t *testing.T) {
	for _, tt := range []struct {
		prototype any
		want      string
	}{
		{hides{}, "jsstore.hides.secret is not exported"},
		{nested{}, "jsstore.nested.In.secret is not exported"},
		{vague{}, "jsstore.vague.Any is a interface"},
		{struct{}{}, "does not decide"},
	} {
		if _, err := newCommands[int]([]any{tt.prototype}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%T: err = %v, want %q", tt.prototype, err, tt.want)
		}
	}
}

func TestACommandOfAnotherReleaseIsAskedAgainLater(t *testing.T) {
	cs, err := newCommands[int]([]any{nothing{}})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]sent{
		"unknown name":  {Name: "jsstore.later", One: true, Data: must(encMode.Marshal(nothing{}))},
		"unknown field": {Name: "jsstore.nothing", One: true, Data: must(encMode.Marshal(map[string]int{"New": 1}))},
	} {
		if _, err := cs.decode(s); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: err = %v, want unavailable", name, err)
		}
	}
}

func TestFaultsArriveEqual(t *testing.T) {
	var v fault.Fields
	v.Add("a", "is wrong")
	v.Add("b", "too")
	for k := fault.Internal + 1; k <= fault.PermissionDenied; k++ {
		for _, err := range []error{
			fault.New(k, "some_reason", "some text"),
			fmt.Errorf("where: %w", fault.Wrap(errors.New("why"), k, "some_reason", "some text")),
			v.Err(),
		} {
			got := travel(t, err)
			var f *fault.Error
			if !errors.As(err, &f) || !errors.Is(got, f) || fault.Public(got) != fault.Public(err) {
				t.Errorf("%v arrived as %v", err, got)
			}
			if diff := cmp.Diff(fault.Violations(err), fault.Violations(got)); diff != "" {
				t.Errorf("violations of %v (-sent +arrived):\n%s", err, diff)
			}
		}
	}
	if got := travel(t, errors.New("a bug")); fault.KindOf(got) != fault.Internal || !strings.Contains(got.Error(), "a bug") {
		t.Errorf("a bug arrived as %v", got)
	}
}

func travel(t *testing.T, err error) error {
	t.Helper()
	var a answer[int]
	if err := decMode.Unmarshal(must(encMode.Marshal(answer[int]{Fault: encodeFault(err)})), &a); err != nil {
		t.Fatal(err)
	}
	return a.Fault.err()
}

func TestResultsArriveEqual(t *testing.T) {
	r := eventstore.Result[string]{
		Position: 7, Revision: 3, Repeated: true, Events: []proto.Message{wrapperspb.Int64(5), wrapperspb.String("x")},
		States: map[string]string{"a": "state"},
	}
	sent, err := encodeResult(r)
	if err != nil {
		t.Fatal(err)
	}
	var a answer[string]
	if err := decMode.Unmarshal(must(encMode.Marshal(sent)), &a); err != nil {
		t.Fatal(err)
	}
	got, err := a.result()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got, protocmp.Transform()); diff != "" {
		t.Errorf("(-sent +arrived):\n%s", diff)
	}
}
