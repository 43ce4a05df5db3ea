package inventory

import "strconv"

// Scope is what keeps a collection together: all of its aggregates live where
// its scope does.
func Scope(collection int64) string { return "collection/" + strconv.FormatInt(collection, 10) }
