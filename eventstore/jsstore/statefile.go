package jsstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/orderstream/oms/internal/fault"
)

// ErrInUse says that another process holds the data folder.
var ErrInUse = fault.New(fault.Unavailable, "data_folder_in_use", "the data folder is in use by another process")

var (
	bucketRows   = []byte("rows")
	bucketKeys   = []byte("keys")
	bucketActive = []byte("active")
	bucketMeta   = []byte("meta")
)

// checkpoint says how far a partition's state has seen its log.
type checkpoint struct {
	Position uint64 `cbor:"1,keyasint"` // stream sequence of the last folded message
	Group    string `cbor:"2,keyasint"` // id of that message
	Created  uint64 `cbor:"3,keyasint"` // aggregates with at least one event
	Shape    []byte `cbor:"4,keyasint"` // hash of definition version and state type
}

// stateFile holds the folded state of one log, a bucket per partition.
type stateFile struct {
	db    *bolt.DB
	shape []byte
}

// openStateFile opens or makes the file. A file that is not a database, as a
// power loss may leave it, is set aside: state can always be built again.
func openStateFile[S any](path string, version int) (*stateFile, error) {
	var zero S
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", version, shape(reflect.TypeOf(&zero).Elem(), map[reflect.Type]bool{})))
	open := func() (*bolt.DB, error) {
		return bolt.Open(path, 0o600, &bolt.Options{Timeout: 100 * time.Millisecond, FreelistType: bolt.FreelistMapType})
	}
	db, err := open()
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, ErrInUse
	}
	if err != nil {
		if rerr := os.Rename(path, path+".broken"); rerr != nil {
			return nil, fmt.Errorf("open state %s: %w", path, err)
		}
		if db, err = open(); err != nil {
			return nil, fmt.Errorf("open state %s: %w", path, err)
		}
	}
	return &stateFile{db: db, shape: sum[:]}, nil
}

func (f *stateFile) close() error { return f.db.Close() }

func partitionBucket(p int) []byte { return fmt.Appendf(nil, "p%d", p) }

// load reads the checkpoint and the active rows of a partition. ok is false
// when there is no state, or state of other code.
func (f *stateFile) load(p int) (cp checkpoint, active map[string]time.Time, ok bool, err error) {
	active = map[string]time.Time{}
	err = f.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(partitionBucket(p))
		if b == nil {
			return nil
		}
		if err := decMode.Unmarshal(b.Bucket(bucketMeta).Get(bucketMeta), &cp); err != nil {
			return nil //nolint:nilerr // unreadable state is no state
		}
		ok = bytes.Equal(cp.Shape, f.shape)
		return b.Bucket(bucketActive).ForEach(func(k, v []byte) error {
			active[string(k)] = wakeTime(v)
			return nil
		})
	})
	return cp, active, ok, err
}

// wipe forgets a partition.
func (f *stateFile) wipe(p int) error {
	return f.db.Update(func(tx *bolt.Tx) error {
		if tx.Bucket(partitionBucket(p)) == nil {
			return nil
		}
		return tx.DeleteBucket(partitionBucket(p))
	})
}

// get reads one value of a partition; nil when there is none.
func (f *stateFile) get(p int, bucket []byte, key string) (v []byte) {
	_ = f.db.View(func(tx *bolt.Tx) error {
		if b := tx.Bucket(partitionBucket(p)); b != nil {
			v = bytes.Clone(b.Bucket(bucket).Get([]byte(key)))
		}
		return nil
	})
	return v
}

// batch is what one write-behind stores.
type batch struct {
	rows, keys map[string][]byte
	active     map[string]*time.Time // nil: not active any more
	cp         checkpoint
}

// write stores a batch and its checkpoint in one transaction.
func (f *stateFile) write(p int, w batch) error {
	w.cp.Shape = f.shape
	return f.db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(partitionBucket(p))
		if err != nil {
			return err
		}
		buckets := map[string]*bolt.Bucket{}
		for _, name := range [][]byte{bucketRows, bucketKeys, bucketActive, bucketMeta} {
			if buckets[string(name)], err = b.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		if err := putSorted(buckets["rows"], w.rows); err != nil {
			return err
		}
		if err := putSorted(buckets["keys"], w.keys); err != nil {
			return err
		}
		for k, at := range w.active {
			if at == nil {
				err = buckets["active"].Delete([]byte(k))
			} else {
				err = buckets["active"].Put([]byte(k), wakeBytes(*at))
			}
			if err != nil {
				return err
			}
		}
		meta, err := encMode.Marshal(w.cp)
		if err != nil {
			return err
		}
		return buckets["meta"].Put(bucketMeta, meta)
	})
}

// putSorted writes in key order, which is what a B+tree likes.
func putSorted(b *bolt.Bucket, m map[string][]byte) error {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if err := b.Put([]byte(k), m[k]); err != nil {
			return err
		}
	}
	return nil
}

func wakeBytes(at time.Time) []byte {
	if at.IsZero() {
		return binary.BigEndian.AppendUint64(nil, 0)
	}
	return binary.BigEndian.AppendUint64(nil, uint64(at.UnixNano()))
}

func wakeTime(v []byte) time.Time {
	n := binary.BigEndian.Uint64(v)
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(n)).UTC() //nolint:gosec // written by wakeBytes
}
