package delivery

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"

	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// cachedMessages is how many messages of the delivery log are kept decoded:
// deliveries that wait in the view are read in the order of the log, many to a
// message.
const cachedMessages = 64

// noticeCache reads notices from the delivery log.
type noticeCache struct {
	source  Source
	reading singleflight.Group
	mu      sync.Mutex
	lru     *simplelru.LRU[uint64, map[uint32]*deliveryv1.Notice]
}

func newNoticeCache(s Source) *noticeCache {
	lru, err := simplelru.NewLRU[uint64, map[uint32]*deliveryv1.Notice](cachedMessages, nil)
	if err != nil {
		panic(err) // the size is a constant above zero
	}
	return &noticeCache{source: s, lru: lru}
}

func (c *noticeCache) get(ctx context.Context, r endpoint.Ref) (*deliveryv1.Notice, error) {
	notices, err := c.message(ctx, r.Position)
	if err != nil {
		return nil, err
	}
	n := notices[r.Place]
	if n == nil {
		return nil, fmt.Errorf("the delivery log has no notice %d at %d", r.Place, r.Position)
	}
	return n, nil
}

// message returns the notices of a message. Many ask for the same one at once:
// one of them reads it.
func (c *noticeCache) message(ctx context.Context, position uint64) (map[uint32]*deliveryv1.Notice, error) {
	c.mu.Lock()
	notices, ok := c.lru.Get(position)
	c.mu.Unlock()
	if ok {
		return notices, nil
	}
	read, err, _ := c.reading.Do(strconv.FormatUint(position, 10), func() (any, error) {
		b, found, err := c.source.At(ctx, endpoint.Log, position)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, fmt.Errorf("the delivery log has nothing at %d", position)
		}
		return NoticesOf(b)
	})
	if err != nil {
		return nil, err
	}
	notices = read.(map[uint32]*deliveryv1.Notice) //nolint:forcetypeassert // it was made above
	c.mu.Lock()
	c.lru.Add(position, notices)
	c.mu.Unlock()
	return notices, nil
}

// NoticesOf returns the notices of a message of the delivery log by their
// places.
func NoticesOf(b eventstore.Batch) (map[uint32]*deliveryv1.Notice, error) {
	notices := map[uint32]*deliveryv1.Notice{}
	for _, commit := range b.Commits {
		events, err := commit.Recorded()
		if err != nil {
			return nil, err
		}
		place := endpoint.FirstPlace(commit.Index)
		for _, e := range events {
			q, ok := e.Event.(*deliveryv1.NoticesQueued)
			if !ok {
				continue
			}
			for _, n := range q.GetNotices() {
				notices[place] = n
				place++
			}
		}
	}
	return notices, nil
}
