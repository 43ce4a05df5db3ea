package main

import (
	"fmt"
	"io"
	"strings"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// settingsOf are the settings that an endpoint has, without its secrets: absent
// ones stay.
func settingsOf(e *deliveryv1.Endpoint) *deliveryv1.EndpointSettings {
	return &deliveryv1.EndpointSettings{
		Description: e.GetDescription(), Vocabulary: e.GetVocabulary(), EventTypes: e.GetEventTypes(), Environment: e.GetEnvironment(),
		Destination: destinationSettings(e.GetDestination()), Detail: e.GetDetail(), Format: e.GetFormat(), Ordered: e.GetOrdered(),
		Pace: e.GetPace(), Dsco: e.GetDsco(),
	}
}

func destinationSettings(d *deliveryv1.Destination) *deliveryv1.DestinationSettings {
	switch d := d.GetKind().(type) {
	case *deliveryv1.Destination_Webhook:
		return &deliveryv1.DestinationSettings{Kind: &deliveryv1.DestinationSettings_Webhook{Webhook: webhookSettings(d.Webhook)}}
	case *deliveryv1.Destination_Sqs:
		return &deliveryv1.DestinationSettings{Kind: &deliveryv1.DestinationSettings_Sqs{
			Sqs: &deliveryv1.SqsSettings{Access: awsSettings(d.Sqs.GetAccess()), QueueUrl: d.Sqs.GetQueueUrl()},
		}}
	case *deliveryv1.Destination_Sns:
		return &deliveryv1.DestinationSettings{Kind: &deliveryv1.DestinationSettings_Sns{
			Sns: &deliveryv1.SnsSettings{Access: awsSettings(d.Sns.GetAccess()), TopicArn: d.Sns.GetTopicArn()},
		}}
	case *deliveryv1.Destination_EventBridge:
		b := d.EventBridge
		return &deliveryv1.DestinationSettings{Kind: &deliveryv1.DestinationSettings_EventBridge{EventBridge: &deliveryv1.EventBridgeSettings{
			Access: awsSettings(b.GetAccess()), EventBusName: b.GetEventBusName(), Source: b.GetSource(),
		}}}
	case *deliveryv1.Destination_Nats:
		return &deliveryv1.DestinationSettings{Kind: &deliveryv1.DestinationSettings_Nats{Nats: d.Nats}}
	}
	return nil
}

func webhookSettings(w *deliveryv1.Webhook) *deliveryv1.WebhookSettings {
	out := &deliveryv1.WebhookSettings{
		Url: w.GetUrl(), SignatureHeader: w.GetSignatureHeader(), ProxyUrl: w.GetProxyUrl(), ClientCertificate: w.GetClientCertificate(),
		Authorities: w.GetAuthorities(), EnvironmentMarker: w.GetEnvironmentMarker(),
	}
	for _, h := range w.GetHeaders() {
		out.Headers = append(out.Headers, &deliveryv1.HeaderSetting{Name: h.GetName()})
	}
	if o := w.GetOauth2(); o != nil {
		out.Oauth2 = &deliveryv1.OAuth2Settings{TokenUrl: o.GetTokenUrl(), ClientId: o.GetClientId(), Scopes: o.GetScopes(), Audience: o.GetAudience()}
	}
	return out
}

func awsSettings(a *deliveryv1.AwsAccess) *deliveryv1.AwsSettings {
	return &deliveryv1.AwsSettings{Region: a.GetRegion(), AccessKeyId: a.GetAccessKeyId(), BaseUrl: a.GetBaseUrl()}
}

// addressOf is where the events of an endpoint go.
func addressOf(e *deliveryv1.Endpoint) string {
	switch d := e.GetDestination().GetKind().(type) {
	case *deliveryv1.Destination_Webhook:
		return d.Webhook.GetUrl()
	case *deliveryv1.Destination_Sqs:
		return d.Sqs.GetQueueUrl()
	case *deliveryv1.Destination_Sns:
		return d.Sns.GetTopicArn()
	case *deliveryv1.Destination_EventBridge:
		return "eventbridge " + d.EventBridge.GetEventBusName()
	case *deliveryv1.Destination_Nats:
		return "nats " + d.Nats.GetSubject()
	}
	return ""
}

func heard(e *deliveryv1.Endpoint) string { return strings.Join(e.GetEventTypes(), ",") }

func printEndpoint(w io.Writer, e *deliveryv1.Endpoint, h *deliveryv1.EndpointHealth, r *deliveryv1.Replay) {
	field(w, "Endpoint", e.GetEndpointId())
	field(w, "Description", e.GetDescription())
	field(w, "Status", word(e.GetStatus()))
	field(w, "Reason", e.GetStatusReason())
	field(w, "To", addressOf(e))
	field(w, "Vocabulary", word(e.GetVocabulary()))
	field(w, "Events", heard(e))
	field(w, "Environment", word(e.GetEnvironment()))
	field(w, "Detail", word(e.GetDetail()))
	field(w, "Format", word(e.GetFormat()))
	if e.GetOrdered() {
		field(w, "Ordered", "by subject")
	}
	printHook(w, e.GetDestination().GetWebhook())
	field(w, "Created", strings.TrimSuffix(when(e.GetCreatedAt())+" by "+e.GetCreatedBy(), " by "))
	if h == nil {
		return
	}
	field(w, "Delivered", h.GetDelivered())
	field(w, "Last delivered", when(h.GetDeliveredAt()))
	field(w, "Failed attempts", h.GetFailed())
	field(w, "Parked", h.GetParked())
	if h.GetFailures() > 0 {
		field(w, "Failing", fmt.Sprintf("%d in a row since %s", h.GetFailures(), when(h.GetFailingSince())))
	}
	if r != nil {
		field(w, "Replaying", positions(r))
	}
}

func printHook(w io.Writer, hook *deliveryv1.Webhook) {
	for _, h := range hook.GetHeaders() {
		field(w, "Header", h.GetName()+": "+hidden(h.GetValue()))
	}
	if hook.GetBearerToken() != nil {
		field(w, "Bearer token", hidden(hook.GetBearerToken()))
	}
	for _, k := range hook.GetSigningKeys() {
		text := k.GetAlgorithm() + " " + hidden(k.GetSecret())
		if k.GetEndsAt() != nil {
			text += " until " + when(k.GetEndsAt())
		}
		field(w, "Signed with", text)
	}
}

// hidden is what may be seen of a secret.
func hidden(s *deliveryv1.Sealed) string { return "***" + s.GetHint() }

func printSecret(w io.Writer, secret string) {
	if secret != "" {
		field(w, "Signing secret", secret)
	}
}

func positions(r *deliveryv1.Replay) string {
	return fmt.Sprintf("%d to %d", r.GetFromPosition(), r.GetToPosition())
}

// noticeText names a notice as --notice reads it.
func noticeText(n *deliveryv1.NoticeRef) string {
	return fmt.Sprintf("%d.%d", n.GetPosition(), n.GetPlace())
}
