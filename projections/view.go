package projections

import (
	"sync"

	bolt "go.etcd.io/bbolt"

	"github.com/orderstream/oms/internal/fault"
)

// View is what readers hold. It stays good while the file behind it is rebuilt
// and swapped. It is safe for concurrent use.
type View struct {
	name string

	mu      sync.Mutex
	live    *generation // nil while there is nothing that may be read
	cp      checkpoint  // of live, as it was last committed
	checked bool        // live was found to agree with the log
	closed  bool
	waiting map[*waiter]struct{}
	wanted  chan struct{} // holds one when a reader has begun to wait
	topics  map[string]map[chan struct{}]struct{}
}

func newView(name string) *View {
	return &View{
		name: name, waiting: map[*waiter]struct{}{}, wanted: make(chan struct{}, 1),
		topics: map[string]map[chan struct{}]struct{}{},
	}
}

// Read calls f with a reader on the newest committed state. It fails with
// Unavailable while the view has no rows to show yet.
func (v *View) Read(f func(tx *ReadTx) error) error {
	g, err := v.acquire()
	if err != nil {
		return err
	}
	defer v.release(g)
	return g.db.View(func(tx *bolt.Tx) error {
		return f(&ReadTx{bolt: tx})
	})
}

// Position returns the log position up to which the view has seen everything.
func (v *View) Position() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.live == nil {
		return 0
	}
	return v.cp.Position
}

// Ready reports whether the view can be read.
func (v *View) Ready() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.live != nil
}

// acquire holds the live file open until release.
func (v *View) acquire() (*generation, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.closed:
		return nil, errClosed(v.name)
	case v.live == nil:
		return nil, fault.New(fault.Unavailable, "view_building", "the view %s is being built", v.name)
	}
	v.live.readers++
	return v.live, nil
}

func (v *View) release(g *generation) {
	v.mu.Lock()
	g.readers--
	last := g.retired && g.readers == 0
	v.mu.Unlock()
	if last {
		g.end()
	}
}

// retire closes a file as soon as its last reader is done.
func (v *View) retire(g *generation) {
	v.mu.Lock()
	g.retired = true
	last := g.readers == 0
	v.mu.Unlock()
	if last {
		g.end()
	}
}

// install makes a file the live one and returns the one before it. Readers
// that are at it stay with the old one.
func (v *View) install(g *generation, checked bool) (old *generation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	old, v.live, v.checked = v.live, g, checked
	if g == nil {
		v.cp = checkpoint{}
		return old
	}
	v.cp = g.cp
	for _, subscribers := range v.topics {
		notify(subscribers)
	}
	v.wake()
	return old
}

// trust says that the live file agrees with the log, so that its position
// counts, and that what it was parked at is tried again.
func (v *View) trust() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.checked, v.cp.Parked = true, nil
	v.wake()
}

// moved tells everybody that live was committed.
func (v *View) moved(cp checkpoint, topics map[string]struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cp = cp
	for topic := range topics {
		notify(v.topics[topic])
	}
	notify(v.topics[""])
	v.wake() // last: who has waited for a position has the notices too
}

// checkpoint returns a copy of the live checkpoint; ok is false without one.
func (v *View) checkpoint() (cp checkpoint, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.cp, v.live != nil
}

// file is the name of the live file; nil without one.
func (v *View) file() *fileName {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.live == nil {
		return nil
	}
	name := v.live.name
	return &name
}

// writable is the live file for the one who holds the right to write it.
func (v *View) writable() *generation {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.live
}

// close ends all reading and waits for the readers that are at it.
func (v *View) close() error {
	v.mu.Lock()
	g := v.live
	v.live, v.closed = nil, true
	v.wake()
	for _, subscribers := range v.topics {
		notify(subscribers)
	}
	v.mu.Unlock()
	if g == nil {
		return nil
	}
	v.retire(g)
	<-g.closed
	return g.ended
}

// end closes the file and says so.
func (g *generation) end() {
	g.ended = g.close()
	close(g.closed)
}

func errClosed(name string) error {
	return fault.New(fault.Unavailable, "view_closed", "the view %s is closed", name)
}

// size is what the pages of the live file come to, in bytes.
func (v *View) size() (n int64) {
	_ = v.Read(func(tx *ReadTx) error { // without a file there are no bytes
		n = tx.bolt.Size()
		return nil
	})
	return n
}
