package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/delivery/senders"
	"github.com/orderstream/oms/delivery/signature"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Algorithms of signatures.
const (
	algorithmHMAC    = "hmac-sha256"
	algorithmEd25519 = "ed25519"
	noSignature      = "none"
)

// mostKeys is how many keys of an endpoint may sign at once.
const mostKeys = 5

// newKey is a signing key that was made, and what its owner is shown of it.
type newKey struct {
	stored *deliveryv1.SigningKey
	shown  string
}

// keys are the signing keys of a webhook. An update keeps them, or removes
// them: RotateSecret makes new ones.
func (s *sealing) keys(w *deliveryv1.WebhookSettings, was *deliveryv1.Webhook) []*deliveryv1.SigningKey {
	const at = "settings.destination.webhook."
	switch algorithm := w.GetSignature(); {
	case algorithm == noSignature && w.GetSigningSecret() != "":
		s.bad.Add(at+"signing_secret", "must be absent when nothing is signed")
	case algorithm == noSignature:
	case was == nil:
		s.key = s.newKey(algorithm, w.GetSigningSecret(), at+"signing_secret")
		return []*deliveryv1.SigningKey{s.key.stored}
	case w.GetSigningSecret() != "":
		s.bad.Add(at+"signing_secret", "is given to a new endpoint only: RotateSecret changes it")
	case algorithm != "" && algorithm != newest(was).GetAlgorithm():
		s.bad.Add(at+"signature", "is another one than before: RotateSecret changes it")
	default:
		return was.GetSigningKeys()
	}
	return nil
}

// newest is the last key that was made; nil when there is none.
func newest(w *deliveryv1.Webhook) *deliveryv1.SigningKey {
	if n := len(w.GetSigningKeys()); n > 0 {
		return w.GetSigningKeys()[n-1]
	}
	return nil
}

// newKey makes a key, or takes over the one that was given.
func (s *sealing) newKey(algorithm, given, field string) newKey {
	k := signature.NewSecret
	if algorithm == algorithmEd25519 {
		k = signature.NewPair
	}
	key := k()
	if given != "" {
		parsed, err := signature.ParseKey(field, given)
		switch {
		case err != nil:
			for _, v := range fault.Violations(err) {
				s.bad.Add(v.Field, "%s", v.Message)
			}
			return newKey{}
		case !parsed.Signs():
			s.bad.Add(field, "must be a key that signs")
			return newKey{}
		case algorithm != "" && algorithm != algorithmOf(parsed):
			s.bad.Add(field, "must be a key for %s", algorithm)
			return newKey{}
		}
		key = parsed
	}
	made := newKey{stored: &deliveryv1.SigningKey{
		KeyId: newOrderID(s.now), Algorithm: algorithmOf(key), Secret: s.text(key.Encode()), CreatedAt: timestamppb.New(s.now),
	}}
	switch {
	case key.Public() != nil:
		made.stored.PublicKey = key.Public().Encode()
		made.shown = made.stored.GetPublicKey()
	case given == "":
		made.shown = key.Encode()
	}
	return made
}

func algorithmOf(k *signature.Key) string {
	if k.Public() != nil {
		return algorithmEd25519
	}
	return algorithmHMAC
}

// defaultOverlap is how long old keys sign, too, when nobody says.
const defaultOverlap = 24 * time.Hour

// RotateSecret makes a key that signs from now on. Those before it end when the
// overlap is over, or when they would have.
func (s deliveries) RotateSecret(ctx context.Context, req *deliveryv1.RotateSecretRequest) (*deliveryv1.RotateSecretResponse, error) {
	tenant := callOf(ctx).Tenant
	was, err := s.read(ctx, req.GetEndpointId())
	if err != nil {
		return nil, err
	}
	w := was.Config.GetDestination().GetWebhook()
	if w == nil {
		return nil, fault.New(fault.Precondition, "endpoint_not_signed", "endpoint %q is no webhook: nothing is signed", req.GetEndpointId())
	}
	overlap := defaultOverlap
	if req.GetOverlap() != nil {
		overlap = req.GetOverlap().AsDuration()
	}
	o := &sealing{ring: s.Ring, where: senders.Where(tenant, req.GetEndpointId()), now: s.now()}
	algorithm := req.GetAlgorithm()
	if algorithm == "" {
		algorithm = newest(w).GetAlgorithm()
	}
	made := o.newKey(algorithm, "", "algorithm")
	if o.err != nil {
		return nil, o.err
	}
	e := proto.CloneOf(was.Config.Endpoint)
	keys := append(endingAt(w.GetSigningKeys(), o.now, o.now.Add(overlap)), made.stored)
	if len(keys) > mostKeys {
		return nil, fault.New(fault.Precondition, "too_many_keys", "%d keys of endpoint %q sign already: wait until one ends, or rotate without overlap", len(keys)-1, req.GetEndpointId())
	}
	e.GetDestination().GetWebhook().SigningKeys = keys
	meta, err := metaOf(ctx, "", req)
	if err != nil {
		return nil, err
	}
	stored, res, err := s.run(ctx, meta, req.GetEndpointId(), s.update(e, was))
	if err != nil {
		return nil, err
	}
	return &deliveryv1.RotateSecretResponse{SigningSecret: made.shown, Endpoint: shownEndpoint(stored), Position: res.Position}, nil
}

// endingAt are the keys that still sign, none of them longer than to a time.
func endingAt(keys []*deliveryv1.SigningKey, now, at time.Time) (left []*deliveryv1.SigningKey) {
	for _, k := range keys {
		k = proto.CloneOf(k)
		if k.GetEndsAt() == nil || k.GetEndsAt().AsTime().After(at) {
			k.EndsAt = timestamppb.New(at)
		}
		if k.GetEndsAt().AsTime().After(now) {
			left = append(left, k)
		}
	}
	return left
}

var sealedName = (&deliveryv1.Sealed{}).ProtoReflect().Descriptor().FullName()

// hideSecrets leaves of everything that is sealed in a message its hint.
func hideSecrets(m protoreflect.Message) {
	if m.Descriptor().FullName() == sealedName {
		hint := m.Descriptor().Fields().ByName("hint")
		text := m.Get(hint)
		m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool { m.Clear(f); return true })
		m.Set(hint, text)
		return
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				hideSecrets(v.List().Get(i).Message())
			}
		default:
			hideSecrets(v.Message())
		}
		return true
	})
}
