package obs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestEveryMetricIsExplained compares the source of this package with the page
// for operators.
func TestEveryMetricIsExplained(t *testing.T) {
	source, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	have := found(t, `"(oms_[a-z_]+)"`, source...)
	want := found(t, "\\| `(oms_[a-z_]+)` \\|", filepath.Join("..", "..", "docs", "operations.md"))
	if len(have) == 0 || !slices.Equal(have, want) {
		t.Errorf("the source has\n%q\nand docs/operations.md has\n%q", have, want)
	}
}

func found(t *testing.T, expr string, files ...string) (all []string) {
	t.Helper()
	re := regexp.MustCompile(expr)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range re.FindAllStringSubmatch(string(text), -1) {
			all = append(all, m[1])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
