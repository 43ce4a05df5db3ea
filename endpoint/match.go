package endpoint

import (
	"slices"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// Facts are what filters look at.
type Facts struct {
	Vocabulary  deliveryv1.Vocabulary
	Type        string
	Environment deliveryv1.Environment
	// OptIn events are heard only by those that name them: deprecated ones.
	OptIn bool
	// Accounts whose data the event is about, for Dsco.
	Accounts []int64
	// Item is what changed about an item, for Dsco INVENTORY_UPDATED; nil for
	// anything else.
	Item *ItemChange
	// Entity and Operation are those of a collector event.
	Entity, Operation string
}

// ItemChange is what changed about an item (Dsco quantity rules).
type ItemChange struct {
	// First says that the item was not seen before.
	First bool
	// Before and After are its quantities.
	Before, After int64
	// Catalogs and Assortments that it is in.
	Catalogs, Assortments []string
}

// Hears says whether an endpoint is to be told.
func (c Config) Hears(f Facts) bool {
	if c.GetStatus() != Enabled && c.GetStatus() != Suspended || c.GetVocabulary() != f.Vocabulary {
		return false
	}
	if env := f.Environment; env != deliveryv1.Environment_ENVIRONMENT_UNSPECIFIED && env != c.GetEnvironment() {
		return false
	}
	named := slices.Contains(c.GetEventTypes(), f.Type)
	if !named && (f.OptIn || !slices.Contains(c.GetEventTypes(), "*")) {
		return false
	}
	switch f.Vocabulary { //nolint:exhaustive // the others have no filter of their own
	case deliveryv1.Vocabulary_VOCABULARY_DSCO:
		return c.hearsDsco(f)
	case deliveryv1.Vocabulary_VOCABULARY_COLLECTOR:
		return c.hearsCollector(f)
	default:
		return true
	}
}

// hearsDsco: whose data, and which changes of an item (DC-QT-01 to 03).
func (c Config) hearsDsco(f Facts) bool {
	d := c.GetDsco()
	if !d.GetApplyToPartners() && len(f.Accounts) > 0 && d.GetWebhookAccountId() != 0 && !slices.Contains(f.Accounts, d.GetWebhookAccountId()) {
		return false
	}
	if f.Item == nil {
		return true
	}
	if !among(d.GetCatalogIds(), f.Item.Catalogs) || !among(d.GetAssortmentIds(), f.Item.Assortments) {
		return false
	}
	switch i := f.Item; {
	case d.GetQuantityStateChangeOnly():
		return i.First || (i.Before >= 1) != (i.After >= 1)
	case d.GetQuantityChangeOnly():
		return i.First || i.Before != i.After
	}
	return true
}

// among says whether a filter that names something names one of these.
func among(filter, have []string) bool {
	return len(filter) == 0 || slices.ContainsFunc(filter, func(s string) bool { return slices.Contains(have, s) })
}

func (c Config) hearsCollector(f Facts) bool {
	k := c.GetCollector()
	if k.GetEntityType() != f.Entity {
		return false
	}
	switch f.Operation {
	case "create":
		return k.GetCreate()
	case "change":
		return k.GetChange()
	case "delete":
		return k.GetDelete()
	}
	return false
}
