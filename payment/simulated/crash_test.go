package simulated_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/orderstream/oms/payment/gateway"
	"github.com/orderstream/oms/payment/simulated"
)

// ledgerOfChild names the environment variable that makes the test binary play
// the process that is killed.
const ledgerOfChild = "OMS_TEST_SIMULATED_LEDGER"

func TestMain(m *testing.M) {
	if path := os.Getenv(ledgerOfChild); path != "" {
		charge(path)
	}
	os.Exit(m.Run())
}

// charge charges a pound again and again, from many callers, and prints the
// key of each charge once it was answered. It never returns.
func charge(path string) {
	g, err := simulated.Open(simulated.Config{Path: path})
	if err != nil {
		panic(err)
	}
	lines := make(chan string)
	for caller := range 8 {
		go func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("%d-%d-%d", os.Getpid(), caller, n)
				a, err := g.Authorize(context.Background(), gateway.Call{IdempotencyKey: "a" + key, AmountMinor: 100, Currency: "GBP", Token: "card"})
				if err != nil {
					panic(err)
				}
				c := gateway.Call{IdempotencyKey: "c" + key, Reference: a.Reference, AmountMinor: 100, Currency: "GBP"}
				if r, err := g.Capture(context.Background(), c); err != nil || !r.Approved {
					panic(fmt.Sprint(r, err))
				}
				lines <- c.IdempotencyKey + " " + c.Reference
			}
		}()
	}
	for line := range lines {
		fmt.Fprintln(os.Stdout, line)
	}
}

func TestKilledProcessLeavesEveryAnsweredCharge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.db")
	answered := map[string]string{} // reference by key
	for range 3 {
		kill(t, path, 200, answered)
	}
	g := open(t, simulated.Config{Path: path})
	before, err := g.Charged()
	if err != nil {
		t.Fatal(err)
	}
	for key, reference := range answered {
		c := gateway.Call{IdempotencyKey: key, Reference: reference, AmountMinor: 100, Currency: "GBP"}
		if got := answer(g.Capture(t.Context(), c)); got != "200" {
			t.Errorf("%s answered %s after the kill, want 200", key, got)
		}
	}
	after, err := g.Charged()
	if err != nil {
		t.Fatal(err)
	}
	// A charge that was made but not answered when the process died counts too.
	if least := int64(100 * len(answered)); before["GBP"] < least {
		t.Errorf("%d charged, but %d was answered for", before["GBP"], least)
	}
	if before["GBP"] != after["GBP"] {
		t.Errorf("asking again charged %d", after["GBP"]-before["GBP"])
	}
}

// kill runs a process that charges, and kills it after so many answers.
func kill(t *testing.T, path string, answers int, answered map[string]string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self)
	child.Env = append(os.Environ(), ledgerOfChild+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); answers-- {
		if answers == 0 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		key, reference, whole := strings.Cut(lines.Text(), " ")
		if whole {
			answered[key] = reference
		}
	}
	if err := child.Wait(); err == nil || answers >= 0 {
		t.Fatalf("the process ended by itself: %v", err)
	}
}

// Callers of a busy ledger share the syncs of the disk.
func BenchmarkAuthorizeAndCapture(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprint(callers, " callers"), func(b *testing.B) {
			g := open(b, onDisk(b))
			var n atomic.Int64
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for {
						key := n.Add(1)
						if key > int64(b.N) {
							return
						}
						r, err := g.Authorize(b.Context(), authorize(fmt.Sprintf("a%09d", key), "card"))
						if err != nil {
							b.Error(err)
							return
						}
						c := gateway.Call{IdempotencyKey: fmt.Sprintf("c%09d", key), Reference: r.Reference, AmountMinor: 1000, Currency: "GBP"}
						if _, err := g.Capture(b.Context(), c); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}
