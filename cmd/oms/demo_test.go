package main

import (
	"bytes"
	"regexp"
	"testing"
)

// A demo on the folder of an earlier one has nothing new to tell.
func TestTheDemoIsHeardOf(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{`verified [1-9]\d* of them;\n0 came again, 0 were turned away`, `heard of nothing new`} {
		cfg := serveConfig{Data: dir, Listen: "127.0.0.1:0", Roles: roles, Durability: "process", OnDecline: "hold", CaptureAt: "confirm"}
		allowLocal(&cfg)
		if err := cfg.complete(); err != nil {
			t.Fatal(err)
		}
		var out, errOut bytes.Buffer
		if err := (&app{out: &out, err: &errOut, timeout: 30e9}).demo(t.Context(), cfg, 5, false); err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}
