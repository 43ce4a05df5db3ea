package projections

import (
	"context"
	"errors"
	"time"
)

// Progress says how far a build is.
type Progress struct {
	// Position reached, and Head, the one to reach.
	Position, Head uint64
	// Events applied since the build began, or went on after a crash.
	Events uint64
	// Rate is the events applied a second.
	Rate float64
	// ETA is the time to go at the rate so far.
	ETA time.Duration
	// Done says that the new file is live; it is in the last report only.
	Done bool
	// Differences name the rows in which the new file differed from the live
	// one, when that was asked for: 100 at most.
	Differences []string
}

// buildOptions say how a file is built.
type buildOptions struct {
	keep   bool   // what is there when the build is cut short
	limit  uint64 // position to stop at
	verify bool
	report func(Progress)
}

// A build that holds more than this in memory writes it down. Pages of the file
// that change are in memory as well, at worst one for each row; and more at once
// was not faster.
const (
	maxHeldRows  = 10_000
	maxHeldBytes = 16 << 20
)

// remapAfter is how many bytes of events a build writes down until it opens its
// file anew: what it has touched of a file stays mapped until then.
const remapAfter = 4 << 20

// near is how many positions behind the live view a build may be when the live
// view stops for the swap.
const near = 256

// reportEvery is the time between two reports of progress.
const reportEvery = 200 * time.Millisecond

// build is a file on its way to become the live one.
type build struct {
	r     *Runner
	o     buildOptions
	g     *generation
	tx    *Tx // what is not written down yet
	feed  *feed
	queue []delivery // fetched and not applied

	live          bool // it went live: the file is the view's now
	started, told time.Time
	from          uint64 // position at the start
	progress      Progress
	written       int // since the file was opened
}

// build makes a new file beside the live one and swaps it in. Only one is
// under way at a time.
func (r *Runner) build(ctx context.Context, o buildOptions) (err error) {
	b, err := r.openBuild(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close(err)) }()
	if err := b.catchUp(ctx); err != nil {
		return err
	}
	if o.verify {
		if err := b.verify(ctx); err != nil {
			return err
		}
	}
	if err := b.goLive(ctx); err != nil {
		return err
	}
	if err := r.tidy(); err != nil {
		return err
	}
	b.progress.Done = true
	b.tell()
	if h := r.cfg.Hooks.Rebuilt; h != nil {
		h(r.p.Name, b.progress, r.cfg.Now().Sub(b.started))
	}
	return nil
}

// openBuild goes on with the file of a build that was cut short, or starts a
// new one.
func (r *Runner) openBuild(ctx context.Context, o buildOptions) (*build, error) {
	all, err := listFiles(r.cfg.Dir, r.p.Name)
	if err != nil {
		return nil, err
	}
	b := &build{r: r, o: o, started: r.cfg.Now()}
	if left := all.unfinished(r.p.Version); left != nil {
		if b.g, err = r.takeUp(ctx, *left); err != nil {
			return nil, err
		}
	}
	if b.g == nil {
		name := fileName{view: r.p.Name, version: r.p.Version, n: all.next(), building: true}
		if b.g, err = openGeneration(r.cfg.Dir, name, r.p); err != nil {
			return nil, err
		}
	}
	if b.tx, err = b.g.begin(r.p); err != nil {
		return nil, errors.Join(err, b.g.close())
	}
	b.from = b.g.cp.Position
	return b, nil
}

// takeUp opens an unfinished file. One that cannot be used, or has seen
// another log, is removed.
func (r *Runner) takeUp(ctx context.Context, left fileName) (*generation, error) {
	g, err := openGeneration(r.cfg.Dir, left, r.p)
	if errors.Is(err, errUnusable) {
		return nil, files{left}.remove(r.cfg.Dir)
	}
	if err != nil {
		return nil, err
	}
	err = r.check(ctx, g.cp)
	if errors.Is(err, errLostTail) {
		return nil, errors.Join(g.close(), files{left}.remove(r.cfg.Dir))
	}
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

// close ends a build. One that went live has nothing to close but its feed;
// one that was cut short keeps what it has, if that was wanted.
func (b *build) close(failed error) error {
	if b.feed != nil {
		b.feed.close()
	}
	b.r.publish(nil)
	if b.live {
		return nil
	}
	keep := b.o.keep || b.r.life.Err() != nil
	var err error
	if keep && errors.Is(failed, context.Canceled) {
		err = b.g.commit(b.tx, b.r.cfg.Now())
	} else {
		err = b.tx.rollback()
	}
	err = errors.Join(err, b.g.close())
	if !keep {
		err = errors.Join(err, files{b.g.name}.remove(b.r.cfg.Dir))
	}
	return err
}

// catchUp applies the log up to its head, or nearly so when it grows all the
// time, and writes it down: what is left for the swap is small.
func (b *build) catchUp(ctx context.Context) error {
	for {
		head, err := b.r.cfg.Source.Head(ctx, b.r.p.Log)
		if err != nil {
			return err
		}
		b.progress.Head = min(head, b.o.limit)
		b.tell()
		if b.tx.cp.Position+near >= b.progress.Head && b.progress.Events > 0 || b.tx.cp.Position >= b.progress.Head {
			break
		}
		if err := b.reach(ctx, b.progress.Head); err != nil {
			return err
		}
	}
	return b.save()
}

// reach applies messages up to a position and no further.
func (b *build) reach(ctx context.Context, target uint64) error {
	for b.tx.cp.Position < target {
		if len(b.queue) == 0 {
			if err := b.fetch(ctx); err != nil {
				return err
			}
		}
		d := b.queue[0]
		if d.Position > target {
			return nil
		}
		b.queue = b.queue[1:]
		if err := b.tx.apply(d); err != nil {
			return &poison{d.Position, err}
		}
		b.progress.Events += uint64(d.events) //nolint:gosec // a count
		if b.tx.rows >= maxHeldRows || b.tx.bytes >= maxHeldBytes {
			if err := b.save(); err != nil {
				return err
			}
		}
		if b.r.cfg.Now().Sub(b.told) >= reportEvery {
			b.tell()
		}
	}
	return nil
}

// fetch gets the next messages, however often the log fails. One that stays
// silent is asked whether it still is the log that it was.
func (b *build) fetch(ctx context.Context) error {
	for tries := 0; ; tries++ {
		if b.feed == nil {
			b.feed = openFeed(ctx, b.r.cfg.Source, b.r.p.Log, b.tx.cp.Position)
		}
		ds, err := b.await(ctx)
		switch {
		case len(ds) > 0:
			if tries > 0 {
				b.r.note(nil)
			}
			b.queue = ds
			return nil
		case err == nil:
			err = b.r.check(ctx, b.tx.cp)
		}
		if errors.Is(err, errLostTail) {
			return err
		}
		if err != nil {
			b.feed.close()
			b.feed = nil
			b.r.retry(ctx, err, tries)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (b *build) await(ctx context.Context) ([]delivery, error) {
	silent := time.NewTimer(b.r.cfg.CheckEvery)
	defer silent.Stop()
	return b.feed.collect(ctx, silent.C, b.r.cfg.MaxEvents)
}

// save writes down what is held in memory.
func (b *build) save() error {
	b.written += b.tx.bytes
	if err := b.g.commit(b.tx, b.r.cfg.Now()); err != nil {
		return err
	}
	if b.written >= remapAfter {
		b.written = 0
		if err := b.g.reopen(); err != nil {
			return err
		}
	}
	tx, err := b.g.begin(b.r.p)
	if err != nil {
		return err
	}
	b.tx = tx
	return nil
}

// tell reports progress to whoever asked for it, and to Status.
func (b *build) tell() {
	b.told = b.r.cfg.Now()
	p := &b.progress
	p.Position = b.tx.cp.Position
	if took := b.told.Sub(b.started).Seconds(); took > 0 {
		p.Rate = float64(p.Events) / took
		if done := p.Position - b.from; done > 0 && p.Head > p.Position {
			p.ETA = time.Duration(took / float64(done) * float64(p.Head-p.Position) * float64(time.Second))
		} else {
			p.ETA = 0
		}
	}
	b.r.publish(p)
	if b.o.report != nil {
		b.o.report(*p)
	}
}
