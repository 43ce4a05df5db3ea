package rpc

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/delivery/directscale"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// maxData is the largest custom event, and the largest body of a test.
const maxData = 192 << 10

// TestEndpoint sends an event of a type to one endpoint, whatever it hears: the
// sample of the catalogue, or what the caller gives.
func (s deliveries) TestEndpoint(ctx context.Context, req *deliveryv1.TestEndpointRequest) (*deliveryv1.TestEndpointResponse, error) {
	st, err := s.read(ctx, req.GetEndpointId())
	if err != nil {
		return nil, err
	}
	meta, err := metaOf(ctx, "", req)
	if err != nil {
		return nil, err
	}
	kind := cmp.Or(req.GetType(), s.firstType(st.Config))
	n, err := s.sample(ctx, meta, st.Config.GetVocabulary(), kind, req.GetBody())
	if err != nil {
		return nil, err
	}
	res, err := s.Log.Transact(ctx, meta, endpoint.Scope, endpoint.TestNotice{EndpointID: req.GetEndpointId(), Notices: endpoint.Notices{n}})
	if err != nil {
		return nil, err
	}
	place, err := s.placeOf(ctx, res.Position, n.GetNoticeId())
	if err != nil {
		return nil, err
	}
	return &deliveryv1.TestEndpointResponse{Notice: &deliveryv1.NoticeRef{Position: res.Position, Place: place}, NoticeId: n.GetNoticeId()}, nil
}

// firstType is the first type that an endpoint hears by name, or else the first
// one of its vocabulary.
func (s deliveries) firstType(c endpoint.Config) string {
	for _, t := range c.GetEventTypes() {
		if t != "*" {
			return t
		}
	}
	if all := s.Catalogue[c.GetVocabulary()]; len(all) > 0 {
		return all[0].Type
	}
	return ""
}

// sample is a notice of a type, made of its sample or of a given body.
func (s deliveries) sample(
	ctx context.Context, meta eventstore.Meta, v deliveryv1.Vocabulary, kind string, body *structpb.Struct,
) (*deliveryv1.Notice, error) {
	known, err := s.knows(ctx, meta.Tenant, v, kind)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, fault.Field("type", "there is no event %q in the vocabulary of the endpoint", kind)
	}
	given, err := dataOf("body", body)
	if err != nil {
		return nil, err
	}
	id, at := "test-"+newOrderID(s.now()), s.now()
	e, listed := s.Catalogue.Find(v, kind)
	if !listed {
		return directscale.CustomNotice(id, kind, "", meta.Actor, given, at)
	}
	if body == nil {
		given = e.Body()
	}
	return &deliveryv1.Notice{
		NoticeId: id, Vocabulary: v, Type: kind, Subject: "test", At: timestamppb.New(at), Body: given, Actor: meta.Actor, Traceparent: meta.Traceparent,
	}, nil
}

// dataOf is an object in JSON, without spaces; an absent one is empty.
func dataOf(field string, data *structpb.Struct) ([]byte, error) {
	if data == nil {
		return []byte("{}"), nil
	}
	raw, err := protojson.Marshal(data)
	if err != nil {
		return nil, fault.Field(field, "must be a JSON object of finite numbers and UTF-8")
	}
	var b bytes.Buffer // protojson varies its spaces on purpose
	if err := json.Compact(&b, raw); err != nil {
		return nil, err
	}
	if b.Len() > maxData {
		return nil, fault.Field(field, "must be at most %d bytes", maxData)
	}
	return b.Bytes(), nil
}

// placeOf is where in a message of the log a notice is.
func (s deliveries) placeOf(ctx context.Context, position uint64, id string) (uint32, error) {
	all, err := s.notices(ctx, position)
	for place, n := range all {
		if n.GetNoticeId() == id {
			return place, nil
		}
	}
	return 0, err
}

func (s deliveries) DefineCustomEvent(ctx context.Context, req *deliveryv1.DefineCustomEventRequest) (*deliveryv1.DefineCustomEventResponse, error) {
	if _, taken := s.Catalogue.Find(deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, req.GetType()); taken {
		return nil, fault.Field("type", "is that of a default event")
	}
	meta, err := metaOf(ctx, "", req)
	if err != nil {
		return nil, err
	}
	res, err := s.Log.Transact(ctx, meta, endpoint.Scope, endpoint.DefineEvent{Type: req.GetType(), Description: req.GetDescription(), Now: s.now()})
	if err != nil {
		return nil, err
	}
	return &deliveryv1.DefineCustomEventResponse{Position: res.Position}, nil
}

// PublishCustomEvent says that a custom event happened. All endpoints that the
// log knows when it is asked are candidates.
func (s deliveries) PublishCustomEvent(ctx context.Context, req *deliveryv1.PublishCustomEventRequest) (*deliveryv1.PublishCustomEventResponse, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	data, err := dataOf("data", req.GetData())
	if err != nil {
		return nil, err
	}
	now := s.now()
	n, err := directscale.CustomNotice(newOrderID(now)+".ds", req.GetType(), req.GetOrderId(), meta.Actor, data, now)
	if err != nil {
		return nil, err
	}
	n.Traceparent = meta.Traceparent
	candidates, err := s.candidates(ctx, meta.Tenant)
	if err != nil {
		return nil, err
	}
	res, err := s.Log.Transact(ctx, meta, endpoint.Scope, endpoint.PublishEvent{
		Type: req.GetType(), Data: data, Environment: req.GetEnvironment(), OrderID: req.GetOrderId(),
		Notice: endpoint.Notices{n}, Candidates: candidates, Now: now,
	})
	if err != nil {
		return nil, err
	}
	return &deliveryv1.PublishCustomEventResponse{Position: res.Position, Repeated: res.Repeated}, nil
}

// candidates are the endpoints that may hear custom events, up to now.
func (s deliveries) candidates(ctx context.Context, tenant string) (ids []string, err error) {
	head, err := s.events.Head(ctx, endpoint.Log)
	if err != nil {
		return nil, err
	}
	if err := await(ctx, s.View, head); err != nil {
		return nil, err
	}
	listening := func(r *deliveryv1.EndpointRow) bool {
		e := r.GetEndpoint()
		return e.GetVocabulary() == deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE && e.GetStatus() != endpoint.Deleted && e.GetStatus() != endpoint.Disabled
	}
	for token := ""; ; {
		page, next, err := s.View.Endpoints(tenant, listening, 500, token)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			ids = append(ids, r.GetEndpoint().GetEndpointId())
		}
		if token = next; token == "" {
			return ids, nil
		}
	}
}
