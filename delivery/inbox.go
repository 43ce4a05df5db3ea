package delivery

import (
	"context"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
)

// committed is a commit to the delivery log that has just become durable.
type committed struct {
	commit eventstore.Commit
	events []proto.Message
	states map[string]endpoint.State
}

// inbox holds commits until the partition's shard looks at them. Putting one in
// never waits.
type inbox struct {
	mu    sync.Mutex
	all   []committed
	there chan struct{}
}

func newInbox() *inbox { return &inbox{there: make(chan struct{}, 1)} }

func (b *inbox) put(c committed) {
	b.mu.Lock()
	b.all = append(b.all, c)
	b.mu.Unlock()
	select {
	case b.there <- struct{}{}:
	default:
	}
}

// take returns what is there, and waits when that is nothing. It returns nil
// when the context ends.
func (b *inbox) take(ctx context.Context) []committed {
	for {
		b.mu.Lock()
		all := b.all
		b.all = nil
		b.mu.Unlock()
		if len(all) > 0 {
			return all
		}
		select {
		case <-b.there:
		case <-ctx.Done():
			return nil
		}
	}
}
