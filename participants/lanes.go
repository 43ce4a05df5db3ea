package participants

import "sync"

// lanes let the requests of one order through one at a time: two plans from
// the same state may both want the same money. An order whose gateway is slow
// holds up nobody else. The zero value is ready.
type lanes struct {
	mu   sync.Mutex
	busy map[string]*lane
}

// lane is one order's, kept as long as somebody is in it or waits.
type lane struct {
	sync.Mutex
	users int
}

// enter waits until the order's lane is free; leave frees it.
func (l *lanes) enter(order string) (leave func()) {
	l.mu.Lock()
	if l.busy == nil {
		l.busy = map[string]*lane{}
	}
	own := l.busy[order]
	if own == nil {
		own = &lane{}
		l.busy[order] = own
	}
	own.users++
	l.mu.Unlock()
	own.Lock()
	return func() {
		own.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if own.users--; own.users == 0 {
			delete(l.busy, order)
		}
	}
}
