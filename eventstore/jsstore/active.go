package jsstore

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
