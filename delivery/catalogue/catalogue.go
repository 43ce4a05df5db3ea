// Package catalogue describes the events of vocabularies: their types, when each
// is told, and a sample of what it says. The API asks it which types there are,
// tests of endpoints send its samples, and docs/events.md is made of it.
package catalogue

import (
	"encoding/json"
	"fmt"
	"slices"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// Event is one type of event of a vocabulary.
type Event struct {
	// Type in the words of the vocabulary.
	Type string
	// When it is told: a sentence.
	When string
	// Sample is a body of it, something that is written as a JSON object.
	Sample any
}

// Body is the sample in JSON. It panics when it cannot be written: samples are
// made here.
func (e Event) Body() []byte {
	b, err := json.Marshal(e.Sample)
	if err != nil {
		panic(fmt.Sprintf("sample of %s: %v", e.Type, err))
	}
	return b
}

// Catalogue has the events of vocabularies. A vocabulary that is not in it is
// not offered.
type Catalogue map[deliveryv1.Vocabulary][]Event

// Find returns an event of a vocabulary; false when it has none of that type.
func (c Catalogue) Find(v deliveryv1.Vocabulary, name string) (Event, bool) {
	i := slices.IndexFunc(c[v], func(e Event) bool { return e.Type == name })
	if i < 0 {
		return Event{}, false
	}
	return c[v][i], true
}
