package workqueue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// Depth is how full a queue is.
type Depth struct {
	Stream string
	// Waiting messages nobody has taken yet.
	Waiting uint64
	// InWork were taken and not settled; Redelivered of them for more than the
	// first time.
	InWork, Redelivered int
}

// Depths tells how full every queue is, the replies included.
func (q *Queues) Depths(ctx context.Context) (all []Depth, err error) {
	names := append(slices.Sorted(maps.Values(streams)), StreamReplies)
	for _, name := range names {
		consumer := servedAs
		if name == StreamReplies {
			consumer = RepliesConsumer
		}
		d, err := q.depth(ctx, name, consumer)
		if err != nil {
			return nil, fmt.Errorf("depth of %s: %w", name, err)
		}
		all = append(all, d)
	}
	return all, nil
}

func (q *Queues) depth(ctx context.Context, stream, consumer string) (Depth, error) {
	c, err := q.js.Consumer(ctx, stream, consumer)
	if err == nil {
		info := c.CachedInfo()
		return Depth{Stream: stream, Waiting: info.NumPending, InWork: info.NumAckPending, Redelivered: info.NumRedelivered}, nil
	}
	if !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return Depth{}, err
	}
	// Nobody of ours ever served it: an outside service may, or nobody.
	s, err := q.js.Stream(ctx, stream)
	if err != nil {
		return Depth{}, err
	}
	return Depth{Stream: stream, Waiting: s.CachedInfo().State.Msgs}, nil
}
