package rpc_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/delivery/directscale"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/gen/oms/delivery/v1/deliveryv1connect"
)

// hook is a webhook at a public address, which nobody calls.
func hook(change ...func(*deliveryv1.WebhookSettings)) *deliveryv1.EndpointSettings {
	w := &deliveryv1.WebhookSettings{Url: "https://example.com/hook"}
	for _, c := range change {
		c(w)
	}
	return &deliveryv1.EndpointSettings{
		Vocabulary: deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, EventTypes: []string{"*"},
		Destination: &deliveryv1.DestinationSettings{Kind: &deliveryv1.DestinationSettings_Webhook{Webhook: w}},
	}
}

// listening is a world with the API of deliveries, and an endpoint.
type listening struct {
	*world
	deliveryv1connect.DeliveryServiceClient
	id, secret string
}

func newListening(t *testing.T, s *deliveryv1.EndpointSettings) listening {
	t.Helper()
	w := newWorld(t, setup{})
	l := listening{world: w, DeliveryServiceClient: dial(w, deliveryv1connect.NewDeliveryServiceClient)}
	res, err := l.CreateEndpoint(t.Context(), &deliveryv1.CreateEndpointRequest{Settings: s})
	must(t, err)
	l.id, l.secret = res.GetEndpoint().GetEndpointId(), res.GetSigningSecret()
	return l
}

// stored is the endpoint as the log has it.
func (l listening) stored() *deliveryv1.Endpoint {
	l.Helper()
	snap, err := l.notes.Read(l.Context(), "default", endpoint.Scope, endpoint.ID(l.id))
	must(l, err)
	return snap.State.Config.Endpoint
}

func TestASecretIsShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, deliveryv1connect.NewDeliveryServiceClient)
	req := &deliveryv1.CreateEndpointRequest{IdempotencyKey: "k", Settings: hook()}
	first, err := client.CreateEndpoint(t.Context(), req)
	must(t, err)
	again, err := client.CreateEndpoint(t.Context(), req)
	must(t, err)
	if !strings.HasPrefix(first.GetSigningSecret(), "whsec_") || again.GetSigningSecret() != "" || !again.GetRepeated() {
		t.Errorf("shown %q, then %q", first.GetSigningSecret(), again.GetSigningSecret())
	}
	if diff := cmp.Diff(first.GetEndpoint(), again.GetEndpoint(), protocmp.Transform()); diff != "" {
		t.Errorf("a repeat is answered otherwise (-first +again):\n%s", diff)
	}
	got, err := client.GetEndpoint(t.Context(), &deliveryv1.GetEndpointRequest{EndpointId: first.GetEndpoint().GetEndpointId(), MinPosition: first.GetPosition()})
	must(t, err)
	for _, k := range got.GetEndpoint().GetDestination().GetWebhook().GetSigningKeys() {
		if s := k.GetSecret(); len(s.GetBox()) > 0 || s.GetKeyId() != "" || !strings.HasSuffix(first.GetSigningSecret(), s.GetHint()) || len(s.GetHint()) != 4 {
			t.Errorf("of the key %v is shown", s)
		}
	}
}

func TestAbsentSecretsStayOnUpdate(t *testing.T) {
	t.Parallel()
	l := newListening(t, hook(func(w *deliveryv1.WebhookSettings) {
		w.BearerToken = proto.String("a-bearer-token-of-mine")
	}))
	before := l.stored()
	changed := hook(func(w *deliveryv1.WebhookSettings) { w.Url = "https://example.com/other" })
	_, err := l.UpdateEndpoint(t.Context(), &deliveryv1.UpdateEndpointRequest{EndpointId: l.id, Settings: changed})
	must(t, err)
	after := l.stored()
	was, is := before.GetDestination().GetWebhook(), after.GetDestination().GetWebhook()
	if !proto.Equal(was.GetBearerToken(), is.GetBearerToken()) || !proto.Equal(was.GetSigningKeys()[0], is.GetSigningKeys()[0]) || is.GetUrl() != "https://example.com/other" {
		t.Errorf("updated to %v", after)
	}
	changed = hook(func(w *deliveryv1.WebhookSettings) { w.BearerToken = proto.String("") })
	_, err = l.UpdateEndpoint(t.Context(), &deliveryv1.UpdateEndpointRequest{EndpointId: l.id, Settings: changed})
	must(t, err)
	if l.stored().GetDestination().GetWebhook().GetBearerToken() != nil {
		t.Error("an empty token does not remove it")
	}
}

func TestOldKeysSignUntilTheOverlapIsOver(t *testing.T) {
	t.Parallel()
	l := newListening(t, hook())
	for range 4 {
		res, err := l.RotateSecret(t.Context(), &deliveryv1.RotateSecretRequest{EndpointId: l.id, Overlap: durationpb.New(time.Hour)})
		must(t, err)
		if !strings.HasPrefix(res.GetSigningSecret(), "whsec_") || res.GetSigningSecret() == l.secret {
			t.Errorf("new secret %q", res.GetSigningSecret())
		}
	}
	_, err := l.RotateSecret(t.Context(), &deliveryv1.RotateSecretRequest{EndpointId: l.id})
	if code, reason := reasonOf(t, err); code != connect.CodeFailedPrecondition || reason != "too_many_keys" {
		t.Errorf("a sixth key: %v, %s", code, reason)
	}
	keys := l.stored().GetDestination().GetWebhook().GetSigningKeys()
	for i, k := range keys {
		if last := i == len(keys)-1; last != (k.GetEndsAt() == nil) {
			t.Errorf("key %d ends at %v", i, k.GetEndsAt())
		}
	}
	res, err := l.RotateSecret(t.Context(), &deliveryv1.RotateSecretRequest{EndpointId: l.id, Overlap: durationpb.New(0), Algorithm: "ed25519"})
	must(t, err)
	if keys := l.stored().GetDestination().GetWebhook().GetSigningKeys(); len(keys) != 1 || keys[0].GetPublicKey() != res.GetSigningSecret() || !strings.HasPrefix(res.GetSigningSecret(), "whpk_") {
		t.Errorf("without overlap there are %v, shown %q", keys, res.GetSigningSecret())
	}
}

// Whoever rotates at the same time as somebody else is refused, or his key is
// there: no key that was shown is lost.
func TestNoKeyThatWasShownIsLost(t *testing.T) {
	t.Parallel()
	l := newListening(t, hook())
	hints := make(chan string, 4)
	var calls sync.WaitGroup
	for range cap(hints) {
		calls.Go(func() {
			res, err := l.RotateSecret(t.Context(), &deliveryv1.RotateSecretRequest{EndpointId: l.id})
			if err == nil {
				hints <- res.GetSigningSecret()[len(res.GetSigningSecret())-4:]
			} else if code, reason := reasonOf(t, err); code != connect.CodeAborted || reason != "endpoint_changed" {
				t.Errorf("%v, %s", code, reason)
			}
		})
	}
	calls.Wait()
	close(hints)
	there := map[string]bool{}
	for _, k := range l.stored().GetDestination().GetWebhook().GetSigningKeys() {
		there[k.GetSecret().GetHint()] = true
	}
	shown := 0
	for h := range hints {
		if shown++; !there[h] {
			t.Errorf("the key %s was shown and is not there", h)
		}
	}
	if shown == 0 || len(there) != shown+1 {
		t.Errorf("%d keys were shown, %d are there", shown, len(there))
	}
}

func TestEndpointsAreTurnedOnAndOff(t *testing.T) {
	t.Parallel()
	l := newListening(t, hook())
	suspended, err := l.SuspendEndpoint(t.Context(), &deliveryv1.SuspendEndpointRequest{EndpointId: l.id, Message: "holiday"})
	if err != nil || suspended.GetEndpoint().GetStatus() != endpoint.Suspended || suspended.GetEndpoint().GetStatusReason() != "operator" {
		t.Errorf("suspended: %v, %v", suspended, err)
	}
	disabled, err := l.DisableEndpoint(t.Context(), &deliveryv1.DisableEndpointRequest{EndpointId: l.id})
	if err != nil || disabled.GetEndpoint().GetStatus() != endpoint.Disabled {
		t.Errorf("disabled: %v, %v", disabled, err)
	}
	enabled, err := l.EnableEndpoint(t.Context(), &deliveryv1.EnableEndpointRequest{EndpointId: l.id})
	if err != nil || enabled.GetEndpoint().GetStatus() != endpoint.Enabled {
		t.Errorf("enabled: %v, %v", enabled, err)
	}
	all, err := l.ListEndpoints(t.Context(), &deliveryv1.ListEndpointsRequest{MinPosition: enabled.GetPosition()})
	if err != nil || len(all.GetEndpoints()) != 1 {
		t.Errorf("listed: %v, %v", all, err)
	}
	gone, err := l.DeleteEndpoint(t.Context(), &deliveryv1.DeleteEndpointRequest{EndpointId: l.id})
	must(t, err)
	all, err = l.ListEndpoints(t.Context(), &deliveryv1.ListEndpointsRequest{MinPosition: gone.GetPosition()})
	if err != nil || len(all.GetEndpoints()) != 0 {
		t.Errorf("after its end: %v, %v", all, err)
	}
	_, err = l.GetEndpoint(t.Context(), &deliveryv1.GetEndpointRequest{EndpointId: l.id})
	if code, reason := reasonOf(t, err); code != connect.CodeNotFound || reason != "endpoint_not_found" {
		t.Errorf("after its end: %v, %s", code, reason)
	}
}

func TestDeliveriesAreReadRetriedAndReplayed(t *testing.T) {
	t.Parallel()
	l := newListening(t, hook())
	sent, err := l.TestEndpoint(t.Context(), &deliveryv1.TestEndpointRequest{EndpointId: l.id, Type: directscale.CreateOrder})
	must(t, err)
	ref := sent.GetNotice()
	got, err := l.GetDelivery(t.Context(), &deliveryv1.GetDeliveryRequest{EndpointId: l.id, Notice: ref})
	must(t, err)
	if d := got.GetDelivery(); d.GetStatus() != deliveryv1.DeliveryStatus_DELIVERY_STATUS_WAITING || d.GetNoticeId() != sent.GetNoticeId() ||
		!strings.Contains(string(got.GetBody()), `"EventType":"CreateOrderEvent"`) {
		t.Errorf("sent: %v, %s", d, got.GetBody())
	}
	_, err = l.notes.Transact(t.Context(), eventstore.Meta{Tenant: "default"}, endpoint.Scope, endpoint.RecordAttempts{Attempts: []endpoint.Attempt{{
		EndpointID: l.id, Position: ref.GetPosition(), Place: ref.GetPlace(), Number: 1, At: time.Now(), Outcome: endpoint.Parked, Status: 500, Response: []byte("no"),
	}}})
	must(t, err)
	dry, err := l.ReplayEndpoint(t.Context(), &deliveryv1.ReplayEndpointRequest{EndpointId: l.id, From: timestamppb.New(time.Now().Add(-time.Hour)), DryRun: true, ParkedOnly: true})
	if err != nil || dry.GetDeliveries() != 1 || dry.GetPosition() != 0 {
		t.Errorf("a replay would be %v, %v", dry, err)
	}
	parked, err := l.ListDeliveries(t.Context(), &deliveryv1.ListDeliveriesRequest{
		EndpointId: l.id, Status: deliveryv1.DeliveryStatus_DELIVERY_STATUS_PARKED, From: timestamppb.New(time.Now().Add(-time.Hour)),
	})
	if err != nil || len(parked.GetDeliveries()) != 1 || len(parked.GetDeliveries()[0].GetAttempts()[0].GetResponse()) > 0 {
		t.Errorf("parked: %v, %v", parked, err)
	}
	again, err := l.RetryDelivery(t.Context(), &deliveryv1.RetryDeliveryRequest{EndpointId: l.id, Notice: ref})
	must(t, err)
	waiting, err := l.ListDeliveries(t.Context(), &deliveryv1.ListDeliveriesRequest{
		EndpointId: l.id, Status: deliveryv1.DeliveryStatus_DELIVERY_STATUS_WAITING, MinPosition: again.GetPosition(),
	})
	if err != nil || len(waiting.GetDeliveries()) != 1 {
		t.Errorf("waiting: %v, %v", waiting, err)
	}
	none, err := l.ReplayEndpoint(t.Context(), &deliveryv1.ReplayEndpointRequest{EndpointId: l.id, FromPosition: 1})
	if err != nil || none.GetDeliveries() != 0 || none.GetPosition() != 0 {
		t.Errorf("nothing to replay: %v, %v", none, err)
	}
}

func TestCustomEventsReachThoseWhoHearThem(t *testing.T) {
	t.Parallel()
	l := newListening(t, hook())
	_, err := l.PublishCustomEvent(t.Context(), &deliveryv1.PublishCustomEventRequest{Type: "PartyBooked"})
	if code, reason := reasonOf(t, err); code != connect.CodeNotFound || reason != "event_not_defined" {
		t.Errorf("not defined: %v, %s", code, reason)
	}
	_, err = l.DefineCustomEvent(t.Context(), &deliveryv1.DefineCustomEventRequest{Type: "PartyBooked", Description: "somebody gives a party"})
	must(t, err)
	named := hook()
	named.EventTypes = []string{"PartyBooked"}
	other, err := l.CreateEndpoint(t.Context(), &deliveryv1.CreateEndpointRequest{Settings: named})
	must(t, err)
	data, err := structpb.NewStruct(map[string]any{"Guests": 12})
	must(t, err)
	req := &deliveryv1.PublishCustomEventRequest{IdempotencyKey: "p1", Type: "PartyBooked", Data: data, OrderId: "o1"}
	for repeated := range 2 {
		res, err := l.PublishCustomEvent(t.Context(), req)
		if err != nil || res.GetRepeated() != (repeated == 1) {
			t.Fatalf("published: %v, %v", res, err)
		}
		all, err := l.ListDeliveries(t.Context(), &deliveryv1.ListDeliveriesRequest{OrderId: "o1", MinPosition: res.GetPosition()})
		if err != nil || len(all.GetDeliveries()) != 2 {
			t.Fatalf("delivered: %v, %v", all, err)
		}
		got, err := l.GetDelivery(t.Context(), &deliveryv1.GetDeliveryRequest{EndpointId: other.GetEndpoint().GetEndpointId(), Notice: all.GetDeliveries()[0].GetNotice()})
		if err != nil || !strings.Contains(string(got.GetBody()), `"EventCategory":"CustomEvents"`) || !strings.Contains(string(got.GetBody()), `"Guests":12`) {
			t.Errorf("told: %s, %v", got.GetBody(), err)
		}
	}
}

// The plain form of a secret is nowhere under the data folder.
func TestSecretsAreNowhereOnDisk(t *testing.T) {
	t.Parallel()
	secrets := []string{"bearer-7c1f0e2d", "header-7c1f0e2d", "oauth-7c1f0e2d"}
	l := newListening(t, hook(func(w *deliveryv1.WebhookSettings) {
		w.Headers = []*deliveryv1.HeaderSetting{{Name: "X-Key", Value: &secrets[1]}}
		w.Oauth2 = &deliveryv1.OAuth2Settings{TokenUrl: "https://example.com/token", ClientId: "me", ClientSecret: &secrets[2]}
	}))
	_, err := l.CreateEndpoint(t.Context(), &deliveryv1.CreateEndpointRequest{IdempotencyKey: "k", Settings: hook(func(w *deliveryv1.WebhookSettings) { w.BearerToken = &secrets[0] })})
	must(t, err)
	rotated, err := l.RotateSecret(t.Context(), &deliveryv1.RotateSecretRequest{EndpointId: l.id})
	must(t, err)
	list, err := l.ListEndpoints(t.Context(), &deliveryv1.ListEndpointsRequest{MinPosition: rotated.GetPosition()})
	must(t, err)
	if len(list.GetEndpoints()) != 2 {
		t.Errorf("%d endpoints", len(list.GetEndpoints()))
	}
	secrets = append(secrets, l.secret, rotated.GetSigningSecret())
	files := 0
	must(t, filepath.WalkDir(l.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		for _, s := range secrets {
			if strings.Contains(string(raw), s) || strings.Contains(string(raw), strings.TrimPrefix(s, "whsec_")) {
				t.Errorf("%s has %s", path, s)
			}
		}
		return err
	}))
	if files < 5 || strings.Contains(list.String(), secrets[0]) {
		t.Errorf("%d files were searched; listed %v", files, list)
	}
}
