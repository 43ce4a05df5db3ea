// Package stress holds the four tests that other order systems fail: the last
// units under a crowd, the same order sent twice at once, everybody on the
// same two items, and a kill while orders are placed.
package stress
