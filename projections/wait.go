package projections

import (
	"context"

	"github.com/orderstream/oms/internal/fault"
)

// waiter waits for a position.
type waiter struct {
	position uint64
	done     chan struct{} // closed when err says how it ended
	err      error
}

// WaitFor returns when the view has seen a log position. It fails with
// Unavailable, reason "not_caught_up", when the context ends first, and with
// "view_parked" at once when the view stands still before the position.
// Position 0 is always seen: who asks for it takes what is there.
func (v *View) WaitFor(ctx context.Context, position uint64) error {
	if position == 0 {
		return nil
	}
	v.mu.Lock()
	if done, err := v.outcome(position); done {
		v.mu.Unlock()
		return err
	}
	w := &waiter{position: position, done: make(chan struct{})}
	v.waiting[w] = struct{}{}
	v.mu.Unlock()
	select {
	case v.wanted <- struct{}{}:
	default:
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	select {
	case <-w.done:
		return w.err
	default:
	}
	delete(v.waiting, w)
	return fault.Wrap(ctx.Err(), fault.Unavailable, "not_caught_up",
		"the view %s has seen position %d, not yet %d: try again", v.name, v.cp.Position, position)
}

// awaited reports whether a reader waits for the view to move on.
func (v *View) awaited() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.waiting) > 0
}

// wake ends every wait that can end. The lock is held.
func (v *View) wake() {
	for w := range v.waiting {
		done, err := v.outcome(w.position)
		if !done {
			continue
		}
		w.err = err
		close(w.done)
		delete(v.waiting, w)
	}
}

// outcome says whether a wait for a position is over, and how.
func (v *View) outcome(position uint64) (done bool, err error) {
	switch {
	case v.closed:
		return true, errClosed(v.name)
	case v.live == nil, !v.checked:
		return false, nil
	case v.cp.Position >= position:
		return true, nil
	case v.cp.Parked != nil:
		return true, fault.New(fault.Unavailable, "view_parked",
			"the view %s stopped before position %d and waits for a person", v.name, v.cp.Parked.Position)
	}
	return false, nil
}

// Subscribe returns a channel that gets a value when something about a topic
// may have changed, and a function that ends it. The empty topic is every
// change. Changes that come faster than they are looked at become one: whoever
// reads the view after a value sees the newest state, and nobody is waited
// for.
func (v *View) Subscribe(topic string) (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.topics[topic] == nil {
		v.topics[topic] = map[chan struct{}]struct{}{}
	}
	v.topics[topic][c] = struct{}{}
	return c, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.topics[topic], c)
		if len(v.topics[topic]) == 0 {
			delete(v.topics, topic)
		}
	}
}

func notify(subscribers map[chan struct{}]struct{}) {
	for c := range subscribers {
		select {
		case c <- struct{}{}:
		default: // it has not looked since the last one
		}
	}
}
