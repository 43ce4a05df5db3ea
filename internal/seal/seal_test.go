package seal

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestASecretOpensWhereItBelongsAndNowhereElse(t *testing.T) {
	r := ring(t, filepath.Join(t.TempDir(), "keys"))
	s, err := r.Seal([]byte("whsec_0123456789abcdef"), "default/endpoint-1")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(s.GetBox(), []byte("whsec")) || s.GetHint() != "cdef" {
		t.Errorf("sealed %q with the hint %q", s.GetBox(), s.GetHint())
	}
	if got, err := r.Open(s, "default/endpoint-1"); err != nil || string(got) != "whsec_0123456789abcdef" {
		t.Errorf("opened %q, %v", got, err)
	}
	if got, err := r.Open(s, "default/endpoint-2"); err == nil {
		t.Errorf("opened elsewhere: %q", got)
	}
	s.Box[len(s.Box)-1] ^= 1
	if _, err := r.Open(s, "default/endpoint-1"); err == nil {
		t.Error("a changed box opened")
	}
}

func TestShortSecretsShowNothing(t *testing.T) {
	s, err := ring(t, filepath.Join(t.TempDir(), "keys")).Seal([]byte("short"), "x")
	if err != nil || s.GetHint() != "" {
		t.Errorf("hint %q, %v", s.GetHint(), err)
	}
}

func TestANewKeySealsAndOldOnesOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	old := ring(t, path)
	s, err := old.Seal([]byte("secret"), "x")
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line := "second " + strings.Repeat("ab", keyBytes) + "\n"
	if err := os.WriteFile(path, append([]byte(line), before...), 0o600); err != nil {
		t.Fatal(err)
	}
	r := ring(t, path)
	if r.Current() != "second" {
		t.Errorf("%q seals", r.Current())
	}
	if got, err := r.Open(s, "x"); err != nil || string(got) != "secret" {
		t.Errorf("opened %q, %v", got, err)
	}
	if _, err := old.Open(must(r.Seal([]byte("new"), "x"))(t), "x"); err == nil || !strings.Contains(err.Error(), "second") {
		t.Errorf("without the key: %v", err)
	}
}

func TestKeyFilesThatAreNotOneAreRefusedAndNotShown(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"others can read it": {"a " + strings.Repeat("00", keyBytes), 0o644},
		"empty":              {"# nothing\n", 0o600},
		"a short key":        {"a deadbeef", 0o600},
		"not hex":            {"a " + strings.Repeat("zz", keyBytes), 0o600},
		"one id twice":       {strings.Repeat("a "+strings.Repeat("00", keyBytes)+"\n", 2), 0o600},
	} {
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || strings.Contains(err.Error(), "deadbeef") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ring(t *testing.T, path string) *Ring {
	t.Helper()
	r, err := LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
