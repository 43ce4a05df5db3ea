package storetest

import (
	"testing"

	"github.com/orderstream/oms/eventstore"
)

// World is where one test's log lives: a server and data folders.
type World interface {
	// Open starts a process on the log. Every process has state of its own;
	// the same name opens the same data folder again.
	Open(t *testing.T, process string) Process
	// LoseTail drops stored messages after a position, as a power loss without
	// sync does, so that their sequences are used again.
	LoseTail(t *testing.T, after uint64)
	// Commits reads the whole log.
	Commits(t *testing.T) []eventstore.Commit
}

// Process is one opened log.
type Process interface {
	Log() eventstore.Log[Account]
	// Close stops it in good order.
	Close()
	// Kill stops it as a crash does: nothing is written behind any more.
	Kill()
}

// Run runs the suite; world makes a fresh world for each test.
func Run(t *testing.T, world func(t *testing.T) World) {
	t.Helper()
	for _, c := range []struct {
		promise string
		test    func(*testing.T, World)
	}{
		{"a commit is all or nothing and answers with its position", testCommit},
		{"a rule's events join the commit that caused them", testReact},
		{"an idempotency key runs once, for ever", testIdempotency},
		{"the same key sent many times at once runs once", testIdempotencyRace},
		{"an unexpected revision is refused", testRevision},
		{"many writers at one aggregate lose nothing", testOneAggregate},
		{"many writers at one partition keep every revision chain whole", testOnePartition},
		{"transfers inside a scope conserve the sum", testTransfers},
		{"two processes that fight for a partition lose and double nothing", testTwoProcesses},
		{"a crash loses no acknowledged commit", testCrash},
		{"a log that lost its tail is noticed and the state built anew", testLostTail},
		{"a process that stands on a lost tail notices before it answers", testLostTailLive},
		{"state of another process is taken over", testTakeOver},
		{"unfinished work is found again after a crash", testActive},
		{"ordinals count the aggregates of a partition without gaps", testOrdinals},
		{"a command too large is refused and nothing is stored", testTooLarge},
		{"a command that panics harms nobody else", testPanic},
	} {
		t.Run(c.promise, func(t *testing.T) { c.test(t, world(t)) })
	}
}
