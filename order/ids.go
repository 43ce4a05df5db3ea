package order

import "fmt"

// newID is the id of the nth thing that a command makes in the order, counted
// over the order's whole life: "k3" is a package, "r4" a return.
func (o Order) newID(prefix string, n int) string {
	return fmt.Sprintf("%s%d", prefix, o.Made+1+uint32(n)) //nolint:gosec // a handful
}

// NextWork is the id of the piece of work that the saga adds now.
func (o Order) NextWork() string { return o.newID("w", 0) }

// newNumber is the number of the nth thing that a command makes, unique in the
// installation.
func (o Order) newNumber(n int) int64 {
	return int64(o.Number)*1000 + int64(o.Made) + 1 + int64(n) //nolint:gosec // counted up from 1
}

// lineField is the path of a line in a request.
func lineField(n int) string { return fmt.Sprintf("lines[%d]", n) }
