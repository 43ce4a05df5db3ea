// Package external writes the events of orders for target systems outside: the
// EventBridge-shaped envelope of the Skava order microservice, thin or fat.
//
// A thin event says that something happened and to which order. A fat one
// carries the whole order in its place, when a change of status is told and
// the installation wants it (Skava fat events, rules SK-FE-07 to 09). An
// enricher, named in the configuration, may change a fat order before it is
// sent; a name that nobody knows is refused at the start.
package external

import (
	"crypto/sha1" //nolint:gosec // names, not secrets: RFC 4122 asks for it
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Types of external events (Skava detail-type).
const (
	OrderCreate      = "omsservices/orders/create"
	OrderPatchUpdate = "omsservices/orders/patchupdate"
	OrderUpdate      = "omsservices/orders/update"
	OrderDelete      = "omsservices/orders/delete"
	NoteCreate       = "omsservices/note/create"
)

// Types are all types.
var Types = []string{OrderCreate, OrderPatchUpdate, OrderUpdate, OrderDelete, NoteCreate}

// Subject is where events of a type are published.
func Subject(eventType string) string { return "ext." + strings.ReplaceAll(eventType, "/", ".") }

// source is the service that events come from.
const source = "omsservices"

// Config of external events. The zero value sends none.
type Config struct {
	// Enabled sends events at all (Skava enableExternalEvent).
	Enabled bool
	// Fat sends the whole order when its status changed (Skava enableFatEvent).
	Fat bool
	// Enricher names one of Enrichers (Skava externalFatEventClass); empty names
	// none.
	Enricher string
	// Account and Region are in every envelope (Skava region).
	Account string
	Region  string
}

// Check refuses a configuration that cannot be served.
func (c Config) Check() error {
	if _, known := Enrichers[c.Enricher]; !known && c.Enricher != "" {
		return fmt.Errorf("there is no enricher %q; known are %s", c.Enricher, strings.Join(slices.Sorted(maps.Keys(Enrichers)), ", "))
	}
	return nil
}

// Happening is what an external event tells of.
type Happening struct {
	// Type is one of Types.
	Type string
	// EventID is stable: the same event has the same envelope id for ever.
	EventID string
	OrderID string
	Time    time.Time
	// Actor is who did it.
	Actor string
}

// Envelope is the EventBridge form of an event.
type Envelope struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	// Detail is a Detail, or a fat order.
	Detail any `json:"detail"`
}

// Detail is what a thin event says.
type Detail struct {
	Timestamp         int64    `json:"timestamp"`
	EventType         string   `json:"eventType"`
	UserID            string   `json:"userId"`
	ActOnBehalfOfUser int      `json:"actOnBehalfOfUser"`
	Roles             []string `json:"roles"`
	// ID is the order's (decision D-08, an addition).
	ID string `json:"id,omitempty"`
}

// Thin is the event without the order.
func (c Config) Thin(h Happening) Envelope {
	return c.envelope(h, Detail{
		Timestamp: h.Time.UnixMilli(), EventType: h.Type, UserID: h.Actor, Roles: []string{}, ID: h.OrderID,
	})
}

// FatWith is the event with the whole order in it (decision D-25).
func (c Config) FatWith(h Happening, o Order) (Envelope, error) {
	enrich := Enrichers[c.Enricher]
	if enrich == nil {
		return c.envelope(h, o), nil
	}
	data, err := json.Marshal(o)
	if err != nil {
		return Envelope{}, err
	}
	var loose map[string]any
	if err := json.Unmarshal(data, &loose); err != nil {
		return Envelope{}, err
	}
	return c.envelope(h, enrich(h, loose)), nil
}

func (c Config) envelope(h Happening, detail any) Envelope {
	return Envelope{
		Version: "0", ID: uuid(h.EventID), DetailType: h.Type, Source: source, Account: c.Account,
		Time: h.Time.UTC().Truncate(time.Second).Format(time.RFC3339), Region: c.Region, Resources: []string{}, Detail: detail,
	}
}

// namespace of the ids that envelopes get.
var namespace = [16]byte{0x6f, 0x6d, 0x73, 0x2e, 0x65, 0x78, 0x74, 0x65, 0x72, 0x6e, 0x61, 0x6c, 0x2e, 0x69, 0x64, 0x73}

// uuid is the name-based UUID (version 5) of an event id.
func uuid(name string) string {
	h := sha1.New() //nolint:gosec // a name
	h.Write(namespace[:])
	h.Write([]byte(name))
	u := h.Sum(nil)[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	s := hex.EncodeToString(u)
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

// Enricher changes a fat order before it is sent. It must answer the same for
// the same order.
type Enricher func(h Happening, order map[string]any) any

// Enrichers are those that a configuration may name. A build that wants others
// adds them before it starts.
var Enrichers = map[string]Enricher{
	// PublicPayload is the form that the public documentation of the source
	// system shows: the order in detail.payload.t beside a code.
	"PublicPayload": func(h Happening, o map[string]any) any {
		codes := map[string]string{
			OrderCreate: "ORDER_CREATED", OrderPatchUpdate: "ORDER_PATCHED", OrderUpdate: "ORDER_UPDATED",
			OrderDelete: "ORDER_DELETED", NoteCreate: "NOTE_CREATED",
		}
		return map[string]any{
			"id": h.OrderID, "eventType": h.Type, "timestamp": h.Time.UnixMilli(),
			"payload": map[string]any{"code": codes[h.Type], "t": o},
		}
	},
	// WithoutPersons leaves out who bought.
	"WithoutPersons": func(_ Happening, o map[string]any) any {
		o["usertracking"] = map[string]any{}
		if info, ok := o["orderdetails"].(map[string]any); ok {
			delete(info, "shippingaddress")
			delete(info, "billingaddress")
		}
		return o
	},
}
