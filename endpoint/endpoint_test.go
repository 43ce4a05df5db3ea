package endpoint

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// shelf holds the aggregates of a tenant.
type shelf map[string]State

// do runs a command and returns the events; an error stores none.
func (s shelf) do(t *testing.T, c interface {
	Decide(load func(string) State, record func(string, proto.Message)) error
},
) (events []proto.Message, err error) {
	t.Helper()
	ahead := shelf{}
	err = c.Decide(func(id string) State {
		if st, ok := ahead[id]; ok {
			return st
		}
		return s[id]
	}, func(id string, e proto.Message) {
		st, ok := ahead[id]
		if !ok {
			st = s[id]
		}
		ahead[id] = Evolve(st, e)
		events = append(events, e)
	})
	if err != nil {
		return nil, err
	}
	for id, st := range ahead {
		s[id] = st
	}
	return events, nil
}

// must is do that may not fail.
func (s shelf) must(t *testing.T, c interface {
	Decide(load func(string) State, record func(string, proto.Message)) error
},
) []proto.Message {
	t.Helper()
	events, err := s.do(t, c)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func hook(id string, change func(*deliveryv1.Endpoint)) Config {
	e := &deliveryv1.Endpoint{
		EndpointId: id, Vocabulary: deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, EventTypes: []string{"*"},
		Destination: &deliveryv1.Destination{Kind: &deliveryv1.Destination_Webhook{Webhook: &deliveryv1.Webhook{Url: "https://example.com"}}},
	}
	if change != nil {
		change(e)
	}
	return Config{e}
}

func open(t *testing.T) shelf {
	t.Helper()
	s := shelf{}
	s.must(t, Create{Config: hook("a", nil), Heads: map[string]uint64{"order": 7}, Now: noon})
	return s
}

func TestAnEndpointHearsFromWhenItIsMade(t *testing.T) {
	s := open(t)
	if st := s[ID("a")]; !st.Exists() || st.Config.GetStatus() != Enabled || st.Config.GetPayloadVersion() != PayloadVersion {
		t.Errorf("made %v", st.Config)
	}
	if f := s[FeedID("order")].Feed; f.Log != "order" || f.Position != 7 {
		t.Errorf("the feed begins at %+v", f)
	}
	s.must(t, Create{Config: hook("b", nil), Heads: map[string]uint64{"order": 9}, Now: noon})
	if f := s[FeedID("order")].Feed; f.Position != 7 {
		t.Errorf("a second endpoint moved the feed to %d", f.Position)
	}
	if _, err := s.do(t, Create{Config: hook("a", nil), Now: noon}); fault.ReasonOf(err) != "endpoint_exists" {
		t.Errorf("made twice: %v", err)
	}
}

func TestWhatCannotBeIsRefusedFieldByField(t *testing.T) {
	_, err := shelf{}.do(t, Create{Config: Config{&deliveryv1.Endpoint{EndpointId: "a", Pace: &deliveryv1.Pace{
		Concurrency: -1, RatePerSecond: -1, Timeout: durationpb.New(time.Hour), Retries: []*durationpb.Duration{durationpb.New(0)},
	}}}, Now: noon})
	var fields []string
	for _, v := range fault.Violations(err) {
		fields = append(fields, v.Field)
	}
	want := []string{"vocabulary", "event_types", "destination", "pace.concurrency", "pace.rate_per_second", "pace.timeout", "pace.retries[0]"}
	if len(fields) != len(want) {
		t.Fatalf("refused %v, want %v", fields, want)
	}
	for i := range want {
		if fields[i] != want[i] {
			t.Errorf("refused %v, want %v", fields, want)
		}
	}
}

func TestAFeedIsMovedOnlyByWhoKnowsWhereItIs(t *testing.T) {
	s := open(t)
	n := Notices{{NoticeId: "n1", EndpointIds: []string{"a"}}}
	s.must(t, Queue{Log: "order", After: Cursor{Position: 7}, To: Cursor{Position: 8, Ahead: 3}, Notices: n})
	if _, err := s.do(t, Queue{Log: "order", After: Cursor{Position: 7}, To: Cursor{Position: 9}, Notices: n}); fault.ReasonOf(err) != "feed_moved" {
		t.Errorf("queued twice: %v", err)
	}
	if events := s.must(t, Queue{Log: "order", After: Cursor{8, 3}, To: Cursor{8, 3}}); len(events) != 0 {
		t.Errorf("nothing made %v", events)
	}
	s.must(t, Queue{Log: "order", After: Cursor{8, 3}, To: Cursor{Position: 20}})
	if f := s[FeedID("order")].Feed; f.Cursor != (Cursor{Position: 20}) {
		t.Errorf("the feed is at %+v", f)
	}
	if _, err := s.do(t, Queue{Log: "payment"}); fault.ReasonOf(err) != "feed_not_found" {
		t.Errorf("a feed that is not there: %v", err)
	}
}

func TestFailuresAreCountedUntilOneIsDelivered(t *testing.T) {
	s := open(t)
	try := func(at time.Time, o Outcome) {
		s.must(t, RecordAttempts{Attempts: []Attempt{{EndpointID: "a", Number: 1, At: at, Outcome: o}}, Now: at})
	}
	try(noon, Retry)
	try(noon.Add(time.Hour), Parked)
	if h := s[ID("a")].Health; h.Failures != 2 || !h.FailingSince.Equal(noon) {
		t.Errorf("after two failures %+v", h)
	}
	try(noon.Add(2*time.Hour), Delivered)
	if h := s[ID("a")].Health; h.Failures != 0 || !h.FailingSince.IsZero() || !h.DeliveredAt.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("after a delivery %+v", h)
	}
}

func TestAnEndpointThatOnlyFailsIsSuspendedAndNothingElse(t *testing.T) {
	rule := Suspend(24 * time.Hour)
	failing := State{Config: Config{&deliveryv1.Endpoint{Status: Enabled}}, Health: Health{Failures: 3, FailingSince: noon}}
	for name, c := range map[string]struct {
		state State
		after time.Duration
		want  bool
	}{
		"not yet":           {failing, 23 * time.Hour, false},
		"after a day":       {failing, 24 * time.Hour, true},
		"disabled":          {State{Config: Config{&deliveryv1.Endpoint{Status: Disabled}}, Health: failing.Health}, 48 * time.Hour, false},
		"suspended already": {State{Config: Config{&deliveryv1.Endpoint{Status: Suspended}}, Health: failing.Health}, 48 * time.Hour, false},
		"never failed":      {State{Config: failing.Config}, 48 * time.Hour, false},
		"a feed":            {State{Feed: Feed{Log: "order"}}, 48 * time.Hour, false},
	} {
		if got := len(rule(c.state, noon.Add(c.after))) > 0; got != c.want {
			t.Errorf("%s: suspended %v", name, got)
		}
	}
	if len(Suspend(0)(failing, noon.Add(1000*time.Hour))) > 0 {
		t.Error("the rule was off")
	}
}

func TestTheScheduleEndsAfterADayAndHasChanceInIt(t *testing.T) {
	var sum time.Duration
	for _, w := range DefaultRetries {
		sum += w
	}
	if sum > 24*time.Hour || sum < 23*time.Hour || DefaultRetries[0] != 10*time.Second || DefaultRetries[1] != time.Minute {
		t.Errorf("waits %v come to %v", DefaultRetries, sum)
	}
	waits := []time.Duration{10 * time.Second, time.Minute}
	for _, c := range []struct {
		n      int
		asked  time.Duration
		chance float64
		want   Outcome
		in     time.Duration
	}{
		{1, 0, 0.5, Retry, 10 * time.Second},
		{1, 0, 0, Retry, 8 * time.Second},
		{1, 0, 1, Retry, 12 * time.Second},
		{1, 15 * time.Second, 0.5, Retry, 15 * time.Second},
		{1, time.Hour, 0.5, Retry, 20 * time.Second}, // at most twice as long
		{2, 0, 0.5, Retry, time.Minute},
		{3, 0, 0.5, Parked, 0},
	} {
		got, at := AfterFailure(waits, c.n, c.asked, c.chance, noon)
		if got != c.want || c.want == Retry && !at.Equal(noon.Add(c.in)) {
			t.Errorf("%+v: %v at %v", c, got, at)
		}
	}
}

func TestADeletedEndpointIsGoneForGood(t *testing.T) {
	s := open(t)
	s.must(t, Delete{EndpointID: "a", Now: noon})
	if events := s.must(t, Delete{EndpointID: "a", Now: noon}); len(events) != 0 {
		t.Errorf("deleted twice: %v", events)
	}
	for name, c := range map[string]interface {
		Decide(load func(string) State, record func(string, proto.Message)) error
	}{
		"update": Update{Config: hook("a", nil), Now: noon}, "enable": SetStatus{EndpointID: "a", Status: Enabled, Now: noon},
		"replay": Replay{EndpointID: "a", Range: Range{From: 1, To: 2}, Now: noon}, "requeue": Requeue{EndpointID: "a", Notices: []Ref{{1, 0}}, Now: noon},
	} {
		if _, err := s.do(t, c); fault.ReasonOf(err) != "endpoint_not_found" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if events := s.must(t, RecordAttempts{Attempts: []Attempt{{EndpointID: "a", At: noon, Outcome: Delivered}}, Now: noon}); len(events) != 0 {
		t.Errorf("attempts of a deleted endpoint made %v", events)
	}
}

func TestAReplayGoesOnFromWhereItWas(t *testing.T) {
	s := open(t)
	r := Range{From: 3, To: 90, ParkedOnly: true}
	s.must(t, Replay{EndpointID: "a", Range: r, Now: noon})
	if _, err := s.do(t, Replay{EndpointID: "a", Range: Range{From: 1, To: 2}, Now: noon}); fault.ReasonOf(err) != "replay_under_way" {
		t.Errorf("a second one: %v", err)
	}
	s.must(t, Requeue{EndpointID: "a", Notices: []Ref{{5, 0}}, Of: r, After: 40, Now: noon})
	next := s[ID("a")].Replay
	if next != (Range{From: 41, To: 90, ParkedOnly: true}) {
		t.Errorf("it goes on as %+v", next)
	}
	if _, err := s.do(t, Requeue{EndpointID: "a", Notices: []Ref{{5, 0}}, Of: r, After: 40, Now: noon}); fault.ReasonOf(err) != "replay_moved" {
		t.Errorf("the same stretch twice: %v", err)
	}
	s.must(t, Requeue{EndpointID: "a", Of: next, After: 90, Done: true, Now: noon})
	if got := s[ID("a")].Replay; got != (Range{}) {
		t.Errorf("it is not over: %+v", got)
	}
}

func TestAConfigOutlivesItsStoredForm(t *testing.T) {
	want := hook("a", func(e *deliveryv1.Endpoint) { e.CreatedAt = timestamppb.New(noon) })
	b, err := want.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var got Config
	if err := got.UnmarshalBinary(b); err != nil || !proto.Equal(got.Endpoint, want.Endpoint) {
		t.Errorf("read %v, %v", got, err)
	}
}
