package main

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// TestChangesThatWereMadeAtOnceAreAllKept lets several people change the fields
// of one order at the same time: nobody is refused, and nothing is lost.
func TestChangesThatWereMadeAtOnceAreAllKept(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.want("stock add A 5", `A`)
	out := c.want("order create --sku A@1.00 --currency USD --watch", `submitted`)
	id := regexp.MustCompile(`Order: +(\S+)`).FindStringSubmatch(out)[1]
	var at sync.WaitGroup
	for n := range 3 {
		at.Go(func() {
			for _, line := range []string{
				fmt.Sprintf("order metadata %s --field f%d=yes", id, n), fmt.Sprintf("order update %s --property p%d=yes", id, n),
			} {
				if r := c.oms(line); r.code != exitDone {
					t.Errorf("%s: %d %s", line, r.code, r.err)
				}
			}
		})
	}
	at.Wait()
	said := c.want("--json order get --latest "+id, `customFields`)
	for n := range 3 {
		for _, name := range []string{fmt.Sprintf("%q", fmt.Sprint("f", n)), fmt.Sprintf("%q", fmt.Sprint("p", n))} {
			if !strings.Contains(said, name) {
				t.Errorf("%s is lost: %s", name, said)
			}
		}
	}
}
