package projections

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
)

// Tx collects what a run of commits does to a view. It becomes durable at
// once, together with the position, or not at all. Changes stay in memory
// until then, so that a row that ten events touch is read, decoded, encoded
// and written once.
type Tx struct {
	bolt    *bolt.Tx
	project func(*Tx, eventstore.Commit, []eventstore.Recorded) error
	main    string
	tables  map[string]*table
	topics  map[string]struct{} // nil when nobody can be listening
	cp      checkpoint
	// What the transaction holds, for those who bound it.
	messages, events, rows, bytes int
}

func newTx(b *bolt.Tx, p Projector, cp checkpoint) *Tx {
	return &Tx{
		bolt: b, project: p.Project, main: p.Main, cp: cp,
		tables: map[string]*table{},
	}
}

// Get returns the value of a key, or nil. It must not be changed. A key is
// used either with Get and Put or with Row and Keep.
func (tx *Tx) Get(bucket string, key []byte) []byte {
	t := tx.table(bucket)
	if s, held := t.slots[string(key)]; held {
		return s.value
	}
	return t.stored(key)
}

// Put sets a key. The transaction keeps value: it must not be changed later.
func (tx *Tx) Put(bucket string, key, value []byte) {
	tx.bytes += len(value)
	tx.set(bucket, key, slot{value: value, dirty: true})
}

// Delete removes a key; one that is not there is left so.
func (tx *Tx) Delete(bucket string, key []byte) {
	tx.set(bucket, key, slot{dirty: true})
}

// Changed tells the subscribers of a topic, once the transaction is durable,
// that there is something new to read.
func (tx *Tx) Changed(topic string) {
	if tx.topics != nil {
		tx.topics[topic] = struct{}{}
	}
}

// Unknown counts an event that the projector passed over because it does not
// know what it means.
func (tx *Tx) Unknown() { tx.cp.Unknown++ }

// Reader returns a reader that sees the changes made so far, and none of the
// later ones.
func (tx *Tx) Reader() (*ReadTx, error) {
	if err := tx.flush(); err != nil {
		return nil, err
	}
	return &ReadTx{bolt: tx.bolt}, nil
}

// Row returns the decoded row of a key; false when there is none. A change to
// the row lasts only after Keep.
func Row[M proto.Message](tx *Tx, bucket string, key []byte) (row M, ok bool, err error) {
	t := tx.table(bucket)
	s, held := t.slots[string(key)]
	if !held {
		raw := t.stored(key)
		if raw == nil {
			return row, false, nil
		}
		s = &slot{value: raw}
		t.slots[string(key)] = s
		tx.bytes += len(raw)
	}
	switch {
	case s.row != nil:
		row, ok = s.row.(M)
		if !ok {
			return row, false, fmt.Errorf("row of %s is a %T", bucket, s.row)
		}
		return row, true, nil
	case s.value == nil:
		return row, false, nil
	}
	row, err = decodeRow[M](s.value)
	if err != nil {
		return row, false, fmt.Errorf("row of %s: %w", bucket, err)
	}
	s.row, s.value = row, nil
	return row, true, nil
}

// Keep sets the row of a key. Whoever changes the row later keeps it again.
func (tx *Tx) Keep(bucket string, key []byte, row proto.Message) {
	tx.set(bucket, key, slot{row: row, dirty: true})
}

// apply folds one message and moves the position. A message that was seen
// before changes nothing.
func (tx *Tx) apply(d delivery) (err error) {
	if d.Position <= tx.cp.Position {
		return nil
	}
	if d.bad != nil {
		return d.bad
	}
	defer func() {
		if v := recover(); v != nil { // one view's bug is not the process's end
			err = fmt.Errorf("position %d: panic: %v", d.Position, v)
		}
	}()
	for i, c := range d.Commits {
		if err := tx.project(tx, c, d.recorded[i]); err != nil {
			return fmt.Errorf("position %d, commit %s: %w", d.Position, c.Id, err)
		}
	}
	tx.cp.Position, tx.cp.Group = d.Position, d.Group
	tx.messages++
	tx.events += d.events
	tx.bytes += d.bytes
	return nil
}

func (tx *Tx) set(bucket string, key []byte, s slot) {
	t := tx.table(bucket)
	have := t.slots[string(key)]
	if have == nil {
		have = new(slot)
		t.slots[string(key)] = have
	}
	if !have.dirty {
		tx.rows++
	}
	*have = s
}

func (tx *Tx) table(bucket string) *table {
	t := tx.tables[bucket]
	if t == nil {
		t = &table{bolt: tx.bolt.Bucket([]byte(bucket)), slots: map[string]*slot{}}
		tx.tables[bucket] = t
	}
	return t
}

// flush hands every change to the database's own transaction.
func (tx *Tx) flush() error {
	for _, name := range slices.Sorted(maps.Keys(tx.tables)) {
		n, err := tx.tables[name].flush(tx.bolt, name, name == tx.main)
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		tx.cp.Rows += n
	}
	return nil
}

// commit makes everything durable, with the position.
func (tx *Tx) commit() error {
	if err := tx.flush(); err != nil {
		return errors.Join(err, tx.rollback())
	}
	if err := tx.cp.store(tx.bolt); err != nil {
		return errors.Join(err, tx.rollback())
	}
	if err := tx.bolt.Commit(); err != nil {
		return fmt.Errorf("commit view at %d: %w", tx.cp.Position, err)
	}
	return nil
}

func (tx *Tx) rollback() error {
	if err := tx.bolt.Rollback(); err != nil && !errors.Is(err, bolterrors.ErrTxClosed) {
		return fmt.Errorf("roll back view: %w", err)
	}
	return nil
}
