package projections

import (
	"context"
	"time"

	"github.com/orderstream/oms/internal/fault"
)

// Status is how a view stands.
type Status struct {
	Name    string
	Version uint32
	Log     string
	// Position up to which the view has seen the log, whose end is Head.
	Position, Head uint64
	// Rows of its main bucket, and Bytes of its file.
	Rows, Bytes int64
	// Unknown counts the events that were passed over, since this code does not
	// know them.
	Unknown uint64
	// UpdatedAt is when it last moved.
	UpdatedAt time.Time
	// Parked says that it stopped at an event that it cannot apply: the one at
	// ParkedPosition, because of ParkedReason.
	Parked         bool
	ParkedPosition uint64
	ParkedReason   string
	// Ready says that it can be read.
	Ready bool
	// Building is how far a build is; nil when there is none.
	Building *Progress
	// Failure is why the log cannot be followed at the moment; nil when it can.
	Failure error
}

// Lag is how many positions the view is behind the log.
func (s Status) Lag() uint64 { return s.Head - min(s.Head, s.Position) }

// Status says how the view stands. A log that does not answer is a Failure,
// and the view counts as level with it.
func (r *Runner) Status(ctx context.Context) Status {
	cp, ready := r.view.checkpoint()
	s := Status{
		Name: r.p.Name, Version: r.p.Version, Log: r.p.Log, Ready: ready,
		Position: cp.Position, Head: cp.Position, Rows: cp.Rows, Unknown: cp.Unknown, UpdatedAt: cp.UpdatedAt,
	}
	if cp.Parked != nil {
		s.Parked, s.ParkedPosition, s.ParkedReason = true, cp.Parked.Position, cp.Parked.Reason
	}
	s.Bytes = r.view.size()
	r.mu.Lock()
	s.Building, s.Failure = r.progress, r.failure
	r.mu.Unlock()
	head, err := r.cfg.Source.Head(ctx, r.p.Log)
	if err != nil {
		s.Failure = fault.Wrap(err, fault.Unavailable, "log_unavailable", "the log %s does not answer", r.p.Log)
		return s
	}
	s.Head = head
	return s
}

// publish shows the progress of a build in Status; nil ends it.
func (r *Runner) publish(p *Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = nil
	if p != nil {
		shown := *p
		r.progress = &shown
	}
}
