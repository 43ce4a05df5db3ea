package publisher

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/skavaevents"
	"github.com/orderstream/oms/internal/workqueue"
)

// saying is one message to publish.
type saying struct{ skavaevents.Saying }

// said is everything that an event says: to subscribers, and outside, when the
// installation wants that.
func (p *Publisher) said(s skavaevents.Subject, e eventstore.Recorded, at skavaevents.At) (all []saying, err error) {
	said, err := skavaevents.Say(s, e, at)
	if err != nil {
		return nil, err
	}
	if skavaevents.TellsOutside(e.Type) && p.external.Enabled {
		thin, fat, err := skavaevents.Outside(p.external, s, e, at)
		if err != nil {
			return nil, err
		}
		if fat == nil {
			fat = &thin
		}
		said = append(said, skavaevents.Saying{Channel: skavaevents.ExternalChannel(thin.DetailType), Payload: *fat})
	}
	for _, one := range said {
		all = append(all, saying{one})
	}
	return all, nil
}

// message makes the NATS message of a saying.
func (s saying) message(c eventstore.Commit, e eventstore.Recorded, at place) (*nats.Msg, error) {
	data, err := json.Marshal(s.Payload)
	if err != nil {
		return nil, fmt.Errorf("payload of %s: %w", s.Channel.Subject, err)
	}
	subject := s.Channel.Subject
	if c.GetTenant() != workqueue.DefaultTenant {
		subject = "t." + c.GetTenant() + "." + subject
	}
	m := nats.NewMsg(subject)
	m.Data = data
	m.Header = nats.Header{
		headerSource:                  {at.String()},
		"Oms-Event-Id":                {e.ID},
		workqueue.HeaderTenant:        {c.GetTenant()},
		skava.HeaderOrderID:           {e.Aggregate},
		"Order-Revision":              {strconv.FormatUint(e.Revision, 10)},
		workqueue.HeaderCorrelationID: {c.GetCorrelationId()},
		workqueue.HeaderCausationID:   {c.GetId()},
	}
	if c.GetTraceparent() != "" {
		m.Header["traceparent"] = []string{c.GetTraceparent()}
	}
	for k, v := range s.Channel.Headers() {
		m.Header[k] = []string{v}
	}
	return m, nil
}
