// Package life holds the tests of an order's life after its sale on the real
// stack: an oms process with its own NATS server and its files, called over
// HTTP. Whatever a test does to its orders, at its end the books must balance:
// stock, ledgers, the gateway's own books and the read model all follow from
// the orders.
package life
