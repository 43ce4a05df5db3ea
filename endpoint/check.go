package endpoint

import (
	"fmt"
	"slices"
	"time"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Account is who asks for a Dsco webhook.
type Account struct {
	// ID of the account; 0 where nobody is asked who he is.
	ID int64
	// Retailer may watch all of its partners.
	Retailer bool
	// Partners whose data it may watch.
	Partners []int64
}

// PayloadVersion is what endpoints that are made now are pinned to.
const PayloadVersion = "1"

// Bounds of what an endpoint may ask for.
const (
	maxTypes       = 100
	maxConcurrency = 256
	maxRetries     = 50
	maxWait        = 7 * 24 * time.Hour
	maxTimeout     = 2 * time.Minute
	maxDescription = 1000
)

// complete fills what is absent and refuses what cannot be.
func complete(e *deliveryv1.Endpoint, by Account) error {
	if e.GetStatus() == deliveryv1.EndpointStatus_ENDPOINT_STATUS_UNSPECIFIED {
		e.Status = Enabled
	}
	if e.GetEnvironment() == deliveryv1.Environment_ENVIRONMENT_UNSPECIFIED {
		e.Environment = deliveryv1.Environment_ENVIRONMENT_LIVE
	}
	if e.GetPayloadVersion() == "" {
		e.PayloadVersion = PayloadVersion
	}
	var bad fault.Fields
	refuse := bad.Add
	if e.GetVocabulary() == deliveryv1.Vocabulary_VOCABULARY_UNSPECIFIED {
		refuse("vocabulary", "is required")
	}
	if n := len(e.GetEventTypes()); n == 0 || n > maxTypes {
		refuse("event_types", "must name 1 to %d types, or \"*\"", maxTypes)
	}
	if e.GetDestination().GetKind() == nil {
		refuse("destination", "is required")
	}
	if len(e.GetDescription()) > maxDescription {
		refuse("description", "must be at most %d bytes", maxDescription)
	}
	checkPace(e.GetPace(), refuse)
	if e.GetVocabulary() == deliveryv1.Vocabulary_VOCABULARY_DSCO {
		if err := completeDsco(e, by, refuse); err != nil {
			return err
		}
	}
	return bad.Err()
}

func checkPace(p *deliveryv1.Pace, refuse func(field, format string, args ...any)) {
	if n := p.GetConcurrency(); n < 0 || n > maxConcurrency {
		refuse("pace.concurrency", "must be 0 to %d", maxConcurrency)
	}
	if r := p.GetRatePerSecond(); r < 0 || r > 1e6 || r != r {
		refuse("pace.rate_per_second", "must be 0 to 1000000")
	}
	if t := p.GetTimeout().AsDuration(); t < 0 || t > maxTimeout || t != 0 && t < 10*time.Millisecond {
		refuse("pace.timeout", "must be 10ms to %s", maxTimeout)
	}
	if len(p.GetRetries()) > maxRetries {
		refuse("pace.retries", "must be at most %d", maxRetries)
	}
	for i, w := range p.GetRetries() {
		if d := w.AsDuration(); d < time.Millisecond || d > maxWait {
			refuse(fmt.Sprintf("pace.retries[%d]", i), "must be 1ms to %s", maxWait)
		}
	}
}

// completeDsco holds a webhook to the constraints of Dsco (DC-CN-01 to 12).
func completeDsco(e *deliveryv1.Endpoint, by Account, refuse func(field, format string, args ...any)) error {
	d := e.GetDsco()
	if d == nil {
		d = &deliveryv1.DscoFilter{}
		e.Dsco = d
	}
	if len(e.GetEventTypes()) > 1 || slices.Contains(e.GetEventTypes(), "*") {
		refuse("event", "must be exactly one event; several need several webhooks")
	}
	if d.GetOwningAccountId() == 0 {
		d.OwningAccountId = by.ID
	}
	if by.ID != 0 && d.GetOwningAccountId() != by.ID {
		return fault.New(fault.PermissionDenied, "foreign_account", "owningAccountId: account %d is not yours", d.GetOwningAccountId())
	}
	if d.GetWebhookAccountId() == 0 {
		refuse("webhookAccountId", "is required")
	} else if by.ID != 0 && d.GetWebhookAccountId() != by.ID && !slices.Contains(by.Partners, d.GetWebhookAccountId()) {
		return fault.New(fault.PermissionDenied, "not_a_partner", "webhookAccountId: account %d is neither yours nor a partner's", d.GetWebhookAccountId())
	}
	if d.GetApplyToPartners() {
		if !slices.Contains(e.GetEventTypes(), "INVENTORY_UPDATED") {
			refuse("applyToPartners", "can be true for INVENTORY_UPDATED only")
		}
		if !by.Retailer {
			refuse("applyToPartners", "can be true for accounts of retailers only")
		}
		if d.GetWebhookAccountId() != d.GetOwningAccountId() {
			refuse("webhookAccountId", "must be the own account when applyToPartners is true")
		}
		if len(d.GetCatalogIds())+len(d.GetAssortmentIds()) > 0 {
			refuse("applyToPartners", "cannot be true with catalogIds or assortmentIds")
		}
	}
	if d.GetQuantityStateChangeOnly() && d.GetQuantityChangeOnly() {
		refuse("quantityStateChangeOnly", "cannot be true together with quantityChangeOnly")
	}
	if len(d.GetCatalogIds()) > 0 && len(d.GetAssortmentIds()) > 0 {
		refuse("catalogIds", "cannot be given together with assortmentIds")
	}
	return nil
}
