package projections

import (
	"bytes"
	"fmt"
	"iter"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"
)

// ReadTx reads a view as it was at one position. It is good inside the
// function that it was given to; keys and values too, unless they are copied.
type ReadTx struct {
	bolt *bolt.Tx
}

// Position is the log position that the reader sees.
func (tx *ReadTx) Position() (uint64, error) {
	cp, _, err := loadCheckpoint(tx.bolt)
	return cp.Position, err
}

// Get returns the value of a key, or nil. It must not be changed.
func (tx *ReadTx) Get(bucket string, key []byte) []byte {
	b := tx.bolt.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	return b.Get(key)
}

// Load returns the decoded row of a key; false when there is none.
func Load[M proto.Message](tx *ReadTx, bucket string, key []byte) (row M, ok bool, err error) {
	raw := tx.Get(bucket, key)
	if raw == nil {
		return row, false, nil
	}
	if row, err = decodeRow[M](raw); err != nil {
		return row, false, fmt.Errorf("row of %s: %w", bucket, err)
	}
	return row, true, nil
}

// Ascend yields the keys that begin with prefix, in order: all of them, or
// those behind after.
func (tx *ReadTx) Ascend(bucket string, prefix, after []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		b := tx.bolt.Bucket([]byte(bucket))
		if b == nil {
			return
		}
		c := b.Cursor()
		k, v := c.Seek(larger(prefix, after))
		if after != nil && bytes.Equal(k, after) {
			k, v = c.Next()
		}
		for ; k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
			if !yield(k, v) {
				return
			}
		}
	}
}

// Descend yields the keys that begin with prefix, in reverse order: all of
// them, or those before before.
func (tx *ReadTx) Descend(bucket string, prefix, before []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		b := tx.bolt.Bucket([]byte(bucket))
		if b == nil {
			return
		}
		end := successor(prefix)
		if before != nil && (end == nil || bytes.Compare(before, end) < 0) {
			end = before
		}
		c := b.Cursor()
		for k, v := last(c, end); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Prev() {
			if !yield(k, v) {
				return
			}
		}
	}
}

// last moves to the last key before end; nil is the end of the bucket.
func last(c *bolt.Cursor, end []byte) (k, v []byte) {
	if end == nil {
		return c.Last()
	}
	if k, _ := c.Seek(end); k == nil {
		return c.Last()
	}
	return c.Prev()
}

// successor is the first key behind all that begin with prefix; nil when that
// is the end.
func successor(prefix []byte) []byte {
	next := bytes.Clone(prefix)
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]++; next[i] != 0 {
			return next[:i+1]
		}
	}
	return nil
}

func larger(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return b
	}
	return a
}
