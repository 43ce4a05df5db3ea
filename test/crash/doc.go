// Package crash holds the tests that kill oms while it works and look at what
// is left: nothing acknowledged may be lost, and nothing may happen twice.
package crash
