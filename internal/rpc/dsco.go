package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/endpoint"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// dscoService serves webhooks as Dsco has them, on top of endpoints.
type dscoService struct {
	deliveries
	// account of a tenant; its zero value asks nobody who he is.
	account func(tenant string) endpoint.Account
}

// newDscoService asks nobody who he is when there is nobody to be.
func newDscoService(d deliveries, account func(tenant string) endpoint.Account) dscoService {
	return dscoService{d, func(tenant string) endpoint.Account {
		if account != nil {
			if a := account(tenant); a.ID != 0 {
				return a
			}
		}
		return anyAccount
	}}
}

// dscoWebhook is what the requests that set up a webhook have in common.
type dscoWebhook interface {
	GetOwningAccountId() int32
	GetWebhookAccountId() int32
	GetDescription() string
	GetEvent() string
	GetCallbackUrl() string
	GetEnabled() bool
	GetApplyToPartners() bool
	GetQuantityStateChangeOnly() bool
	GetQuantityChangeOnly() bool
	GetCatalogIds() []string
	GetAssortmentIds() []string
	GetCustomHttpHeaders() []*deliveryv1.HttpHeader
}

// settings are those of the endpoint that a webhook is.
func (s dscoService) settings(w dscoWebhook, enabled *bool) (*deliveryv1.EndpointSettings, error) {
	var bad fault.Fields
	if enabled == nil {
		bad.Add("enabled", "is required")
	}
	if w.GetCallbackUrl() == "" {
		bad.Add("callbackUrl", "is required")
	}
	if w.GetEvent() == "" {
		bad.Add("event", "is required")
	} else if _, known := s.Catalogue.Find(deliveryv1.Vocabulary_VOCABULARY_DSCO, w.GetEvent()); !known {
		bad.Add("event", "there is no event %q", shorten(w.GetEvent(), 64))
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	hook := &deliveryv1.WebhookSettings{Url: w.GetCallbackUrl(), Signature: "none"}
	for _, h := range w.GetCustomHttpHeaders() {
		value := h.GetValue()
		hook.Headers = append(hook.Headers, &deliveryv1.HeaderSetting{Name: h.GetName(), Value: &value})
	}
	return &deliveryv1.EndpointSettings{
		Description: w.GetDescription(), Vocabulary: deliveryv1.Vocabulary_VOCABULARY_DSCO, EventTypes: []string{w.GetEvent()},
		Environment: deliveryv1.Environment_ENVIRONMENT_LIVE, Destination: &deliveryv1.DestinationSettings{Kind: &deliveryv1.DestinationSettings_Webhook{Webhook: hook}},
		Dsco: &deliveryv1.DscoFilter{
			OwningAccountId: int64(w.GetOwningAccountId()), WebhookAccountId: int64(w.GetWebhookAccountId()), ApplyToPartners: w.GetApplyToPartners(),
			QuantityStateChangeOnly: w.GetQuantityStateChangeOnly(), QuantityChangeOnly: w.GetQuantityChangeOnly(),
			CatalogIds: w.GetCatalogIds(), AssortmentIds: w.GetAssortmentIds(),
		},
	}, nil
}

func (s dscoService) CreateWebhook(ctx context.Context, req *deliveryv1.CreateWebhookRequest) (*deliveryv1.CreateWebhookResponse, error) {
	meta, err := metaOf(ctx, "", req)
	if err != nil {
		return nil, err
	}
	settings, err := s.settings(req, req.Enabled) //nolint:protogetter // whether it is there counts
	if err != nil {
		return nil, err
	}
	id := endpointIDOf(meta.Tenant, "")
	e, _, err := s.setUp(ctx, id, settings, nil)
	if err != nil {
		return nil, inDsco(err)
	}
	e.CreatedBy = meta.Actor
	if !req.GetEnabled() {
		e.Status = endpoint.Disabled
	}
	heads := map[string]uint64{}
	for _, log := range s.Told {
		if heads[log], err = s.events.Head(ctx, log); err != nil {
			return nil, err
		}
	}
	stored, err := s.runDsco(ctx, id, endpoint.Create{Config: endpoint.Config{Endpoint: e}, Account: s.account(meta.Tenant), Heads: heads, Now: s.now()})
	if err != nil {
		return nil, err
	}
	return &deliveryv1.CreateWebhookResponse{Webhook: shownDsco(stored)}, nil
}

func (s dscoService) UpdateWebhook(ctx context.Context, req *deliveryv1.UpdateWebhookRequest) (*deliveryv1.UpdateWebhookResponse, error) {
	was, err := s.webhook(ctx, req.GetWebhookUuid())
	if err != nil {
		return nil, err
	}
	settings, err := s.settings(req, req.Enabled) //nolint:protogetter // whether it is there counts
	if err != nil {
		return nil, err
	}
	e, _, err := s.setUp(ctx, req.GetWebhookUuid(), settings, was)
	if err != nil {
		return nil, inDsco(err)
	}
	e.Environment, e.Detail, e.Format, e.Ordered, e.Pace = was.GetEnvironment(), was.GetDetail(), was.GetFormat(), was.GetOrdered(), was.GetPace()
	e, err = s.runDsco(ctx, req.GetWebhookUuid(), endpoint.Update{Config: endpoint.Config{Endpoint: e}, Account: s.account(callOf(ctx).Tenant), Was: was.GetUpdatedAt().AsTime(), Now: s.now()})
	if err != nil {
		return nil, err
	}
	status := endpoint.Disabled
	if req.GetEnabled() {
		status = endpoint.Enabled
	}
	if e.GetStatus() != status {
		if e, err = s.runDsco(ctx, req.GetWebhookUuid(), endpoint.SetStatus{EndpointID: req.GetWebhookUuid(), Status: status, Now: s.now()}); err != nil {
			return nil, err
		}
	}
	return &deliveryv1.UpdateWebhookResponse{Webhook: shownDsco(e)}, nil
}

func (s dscoService) GetWebhook(ctx context.Context, req *deliveryv1.GetWebhookRequest) (*deliveryv1.GetWebhookResponse, error) {
	e, err := s.webhook(ctx, req.GetWebhookUuid())
	if err != nil {
		return nil, err
	}
	return &deliveryv1.GetWebhookResponse{Webhook: shownDsco(e)}, nil
}

func (s dscoService) ListWebhooks(ctx context.Context, req *deliveryv1.ListWebhooksRequest) (*deliveryv1.ListWebhooksResponse, error) {
	shown := func(r *deliveryv1.EndpointRow) bool {
		return r.GetEndpoint().GetVocabulary() == deliveryv1.Vocabulary_VOCABULARY_DSCO && r.GetEndpoint().GetStatus() != endpoint.Deleted
	}
	rows, next, err := s.View.Endpoints(callOf(ctx).Tenant, shown, int(req.GetPageSize()), req.GetPageId())
	if err != nil {
		return nil, err
	}
	res := &deliveryv1.ListWebhooksResponse{PageId: next}
	for _, r := range rows {
		res.Webhooks = append(res.Webhooks, shownDsco(r.GetEndpoint()))
	}
	return res, nil
}

func (s dscoService) DeleteWebhook(ctx context.Context, req *deliveryv1.DeleteWebhookRequest) (*deliveryv1.DeleteWebhookResponse, error) {
	if _, err := s.webhook(ctx, req.GetWebhookUuid()); err != nil {
		return nil, err
	}
	if _, err := s.runDsco(ctx, req.GetWebhookUuid(), endpoint.Delete{EndpointID: req.GetWebhookUuid(), Now: s.now()}); err != nil {
		return nil, err
	}
	return &deliveryv1.DeleteWebhookResponse{}, nil
}

// webhook is an endpoint that speaks Dsco.
func (s dscoService) webhook(ctx context.Context, id string) (*deliveryv1.Endpoint, error) {
	snap, err := s.Log.Read(ctx, callOf(ctx).Tenant, endpoint.Scope, endpoint.ID(id))
	if err != nil {
		return nil, err
	}
	if !snap.State.Exists() || snap.State.Config.GetVocabulary() != deliveryv1.Vocabulary_VOCABULARY_DSCO {
		return nil, fault.New(fault.NotFound, "webhook_not_found", "webhookUuid: there is no webhook %q", shorten(id, 64))
	}
	return snap.State.Config.Endpoint, nil
}

// shownDsco is an endpoint as Dsco writes it. Values of headers are not shown.
func shownDsco(e *deliveryv1.Endpoint) *deliveryv1.DscoWebhook {
	d, hook := e.GetDsco(), e.GetDestination().GetWebhook()
	w := &deliveryv1.DscoWebhook{
		WebhookUuid: e.GetEndpointId(), OwningAccountId: account(d.GetOwningAccountId()), WebhookAccountId: account(d.GetWebhookAccountId()),
		Description: e.GetDescription(), CallbackUrl: hook.GetUrl(), Enabled: e.GetStatus() == endpoint.Enabled, ApplyToPartners: d.GetApplyToPartners(),
		QuantityStateChangeOnly: d.GetQuantityStateChangeOnly(), QuantityChangeOnly: d.GetQuantityChangeOnly(),
		CatalogIds: d.GetCatalogIds(), AssortmentIds: d.GetAssortmentIds(), CreateDate: isoDate(e.GetCreatedAt()), LastUpdate: isoDate(e.GetUpdatedAt()),
	}
	for _, t := range e.GetEventTypes() {
		w.Event = t
	}
	for _, h := range hook.GetHeaders() {
		w.CustomHttpHeaders = append(w.CustomHttpHeaders, &deliveryv1.HttpHeader{Name: h.GetName()})
	}
	return w
}

// account is the id of an account as callers write it.
func account(id int64) int32 {
	if id < 0 || id > 1<<31-1 {
		return 0 // made by another API, which takes more
	}
	return int32(id)
}

// isoDate is a time as Dsco writes it (DC-CN-15).
func isoDate(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// runDsco runs a command on a webhook.
func (s dscoService) runDsco(ctx context.Context, id string, c deliveryCommand) (*deliveryv1.Endpoint, error) {
	meta, err := metaOf(ctx, "", &deliveryv1.GetWebhookRequest{WebhookUuid: id})
	if err != nil {
		return nil, err
	}
	res, err := s.Log.Transact(ctx, meta, endpoint.Scope, c)
	if err != nil {
		return nil, err
	}
	if state, ok := res.States[endpoint.ID(id)]; ok {
		return state.Config.Endpoint, nil
	}
	snap, err := s.Log.Read(ctx, meta.Tenant, endpoint.Scope, endpoint.ID(id))
	return snap.State.Config.Endpoint, err
}

// inDsco gives what is wrong with an endpoint the names that Dsco has.
func inDsco(err error) error {
	return renamed(err, func(field string) string {
		switch {
		case field == "settings.destination.webhook.url":
			return "callbackUrl"
		case len(field) > len(headersField) && field[:len(headersField)] == headersField:
			return "customHttpHeaders" + field[len(headersField):]
		}
		return field
	})
}

const headersField = "settings.destination.webhook.headers"
