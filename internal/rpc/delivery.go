package rpc

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/orderstream/oms/delivery/catalogue"
	sendto "github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/seal"
	"github.com/orderstream/oms/projections"
)

// DeliveryView is the read model of endpoints and deliveries:
// projections.Deliveries, with the WaitFor of its view.
type DeliveryView interface {
	Endpoint(tenant, id string) (*deliveryv1.EndpointRow, bool, error)
	Endpoints(tenant string, shown func(*deliveryv1.EndpointRow) bool, size int, token string) ([]*deliveryv1.EndpointRow, string, error)
	Delivery(tenant, id string, r endpoint.Ref) (*deliveryv1.Delivery, bool, error)
	List(tenant string, f projections.DeliveryFilter) ([]*deliveryv1.Delivery, string, error)
	InRange(tenant, id string, r endpoint.Range, limit int) (refs []endpoint.Ref, upTo uint64, done bool, err error)
	WaitFor(ctx context.Context, position uint64) error
}

// DeliveryConfig is what the API of deliveries stands on; all of it is required.
type DeliveryConfig struct {
	Log  eventstore.Log[endpoint.State]
	View DeliveryView
	// Ring seals secrets.
	Ring *seal.Ring
	// Sender makes the sender of an endpoint, as the engine does: what it refuses
	// is refused before it is stored.
	Sender func(tenant string, c endpoint.Config) (sendto.Sender, error)
	// Catalogue has the vocabularies that are offered, and their events.
	Catalogue catalogue.Catalogue
	// Told are the logs whose events are told: the feeds of a tenant begin at
	// their ends, with its first endpoint.
	Told []string
}

// deliveries serves DeliveryService: endpoints here, what is done with them and
// what was delivered to them in files of their own.
type deliveries struct {
	DeliveryConfig
	events Events
	now    func() time.Time
}

func (s deliveries) CreateEndpoint(ctx context.Context, req *deliveryv1.CreateEndpointRequest) (*deliveryv1.CreateEndpointResponse, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	id := endpointIDOf(meta.Tenant, req.GetIdempotencyKey())
	e, key, err := s.setUp(ctx, id, req.GetSettings(), nil)
	if err != nil {
		return nil, err
	}
	e.CreatedBy = meta.Actor
	if req.GetDisabled() {
		e.Status = endpoint.Disabled
	}
	heads := map[string]uint64{}
	for _, log := range s.Told {
		if heads[log], err = s.events.Head(ctx, log); err != nil {
			return nil, err
		}
	}
	c := endpoint.Create{Config: endpoint.Config{Endpoint: e}, Account: anyAccount, Heads: heads, Now: s.now()}
	stored, res, err := s.run(ctx, meta, id, c)
	if err != nil {
		return nil, err
	}
	if res.Repeated {
		key = newKey{} // that of the first request was shown then
	}
	return &deliveryv1.CreateEndpointResponse{
		Endpoint: shownEndpoint(stored), SigningSecret: key.shown, Position: res.Position, Repeated: res.Repeated,
	}, nil
}

// anyAccount is who asks for a Dsco webhook where nobody is asked for his
// account: what depends on it is allowed.
var anyAccount = endpoint.Account{Retailer: true}

func (s deliveries) UpdateEndpoint(ctx context.Context, req *deliveryv1.UpdateEndpointRequest) (*deliveryv1.UpdateEndpointResponse, error) {
	meta, err := metaOf(ctx, req.GetIdempotencyKey(), req)
	if err != nil {
		return nil, err
	}
	was, err := s.read(ctx, req.GetEndpointId())
	if err != nil {
		return nil, err
	}
	e, _, err := s.setUp(ctx, req.GetEndpointId(), req.GetSettings(), was.Config.Endpoint)
	if err != nil {
		return nil, err
	}
	stored, res, err := s.run(ctx, meta, req.GetEndpointId(), s.update(e, was))
	if err != nil {
		return nil, err
	}
	return &deliveryv1.UpdateEndpointResponse{Endpoint: shownEndpoint(stored), Position: res.Position}, nil
}

// update is the command that sets up an endpoint anew, unless somebody else did
// so meanwhile.
func (s deliveries) update(e *deliveryv1.Endpoint, was endpoint.State) endpoint.Update {
	return endpoint.Update{Config: endpoint.Config{Endpoint: e}, Account: anyAccount, Was: was.Config.GetUpdatedAt().AsTime(), Now: s.now()}
}

// setUp is the endpoint that settings describe, checked as far as the log does
// not do it: that its types are known, and that a sender can be made of it. What
// the settings keep is taken from the endpoint as it was; nil is none.
func (s deliveries) setUp(
	ctx context.Context, id string, settings *deliveryv1.EndpointSettings, was *deliveryv1.Endpoint,
) (*deliveryv1.Endpoint, newKey, error) {
	tenant := callOf(ctx).Tenant
	if err := s.checkTypes(ctx, tenant, settings); err != nil {
		return nil, newKey{}, err
	}
	e, key, err := s.endpointOf(tenant, id, settings, was)
	if err != nil {
		return nil, key, err
	}
	return e, key, s.try(tenant, e)
}

// try makes the sender of an endpoint, and lets it go.
func (s deliveries) try(tenant string, e *deliveryv1.Endpoint) error {
	if e.GetDestination().GetKind() == nil {
		return fault.Field("settings.destination", "is required")
	}
	sender, err := s.Sender(tenant, endpoint.Config{Endpoint: e})
	if err != nil {
		return inSettings(err, e)
	}
	sender.Close()
	return nil
}

// checkTypes wants types that the vocabulary has, or that somebody defined.
func (s deliveries) checkTypes(ctx context.Context, tenant string, settings *deliveryv1.EndpointSettings) error {
	v := settings.GetVocabulary()
	if v == 0 {
		return fault.Field("settings.vocabulary", "is required")
	}
	if _, offered := s.Catalogue[v]; !offered {
		return fault.Field("settings.vocabulary", "is not offered here")
	}
	var bad fault.Fields
	for i, t := range settings.GetEventTypes() {
		if t == "*" {
			continue
		}
		known, err := s.knows(ctx, tenant, v, t)
		if err != nil {
			return err
		}
		if !known {
			bad.Add(fmt.Sprintf("settings.event_types[%d]", i), "there is no event %q in this vocabulary", shorten(t, 64))
		}
	}
	return bad.Err()
}

// knows says whether a vocabulary has a type of event. Custom events are told
// in that of DirectScale.
func (s deliveries) knows(ctx context.Context, tenant string, v deliveryv1.Vocabulary, name string) (bool, error) {
	if _, ok := s.Catalogue.Find(v, name); ok || v != deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE {
		return ok, nil
	}
	return s.custom(ctx, tenant, name)
}

// custom says whether a custom event is defined.
func (s deliveries) custom(ctx context.Context, tenant, name string) (bool, error) {
	snap, err := s.Log.Read(ctx, tenant, endpoint.Scope, endpoint.CustomID(name))
	return snap.State.Custom, err
}

// read is an endpoint as it is in the log, which is never late.
func (s deliveries) read(ctx context.Context, id string) (endpoint.State, error) {
	snap, err := s.Log.Read(ctx, callOf(ctx).Tenant, endpoint.Scope, endpoint.ID(id))
	if err == nil && !snap.State.Exists() {
		err = fault.New(fault.NotFound, "endpoint_not_found", "endpoint_id: there is no endpoint %q", id)
	}
	return snap.State, err
}

// run runs a command on an endpoint and returns it as it is then; what the
// result does not know, as that of a repeat, is read as it is now.
func (s deliveries) run(
	ctx context.Context, meta eventstore.Meta, id string, c eventstore.Transaction[endpoint.State],
) (*deliveryv1.Endpoint, eventstore.Result[endpoint.State], error) {
	res, err := s.Log.Transact(ctx, meta, endpoint.Scope, c)
	if err != nil {
		return nil, res, inRequest(err)
	}
	state, ok := res.States[endpoint.ID(id)]
	if !ok {
		snap, err := s.Log.Read(ctx, meta.Tenant, endpoint.Scope, endpoint.ID(id))
		return snap.State.Config.Endpoint, res, err
	}
	return state.Config.Endpoint, res, nil
}

// endpointIDOf is the id of an endpoint that a request makes, a UUID. With an
// idempotency key it follows from the key.
func endpointIDOf(tenant, key string) string {
	var u [16]byte
	if key == "" {
		_, _ = rand.Read(u[:]) // never fails
	} else {
		sum := sha256.Sum256([]byte("endpoint\x00" + tenant + "\x00" + key))
		copy(u[:], sum[:])
	}
	u[6] = u[6]&0x0f | 0x80 // version 8: made by a rule of our own
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
