package projections

import (
	"encoding/binary"
	"time"
)

// Keys are built from parts that keep their order when they are joined: a
// number has eight bytes, a text has an end that sorts before everything else.

// key begins with the tenant: no view mixes two.
func key(tenant string, parts ...[]byte) []byte {
	n := len(tenant) + 2
	for _, p := range parts {
		n += len(p)
	}
	k := text(make([]byte, 0, n), tenant)
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

// text appends a text with its end. A zero byte inside is told from the end.
func text(k []byte, s string) []byte {
	for i := range len(s) {
		if k = append(k, s[i]); s[i] == 0 {
			k = append(k, 0xff)
		}
	}
	return append(k, 0, 1)
}

// textKey is a text as a part of a key.
func textKey(s string) []byte { return text(make([]byte, 0, len(s)+2), s) }

// number is an integer as a part of a key; negative ones come first.
func number(n int64) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(n)^1<<63) //nolint:gosec // the order is what counts
}

// instant is a time as a part of a key, good from 1678 to 2262.
func instant(t time.Time) []byte { return number(t.UnixNano()) }
