package vocabularies_test

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderstream/oms/delivery/directscale"
	"github.com/orderstream/oms/delivery/vocabularies"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

var update = flag.Bool("update", false, "write the page anew")

const page = "../../docs/events.md"

func TestThePageOfEventsIsWhatTheVocabulariesSay(t *testing.T) {
	got := vocabularies.Page(vocabularies.All())
	if *update {
		if err := os.WriteFile(page, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-is +should be), write it anew with -update:\n%s", page, diff)
	}
}

func TestEveryTypeIsDescribedWithASample(t *testing.T) {
	for v, events := range vocabularies.All() {
		seen := map[string]bool{}
		for _, e := range events {
			var object map[string]any
			if err := json.Unmarshal(e.Body(), &object); err != nil || len(object) == 0 || e.When == "" || seen[e.Type] {
				t.Errorf("%s, %s: %v, %q", v, e.Type, err, e.When)
			}
			seen[e.Type] = true
			if v == deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE && object["EventType"] != e.Type {
				t.Errorf("the sample of %s says %v", e.Type, object["EventType"])
			}
		}
		if v == deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE && len(events) != len(directscale.Types()) {
			t.Errorf("%d of %d types are described", len(events), len(directscale.Types()))
		}
	}
}
