package customer_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
)

// TestThePageSaysEverything keeps docs/customers.md whole: every reason with
// which something is refused is on it, every event, and every call that writes.
func TestThePageSaysEverything(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "customers.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := reasons(t)
	messages := customerv1.File_oms_customer_v1_events_proto.Messages()
	for n := range messages.Len() {
		want = append(want, string(messages.Get(n).Name()))
	}
	methods := customerv1.File_oms_customer_v1_service_proto.Services().Get(0).Methods()
	for n := range methods.Len() {
		if name := string(methods.Get(n).Name()); !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List") {
			want = append(want, name)
		}
	}
	for _, word := range want {
		if !strings.Contains(string(page), "`"+word+"`") {
			t.Errorf("the page does not say %s", word)
		}
	}
}

// reasons are those of faults and of refused runs, read from the package's own
// source.
func reasons(t *testing.T) (all []string) {
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
					if name == "run.go" {
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
	if len(all) < 12 {
		t.Fatalf("found only %v", all)
	}
	return all
}
