package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// TestDirectScale hears every event of DirectScale at a web server: commands go
// into the API of a running service, and what arrives is held against the
// contract, its samples included.
func TestDirectScale(t *testing.T) {
	t.Parallel()
	c := load(t)
	r := receive(t)
	dir := t.TempDir()
	words := deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE
	all := webhook("all", r.url+"/all", words, "*", "OrderEvent")
	all.Destination.GetWebhook().BearerToken = sealed(t, dir, "all", "let-me-in")
	all.Destination.GetWebhook().EnvironmentMarker = "live"
	stage := webhook("stage", r.url+"/stage", words, "*")
	stage.Environment = deliveryv1.Environment_ENVIRONMENT_STAGE
	hear(t, dir, all, stage, webhook("plain", r.url+"/plain", words, "*"), webhook("one", r.url+"/one", words, "CreateOrderEvent", "VoidOrderEvent"))
	s := &shop{T: t, p: testkit.Start(t, dir, "--delivery-allow", "127.0.0.1", "--delivery-client-id", "acme")}
	s.people()
	s.catalogue()
	s.orders()
	s.last()
	s.custom()
	for _, path := range []string{"/all", "/plain"} {
		r.await(t, path, has("EventType", "UpdateOrderEvent"), has("CustomerId", 77.0))
		r.await(t, path, has("EventType", "CreateOrderPaymentEvent"), has("Amount", 9.99))
		r.await(t, path, has("EventType", "CreateAssociateEvent"), has("Username", "last"))
		r.await(t, path, has("EventType", "DeleteInventoryItemEvent"), has("Sku", "last"))
	}
	r.await(t, "/all", has("EventType", "PartyClosed"))
	rep := report{covered: map[string]bool{}}
	rep.directScale(t, c, r)
	rep.samples(t, r)
	rep.nuances(s, r)
	rep.source(t, c, "DS", nuancesOf("DS"))
}

// directScale holds every event and field against the contract.
func (r *report) directScale(t *testing.T, c contract, heard *receiver) {
	t.Helper()
	for _, e := range c.events {
		if e.Source != "DS" || e.ID == "DS-EV-21" {
			continue
		}
		kind := e.NATS.Subject[strings.LastIndexByte(e.NATS.Subject, '.')+1:]
		bodies := heard.at("/all", has("EventType", kind))
		if len(bodies) == 0 {
			r.miss(e.ID, "no %s came", kind)
			continue
		}
		m, known := c.model(e.Source, e.PayloadModel)
		if !known {
			r.miss(e.ID, "there is no model %q", e.PayloadModel)
			continue
		}
		r.covered[e.ID] = true
		var messages []*nats.Msg
		for _, b := range bodies {
			messages = append(messages, &nats.Msg{Data: b.raw})
			for _, f := range m.Fields {
				if _, there := b.body[f.Path]; !there {
					r.miss(f.ID, "a %s has no %s", kind, f.Path)
				}
			}
		}
		r.payload(m, messages)
	}
}

// samples of the source: the first event of each kind is the same, field by
// field and in their order, but for what the clock says, and numbers that
// nobody can choose.
func (r *report) samples(t *testing.T, heard *receiver) {
	t.Helper()
	for n, name := range []string{
		"CreateOrderEvent", "FinalizeOrderEvent", "UpdateOrderEvent", "VoidOrderEvent", "CreateOrderPaymentEvent", "RefundOrderPaymentEvent",
		"SubmitOrderPackageEvent", "CreateInventoryItemEvent", "UpdateInventoryItemEvent", "DeleteInventoryItemEvent",
	} {
		id := fmt.Sprintf("XX-SM-%02d", n+1)
		fits := []func(told) bool{has("EventType", name)}
		if strings.Contains(name, "Inventory") {
			fits = append(fits, has("Sku", "TST_EVT"))
		}
		if found := heard.at("/all", fits...); len(found) > 0 {
			r.like(t, id, name, found[0], "PackageId", "CustomerId", "OrderPaymentId", "RefundedOrderPaymentId")
		} else {
			r.miss(id, "no such event")
		}
	}
	found := heard.at("/all", has("EventType", "RefundOrderPaymentEvent"), has("Amount", -18.0))
	if len(found) != 1 {
		r.miss("XX-SM-37", "%d refunds of 18.00", len(found))
		return
	}
	r.like(t, "XX-SM-37", "RefundOrderPaymentEvent-order3442", found[0], "OrderNumber", "OrderPaymentId", "RefundedOrderPaymentId")
}

// like holds a body against a sample; names are of fields with numbers that are
// not the sample's.
func (r *report) like(t *testing.T, id, sample string, got told, names ...string) {
	t.Helper()
	var want json.RawMessage
	read(t, filepath.Join("samples", "directscale", sample+".json"), &want)
	keys, have := fieldsOf(t, want), fieldsOf(t, got.raw)
	if len(keys) == len(have) && !slices.Equal(keys, have) || !subset(keys, have) {
		r.miss(id, "fields are %v, not %v", have, keys)
		return
	}
	var body map[string]any
	must(t, json.Unmarshal(want, &body))
	for k, v := range body {
		switch {
		case slices.Contains(names, k):
			if _, number := got.body[k].(float64); !number {
				r.miss(id, "%s is %v", k, got.body[k])
				return
			}
		case strings.HasSuffix(k, "Utc"):
			if (v == nil) != (got.body[k] == nil) {
				r.miss(id, "%s is %v, not %v", k, got.body[k], v)
				return
			}
		case fmt.Sprint(v) != fmt.Sprint(got.body[k]):
			r.miss(id, "%s is %v, not %v", k, got.body[k], v)
			return
		}
	}
	r.covered[id] = true
}

func subset(some, of []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(of, s) })
}

// fieldsOf are the names of a body's fields in their order.
func fieldsOf(t *testing.T, body []byte) (names []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	_, err := d.Token()
	must(t, err)
	for d.More() {
		name, err := d.Token()
		must(t, err)
		names = append(names, name.(string))
		var skip json.RawMessage
		must(t, d.Decode(&skip))
	}
	return names
}
