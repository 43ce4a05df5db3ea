package endpoint

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// Outcome is what follows from an attempt.
type Outcome = deliveryv1.Outcome

// Short names of the outcomes.
const (
	Delivered = deliveryv1.Outcome_OUTCOME_DELIVERED
	Retry     = deliveryv1.Outcome_OUTCOME_RETRY
	Parked    = deliveryv1.Outcome_OUTCOME_PARKED
)

// Attempt is one try to deliver one notice to one endpoint.
type Attempt struct {
	EndpointID string
	Position   uint64
	Place      uint32
	Number     int
	At         time.Time
	Took       time.Duration
	Outcome    Outcome
	Status     int
	Reason     string
	Detail     string
	Response   []byte
	NextAt     time.Time
	Thinned    bool
	// Gone says that the endpoint wants nothing more, ever.
	Gone bool
}

// RecordAttempts stores what became of attempts, all at once.
type RecordAttempts struct {
	Attempts []Attempt
	Now      time.Time
}

// Decide implements eventstore.Transaction. Attempts at an endpoint that was
// deleted meanwhile are of no interest to anybody.
func (c RecordAttempts) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	byEndpoint := map[string]*deliveryv1.AttemptsRecorded{}
	var order []string
	gone := map[string]bool{}
	for _, a := range c.Attempts {
		r := byEndpoint[a.EndpointID]
		if r == nil {
			r = &deliveryv1.AttemptsRecorded{EndpointId: a.EndpointID}
			byEndpoint[a.EndpointID] = r
			order = append(order, a.EndpointID)
		}
		r.Attempts = append(r.Attempts, a.message())
		gone[a.EndpointID] = gone[a.EndpointID] || a.Gone
	}
	for _, id := range order {
		s := load(ID(id))
		if !s.Exists() {
			continue
		}
		record(ID(id), byEndpoint[id])
		if gone[id] && s.Config.GetStatus() == Enabled {
			record(ID(id), &deliveryv1.EndpointStatusChanged{
				Status: Suspended, Reason: ReasonGone, Message: "The receiver answered that it wants nothing more.", At: timestamppb.New(c.Now),
			})
		}
	}
	return nil
}

func (a Attempt) message() *deliveryv1.Attempt {
	m := &deliveryv1.Attempt{
		Position: a.Position, Place: a.Place, Number: uint32(a.Number), At: timestamppb.New(a.At), Took: durationpb.New(a.Took), //nolint:gosec // counted up from 1
		Outcome: a.Outcome, Status: int32(a.Status), Reason: a.Reason, Detail: a.Detail, Response: a.Response, Thinned: a.Thinned, //nolint:gosec // a status of three digits
	}
	if !a.NextAt.IsZero() {
		m.NextAt = timestamppb.New(a.NextAt)
	}
	return m
}

// DefaultRetries are the waits between attempts when an endpoint does not say
// (decision D-14): 10 s, 1 min, 5 min, 15 min, 30 min, then every hour until a
// day has passed.
var DefaultRetries = defaultRetries()

func defaultRetries() []time.Duration {
	waits := []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute}
	sum := time.Duration(0)
	for _, w := range waits {
		sum += w
	}
	for ; sum+time.Hour <= 24*time.Hour; sum += time.Hour {
		waits = append(waits, time.Hour)
	}
	return waits
}

// Retries are the waits of an endpoint.
func (c Config) Retries() []time.Duration {
	given := c.GetPace().GetRetries()
	if len(given) == 0 {
		return DefaultRetries
	}
	waits := make([]time.Duration, len(given))
	for i, d := range given {
		waits[i] = d.AsDuration()
	}
	return waits
}

// jitter is how much of a wait is up to chance, so that what failed together
// does not come back together.
const jitter = 0.2

// AfterFailure says what follows when attempt number n failed: when the next one
// is due, or that there is none. A receiver may ask for more time than its
// schedule gives, up to twice as much. Chance is between 0 and 1.
func AfterFailure(waits []time.Duration, n int, asked time.Duration, chance float64, now time.Time) (Outcome, time.Time) {
	if n > len(waits) {
		return Parked, time.Time{}
	}
	wait := waits[n-1]
	wait += time.Duration(float64(wait) * jitter * (2*chance - 1))
	wait = max(wait, min(asked, 2*waits[n-1]))
	return Retry, now.Add(wait)
}

// Reasons for which the service itself stops sending.
const (
	ReasonGone    = "gone"
	ReasonFailing = "failing"
)

// Suspend is the rule that an endpoint which has done nothing but fail for so
// long is not sent to any more: what matches is kept until somebody enables it.
// Zero never suspends.
func Suspend(after time.Duration) func(s State, now time.Time) []proto.Message {
	return func(s State, now time.Time) []proto.Message {
		if after == 0 || !s.Exists() || s.Config.GetStatus() != Enabled || s.Health.FailingSince.IsZero() || now.Sub(s.Health.FailingSince) < after {
			return nil
		}
		return []proto.Message{&deliveryv1.EndpointStatusChanged{
			Status: Suspended, Reason: ReasonFailing, Message: "Every attempt failed since " + s.Health.FailingSince.UTC().Format(time.RFC3339) + ".",
			At: timestamppb.New(now),
		}}
	}
}
