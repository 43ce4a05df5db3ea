package rpc

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"time"
)

// digits are Crockford's base 32 in lower case: they sort like the numbers that
// they write.
var digits = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newOrderID makes an order id of 25 characters: 48 bits of milliseconds, so
// that ids sort by time, and 77 random bits.
func newOrderID(now time.Time) string {
	ms := now.UnixMilli()
	raw := make([]byte, 16)
	for i := range 6 {
		raw[i] = byte(ms >> (40 - 8*i)) //nolint:gosec // one byte after the other
	}
	_, _ = rand.Read(raw[6:]) // never fails
	return digits.EncodeToString(raw)[:25]
}

// orderIDOf is the id of the order that a request with an idempotency key
// makes. It follows from the key, so that a repeat finds the order wherever and
// whenever it arrives: the prefix and 100 bits of a hash.
func orderIDOf(tenant, key string) string { return idOf("order", tenant, key) }

// idOf is the id of what a request with an idempotency key makes.
func idOf(kind, tenant, key string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + tenant + "\x00" + key))
	return "k-" + digits.EncodeToString(sum[:])[:20]
}
