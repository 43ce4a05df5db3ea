package publisher

import (
	"cmp"
	"fmt"
)

// place is where in the log a message comes from.
type place struct {
	position uint64
	commit   int
	event    int
}

func (p place) String() string { return fmt.Sprintf("%d.%d.%d", p.position, p.commit, p.event) }

func parsePlace(s string) (p place, err error) {
	_, err = fmt.Sscanf(s, "%d.%d.%d", &p.position, &p.commit, &p.event)
	return p, err
}

// before reports whether p lies before q in the log.
func (p place) before(q place) bool {
	return cmp.Or(cmp.Compare(p.position, q.position), cmp.Compare(p.commit, q.commit), cmp.Compare(p.event, q.event)) < 0
}

// number is a place as one number that fits into a float64, so that a consumer
// in any language keeps it exact: up to nine thousand million log positions.
func (p place) number() int64 {
	return int64(p.position)*1_000_000 + int64(p.commit)*1_000 + int64(p.event) //nolint:gosec // positions are far below 2^43
}
