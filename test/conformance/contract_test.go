package conformance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// event is one row of events.json.
type event struct {
	ID           string `json:"id"`
	Source       string `json:"source"`
	Name         string `json:"name"`
	PayloadModel string `json:"payload_model"`
	Channel      struct {
		Kind       string `json:"kind"`
		Name       string `json:"name"`
		RoutingKey string `json:"routing_key"`
	} `json:"channel"`
	NATS struct {
		Stream  string            `json:"stream"`
		Subject string            `json:"subject"`
		Headers map[string]string `json:"headers"`
	} `json:"nats"`
}

// model is one payload of payloads.json.
type model struct {
	ID     string  `json:"id"`
	Source string  `json:"source"`
	Model  string  `json:"model"`
	Fields []field `json:"fields"`
}

type field struct {
	ID   string `json:"id"`
	Path string `json:"path"`
	Type string `json:"type"`
}

// contract is what the sources say.
type contract struct {
	events []event
	models []model
	skava  struct {
		Properties, Rules, ExternalEventTypes []fact
	}
}

// fact is a row with an id of its own.
type fact struct {
	ID         string `json:"id"`
	Property   string `json:"property"`
	DetailType string `json:"detail_type"`
}

func load(t *testing.T) (c contract) {
	t.Helper()
	var events struct {
		Events []event `json:"events"`
		Fat    struct {
			Properties         []fact `json:"properties"`
			Rules              []fact `json:"rules"`
			ExternalEventTypes []fact `json:"external_event_types"`
		} `json:"skava_fat_events"`
	}
	read(t, "events.json", &events)
	var payloads struct {
		Models []model `json:"models"`
	}
	read(t, "payloads.json", &payloads)
	c.events, c.models = events.Events, payloads.Models
	c.skava.Properties, c.skava.Rules, c.skava.ExternalEventTypes = events.Fat.Properties, events.Fat.Rules, events.Fat.ExternalEventTypes
	return c
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "contract", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// model returns a payload by its name in a source.
func (c contract) model(source, name string) (model, bool) {
	for _, m := range c.models {
		if m.Source == source && m.Model == name {
			return m, true
		}
	}
	return model{}, false
}

// values are all values at a path such as "binItems[].transaction.id".
func values(v any, path string) (found []any) {
	head, rest, more := strings.Cut(path, ".")
	name, list := strings.CutSuffix(head, "[]")
	object, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	v, ok = object[name]
	if !ok {
		return nil
	}
	if list {
		items, ok := v.([]any)
		if !ok {
			return nil
		}
		for _, item := range items {
			if !more {
				found = append(found, item)
				continue
			}
			found = append(found, values(item, rest)...)
		}
		return found
	}
	if !more {
		return []any{v}
	}
	return values(v, rest)
}

// fits reports whether a value has one of the types of a field.
func fits(v any, types string) bool {
	for _, t := range strings.Split(types, "|") {
		switch {
		case t == "int":
			t = "integer"
		case t == "isodate":
			t = "string"
		case strings.HasPrefix(t, "array"):
			t = "array"
		case t != "" && t[0] >= 'A' && t[0] <= 'Z': // a model of its own
			t = "object"
		}
		switch v := v.(type) {
		case nil:
			if t == "object" || t == "array" || t == "string" {
				return true
			}
		case string:
			if t == "string" {
				return true
			}
		case bool:
			if t == "boolean" {
				return true
			}
		case float64:
			if t == "integer" && v == float64(int64(v)) || t == "number" {
				return true
			}
		case []any:
			if t == "array" {
				return true
			}
		case map[string]any:
			if t == "object" {
				return true
			}
		}
	}
	return false
}
