package endpoint

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Queue stores what is to be told about the events of a log.
type Queue struct {
	// Log and the place in it that the notices begin behind.
	Log   string
	After Cursor
	// To is the place that they reach.
	To Cursor
	// Notices, in the order of the log; none only moves the feed.
	Notices Notices
}

// Decide implements eventstore.Transaction. A feed that is elsewhere than its
// caller believes is moved by somebody else: nothing is stored.
func (c Queue) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	f := load(FeedID(c.Log)).Feed
	switch {
	case f.Log == "":
		return fault.New(fault.NotFound, "feed_not_found", "the log %s has no feed", c.Log)
	case f.Cursor != c.After:
		return fault.New(fault.Conflict, "feed_moved", "the feed of %s is at %d+%d, not at %d+%d", c.Log, f.Position, f.Ahead, c.After.Position, c.After.Ahead)
	case len(c.Notices) > 0:
		record(FeedID(c.Log), &deliveryv1.NoticesQueued{Log: c.Log, Position: c.To.Position, Ahead: c.To.Ahead, Notices: c.Notices})
	case c.To != c.After:
		record(FeedID(c.Log), &deliveryv1.FeedAdvanced{Log: c.Log, Position: c.To.Position})
	}
	return nil
}

// Notices travel in their stored form.
type Notices []*deliveryv1.Notice

// MarshalBinary is the form in which they travel.
func (n Notices) MarshalBinary() ([]byte, error) {
	return proto.Marshal(&deliveryv1.NoticesQueued{Notices: n})
}

// UnmarshalBinary reads it.
func (n *Notices) UnmarshalBinary(b []byte) error {
	var q deliveryv1.NoticesQueued
	if err := proto.Unmarshal(b, &q); err != nil {
		return err
	}
	*n = q.GetNotices()
	return nil
}

// TestNotice queues one notice for one endpoint, whatever it hears otherwise.
type TestNotice struct {
	EndpointID string
	Notices    Notices
}

// operatorFeed is the aggregate of what operators send: it is made from no log.
const operatorFeed = "operator"

// Decide implements eventstore.Transaction.
func (c TestNotice) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	s, err := existing(load, c.EndpointID)
	if err != nil {
		return err
	}
	if s.Config.GetStatus() == Disabled {
		return fault.New(fault.Precondition, "endpoint_disabled", "endpoint %q is disabled; enable it first", c.EndpointID)
	}
	q := &deliveryv1.NoticesQueued{}
	for _, n := range c.Notices {
		n = proto.CloneOf(n)
		n.EndpointIds = []string{c.EndpointID}
		q.Notices = append(q.Notices, n)
	}
	record(FeedID(operatorFeed), q)
	return nil
}

// DefineEvent makes a custom event that can be published (DirectScale custom
// event alert). Asked twice is done once.
type DefineEvent struct {
	Type, Description string
	Now               time.Time
}

// Decide implements eventstore.Transaction.
func (c DefineEvent) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	if !validType(c.Type) {
		return fault.Field("type", "must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with a letter")
	}
	if !load(CustomID(c.Type)).Custom {
		record(CustomID(c.Type), &deliveryv1.CustomEventDefined{Type: c.Type, Description: c.Description, At: timestamppb.New(c.Now)})
	}
	return nil
}

// PublishEvent says that a custom event happened.
type PublishEvent struct {
	Type        string
	Data        []byte
	Environment deliveryv1.Environment
	OrderID     string
	// Notice is how it is told, and Candidates are the endpoints that may hear it.
	Notice     Notices
	Candidates []string
	Now        time.Time
}

// Decide implements eventstore.Transaction.
func (c PublishEvent) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	if !load(CustomID(c.Type)).Custom {
		return fault.New(fault.NotFound, "event_not_defined", "type: there is no custom event %q; define it first", c.Type)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(c.Data, &object); err != nil || object == nil {
		return fault.Field("data", "must be a JSON object")
	}
	if c.Environment == deliveryv1.Environment_ENVIRONMENT_UNSPECIFIED {
		c.Environment = deliveryv1.Environment_ENVIRONMENT_LIVE
	}
	record(CustomID(c.Type), &deliveryv1.CustomEventPublished{
		Type: c.Type, Data: c.Data, Environment: c.Environment, OrderId: c.OrderID, At: timestamppb.New(c.Now),
	})
	q := &deliveryv1.NoticesQueued{}
	for _, n := range c.Notice {
		n = proto.CloneOf(n)
		f := Facts{Vocabulary: n.GetVocabulary(), Type: n.GetType(), Environment: c.Environment}
		for _, id := range c.Candidates {
			if s := load(ID(id)); s.Exists() && s.Config.Hears(f) {
				n.EndpointIds = append(n.EndpointIds, id)
			}
		}
		if len(n.GetEndpointIds()) > 0 {
			q.Notices = append(q.Notices, n)
		}
	}
	if len(q.GetNotices()) > 0 {
		record(FeedID(operatorFeed), q)
	}
	return nil
}

func validType(s string) bool {
	if s == "" || len(s) > 64 || !letter(rune(s[0])) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return !letter(r) && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
	}) < 0
}

func letter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func sortedKeys(m map[string]uint64) []string { return slices.Sorted(maps.Keys(m)) }
