package projections

import (
	"context"

	"github.com/orderstream/oms/eventstore"
)

// Projector makes the rows of one view from the commits of one log.
type Projector struct {
	// Name of the view, in lower case, e.g. "orders".
	Name string
	// Version of what the rows mean. Another version is another file, built
	// from the start of the log.
	Version uint32
	// Log that is followed.
	Log string
	// Main is the bucket whose rows Status counts.
	Main string
	// Project folds the events of one commit into rows. They must follow from
	// the log alone: no clock, no chance, no memory between calls, or a rebuilt
	// view will not equal the live one. An error parks the view at the commit.
	Project func(tx *Tx, c eventstore.Commit, events []eventstore.Recorded) error
}

// Source is the log as this package needs it.
type Source interface {
	// Follow calls f with every message of a log after a position, in order,
	// and waits for new ones until the context ends or f fails.
	Follow(ctx context.Context, log string, after uint64, f func(eventstore.Batch) error) error
	// Head returns the last position of a log; 0 when it is empty.
	Head(ctx context.Context, log string) (uint64, error)
	// At returns the message at a position; ok is false when there is none.
	At(ctx context.Context, log string, position uint64) (b eventstore.Batch, ok bool, err error)
}
