// Package checkout holds the tests of the whole checkout on the real stack: an
// oms process with its own NATS server and its files, called over HTTP and
// over the queues. Whatever a test does to its orders, at its end the books
// must balance: stock, promo codes, money at the gateway and what was said on
// the published subjects all follow from the orders.
package checkout
