package publisher

import (
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// cachedOrders is how many orders the publisher remembers: those in checkout,
// and then some.
const cachedOrders = 20_000

// orderCache remembers what an order was when it was created.
type orderCache struct {
	lru *simplelru.LRU[string, order.Order]
}

func newOrderCache() *orderCache {
	lru, err := simplelru.NewLRU[string, order.Order](cachedOrders, nil)
	if err != nil {
		panic(err) // the size is a constant above zero
	}
	return &orderCache{lru: lru}
}

func (c *orderCache) put(tenant string, o order.Order) { c.lru.Add(tenant+"\x1f"+o.ID, o) }

// fold returns the order of an event, learning it from its creation.
func (c *orderCache) fold(tenant string, e eventstore.Recorded) (order.Order, bool) {
	if created, ok := e.Event.(*orderv1.OrderCreated); ok {
		o := order.Evolve(order.New(e.Aggregate, created.GetOrderNumber()), created)
		c.put(tenant, o)
		return o, true
	}
	return c.lru.Get(tenant + "\x1f" + e.Aggregate)
}
