package order_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestThePageOfCommandsSaysEverything keeps docs/commands.md whole: every
// command type of this package is on it, every event, and every reason with
// which a command is refused.
func TestThePageOfCommandsSaysEverything(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "commands.md"))
	if err != nil {
		t.Fatal(err)
	}
	said := string(page)
	commands, reasons := source(t)
	if len(commands) < 25 || len(reasons) < 10 {
		t.Fatalf("found only commands %v and reasons %v", commands, reasons)
	}
	words := slices.Concat(commands, reasons)
	for _, event := range eventNames() {
		words = append(words, string(event))
	}
	for _, word := range words {
		if !strings.Contains(said, "`"+word+"`") {
			t.Errorf("the page does not say %s", word)
		}
	}
}

// source reads the package's own source: the types that decide, and the reasons
// of faults that are written out.
func source(t *testing.T) (commands, reasons []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
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
			case *ast.FuncDecl:
				if n.Recv != nil && n.Name.Name == "Decide" {
					if id, ok := n.Recv.List[0].Type.(*ast.Ident); ok {
						commands = append(commands, id.Name)
					}
				}
			case *ast.CallExpr: // fault.New(kind, reason, …)
				if fn, ok := n.Fun.(*ast.SelectorExpr); !ok || fn.Sel.Name != "New" || len(n.Args) < 3 {
					break
				}
				if lit, ok := n.Args[1].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if reason, err := strconv.Unquote(lit.Value); err == nil {
						reasons = append(reasons, reason)
					}
				}
			}
			return true
		})
	}
	return commands, reasons
}
