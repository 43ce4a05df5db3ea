package rpc

import (
	"strings"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// settingsNames are the fields of requests by the names that senders have for
// them; others have the same name. What begins with "." does not belong to the
// destination.
var settingsNames = map[string]string{
	"bearer": "bearer_token", "proxy": "proxy_url", "roots": "authorities", "keys": "signing_secret", "signing_keys": "signing_secret", "oauth": "oauth2",
	"access_key": "access.access_key_id", "secret": "access.secret_access_key", "session": "access.session_token", "region": "access.region",
	"base_endpoint": "access.base_url", "bus": "event_bus_name",
	"timeout": ".pace.timeout", "destination": ".destination",
}

// inSettings makes what a sender says of its configuration something that is
// said of the request.
func inSettings(err error, e *deliveryv1.Endpoint) error {
	kind := ""
	if d := e.GetDestination().ProtoReflect(); d.IsValid() {
		if f := d.WhichOneof(d.Descriptor().Oneofs().ByName("kind")); f != nil {
			kind = string(f.Name())
		}
	}
	return renamed(err, func(field string) string {
		end := strings.IndexAny(field, ".[")
		if end < 0 {
			end = len(field)
		}
		first, rest := field[:end], field[end:]
		name, another := settingsNames[first]
		switch {
		case !another:
			name = first
		case strings.HasPrefix(name, "."):
			return "settings" + name
		case strings.HasPrefix(rest, "["):
			rest = ""
		}
		return "settings.destination." + kind + "." + name + rest
	})
}

// dscoNames are the fields of requests by the names that Dsco has for them.
var dscoNames = map[string]string{
	"event": "event_types", "owningAccountId": "dsco.owning_account_id", "webhookAccountId": "dsco.webhook_account_id",
	"applyToPartners": "dsco.apply_to_partners", "quantityStateChangeOnly": "dsco.quantity_state_change_only",
	"catalogIds": "dsco.catalog_ids", "assortmentIds": "dsco.assortment_ids",
}

// inRequest makes what the log says of an endpoint something that is said of the
// request.
func inRequest(err error) error {
	return renamed(err, func(field string) string {
		if name, ok := dscoNames[field]; ok {
			field = name
		}
		switch first, _, _ := strings.Cut(field, "."); first {
		case "vocabulary", "event_types", "destination", "description", "pace", "dsco":
			return "settings." + field
		}
		return field
	})
}

// renamed gives the violations of a fault other fields.
func renamed(err error, name func(string) string) error {
	violations := fault.Violations(err)
	if len(violations) == 0 {
		return err
	}
	var f fault.Fields
	for _, v := range violations {
		f.Add(name(v.Field), "%s", v.Message)
	}
	return f.Err()
}
