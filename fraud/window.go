package fraud

import (
	"container/list"
	"time"
)

// Sizes of a window that says nothing else.
const (
	// DefaultSlots is how many slots a window is counted in.
	DefaultSlots = 12
	// DefaultMaxKeys is how many keys a window remembers.
	DefaultMaxKeys = 100_000
)

// Window counts what happened inside a span of time before now, by key. Time
// is an input, so the same calls always count the same.
//
// It counts in slots, equal parts of the span: everything of the span is
// counted, and at most one slot more. It remembers a bounded number of keys and
// forgets the one first that was quiet for longest. It is not safe for
// concurrent use.
type Window struct {
	slot    time.Duration
	slots   int64
	maxKeys int
	keys    map[string]*list.Element // of counter
	quiet   *list.List               // the key that was quiet for longest is in front
}

// WindowConfig sizes a window.
type WindowConfig struct {
	// Span is how far back the window counts; at least as many nanoseconds as
	// there are slots.
	Span time.Duration
	// Slots is how many parts the span is counted in; 0 means DefaultSlots.
	Slots int
	// MaxKeys is how many keys are remembered; 0 means DefaultMaxKeys.
	MaxKeys int
}

// counter counts one key. It has one slot more than the span: the one that the
// span begins in is only partly inside.
type counter struct {
	key    string
	newest int64 // number of the newest slot
	counts []uint32
}

// NewWindow returns an empty window.
func NewWindow(c WindowConfig) *Window {
	if c.Slots == 0 {
		c.Slots = DefaultSlots
	}
	if c.MaxKeys == 0 {
		c.MaxKeys = DefaultMaxKeys
	}
	return &Window{
		slot: max((c.Span+time.Duration(c.Slots)-1)/time.Duration(c.Slots), 1), slots: int64(c.Slots) + 1, maxKeys: c.MaxKeys,
		keys: map[string]*list.Element{}, quiet: list.New(),
	}
}

// Add counts one for a key. What is too old for the key's newest slots is left
// out, and so is the empty key: it stands for nobody.
func (w *Window) Add(key string, at time.Time) {
	if key == "" {
		return
	}
	e, known := w.keys[key]
	if !known {
		if len(w.keys) >= w.maxKeys {
			w.forget(w.quiet.Front())
		}
		e = w.quiet.PushBack(&counter{key: key, newest: w.number(at), counts: make([]uint32, w.slots)})
		w.keys[key] = e
	}
	w.quiet.MoveToBack(e)
	c := e.Value.(*counter)
	n := w.number(at)
	for ; c.newest < n && n-c.newest <= w.slots; c.newest++ {
		c.counts[w.place(c.newest+1)] = 0
	}
	if c.newest < n { // further on than the counter is long
		clear(c.counts)
		c.newest = n
	}
	if place := w.place(n); n > c.newest-w.slots && c.counts[place] < 1<<32-1 {
		c.counts[place]++
	}
}

// Count returns how often a key was added inside the span before now.
func (w *Window) Count(key string, now time.Time) int {
	e, known := w.keys[key]
	if !known {
		return 0
	}
	c, last := e.Value.(*counter), w.number(now)
	total := 0
	for n := max(last, c.newest) - w.slots + 1; n <= min(last, c.newest); n++ {
		total += int(c.counts[w.place(n)])
	}
	return total
}

// Prune forgets the keys that have nothing inside the span before now. A
// window that is never pruned keeps them until it is full.
func (w *Window) Prune(now time.Time) {
	oldest := w.number(now) - w.slots + 1
	for e := w.quiet.Front(); e != nil; {
		next := e.Next()
		if e.Value.(*counter).newest < oldest {
			w.forget(e)
		}
		e = next
	}
}

// Len returns how many keys the window remembers.
func (w *Window) Len() int { return len(w.keys) }

// forget drops a key.
func (w *Window) forget(e *list.Element) {
	delete(w.keys, e.Value.(*counter).key)
	w.quiet.Remove(e)
}

// number is the number of the slot that a time lies in.
func (w *Window) number(at time.Time) int64 { return at.UnixNano() / int64(w.slot) }

// place is where a slot is kept.
func (w *Window) place(n int64) int64 { return ((n % w.slots) + w.slots) % w.slots }
