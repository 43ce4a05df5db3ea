// Package customers holds the tests of accounts and subscriptions on the real
// stack: an oms process with its own NATS server and its files, killed while a
// subscription orders.
package customers
