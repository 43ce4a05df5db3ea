// Package senders makes the sender of an endpoint: it knows every kind of
// destination, and opens what was sealed.
package senders

import (
	"crypto/tls"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/orderstream/oms/delivery/aws"
	"github.com/orderstream/oms/delivery/natsbus"
	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/signature"
	"github.com/orderstream/oms/delivery/webhook"
	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/outbound"
	"github.com/orderstream/oms/internal/seal"
)

// Factory makes senders. All of it is required.
type Factory struct {
	// Gate that calls to outside go through.
	Gate *outbound.Gate
	// Ring opens secrets.
	Ring *seal.Ring
	// Conn publishes on NATS subjects.
	Conn *nats.Conn
	// Source of events that are in an envelope, such as "oms".
	Source string
	// Now is the clock.
	Now func() time.Time
}

// Where is the place that the secrets of an endpoint are sealed for.
func Where(tenant, id string) string { return tenant + "/" + id }

// Open makes the sender of an endpoint. It fails with a fault that names the
// field when the endpoint cannot be set up like this; the edge asks it before
// anything is stored.
func (f Factory) Open(tenant string, c endpoint.Config) (send.Sender, error) {
	o := opener{ring: f.Ring, where: Where(tenant, c.GetEndpointId()), now: f.Now()}
	switch d := c.GetDestination().GetKind().(type) {
	case *deliveryv1.Destination_Webhook:
		return f.webhook(&o, c, d.Webhook)
	case *deliveryv1.Destination_Sqs:
		return opened(aws.OpenSQS(aws.SQS{Account: f.account(&o, c, d.Sqs.GetAccess()), QueueURL: d.Sqs.GetQueueUrl()}))(&o)
	case *deliveryv1.Destination_Sns:
		return opened(aws.OpenSNS(aws.SNS{Account: f.account(&o, c, d.Sns.GetAccess()), TopicARN: d.Sns.GetTopicArn()}))(&o)
	case *deliveryv1.Destination_EventBridge:
		source := d.EventBridge.GetSource()
		if source == "" {
			source = f.Source
		}
		return opened(aws.OpenEventBridge(aws.EventBridge{
			Account: f.account(&o, c, d.EventBridge.GetAccess()), Bus: d.EventBridge.GetEventBusName(), Source: source,
		}))(&o)
	case *deliveryv1.Destination_Nats:
		return opened(natsbus.Open(natsbus.Config{
			Conn: f.Conn, Subject: d.Nats.GetSubject(), JetStream: d.Nats.GetJetstream(), Source: f.Source,
			Timeout: c.GetPace().GetTimeout().AsDuration(), Now: f.Now,
		}))(&o)
	default:
		return nil, fault.Field("destination", "is of a kind that is not known here")
	}
}

// opened prefers what is wrong with a secret over what follows from it, and a
// nil interface over a nil pointer in one.
func opened[S send.Sender](s S, err error) func(*opener) (send.Sender, error) {
	return func(o *opener) (send.Sender, error) {
		switch {
		case o.err != nil:
			return nil, o.err
		case err != nil:
			return nil, err
		}
		return s, nil
	}
}

func (f Factory) account(o *opener, c endpoint.Config, a *deliveryv1.AwsAccess) aws.Account {
	return aws.Account{
		AccessKey: a.GetAccessKeyId(), Secret: o.text(a.GetSecretAccessKey()), Session: o.text(a.GetSessionToken()), Region: a.GetRegion(),
		BaseEndpoint: a.GetBaseUrl(), Timeout: c.GetPace().GetTimeout().AsDuration(), Gate: f.Gate, Now: f.Now,
	}
}

func (f Factory) webhook(o *opener, c endpoint.Config, w *deliveryv1.Webhook) (send.Sender, error) {
	cfg := webhook.Config{
		URL: marked(w.GetUrl(), w.GetEnvironmentMarker()), Bearer: o.text(w.GetBearerToken()), SignatureHeader: w.GetSignatureHeader(),
		Timeout: c.GetPace().GetTimeout().AsDuration(), Gate: f.Gate, Now: f.Now,
		Options: outbound.Options{Proxy: w.GetProxyUrl(), Roots: []byte(w.GetAuthorities())},
		Keys:    o.keys(w.GetSigningKeys()),
	}
	for _, h := range w.GetHeaders() {
		cfg.Headers = append(cfg.Headers, send.Header{Name: h.GetName(), Value: o.text(h.GetValue())})
	}
	if a := w.GetOauth2(); a != nil {
		cfg.OAuth = &webhook.OAuth{
			TokenURL: a.GetTokenUrl(), ClientID: a.GetClientId(), ClientSecret: o.text(a.GetClientSecret()), Scopes: a.GetScopes(), Audience: a.GetAudience(),
		}
	}
	if w.GetClientCertificate() != "" {
		pair, err := tls.X509KeyPair([]byte(w.GetClientCertificate()), o.bytes(w.GetClientKey()))
		if err != nil {
			return nil, fault.Field("client_certificate", "must be a certificate in PEM, and client_key its key")
		}
		cfg.Options.Certificate = &pair
	}
	if o.err != nil {
		return nil, o.err
	}
	return webhook.Open(cfg)
}

// marked appends the marker of an environment to a URL, so that alerts of Live
// and Stage can be told apart.
func marked(raw, marker string) string {
	if marker == "" {
		return raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return raw // it is refused as it is
	}
	q := u.Query()
	q.Set("environment", marker)
	u.RawQuery = q.Encode()
	return u.String()
}

// opener opens secrets and keeps the first failure.
type opener struct {
	ring  *seal.Ring
	where string
	now   time.Time
	err   error
}

func (o *opener) bytes(s *deliveryv1.Sealed) []byte {
	b, err := o.ring.Open(s, o.where)
	if err != nil && o.err == nil {
		o.err = err
	}
	return b
}

func (o *opener) text(s *deliveryv1.Sealed) string { return string(o.bytes(s)) }

// keys are those that sign now.
func (o *opener) keys(all []*deliveryv1.SigningKey) (keys []*signature.Key) {
	for _, k := range all {
		if k.GetEndsAt() != nil && !o.now.Before(k.GetEndsAt().AsTime()) {
			continue
		}
		key, err := signature.ParseKey("signing_keys", o.text(k.GetSecret()))
		if err != nil {
			if o.err == nil {
				o.err = err
			}
			continue
		}
		keys = append(keys, key)
	}
	return keys
}
