package delivery

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/orderstream/oms/delivery/cloudevents"
	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// Composer makes messages of notices. Its zero value works.
type Composer struct {
	// ClientID names this company to receivers (DirectScale
	// X-Directscale-Client-Id).
	ClientID string
	// Account and Region stand in envelopes of EventBridge.
	Account, Region string
	// Source stands in envelopes; empty is "oms".
	Source string
	// PublicURL is where receivers can call the API; thin events link to it. Empty
	// links to nothing.
	PublicURL string
}

// message is what the endpoint gets of a delivery. A body that its destination
// does not take is told thin, with a link.
func (c Composer) message(tenant string, cfg endpoint.Config, it *item, limits send.Limits) send.Message {
	n := it.notice
	m := send.Message{
		ID: n.GetNoticeId(), Type: n.GetType(), Subject: n.GetSubject(), Tenant: tenant, Environment: environment(cfg.GetEnvironment()),
		Time: n.GetAt().AsTime(), ContentType: "application/json", Attempt: it.attempts + 1, Headers: c.headers(n),
	}
	body := n.GetBody()
	if cfg.GetDetail() == deliveryv1.Detail_DETAIL_FAT && len(n.GetFatBody()) > 0 {
		body = n.GetFatBody()
	}
	if !it.thin {
		whole := c.enveloped(m, cfg, n, body)
		if limits.Bytes == 0 || len(whole.Body) <= limits.Bytes {
			return whole
		}
	}
	it.thin = true
	return c.enveloped(m, cfg, n, c.thin(n))
}

// enveloped is the message with a body in the format that the endpoint wants.
func (c Composer) enveloped(m send.Message, cfg endpoint.Config, n *deliveryv1.Notice, body []byte) send.Message {
	m.Body = c.wrap(cfg, n, body)
	switch cfg.GetFormat() { //nolint:exhaustive // the others are in the body already
	case deliveryv1.Format_FORMAT_CLOUDEVENTS:
		return cloudevents.Structured(m, c.source())
	case deliveryv1.Format_FORMAT_CLOUDEVENTS_BINARY:
		return cloudevents.Binary(m, c.source())
	}
	return m
}

func environment(e deliveryv1.Environment) string {
	if e == deliveryv1.Environment_ENVIRONMENT_STAGE {
		return "stage"
	}
	return "live"
}

// headers are those that the vocabulary documents.
func (c Composer) headers(n *deliveryv1.Notice) []send.Header {
	if n.GetVocabulary() != deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE {
		return nil
	}
	h := []send.Header{{Name: "X-Directscale-Client-Id", Value: c.ClientID}, {Name: "X-Directscale-Message-Id", Value: n.GetNoticeId()}}
	if n.GetActor() != "" {
		h = append(h, send.Header{Name: "X-Directscale-User", Value: n.GetActor()})
	}
	return h
}

// wrap puts what is told into what surrounds it.
func (c Composer) wrap(cfg endpoint.Config, n *deliveryv1.Notice, body []byte) []byte {
	switch {
	case cfg.GetFormat() == deliveryv1.Format_FORMAT_EVENTBRIDGE:
		return encode(bridgeEnvelope{
			Version: "0", ID: n.GetNoticeId(), DetailType: n.GetType(), Source: c.source(), Account: c.Account,
			Time: n.GetAt().AsTime().Format(time.RFC3339), Region: c.Region, Resources: []string{}, Detail: body,
		})
	case n.GetVocabulary() == deliveryv1.Vocabulary_VOCABULARY_DSCO:
		return encode(webhookEvent{WebhookUUID: cfg.GetEndpointId(), Event: n.GetType(), EventDate: isoDate(n.GetAt().AsTime()), Payload: body})
	}
	return body
}

func (c Composer) source() string {
	if c.Source == "" {
		return "oms"
	}
	return c.Source
}

// bridgeEnvelope is the envelope of EventBridge.
type bridgeEnvelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// webhookEvent is the envelope of callbacks (Dsco WebhookEvent).
type webhookEvent struct {
	WebhookUUID string          `json:"webhookUuid"`
	Event       string          `json:"event"`
	EventDate   string          `json:"eventDate"`
	Payload     json.RawMessage `json:"payload"`
}

// isoDate is a time as Dsco writes it.
func isoDate(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// thinEvent says what it is about, and where to read more.
type thinEvent struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Subject string `json:"subject,omitempty"`
	OrderID string `json:"orderId,omitempty"`
	Time    string `json:"time"`
	// Link reads the whole; empty when nobody outside can.
	Link string `json:"link,omitempty"`
}

func (c Composer) thin(n *deliveryv1.Notice) []byte {
	t := thinEvent{ID: n.GetNoticeId(), Type: n.GetType(), Subject: n.GetSubject(), OrderID: n.GetOrderId(), Time: n.GetAt().AsTime().Format(time.RFC3339Nano)}
	if c.PublicURL != "" && t.OrderID != "" {
		request := url.Values{"encoding": {"json"}, "message": {string(encode(map[string]string{"orderId": t.OrderID}))}}
		t.Link = strings.TrimSuffix(c.PublicURL, "/") + "/oms.order.v1.OrderService/GetOrder?" + request.Encode()
	}
	return encode(t)
}

// encode cannot fail on what is given here: every body was made by us.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
