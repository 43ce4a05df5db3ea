// Package slowsync makes every fsync of the process slower by a fixed time, to
// show on a fast disk what a slow one does. It is for benchmarks and tests.
package slowsync
