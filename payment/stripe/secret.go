package stripe

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// Secret is text that no log shows.
type Secret string

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret.
func (Secret) GoString() string { return "***" }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue("***") }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// ReadSecret reads the one secret that a file has.
func ReadSecret(path string) (Secret, error) {
	all, err := ReadSecrets(path)
	if err != nil {
		return "", err
	}
	if len(all) != 1 {
		return "", fmt.Errorf("%s: has %d secrets, want one", path, len(all))
	}
	return all[0], nil
}

// ReadSecrets reads the secrets of a file, one a line. Empty lines and lines
// that begin with # are left out.
func ReadSecrets(path string) ([]Secret, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // whoever runs the process says which file
	if err != nil {
		return nil, err
	}
	var all []Secret
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, Secret(line))
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: has no secret", path)
	}
	return all, nil
}
