package projections

import (
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"
)

// table is the part of a transaction that concerns one bucket.
type table struct {
	bolt  *bolt.Bucket // nil while there is none
	slots map[string]*slot
}

// slot is what a transaction knows of one key: its row or its value. With
// neither, the key is not there.
type slot struct {
	value []byte
	row   proto.Message
	dirty bool
}

// adds is the change in the number of rows that the slot makes.
func (s *slot) adds(before bool) int64 {
	switch after := s.row != nil || s.value != nil; {
	case after && !before:
		return 1
	case before && !after:
		return -1
	}
	return 0
}

func (t *table) stored(key []byte) []byte {
	if t.bolt == nil {
		return nil
	}
	return t.bolt.Get(key)
}

// flush writes in key order, which is what a B+tree likes, and when asked
// counts how many rows more there are than before.
func (t *table) flush(tx *bolt.Tx, name string, count bool) (more int64, err error) {
	keys := make([]string, 0, len(t.slots))
	for k, s := range t.slots {
		if s.dirty {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return 0, nil
	}
	if t.bolt == nil {
		if t.bolt, err = tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return 0, err
		}
	}
	t.bolt.FillPercent = fillPercent
	slices.Sort(keys)
	for _, k := range keys {
		s := t.slots[k]
		if count {
			more += s.adds(t.bolt.Get([]byte(k)) != nil)
		}
		if err := t.write([]byte(k), s); err != nil {
			return 0, err
		}
	}
	return more, nil
}

// fillPercent leaves pages nearly full: most keys end in a time and are
// written at the end of their part of the tree.
const fillPercent = 0.9

func (t *table) write(key []byte, s *slot) (err error) {
	s.dirty = false
	switch {
	case s.row != nil:
		if s.value, err = encodeRow(s.row); err != nil {
			return err
		}
		return t.bolt.Put(key, s.value)
	case s.value != nil:
		return t.bolt.Put(key, s.value)
	}
	return t.bolt.Delete(key)
}

// rowForm gives equal rows equal bytes, and trusts the size that it was just
// asked for.
var rowForm = proto.MarshalOptions{Deterministic: true, UseCachedSize: true}

// encodeRow returns the bytes of a row; those of an empty one are not nil.
func encodeRow(row proto.Message) ([]byte, error) {
	size := proto.MarshalOptions{Deterministic: true}.Size(row) // fills the caches
	raw, err := rowForm.MarshalAppend(make([]byte, 0, size), row)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", row, err)
	}
	return raw, nil
}

func decodeRow[M proto.Message](raw []byte) (M, error) {
	var none M
	row, ok := none.ProtoReflect().New().Interface().(M)
	if !ok {
		return none, fmt.Errorf("%T does not make itself", none)
	}
	if err := proto.Unmarshal(raw, row); err != nil {
		return none, fmt.Errorf("decode %T: %w", row, err)
	}
	return row, nil
}
