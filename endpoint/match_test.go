package endpoint

import (
	"testing"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

func TestWhoHearsWhat(t *testing.T) {
	ds, dsco := deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, deliveryv1.Vocabulary_VOCABULARY_DSCO
	live, stage := deliveryv1.Environment_ENVIRONMENT_LIVE, deliveryv1.Environment_ENVIRONMENT_STAGE
	watching := func(f *deliveryv1.DscoFilter) *deliveryv1.Endpoint {
		return &deliveryv1.Endpoint{Vocabulary: dsco, Status: Enabled, EventTypes: []string{"INVENTORY_UPDATED"}, Environment: live, Dsco: f}
	}
	item := func(first bool, before, after int64) Facts {
		return Facts{Vocabulary: dsco, Type: "INVENTORY_UPDATED", Environment: live, Item: &ItemChange{First: first, Before: before, After: after, Catalogs: []string{"c1"}}}
	}
	state, change := &deliveryv1.DscoFilter{QuantityStateChangeOnly: true}, &deliveryv1.DscoFilter{QuantityChangeOnly: true}
	for name, c := range map[string]struct {
		endpoint *deliveryv1.Endpoint
		facts    Facts
		want     bool
	}{
		"all types":                {&deliveryv1.Endpoint{Vocabulary: ds, Status: Enabled, EventTypes: []string{"*"}}, Facts{Vocabulary: ds, Type: "X"}, true},
		"another type":             {&deliveryv1.Endpoint{Vocabulary: ds, Status: Enabled, EventTypes: []string{"Y"}}, Facts{Vocabulary: ds, Type: "X"}, false},
		"another vocabulary":       {&deliveryv1.Endpoint{Vocabulary: dsco, Status: Enabled, EventTypes: []string{"*"}}, Facts{Vocabulary: ds, Type: "X"}, false},
		"deprecated, by all types": {&deliveryv1.Endpoint{Vocabulary: ds, Status: Enabled, EventTypes: []string{"*"}}, Facts{Vocabulary: ds, Type: "X", OptIn: true}, false},
		"deprecated, by its name":  {&deliveryv1.Endpoint{Vocabulary: ds, Status: Enabled, EventTypes: []string{"X"}}, Facts{Vocabulary: ds, Type: "X", OptIn: true}, true},
		"of stage":                 {&deliveryv1.Endpoint{Vocabulary: ds, Status: Enabled, EventTypes: []string{"*"}, Environment: stage}, Facts{Vocabulary: ds, Type: "X", Environment: live}, false},
		"disabled":                 {&deliveryv1.Endpoint{Vocabulary: ds, Status: Disabled, EventTypes: []string{"*"}}, Facts{Vocabulary: ds, Type: "X"}, false},
		"suspended, to keep it":    {&deliveryv1.Endpoint{Vocabulary: ds, Status: Suspended, EventTypes: []string{"*"}}, Facts{Vocabulary: ds, Type: "X"}, true},

		"any change of an item":               {watching(nil), item(false, 5, 5), true},
		"the quantity, when it changes":       {watching(change), item(false, 5, 4), true},
		"the quantity, when it does not":      {watching(change), item(false, 5, 5), false},
		"the quantity, of an item first seen": {watching(change), item(true, 0, 0), true},
		"the state, from none to one":         {watching(state), item(false, 0, 1), true},
		"the state, from one to none":         {watching(state), item(false, 1, 0), true},
		"the state, from five to four":        {watching(state), item(false, 5, 4), false},
		"the state, from none to none":        {watching(state), item(false, 0, 0), false},
		"the state, of an item first seen":    {watching(state), item(true, 0, 0), true},
		"a catalog that it is in":             {watching(&deliveryv1.DscoFilter{CatalogIds: []string{"c0", "c1"}}), item(false, 1, 2), true},
		"a catalog that it is not in":         {watching(&deliveryv1.DscoFilter{CatalogIds: []string{"c2"}}), item(false, 1, 2), false},
		"an assortment that it is not in":     {watching(&deliveryv1.DscoFilter{AssortmentIds: []string{"a1"}}), item(false, 1, 2), false},
	} {
		if got := (Config{c.endpoint}).Hears(c.facts); got != c.want {
			t.Errorf("%s: heard %v", name, got)
		}
	}
}

func TestWhoseDataIsWatched(t *testing.T) {
	dsco := deliveryv1.Vocabulary_VOCABULARY_DSCO
	of := func(f *deliveryv1.DscoFilter) Config {
		return Config{&deliveryv1.Endpoint{Vocabulary: dsco, Status: Enabled, EventTypes: []string{"ORDER_CREATED"}, Dsco: f}}
	}
	facts := Facts{Vocabulary: dsco, Type: "ORDER_CREATED", Accounts: []int64{1, 2}}
	if !of(&deliveryv1.DscoFilter{WebhookAccountId: 2}).Hears(facts) {
		t.Error("a partner's order was not heard")
	}
	if of(&deliveryv1.DscoFilter{WebhookAccountId: 3}).Hears(facts) {
		t.Error("a stranger's order was heard")
	}
	if !of(&deliveryv1.DscoFilter{WebhookAccountId: 3, ApplyToPartners: true}).Hears(facts) {
		t.Error("not heard for every partner")
	}
}
