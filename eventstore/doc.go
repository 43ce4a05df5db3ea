// Package eventstore is the log that every other part of oms stands on: the
// words for storing decisions and for reading them again.
//
// A log holds the events of one kind of aggregate ("order", "inventory"). It
// is cut into partitions; everything about one scope (an order, a collection
// of stock) lives in one partition, and one writer at a time decides there.
// A command is a value that looks at folded state and answers with events.
// All events of one command are one commit: they are stored together, or not
// at all, and a caller hears yes only when they are durable.
//
// What the store promises, and storetest proves for every implementation:
//
//   - A commit that was acknowledged is in the log after any crash.
//   - A commit is decided on the state that all earlier commits of its
//     partition made; a writer that has not seen them cannot store anything.
//   - A command with an idempotency key runs once. The same key with the same
//     input answers from the log, for ever; with other input it is refused.
//   - Followers see commits in log order, at least once, without gaps.
//
// The package knows no domain, no NATS and no disk; jsstore implements it on
// JetStream.
package eventstore
