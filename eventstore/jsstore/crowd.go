package jsstore

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// took and gave count what this process holds.
func (ls *leases) took() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.held++
}

func (ls *leases) gave(left bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.held--
	if left {
		ls.leaving--
	}
}

// turn is how long to wait before a free partition is tried: the more this
// process holds the longer, and who holds more than another leaves it time.
func (ls *leases) turn() time.Duration {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	step := max(ls.ttl/1000, 1)
	d := time.Duration(ls.held)*step + rand.N(step) //nolint:gosec // spreads rivals, no secret
	if others, least := ls.others(); others > 0 && ls.held > least {
		d += ls.ttl / 4
	}
	return d
}

// leaves decides whether this process hands a partition over: somebody is
// there who lacks it for a fair share, and this process does not.
func (ls *leases) leaves() bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	others, least := ls.others()
	held, n := ls.held-ls.leaving, len(ls.slots)
	floor := n / (1 + others)
	ceil := (n + others) / (1 + others)
	if others == 0 || held <= floor || held == ceil && least >= floor {
		return false
	}
	ls.leaving++
	return true
}

// others counts the processes that are there beside this one, and tells how
// many partitions the one of them holds that holds least.
func (ls *leases) others() (n, least int) {
	holds := map[string]int{}
	for _, s := range ls.slots {
		holds[s.holder]++
	}
	least = len(ls.slots)
	for who, heard := range ls.members {
		if who != ls.self.Writer && ls.now().Sub(heard) <= ls.ttl+ls.ttl/4 {
			n++
			least = min(least, holds[who])
		}
	}
	return n, least
}

// alone reports whether nobody is there to take what this process gives.
func (ls *leases) alone() bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	n, _ := ls.others()
	return n == 0
}

// unfit notes that this process could not begin to own a partition: for a time
// it stands back and does not count as one that is there.
func (ls *leases) unfit() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.fitAt = ls.now().Add(2 * ls.ttl)
}

// fit reports whether this process may take partitions.
func (ls *leases) fit() bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return !ls.now().Before(ls.fitAt)
}

// attend announces this process until the context ends.
func (ls *leases) attend(ctx context.Context) {
	for {
		if !ls.frozen.Load() && ls.fit() {
			within, cancel := context.WithTimeout(ctx, ls.ttl/3)
			if err := ls.bucket.announce(within, ls.memberKey(), ls.self); err != nil && ctx.Err() == nil {
				slog.LogAttrs(ctx, slog.LevelWarn, "leases cannot be reached", slog.String("log", ls.log), slog.Any("error", err))
			}
			cancel()
		}
		if !wait(ctx, ls.ttl/3) {
			return
		}
	}
}
