package vocabularies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/orderstream/oms/delivery/catalogue"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// titles of the vocabularies, and where they are explained.
var titles = map[deliveryv1.Vocabulary]string{ //nolint:exhaustive // there is none unspecified
	deliveryv1.Vocabulary_VOCABULARY_SKAVA:       "Skava",
	deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE: "DirectScale",
	deliveryv1.Vocabulary_VOCABULARY_DSCO:        "Dsco",
	deliveryv1.Vocabulary_VOCABULARY_COLLECTOR:   "Event Collector",
}

// Page is the catalogue for people, in Markdown.
func Page(c catalogue.Catalogue) []byte {
	var b bytes.Buffer
	b.WriteString(`# Events

What endpoints are told, by vocabulary: types, when each is told, and a sample.
How they are delivered is in [delivery.md](delivery.md). ` + "`oms webhook test`" + ` sends
these samples. The page is made of the vocabularies themselves: ` + "`go test\n./delivery/vocabularies -update`" + ` writes it.
`)
	vocabularies := make([]deliveryv1.Vocabulary, 0, len(c))
	for v := range c {
		vocabularies = append(vocabularies, v)
	}
	slices.Sort(vocabularies)
	for _, v := range vocabularies {
		name := strings.ToLower(strings.TrimPrefix(v.String(), "VOCABULARY_"))
		fmt.Fprintf(&b, "\n## %s\n\nVocabulary `%s`, %d types.\n\n| type | when |\n|---|---|\n", titles[v], name, len(c[v]))
		for _, e := range c[v] {
			fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", e.Type, anchor(e.Type), e.When)
		}
		for _, e := range c[v] {
			fmt.Fprintf(&b, "\n### %s\n\n```json\n%s\n```\n", e.Type, indented(e))
		}
	}
	return b.Bytes()
}

// anchor is what GitHub calls a heading.
func anchor(heading string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == '.' || r == '/' {
			return -1
		}
		return r
	}, heading))
}

func indented(e catalogue.Event) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, e.Body(), "", "  "); err != nil {
		panic(err) // it was made by us
	}
	return b.Bytes()
}
