package projections

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/orderstream/oms/internal/fault"
)

// Config says where views live and what they follow. Dir and Source are
// required; every other zero value takes the default named beside it.
type Config struct {
	// Dir holds the files of the views.
	Dir string
	// Source is the log.
	Source Source
	// Now is the clock of reports; no row ever sees it. Default time.Now.
	Now func() time.Time
	// MaxEvents bounds what shares a transaction under load; default 5,000.
	MaxEvents int
	// CheckEvery is how often a view asks whether the log still is the one that
	// it has seen; default 30 s. It also asks whenever it begins to follow.
	CheckEvery time.Duration
	// Pace is the least time between two transactions under load: what arrives
	// meanwhile shares the next one, and its disk flush. A view that has rested
	// for longer, or that a reader waits for, goes on at once. Default 20 ms.
	Pace time.Duration
	// Hooks see what happens inside.
	Hooks Hooks
}

// Hooks are called as things happen; each may be nil. They must return at
// once.
type Hooks struct {
	// Applied: so many messages and events became rows, durably.
	Applied func(view string, position uint64, messages, events int, took time.Duration)
	// Parked: the view stopped before a position because of its event.
	Parked func(view string, position uint64, err error)
	// Retrying: the log, or the disk, failed; the view tries again after a wait.
	Retrying func(view string, err error, wait time.Duration)
	// LostTail: the log is not the one that the view has seen; it is built anew.
	LostTail func(view string, position uint64)
	// Abandoned: a rebuild that a crash had cut short could not be finished. The
	// next start tries again.
	Abandoned func(view string, err error)
	// Rebuilt: a new file of the view went live.
	Rebuilt func(view string, p Progress, took time.Duration)
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // where the reports' time comes from
	}
	if c.MaxEvents == 0 {
		c.MaxEvents = 5000
	}
	if c.Pace == 0 {
		c.Pace = 20 * time.Millisecond
	}
	if c.CheckEvery == 0 {
		c.CheckEvery = 30 * time.Second
	}
	return c
}

// Runner keeps one view up to its log.
type Runner struct {
	cfg  Config
	p    Projector
	view *View
	lock *flock.Flock

	writing sync.Mutex    // held by whoever writes the live file, or swaps it
	builds  chan struct{} // holds one while a file is being built
	swapped chan struct{} // holds one after a swap: there may be new hope for a parked view

	life context.Context //nolint:containedctx // ends with Close, whatever the callers' contexts do
	end  context.CancelFunc
	work sync.WaitGroup // everything that uses the files

	mu       sync.Mutex
	closed   bool
	progress *Progress // of the build at hand
	failure  error     // why the log is not followed right now
}

// Open takes hold of a view's files. What they show can be read at once; Run
// brings them up to the log. It fails with ErrInUse when somebody else has
// the view.
func Open(cfg Config, p Projector) (*Runner, error) {
	cfg = cfg.withDefaults()
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("views: %w", err)
	}
	r := &Runner{
		cfg: cfg, p: p, view: newView(p.Name), lock: flock.New(filepath.Join(cfg.Dir, p.Name+".lock")),
		builds: make(chan struct{}, 1), swapped: make(chan struct{}, 1),
	}
	held, err := r.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock view %s: %w", p.Name, err)
	}
	if !held {
		return nil, ErrInUse
	}
	if err := r.openLive(); err != nil {
		return nil, errors.Join(err, r.lock.Unlock())
	}
	r.life, r.end = context.WithCancel(context.Background())
	return r, nil
}

// View is the handle for readers.
func (r *Runner) View() *View { return r.view }

// openLive shows the newest whole file of this version. One that cannot be
// used is set aside: everything in it can be built again.
func (r *Runner) openLive() error {
	for below := math.MaxInt; ; {
		all, err := listFiles(r.cfg.Dir, r.p.Name)
		if err != nil {
			return err
		}
		newest := all.whole(r.p.Version, below)
		if newest == nil {
			return r.tidy()
		}
		g, err := openGeneration(r.cfg.Dir, *newest, r.p)
		switch {
		case err == nil:
			r.view.install(g, false)
			return r.tidy()
		case !errors.Is(err, errUnusable):
			return err
		}
		if err := setAside(r.cfg.Dir, *newest); err != nil {
			return err
		}
		below = newest.n
	}
}

// enter binds work to both the caller's patience and the runner's life.
func (r *Runner) enter(ctx context.Context) (context.Context, func(), error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, nil, errClosed(r.p.Name)
	}
	r.work.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(r.life, cancel)
	return ctx, func() { stop(); cancel(); r.work.Done() }, nil
}

// Close ends Run and Rebuild, waits for readers and closes the files. A build
// that was at it goes on at the next start.
func (r *Runner) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	r.mu.Unlock()
	r.end()
	r.work.Wait()
	err := errors.Join(r.view.close(), r.lock.Unlock())
	if err != nil {
		return fmt.Errorf("close view %s: %w", r.p.Name, err)
	}
	return nil
}

// check fails with errLostTail when the log does not have, at its position,
// the message that a checkpoint saw there.
func (r *Runner) check(ctx context.Context, cp checkpoint) error {
	if cp.Position == 0 {
		return nil
	}
	b, ok, err := r.cfg.Source.At(ctx, r.p.Log, cp.Position)
	if err != nil {
		return fmt.Errorf("check view %s: %w", r.p.Name, err)
	}
	if !ok || b.Group != cp.Group {
		return errLostTail
	}
	return nil
}

// errLostTail says that the log lost messages that were seen, or is another
// one. It can happen where the log is not synced before it answers.
var errLostTail = fault.New(fault.Unavailable, "log_lost_tail", "the log is not the one that the view has seen")

// tidy removes the files that nobody needs any more.
func (r *Runner) tidy() error {
	all, err := listFiles(r.cfg.Dir, r.p.Name)
	if err != nil {
		return err
	}
	return all.leftovers(r.view.file(), r.p.Version).remove(r.cfg.Dir)
}
