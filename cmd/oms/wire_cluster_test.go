package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestEveryCommandCanTravel reads the domains' own source, so that a command
// added there is not forgotten here.
func TestEveryCommandCanTravel(t *testing.T) {
	for log, prototypes := range commandsOf {
		var have []string
		for _, p := range prototypes {
			have = append(have, reflect.TypeOf(p).Name())
		}
		slices.Sort(have)
		if want := deciders(t, filepath.Join("..", "..", log)); !slices.Equal(have, want) {
			t.Errorf("%s: commandsOf has %v, the package has %v", log, have, want)
		}
	}
}

// deciders are the types of a package with a method Decide.
func deciders(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no source, %v", dir, err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "Decide" && fn.Recv != nil {
				if id, ok := fn.Recv.List[0].Type.(*ast.Ident); ok && id.IsExported() {
					found[id.Name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
