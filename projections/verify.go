package projections

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/orderstream/oms/internal/fault"
)

// maxDifferences is how many rows are named that differ.
const maxDifferences = 100

// verify compares the new file with the live one, at the same position. The
// live view goes on meanwhile: what is compared is a snapshot of it.
func (b *build) verify(ctx context.Context) error {
	live, err := b.r.view.acquire()
	if fault.KindOf(err) == fault.Unavailable {
		return nil // nothing to compare with
	}
	if err != nil {
		return err
	}
	defer b.r.view.release(live)
	if err := b.awaitLive(ctx); err != nil {
		return err
	}
	return live.db.View(func(old *bolt.Tx) error {
		cp, _, err := loadCheckpoint(old)
		if err != nil {
			return err
		}
		if err := b.reach(ctx, cp.Position); err != nil {
			return err
		}
		if err := b.save(); err != nil {
			return err
		}
		return b.g.db.View(func(fresh *bolt.Tx) error {
			b.progress.Differences, err = compare(old, fresh, maxDifferences)
			return err
		})
	})
}

// awaitLive lets the live view come up to the new one: only then there is a
// position at which both have been, or will be.
func (b *build) awaitLive(ctx context.Context) error {
	err := b.r.view.WaitFor(ctx, b.tx.cp.Position)
	if fault.ReasonOf(err) == "view_parked" {
		return fault.Wrap(err, fault.Precondition, "view_parked",
			"the view %s stands still, so that nothing can be compared with it; rebuild it without verifying", b.r.p.Name)
	}
	return err
}

// compare names the rows in which two files of a view differ, n at most.
func compare(old, fresh *bolt.Tx, n int) (differences []string, err error) {
	found := errors.New("enough")
	note := func(bucket string, key []byte, what string) error {
		if bucket == bucketCheckpoint {
			return nil
		}
		differences = append(differences, fmt.Sprintf("%s %q: %s", bucket, key, what))
		if len(differences) == n {
			return found
		}
		return nil
	}
	err = old.ForEach(func(name []byte, a *bolt.Bucket) error {
		return compareBucket(string(name), a, fresh.Bucket(name), note)
	})
	if err == nil {
		err = fresh.ForEach(func(name []byte, b *bolt.Bucket) error {
			if old.Bucket(name) != nil {
				return nil
			}
			return compareBucket(string(name), nil, b, note)
		})
	}
	if err != nil && !errors.Is(err, found) {
		return nil, fmt.Errorf("compare views: %w", err)
	}
	return differences, nil
}

// compareBucket walks both buckets side by side; either may be nil.
func compareBucket(name string, a, b *bolt.Bucket, note func(bucket string, key []byte, what string) error) error {
	nextA, ka, va := walk(a)
	nextB, kb, vb := walk(b)
	for ka != nil || kb != nil {
		var err error
		switch order := bytes.Compare(ka, kb); {
		case kb == nil, ka != nil && order < 0:
			err = note(name, ka, "only in the live view")
			ka, va = nextA()
		case ka == nil, order > 0:
			err = note(name, kb, "only in the new one")
			kb, vb = nextB()
		default:
			if !bytes.Equal(va, vb) {
				err = note(name, ka, "differs")
			}
			ka, va = nextA()
			kb, vb = nextB()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func walk(b *bolt.Bucket) (next func() (k, v []byte), k, v []byte) {
	if b == nil {
		return func() ([]byte, []byte) { return nil, nil }, nil, nil
	}
	c := b.Cursor()
	k, v = c.First()
	return c.Next, k, v
}
