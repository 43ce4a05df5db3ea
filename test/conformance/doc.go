// Package conformance holds oms against what its source systems say: every
// event on its subject and every field of its payload, produced by real
// commands on a running service. The contract is data in testdata; a fact of a
// source that is being worked on and is not covered fails the test by its id.
package conformance
