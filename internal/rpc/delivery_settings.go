package rpc

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/delivery/senders"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/seal"
)

// sealing seals the secrets of one endpoint and keeps what is wrong.
type sealing struct {
	ring  *seal.Ring
	where string
	now   time.Time
	bad   fault.Fields
	err   error
	key   newKey
}

// text seals a secret; none when it is empty.
func (s *sealing) text(secret string) *deliveryv1.Sealed {
	if secret == "" {
		return nil
	}
	sealed, err := s.ring.Seal([]byte(secret), s.where)
	s.err = errors.Join(s.err, err)
	return sealed
}

// kept seals a secret that was given; one that was not stays as it was.
func (s *sealing) kept(given *string, was *deliveryv1.Sealed) *deliveryv1.Sealed {
	if given == nil {
		return was
	}
	return s.text(*given)
}

// endpointOf is the endpoint that settings describe, with its secrets sealed,
// and the key that was made for it. Secrets that are absent stay as they were.
func (s deliveries) endpointOf(
	tenant, id string, settings *deliveryv1.EndpointSettings, was *deliveryv1.Endpoint,
) (*deliveryv1.Endpoint, newKey, error) {
	o := &sealing{ring: s.Ring, where: senders.Where(tenant, id), now: s.now()}
	e := &deliveryv1.Endpoint{
		EndpointId: id, Description: settings.GetDescription(), Vocabulary: settings.GetVocabulary(), EventTypes: settings.GetEventTypes(),
		Environment: settings.GetEnvironment(), Detail: settings.GetDetail(), Format: settings.GetFormat(), Ordered: settings.GetOrdered(),
		Pace: settings.GetPace(), Dsco: settings.GetDsco(), PayloadVersion: was.GetPayloadVersion(),
		Destination: o.destination(settings.GetDestination(), was.GetDestination()),
	}
	if err := errors.Join(o.err, o.bad.Err()); err != nil {
		return nil, newKey{}, err
	}
	return e, o.key, nil
}

func (s *sealing) destination(d *deliveryv1.DestinationSettings, was *deliveryv1.Destination) *deliveryv1.Destination {
	switch d := d.GetKind().(type) {
	case *deliveryv1.DestinationSettings_Webhook:
		return &deliveryv1.Destination{Kind: &deliveryv1.Destination_Webhook{Webhook: s.webhook(d.Webhook, was.GetWebhook())}}
	case *deliveryv1.DestinationSettings_Sqs:
		return &deliveryv1.Destination{Kind: &deliveryv1.Destination_Sqs{Sqs: &deliveryv1.Sqs{
			Access: s.access(d.Sqs.GetAccess(), was.GetSqs().GetAccess()), QueueUrl: d.Sqs.GetQueueUrl(),
		}}}
	case *deliveryv1.DestinationSettings_Sns:
		return &deliveryv1.Destination{Kind: &deliveryv1.Destination_Sns{Sns: &deliveryv1.Sns{
			Access: s.access(d.Sns.GetAccess(), was.GetSns().GetAccess()), TopicArn: d.Sns.GetTopicArn(),
		}}}
	case *deliveryv1.DestinationSettings_EventBridge:
		b := d.EventBridge
		return &deliveryv1.Destination{Kind: &deliveryv1.Destination_EventBridge{EventBridge: &deliveryv1.EventBridge{
			Access: s.access(b.GetAccess(), was.GetEventBridge().GetAccess()), EventBusName: b.GetEventBusName(), Source: b.GetSource(),
		}}}
	case *deliveryv1.DestinationSettings_Nats:
		return &deliveryv1.Destination{Kind: &deliveryv1.Destination_Nats{Nats: d.Nats}}
	}
	return nil
}

func (s *sealing) access(a *deliveryv1.AwsSettings, was *deliveryv1.AwsAccess) *deliveryv1.AwsAccess {
	return &deliveryv1.AwsAccess{
		Region: a.GetRegion(), AccessKeyId: a.GetAccessKeyId(), BaseUrl: a.GetBaseUrl(),
		SecretAccessKey: s.kept(a.SecretAccessKey, was.GetSecretAccessKey()), SessionToken: s.kept(a.SessionToken, was.GetSessionToken()),
	}
}

func (s *sealing) webhook(w *deliveryv1.WebhookSettings, was *deliveryv1.Webhook) *deliveryv1.Webhook {
	out := &deliveryv1.Webhook{
		Url: w.GetUrl(), BearerToken: s.kept(w.BearerToken, was.GetBearerToken()), SignatureHeader: w.GetSignatureHeader(), ProxyUrl: w.GetProxyUrl(),
		ClientCertificate: w.GetClientCertificate(), ClientKey: s.kept(w.ClientKey, was.GetClientKey()), Authorities: w.GetAuthorities(),
		EnvironmentMarker: w.GetEnvironmentMarker(), SigningKeys: s.keys(w, was),
	}
	for i, h := range w.GetHeaders() {
		before := headerOf(was, h.GetName())
		if h.Value == nil && before == nil {
			s.bad.Add(fmt.Sprintf("settings.destination.webhook.headers[%d].value", i), "is required")
		}
		out.Headers = append(out.Headers, &deliveryv1.SecretHeader{Name: h.GetName(), Value: s.kept(h.Value, before)})
	}
	if a := w.GetOauth2(); a != nil {
		out.Oauth2 = &deliveryv1.OAuth2Client{
			TokenUrl: a.GetTokenUrl(), ClientId: a.GetClientId(), Scopes: a.GetScopes(), Audience: a.GetAudience(),
			ClientSecret: s.kept(a.ClientSecret, was.GetOauth2().GetClientSecret()),
		}
	}
	return out
}

// headerOf is the value that a header had; nil when there was none.
func headerOf(w *deliveryv1.Webhook, name string) *deliveryv1.Sealed {
	for _, h := range w.GetHeaders() {
		if strings.EqualFold(h.GetName(), name) {
			return h.GetValue()
		}
	}
	return nil
}

// shownEndpoint is an endpoint as callers see it: of secrets there are hints.
func shownEndpoint(e *deliveryv1.Endpoint) *deliveryv1.Endpoint {
	if e == nil {
		return nil
	}
	e = proto.CloneOf(e)
	hideSecrets(e.ProtoReflect())
	return e
}
