package projections

import (
	"errors"
	"fmt"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/orderstream/oms/internal/fault"
)

// ErrInUse says that another process, or another runner of this one, has the
// view.
var ErrInUse = fault.New(fault.Unavailable, "view_in_use", "the view is in use by another process")

// errUnusable says that a file is not one of this view: whatever it is, the
// view can be built without it.
var errUnusable = errors.New("file cannot be used")

// lockWait is how long a file is waited for that another process may just be
// closing.
const lockWait = 250 * time.Millisecond

// mapped is the address space that a file gets from the start. Within it the
// writer never has to wait for readers in order to map the file anew.
const mapped = 1 << 30

// generation is one file of a view. One goroutine at a time writes it.
type generation struct {
	name fileName
	path string
	db   *bolt.DB
	cp   checkpoint // as it stands in the file; belongs to the writer

	// Readers and retirement belong to the view's lock.
	readers int
	retired bool
	closed  chan struct{} // closed when the file is, with what it came to in ended
	ended   error
}

// openGeneration opens or makes a file of a view. One that is being built is
// synced like any other: with a hundred thousand rows to a write that costs
// nothing that can be measured, and what was built survives a power loss.
func openGeneration(dir string, name fileName, p Projector) (*generation, error) {
	g := &generation{name: name, path: name.in(dir), closed: make(chan struct{})}
	var err error
	if g.db, err = openFile(g.path); err != nil {
		return nil, err
	}
	if err := g.identify(p); err != nil {
		return nil, errors.Join(err, g.db.Close())
	}
	return g, nil
}

// openFile opens or makes a database, and tells one that is broken from one
// that cannot be had right now.
func openFile(path string) (db *bolt.DB, err error) {
	defer func() {
		if v := recover(); v != nil { // this is how the database reports pages that make no sense
			err = fmt.Errorf("%w: %s: %v", errUnusable, path, v)
		}
	}()
	if info, err := os.Stat(path); err == nil && 0 < info.Size() && info.Size() < smallest {
		return nil, fmt.Errorf("%w: %s has %d bytes", errUnusable, path, info.Size())
	}
	db, err = bolt.Open(path, 0o600, &bolt.Options{
		// The list of free pages is written with every transaction. Without it a
		// start after a crash would look at every page of the file.
		Timeout: lockWait, FreelistType: bolt.FreelistMapType, InitialMmapSize: mapped,
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrInUse
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %s: %w", errUnusable, path, err)
	case err != nil:
		return nil, fmt.Errorf("open view: %w", err)
	}
	return db, nil
}

// smallest is the size below which a file cannot be a database: two pages.
const smallest = 2 << 12

// identify reads the checkpoint, or writes the first one.
func (g *generation) identify(p Projector) error {
	found := false
	err := g.db.View(func(tx *bolt.Tx) (err error) {
		g.cp, found, err = loadCheckpoint(tx)
		return err
	})
	if err != nil || found && (g.cp.View != p.Name || g.cp.Version != p.Version) || !found && !g.name.building {
		return fmt.Errorf("%w: %s is of view %q, version %d: %w", errUnusable, g.path, g.cp.View, g.cp.Version, err)
	}
	if found {
		return nil
	}
	g.cp = checkpoint{View: p.Name, Version: p.Version}
	if err := g.db.Update(g.cp.store); err != nil {
		return fmt.Errorf("new view: %w", err)
	}
	return nil
}

// begin starts a transaction that writes.
func (g *generation) begin(p Projector) (*Tx, error) {
	tx, err := g.db.Begin(true)
	if err != nil {
		return nil, fmt.Errorf("write view %s: %w", p.Name, err)
	}
	return newTx(tx, p, g.cp), nil
}

// commit ends a transaction at a time.
func (g *generation) commit(tx *Tx, now time.Time) error {
	tx.cp.UpdatedAt = now
	if err := tx.commit(); err != nil {
		return err
	}
	g.cp = tx.cp
	return nil
}

// finish gives a file the name of a whole one.
func (g *generation) finish(dir string) error {
	whole := g.name
	whole.building = false
	if err := os.Rename(g.path, whole.in(dir)); err != nil {
		return fmt.Errorf("swap view: %w", err)
	}
	g.name, g.path = whole, whole.in(dir)
	return syncDir(dir)
}

// close waits for whoever still reads.
func (g *generation) close() error {
	if err := g.db.Close(); err != nil {
		return fmt.Errorf("close view %s: %w", g.path, err)
	}
	return nil
}

// reopen lets go of what is mapped of the file. Nobody may be reading.
func (g *generation) reopen() error {
	if err := g.close(); err != nil {
		return err
	}
	db, err := openFile(g.path)
	if err != nil {
		return err
	}
	g.db = db
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the configured folder
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	err = errors.Join(d.Sync(), d.Close())
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}
