package projections

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/orderstream/oms/internal/fault"
)

// RebuildOptions say how a view is rebuilt.
type RebuildOptions struct {
	// Verify compares the new file with the live one, row by row, before the
	// swap. The swap takes place whatever it finds: the new rows are what the
	// log says.
	Verify bool
	// Progress, when it is not nil, is called several times a second, and last
	// with Done once the new file is live. It must return at once.
	Progress func(Progress)
}

// Rebuild makes the view anew from the log beside the live one, which goes on
// meanwhile, and swaps it in. Readers notice nothing; the file before stays
// for a Rollback. It fails with Conflict when the view is being built already,
// and with Precondition when an event cannot be applied. When the context ends
// what was built is removed; what a crash or Close leaves behind goes live at
// the next start.
func (r *Runner) Rebuild(ctx context.Context, o RebuildOptions) error {
	return r.exclusive(ctx, func(ctx context.Context) error {
		return r.build(ctx, buildOptions{limit: math.MaxUint64, verify: o.Verify, report: o.Progress})
	})
}

// Rollback goes back to the file that the last rebuild replaced: it is brought
// up to the log and swapped in as Rebuild does it. It fails with Precondition
// when there is no such file, and with ErrInUse while a reader is still at it;
// then nothing has changed.
func (r *Runner) Rollback(ctx context.Context, progress func(Progress)) error {
	return r.exclusive(ctx, func(ctx context.Context) error {
		before, again, err := r.unretire()
		if err != nil {
			return err
		}
		err = r.build(ctx, buildOptions{keep: true, limit: math.MaxUint64, report: progress})
		if live := r.view.file(); live != nil && live.n == again.n {
			return err
		}
		if back := os.Rename(again.in(r.cfg.Dir), before.in(r.cfg.Dir)); back != nil && !errors.Is(back, os.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("give up the rollback: %w", back))
		}
		return err
	})
}

// unretire makes the file before the live one the one that is being built.
func (r *Runner) unretire() (before, again fileName, err error) {
	all, err := listFiles(r.cfg.Dir, r.p.Name)
	if err != nil {
		return before, again, err
	}
	live := r.view.file()
	if live == nil {
		return before, again, fault.New(fault.Unavailable, "view_building", "the view %s is being built", r.p.Name)
	}
	spare := all.whole(r.p.Version, live.n)
	if spare == nil {
		return before, again, fault.New(fault.Precondition, "no_previous_view", "the view %s has no file to go back to", r.p.Name)
	}
	before, again = *spare, fileName{view: r.p.Name, version: r.p.Version, n: all.next(), building: true}
	if err := os.Rename(before.in(r.cfg.Dir), again.in(r.cfg.Dir)); err != nil {
		return before, again, fmt.Errorf("roll back view: %w", err)
	}
	return before, again, nil
}

// exclusive runs a build that somebody asked for.
func (r *Runner) exclusive(ctx context.Context, f func(context.Context) error) error {
	ctx, done, err := r.enter(ctx)
	if err != nil {
		return err
	}
	defer done()
	select {
	case r.builds <- struct{}{}:
	default:
		return fault.New(fault.Conflict, "rebuild_running", "the view %s is being built already", r.p.Name)
	}
	defer func() { <-r.builds }()
	err = f(ctx)
	if p, ok := errors.AsType[*poison](err); ok {
		return fault.Wrap(err, fault.Precondition, "poison_event",
			"the view %s cannot be built: the event at position %d cannot be applied", r.p.Name, p.position)
	}
	if err != nil {
		return fmt.Errorf("rebuild view %s: %w", r.p.Name, err)
	}
	return nil
}

// resume finishes a rebuild that a crash cut short, beside the live file.
func (r *Runner) resume(ctx context.Context) {
	all, err := listFiles(r.cfg.Dir, r.p.Name)
	if err != nil || all.unfinished(r.p.Version) == nil || !r.view.Ready() {
		return
	}
	select {
	case r.builds <- struct{}{}:
	default:
		return // it is being finished already
	}
	defer func() { <-r.builds }()
	err = r.build(ctx, buildOptions{keep: true, limit: math.MaxUint64})
	if h := r.cfg.Hooks.Abandoned; h != nil && err != nil && ctx.Err() == nil {
		h(r.p.Name, err)
	}
}

// lastStretch bounds how long the live view may stand still for a swap.
const lastStretch = 30 * time.Second

// goLive swaps the file in. The live view stands still for it, at a position
// that the new one reaches first: no reader ever sees less than before.
func (b *build) goLive(ctx context.Context) error {
	r := b.r
	r.writing.Lock()
	defer r.writing.Unlock()
	if cp, ok := r.view.checkpoint(); ok {
		ctx, cancel := context.WithTimeout(ctx, lastStretch)
		defer cancel()
		if err := b.reach(ctx, cp.Position); err != nil {
			return fmt.Errorf("reach the live view at %d: %w", cp.Position, err)
		}
	}
	if err := r.check(ctx, b.tx.cp); err != nil {
		return err
	}
	if err := b.g.commit(b.tx, r.cfg.Now()); err != nil {
		return err
	}
	if err := b.g.finish(r.cfg.Dir); err != nil {
		return err
	}
	b.live = true
	if old := r.view.install(b.g, true); old != nil {
		r.view.retire(old)
	}
	select {
	case r.swapped <- struct{}{}:
	default:
	}
	return nil
}
