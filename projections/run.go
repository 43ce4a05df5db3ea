package projections

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// Run follows the log until the context ends or the runner is closed. Whatever
// fails is tried again; what cannot be applied parks the view.
func (r *Runner) Run(ctx context.Context) {
	ctx, done, err := r.enter(ctx)
	if err != nil {
		return
	}
	defer done()
	r.work.Go(func() { r.resume(ctx) })
	for tries := 0; ctx.Err() == nil; tries++ {
		before := r.view.Position()
		err := r.session(ctx)
		if r.view.Position() != before {
			tries = 0
		}
		if errors.Is(err, errParked) {
			select {
			case <-r.swapped:
			case <-ctx.Done():
			}
			continue
		}
		r.retry(ctx, err, tries)
	}
}

// errParked ends a session that cannot go on by itself.
var errParked = errors.New("parked")

// session makes sure that there is a live file which agrees with the log, and
// follows the log until something fails.
func (r *Runner) session(ctx context.Context) error {
	if err := r.ensure(ctx); err != nil {
		return err
	}
	r.note(nil)
	return r.follow(ctx)
}

// ensure drops a live file that disagrees with the log, and builds one when
// there is none.
func (r *Runner) ensure(ctx context.Context) error {
	cp, ok := r.view.checkpoint()
	if ok {
		err := r.check(ctx, cp)
		if err == nil {
			r.view.trust()
		}
		if !errors.Is(err, errLostTail) {
			return err
		}
		if err := r.drop(cp); err != nil {
			return err
		}
	}
	select {
	case r.builds <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.builds }()
	if r.view.Ready() { // somebody else built it meanwhile
		return nil
	}
	err := r.build(ctx, buildOptions{keep: true, limit: math.MaxUint64})
	if p, ok := errors.AsType[*poison](err); ok {
		// Go live with what comes before it; following will park there.
		err = r.build(ctx, buildOptions{keep: true, limit: p.position - 1})
	}
	return err
}

// drop takes the live file away: its rows come from events that the log does
// not have.
func (r *Runner) drop(cp checkpoint) error {
	if h := r.cfg.Hooks.LostTail; h != nil {
		h(r.p.Name, cp.Position)
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	old := r.view.install(nil, false)
	r.view.retire(old)
	return files{old.name}.remove(r.cfg.Dir)
}

// follow applies what comes, all that has arrived in one transaction.
func (r *Runner) follow(ctx context.Context) error {
	f := openFeed(ctx, r.cfg.Source, r.p.Log, r.view.Position())
	defer f.close()
	tick := time.NewTicker(r.cfg.CheckEvery)
	defer tick.Stop()
	var last time.Time
	for {
		if err := r.pace(ctx, last); err != nil {
			return err
		}
		ds, err := f.collect(ctx, tick.C, r.cfg.MaxEvents)
		if err != nil {
			return err
		}
		last = r.cfg.Now()
		if len(ds) == 0 {
			err = r.checkLive(ctx)
		} else {
			err = r.write(ds)
		}
		if err != nil {
			return err
		}
	}
}

// pace waits until the next transaction may begin, or a reader wants it to.
func (r *Runner) pace(ctx context.Context, last time.Time) error {
	rest := r.cfg.Pace - r.cfg.Now().Sub(last)
	if rest <= 0 || r.view.awaited() {
		return nil
	}
	t := time.NewTimer(rest)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-r.view.wanted:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Runner) checkLive(ctx context.Context) error {
	cp, _ := r.view.checkpoint()
	return r.check(ctx, cp)
}

// write applies messages to the live file. One that cannot be applied parks
// the view; those before it count.
func (r *Runner) write(ds []delivery) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	g := r.view.writable()
	if g == nil {
		return errLostTail
	}
	bad, err := r.apply(g, ds)
	if bad < 0 {
		return err
	}
	if _, before := r.apply(g, ds[:bad]); before != nil {
		return before
	}
	return r.park(g, ds[bad].Position, err)
}

// apply makes messages rows, in one transaction. When one of them cannot be
// applied nothing is, and bad is its index; else bad is negative.
func (r *Runner) apply(g *generation, ds []delivery) (bad int, err error) {
	started := r.cfg.Now()
	tx, err := g.begin(r.p)
	if err != nil {
		return -1, err
	}
	tx.topics = map[string]struct{}{}
	for i, d := range ds {
		if err := tx.apply(d); err != nil {
			return i, errors.Join(err, tx.rollback())
		}
	}
	if tx.messages == 0 { // all seen before
		return -1, tx.rollback()
	}
	tx.cp.Parked = nil
	if err := g.commit(tx, started); err != nil {
		return -1, err
	}
	r.view.moved(g.cp, tx.topics)
	if h := r.cfg.Hooks.Applied; h != nil {
		h(r.p.Name, g.cp.Position, tx.messages, tx.events, r.cfg.Now().Sub(started))
	}
	return -1, nil
}

// park notes in the file why the view stands still. The next start tries
// again: the code may be another by then.
func (r *Runner) park(g *generation, position uint64, why error) error {
	now := r.cfg.Now()
	tx, err := g.begin(r.p)
	if err != nil {
		return err
	}
	tx.cp.Parked = &parking{Position: position, Reason: why.Error(), At: now}
	if err := g.commit(tx, now); err != nil {
		return err
	}
	select {
	case <-r.swapped: // what was swapped in before this is no new hope
	default:
	}
	r.view.moved(g.cp, nil)
	if h := r.cfg.Hooks.Parked; h != nil {
		h(r.p.Name, position, why)
	}
	return errParked
}

// The wait before another try doubles from the first to the last.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

// retry waits before another try, the longer the more have failed.
func (r *Runner) retry(ctx context.Context, err error, tries int) {
	if ctx.Err() != nil || err == nil {
		return
	}
	wait := min(firstWait<<min(tries, 10), lastWait)
	r.retrying(err, wait)
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (r *Runner) retrying(err error, wait time.Duration) {
	r.note(err)
	if h := r.cfg.Hooks.Retrying; h != nil {
		h(r.p.Name, err, wait)
	}
}

// note remembers why the log is not followed; nil means that it is.
func (r *Runner) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failure = err
}

// poison is an event that a build could not apply.
type poison struct {
	position uint64
	err      error
}

func (p *poison) Error() string { return fmt.Sprintf("poison event: %v", p.err) }
func (p *poison) Unwrap() error { return p.err }
