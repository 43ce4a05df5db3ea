package projections

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/orderstream/oms/eventstore"
)

// delivery is one message of the log with its events decoded.
type delivery struct {
	eventstore.Batch
	recorded [][]eventstore.Recorded // of each commit
	events   int
	bytes    int
	bad      error // its bytes are not what they say they are
}

func decode(b eventstore.Batch) delivery {
	d := delivery{Batch: b, recorded: make([][]eventstore.Recorded, len(b.Commits))}
	for i, c := range b.Commits {
		if d.recorded[i], d.bad = c.Recorded(); d.bad != nil {
			return d
		}
		d.events += len(c.Events)
		for _, e := range c.Events {
			d.bytes += len(e.Data)
		}
	}
	return d
}

// feed reads a log ahead of the one who applies it: one goroutine fetches and
// decodes, another one folds and writes.
type feed struct {
	in    chan delivery
	room  *semaphore.Weighted // bytes that may be decoded ahead
	ended chan struct{}       // closed when err says why
	err   error
	stop  context.CancelFunc
}

// What is decoded before it is asked for: so many messages, and so many bytes
// of events, which take several times that in memory.
const (
	ahead      = 64
	aheadBytes = 4 << 20
)

// weight is what a delivery takes of the room.
func (d delivery) weight() int64 { return int64(min(max(d.bytes, 1), aheadBytes)) }

func openFeed(ctx context.Context, src Source, log string, after uint64) *feed {
	ctx, stop := context.WithCancel(ctx)
	f := &feed{in: make(chan delivery, ahead), room: semaphore.NewWeighted(aheadBytes), ended: make(chan struct{}), stop: stop}
	go func() {
		defer close(f.ended)
		f.err = src.Follow(ctx, log, after, func(b eventstore.Batch) error {
			d := decode(b)
			if err := f.room.Acquire(ctx, d.weight()); err != nil {
				return err
			}
			select {
			case f.in <- d:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	return f
}

// close ends the reading. It does not wait for a log that is slow to let go:
// nothing of what it may still say is heard.
func (f *feed) close() { f.stop() }

// promised is how long a message is waited for that the log said it has.
const promised = 20 * time.Millisecond

// collect waits for a message and takes all that has arrived with it, up to a
// number of events. That is the whole batching: with nothing to do each
// message is answered at once, and the longer a write takes, the more messages
// share the next one. It returns nothing when the tick comes first.
func (f *feed) collect(ctx context.Context, tick <-chan time.Time, events int) ([]delivery, error) {
	select {
	case d := <-f.in:
		f.room.Release(d.weight())
		return f.gather([]delivery{d}, events), nil
	case <-f.ended:
		return nil, f.failure()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-tick:
		return nil, nil
	}
}

// gather takes what is there, and what the log says will be there at once.
func (f *feed) gather(ds []delivery, events int) []delivery {
	late := time.NewTimer(promised)
	defer late.Stop()
	for n := ds[0].events; n < events; n += ds[len(ds)-1].events {
		select {
		case d := <-f.in:
			f.room.Release(d.weight())
			ds = append(ds, d)
			continue
		default:
		}
		if !ds[len(ds)-1].More {
			break
		}
		select {
		case d := <-f.in:
			f.room.Release(d.weight())
			ds = append(ds, d)
		case <-late.C:
			return ds
		case <-f.ended:
			return ds
		}
	}
	return ds
}

func (f *feed) failure() error {
	if f.err == nil {
		return errors.New("the log ended")
	}
	return f.err
}
