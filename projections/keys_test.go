package projections_test

import (
	"bytes"
	"cmp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orderstream/oms/projections"
)

// Keys keep the order of what they are made of, and no text's key begins with
// another's: a prefix finds what belongs to it and nothing else.
func TestKeysKeepTheOrderOfTheirParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.StringOf(rapid.SampledFrom([]rune{0, 1, 'a', 'b', 'ÿ'}))
		a, b := texts.Draw(t, "a"), texts.Draw(t, "b")
		ka, kb := projections.TextKey(a), projections.TextKey(b)
		if bytes.Compare(ka, kb) != strings.Compare(a, b) {
			t.Errorf("%q and %q become %x and %x", a, b, ka, kb)
		}
		if a != b && bytes.HasPrefix(kb, ka) {
			t.Errorf("%x of %q begins %x of %q", ka, a, kb, b)
		}
		m, n := rapid.Int64().Draw(t, "m"), rapid.Int64().Draw(t, "n")
		if bytes.Compare(projections.NumberKey(m), projections.NumberKey(n)) != cmp.Compare(m, n) {
			t.Errorf("%d and %d change places", m, n)
		}
	})
}
