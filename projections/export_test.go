package projections

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/orderstream/oms/eventstore"
)

// Write applies one message to the live file, as following does it.
func (r *Runner) Write(b eventstore.Batch) error { return r.write([]delivery{decode(b)}) }

// Spoil changes the live rows behind the projector's back.
func (r *Runner) Spoil(change func(*Tx)) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	g := r.view.writable()
	tx, err := g.begin(r.p)
	if err != nil {
		return err
	}
	change(tx)
	return g.commit(tx, r.cfg.Now())
}

// Dump returns every row of a view, and with it the number of rows that the
// checkpoint counts.
func Dump(v *View) (map[string]string, error) {
	all := map[string]string{}
	err := v.Read(func(tx *ReadTx) error {
		cp, _, err := loadCheckpoint(tx.bolt)
		if err != nil {
			return err
		}
		all["position"] = fmt.Sprint(cp.Position, cp.Rows, cp.Unknown)
		return tx.bolt.ForEach(func(name []byte, b *bolt.Bucket) error {
			if string(name) == bucketCheckpoint {
				return nil
			}
			return b.ForEach(func(k, v []byte) error {
				all[fmt.Sprintf("%s %q", name, k)] = string(v)
				return nil
			})
		})
	})
	return all, err
}

// MaxHeldRows is how many rows a build holds in memory.
const MaxHeldRows = maxHeldRows

// TextKey is a text as a part of a key.
func TextKey(s string) []byte { return textKey(s) }

// NumberKey is an integer as a part of a key.
func NumberKey(n int64) []byte { return number(n) }
