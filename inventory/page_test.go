package inventory_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

// TestThePageSaysEverything keeps docs/inventory.md whole: every code with
// which something is refused is on it, and every event.
func TestThePageSaysEverything(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "inventory.md"))
	if err != nil {
		t.Fatal(err)
	}
	said := string(page)
	for _, code := range codes(t) {
		if !strings.Contains(said, "`"+code+"`") {
			t.Errorf("the page does not say %s", code)
		}
	}
	messages := inventoryv1.File_oms_inventory_v1_events_proto.Messages()
	for n := range messages.Len() {
		if name := string(messages.Get(n).Name()); !partsOfEvents[messages.Get(n).Name()] && !strings.Contains(said, "`"+name+"`") {
			t.Errorf("the page does not say %s", name)
		}
	}
}

// codes are the refusal codes of lines and the reasons of faults, read from the
// package's own source.
func codes(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if code, err := strconv.Unquote(lit.Value); err == nil {
				all = append(all, code)
			}
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for _, v := range n.Values {
					if name == "transaction.go" {
						add(v)
					}
				}
			case *ast.CallExpr: // fault.New(kind, reason, …)
				if fn, ok := n.Fun.(*ast.SelectorExpr); ok && fn.Sel.Name == "New" && len(n.Args) > 2 {
					add(n.Args[1])
				}
			}
			return true
		})
	}
	if len(all) < 15 {
		t.Fatalf("found only %v", all)
	}
	return all
}
