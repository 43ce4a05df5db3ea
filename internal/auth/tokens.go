package auth

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Tokens are the bearer tokens of an installation. Only their SHA-256 is kept:
// who reads the file cannot call. That takes tokens that nobody can guess, such
// as 32 random bytes.
type Tokens struct{ byHash map[[sha256.Size]byte]token }

// token is what is known of one token.
type token struct {
	subject string
	tenants []string // "*" stands for all that are served
	scopes  Scope
}

// every stands for all tenants that are served.
const every = "*"

// serves reports whether the token is good for a tenant.
func (t token) serves(tenant string) bool {
	return slices.Contains(t.tenants, every) || slices.Contains(t.tenants, tenant)
}

// tenant is the one that a call with this token is for when it names none.
func (t token) tenant() string {
	if len(t.tenants) == 1 && t.tenants[0] != every {
		return t.tenants[0]
	}
	return DefaultTenant
}

// find returns what is known of a secret. The time it takes tells about the
// secret's hash, from which there is no way back.
func (ts *Tokens) find(secret string) (token, bool) {
	t, ok := ts.byHash[sha256.Sum256([]byte(secret))]
	return t, ok
}

// LoadTokens reads a token file.
func LoadTokens(path string) (*Tokens, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("token file: %w", err)
	}
	defer f.Close()
	ts, err := ReadTokens(f)
	if err != nil {
		return nil, fmt.Errorf("token file %s: %w", path, err)
	}
	return ts, nil
}

// ReadTokens reads the text of a token file: a line a token, with the SHA-256
// of the token in hex, the name of its owner, its tenants and its scopes.
// Lists have commas; "*" is every tenant. Empty lines and lines that start
// with "#" say nothing.
//
//	# openssl rand -hex 32 | tee token | tr -d '\n' | sha256sum
//	9f86d0…0f00a08 storefront default    read,write
//	60303a…e8b4e26 alice      default,uk read,write,operate
func ReadTokens(r io.Reader) (*Tokens, error) {
	ts := &Tokens{byHash: map[[sha256.Size]byte]token{}}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if err := ts.add(strings.Fields(text)); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(ts.byHash) == 0 {
		return nil, fmt.Errorf("it has no tokens, so nobody could call")
	}
	return ts, nil
}

var actorSyntax = regexp.MustCompile(`^[!-~]{1,128}$`)

func (ts *Tokens) add(fields []string) error {
	if len(fields) != 4 {
		return fmt.Errorf("has %d words, not 4: sha256 subject tenants scopes", len(fields))
	}
	raw, err := hex.DecodeString(fields[0])
	if err != nil || len(raw) != sha256.Size {
		return fmt.Errorf("%q is not a SHA-256 in hex", fields[0])
	}
	hash := [sha256.Size]byte(raw)
	if _, dup := ts.byHash[hash]; dup {
		return fmt.Errorf("the token is there already")
	}
	t := token{subject: fields[1], tenants: strings.Split(fields[2], ",")}
	if !actorSyntax.MatchString(t.subject) {
		return fmt.Errorf("subject %q: must be 1 to 128 printable ASCII characters", t.subject)
	}
	for _, tenant := range t.tenants {
		if tenant != every && !tenantSyntax.MatchString(tenant) {
			return fmt.Errorf("%q is not a tenant", tenant)
		}
	}
	for name := range strings.SplitSeq(fields[3], ",") {
		scope, ok := scopes[name]
		if !ok {
			return fmt.Errorf("%q is not a scope: read, write, operate or event-subscriptions:write", name)
		}
		t.scopes |= scope
	}
	ts.byHash[hash] = t
	return nil
}
