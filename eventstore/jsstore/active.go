package jsstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
)

// Unfinished is the number of aggregates with unfinished work in the
// partitions that this process owns.
func (l *Log[S]) Unfinished() (n int) {
	for i, p := range l.parts {
		if l.shared != nil && !l.shared.seats[i].mine.Load() {
			continue
		}
		p.mu.Lock()
		n += len(p.active)
		p.mu.Unlock()
	}
	return n
}

// ActiveEverywhere is Active over all partitions, whoever owns them. It asks
// every owner and waits for those that are about to change as long as the
// caller does. A list that would not be whole is an error of kind Unavailable
// that names the partitions without an answer.
func (l *Log[S]) ActiveEverywhere(ctx context.Context, due time.Time, limit int) ([]eventstore.Snapshot[S], error) {
	if l.shared == nil {
		return l.Active(ctx, due, limit)
	}
	var mu sync.Mutex
	var all []listed[S]
	failed := map[int]error{}
	var asking sync.WaitGroup
	for i := range l.parts {
		asking.Go(func() {
			some, err := l.shared.list(ctx, i, due, limit)
			mu.Lock()
			defer mu.Unlock()
			if all = append(all, some...); err != nil {
				failed[i] = err
			}
		})
	}
	asking.Wait()
	if len(failed) > 0 {
		silent := slices.Sorted(maps.Keys(failed))
		return nil, fault.Wrap(failed[silent[0]], fault.Unavailable, "owners_silent",
			"the list would not be whole: of %d partitions of the log %s these did not answer: %v", len(l.parts), l.def.Name, silent)
	}
	slices.SortFunc(all, listed[S].compare)
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	out := make([]eventstore.Snapshot[S], len(all))
	for i, a := range all {
		out[i] = a.Snapshot
	}
	return out, nil
}

// listed is an aggregate with unfinished work on its way to who asked.
type listed[S any] struct {
	At       time.Time              `cbor:"1,keyasint"`
	Snapshot eventstore.Snapshot[S] `cbor:"2,keyasint"`
}

func (a listed[S]) key() string { return rowKey(a.Snapshot.Tenant, a.Snapshot.ID) }

func (a listed[S]) compare(b listed[S]) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.key(), b.key()))
}

// listCall asks for a page of what Active lists: those after the last one of
// the page before.
type listCall struct {
	Due   time.Time `cbor:"1,keyasint"`
	Limit int       `cbor:"2,keyasint"`
	After *listMark `cbor:"3,keyasint,omitempty"`
}

type listMark struct {
	At  time.Time `cbor:"1,keyasint"`
	Key string    `cbor:"2,keyasint"`
}

// listPage is the answer. Each entry is encoded by itself, so that a page can
// be cut to a size.
type listPage struct {
	Entries []cbor.RawMessage `cbor:"1,keyasint"`
	More    bool              `cbor:"2,keyasint"`
}

// pageEntries bounds a page, as half of what the servers take does.
const pageEntries = 250

// list reads all pages of a partition. One that changes its owner midway goes
// on with the next: the mark means the same to all.
func (s *shared[S]) list(ctx context.Context, i int, due time.Time, most int) (all []listed[S], err error) {
	limited, end := limit(ctx)
	defer end()
	seen := map[string]bool{}
	ask := listCall{Due: due}
	for w := s.way(i); ; {
		if ask.Limit = pageEntries; most > 0 {
			ask.Limit = min(pageEntries, most-len(all))
		}
		page, err := s.listOnce(limited, w, ask)
		if err != nil {
			if err := w.again(limited, err, true); err != nil {
				return nil, err
			}
			continue
		}
		for _, raw := range page.Entries {
			var a listed[S]
			if err := decMode.Unmarshal(raw, &a); err != nil {
				return nil, fmt.Errorf("list of the owner: %w", err)
			}
			ask.After = &listMark{a.At, a.key()}
			if !seen[a.key()] { // one that was put off meanwhile comes again
				seen[a.key()] = true
				all = append(all, a)
			}
		}
		if !page.More || most > 0 && len(all) >= most {
			return all, nil
		}
	}
}

// listOnce reads a page, here or at the owner.
func (s *shared[S]) listOnce(ctx context.Context, w *way, ask listCall) (listPage, error) {
	if at := s.seats[w.partition]; at.mine.Load() && at.keeper.sure() {
		return at.page(ask)
	}
	a, err := s.ask(ctx, w, &call{List: &ask})
	if err != nil {
		return listPage{}, err
	}
	if a.List == nil {
		return listPage{}, fault.New(fault.Unavailable, "older_owner", "the owner of partition %d is of a release that cannot list", w.partition)
	}
	return *a.List, nil
}

// page lists what the partition has after a mark.
func (m *member[S]) page(ask listCall) (page listPage, err error) {
	if !m.mine.Load() || !m.keeper.sure() {
		return page, errNotOwner
	}
	found := m.wakingAfter(ask)
	room := int(m.cfg.Conn.MaxPayload() / 2)
	for _, w := range found {
		if len(page.Entries) == ask.Limit || room < 0 {
			page.More = true
			return page, nil
		}
		s, ok := w.snapshot()
		if !ok {
			continue
		}
		raw, err := encMode.Marshal(listed[S]{w.at, s})
		if err != nil {
			return page, fmt.Errorf("encode %s: %w", s.ID, err)
		}
		page.Entries = append(page.Entries, raw)
		room -= len(raw)
	}
	return page, nil
}

// wakingAfter are the aggregates behind a mark, the first to wake first.
func (p *partition[S]) wakingAfter(ask listCall) (found []waking[S]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, at := range p.active {
		isDue := ask.Due.IsZero() || !at.IsZero() && !at.After(ask.Due)
		isNext := ask.After == nil || cmp.Or(at.Compare(ask.After.At), cmp.Compare(key, ask.After.Key)) > 0
		if isDue && isNext {
			found = append(found, waking[S]{p, key, at})
		}
	}
	slices.SortFunc(found, func(a, b waking[S]) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.key, b.key)) })
	return found
}
