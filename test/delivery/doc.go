// Package delivery tests that what happens reaches those who are to hear it:
// through a real log, real views and real HTTP, with endpoints that fail, hang
// and lie.
package delivery
