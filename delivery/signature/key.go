// Package signature signs messages by Standard Webhooks, and verifies them as a
// receiver does.
//
// A message is signed with every key that is valid at the time, so that the
// owner of an endpoint changes keys without a message that either side refuses.
// The symmetric form (v1, HMAC-SHA256) is the one that every receiver's library
// knows; the asymmetric form (v1a, ed25519) keeps the signing key from the
// receiver.
package signature

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"log/slog"
	"strings"
	"sync"

	"github.com/orderstream/oms/internal/fault"
)

// Prefixes of keys in text.
const (
	prefixSecret  = "whsec_" // symmetric
	prefixPrivate = "whsk_"  // asymmetric, of the sender
	prefixPublic  = "whpk_"  // asymmetric, of the receiver
)

// Lengths of symmetric keys.
const (
	minSecret = 24
	newSecret = 32
	maxSecret = 64
)

// Key signs, verifies, or both. No log shows it. It is safe for concurrent use.
type Key struct {
	secret  []byte
	private ed25519.PrivateKey
	public  ed25519.PublicKey
	// macs are keyed already: keying costs as much as a short message.
	macs sync.Pool
}

// NewSecret returns a new symmetric key.
func NewSecret() *Key {
	secret := make([]byte, newSecret)
	_, _ = rand.Read(secret) // never fails
	return symmetric(secret)
}

// NewPair returns a new asymmetric key of the sender; its Public is for the
// receiver.
func NewPair() *Key {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	return asymmetric(ed25519.NewKeyFromSeed(seed))
}

func symmetric(secret []byte) *Key {
	k := &Key{secret: secret}
	k.macs.New = func() any { return hmac.New(sha256.New, secret) }
	return k
}

func asymmetric(private ed25519.PrivateKey) *Key {
	return &Key{private: private, public: private.Public().(ed25519.PublicKey)}
}

// ParseKey reads a key as Encode writes it: whsec_, whsk_ or whpk_ and base64. It
// fails with a fault that names the field and repeats nothing of the key.
func ParseKey(field, text string) (*Key, error) {
	prefix, encoded := "", text
	for _, p := range []string{prefixSecret, prefixPrivate, prefixPublic} {
		if rest, found := strings.CutPrefix(text, p); found {
			prefix, encoded = p, rest
		}
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fault.Field(field, "must be base64 after its prefix")
	}
	switch prefix {
	case prefixSecret:
		if len(raw) < minSecret || len(raw) > maxSecret {
			return nil, fault.Field(field, "must hold %d to %d bytes", minSecret, maxSecret)
		}
		return symmetric(raw), nil
	case prefixPrivate:
		return parsePrivate(field, raw)
	case prefixPublic:
		if len(raw) != ed25519.PublicKeySize {
			return nil, fault.Field(field, "must hold %d bytes", ed25519.PublicKeySize)
		}
		return &Key{public: raw}, nil
	}
	return nil, fault.Field(field, "must begin with %s, %s or %s", prefixSecret, prefixPrivate, prefixPublic)
}

// parsePrivate takes the seed alone, or with the public key behind it.
func parsePrivate(field string, raw []byte) (*Key, error) {
	if len(raw) != ed25519.SeedSize && len(raw) != ed25519.PrivateKeySize {
		return nil, fault.Field(field, "must hold %d or %d bytes", ed25519.SeedSize, ed25519.PrivateKeySize)
	}
	k := asymmetric(ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize]))
	if rest := raw[ed25519.SeedSize:]; len(rest) > 0 && !k.public.Equal(ed25519.PublicKey(rest)) {
		return nil, fault.Field(field, "must hold a public key that belongs to the private one")
	}
	return k, nil
}

// Encode is the key in text, secrets included.
func (k *Key) Encode() string {
	switch {
	case k.secret != nil:
		return prefixSecret + base64.StdEncoding.EncodeToString(k.secret)
	case k.private != nil:
		return prefixPrivate + base64.StdEncoding.EncodeToString(k.private)
	}
	return prefixPublic + base64.StdEncoding.EncodeToString(k.public)
}

// Public is what the receiver of an asymmetric key gets: it verifies and does
// not sign. A symmetric key has none: nil.
func (k *Key) Public() *Key {
	if k.public == nil {
		return nil
	}
	return &Key{public: k.public}
}

// Signs reports whether the key can sign.
func (k *Key) Signs() bool { return k.secret != nil || k.private != nil }

// String hides the key.
func (*Key) String() string { return "***" }

// GoString hides the key.
func (*Key) GoString() string { return "***" }

// LogValue hides the key.
func (*Key) LogValue() slog.Value { return slog.StringValue("***") }

// MarshalText hides the key.
func (*Key) MarshalText() ([]byte, error) { return []byte("***"), nil }

// mac returns the HMAC of head and body.
func (k *Key) mac(head, body []byte) []byte {
	h, _ := k.macs.Get().(hash.Hash)
	h.Reset()
	h.Write(head)
	h.Write(body)
	sum := h.Sum(make([]byte, 0, sha256.Size))
	k.macs.Put(h)
	return sum
}
