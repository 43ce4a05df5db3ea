// Package jsstore keeps an eventstore on NATS JetStream.
//
// One stream per log, with few subjects: log.<log>.<event>.<partition>. A
// message holds whole commits that waited at the same time and share their
// headline event; that is the group commit, and with it one fsync pays for
// many commits. Each message carries the last sequence that its writer saw in
// the partition, and the server refuses it when there is a later one: whoever
// has not seen the whole partition cannot write to it.
//
// A partition is one goroutine. It decides commands one after the other on
// state that runs ahead of the log, queues their commits in open messages and
// has one message in flight. A caller is answered when the message that holds
// its commit, and every message its decision had looked at, is stored. When a
// message is refused, or its fate is unknown, the partition looks at the
// stream, takes over what others wrote, forgets what ran ahead and decides
// the waiting commands again.
//
// Folded state is kept in a bbolt file per log, written behind, with the
// position of the last message and that message's id in the same transaction.
// At start both are compared with the stream: on a mismatch, which a lost tail
// with reused sequences causes, the state is built anew from the log.
package jsstore
