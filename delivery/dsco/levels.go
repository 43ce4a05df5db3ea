package dsco

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/orderstream/oms/eventstore"
)

// Levels says how many units were available at some place in the log, from how
// many there are now and what has happened since. It reads each message of the
// log once for a tenant, however far behind its reader is.
type Levels struct {
	// Now returns what is available of a SKU in each bin, and the position that
	// this is of: not before the one given.
	Now func(ctx context.Context, tenant string, collection int64, sku string, position uint64) (bins map[string]int64, seen uint64, err error)
	// At returns the message at a position of the log of stock.
	At func(ctx context.Context, position uint64) (b eventstore.Batch, ok bool, err error)

	mu      sync.Mutex
	windows map[string]*window // by tenant
}

// window is what happened to the stock of a tenant in a stretch of the log.
type window struct {
	from, to uint64
	moves    map[skuKey][]move
}

type skuKey struct {
	collection int64
	sku        string
}

// move is what a commit changed of a SKU in a bin.
type move struct {
	position uint64
	index    int
	bin      string
	n        int64
}

// before says that the move was made by a commit before another one.
func (m move) before(c eventstore.Commit) bool {
	return m.position < c.Position || m.position == c.Position && m.index < c.Index
}

// Before returns how many units of a SKU were available in each bin right before
// a commit. Bins in which there were none are left out.
func (l *Levels) Before(ctx context.Context, c eventstore.Commit, collection int64, sku string) (map[string]int64, error) {
	bins, seen, err := l.Now(ctx, c.GetTenant(), collection, sku, c.Position)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w, err := l.window(ctx, c, seen)
	if err != nil {
		return nil, err
	}
	for _, m := range w.moves[skuKey{collection, sku}] {
		if !m.before(c) && m.position <= seen {
			bins[m.bin] -= m.n
		}
	}
	maps.DeleteFunc(bins, func(_ string, n int64) bool { return n == 0 })
	return bins, nil
}

// window of a tenant that begins at a commit, or before it, and ends where the
// reader has seen everything.
func (l *Levels) window(ctx context.Context, c eventstore.Commit, seen uint64) (*window, error) {
	w := l.windows[c.GetTenant()]
	if w == nil || c.Position < w.from || c.Position > w.to+1 {
		w = &window{from: c.Position, to: c.Position - 1, moves: map[skuKey][]move{}}
	}
	for w.to < seen {
		b, _, err := l.At(ctx, w.to+1)
		if err != nil {
			return nil, err
		}
		for _, one := range b.Commits {
			if one.GetTenant() != c.GetTenant() {
				continue
			}
			if err := w.add(one); err != nil {
				return nil, err
			}
		}
		w.to++
	}
	if c.Position-w.from > forgetAfter {
		w.forget(c)
	}
	if l.windows == nil {
		l.windows = map[string]*window{}
	}
	l.windows[c.GetTenant()] = w
	return w, nil
}

// forgetAfter is how many messages that are over a window keeps.
const forgetAfter = 1000

func (w *window) add(c eventstore.Commit) error {
	events, err := c.Recorded()
	if err != nil {
		return err
	}
	for _, e := range events {
		if s, bin, n, ok := Moved(e.Event); ok {
			k := skuKey{s.GetCollectionId(), s.GetSkuId()}
			w.moves[k] = append(w.moves[k], move{c.Position, c.Index, bin, n})
		}
	}
	return nil
}

// forget drops what happened before a commit.
func (w *window) forget(c eventstore.Commit) {
	w.from = c.Position
	for k, moves := range w.moves {
		if moves = slices.DeleteFunc(moves, func(m move) bool { return m.position < c.Position }); len(moves) == 0 {
			delete(w.moves, k)
			continue
		}
		w.moves[k] = moves
	}
}
