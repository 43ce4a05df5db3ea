package main

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// TestCancellationsComeToWhatTheFileSays loads what customers bought in half a
// year who cancelled often, before and after the orders have shipped, and twice
// each. The
// money that every order owes and the stock of every SKU are those that this
// test computes from the file by itself.
func TestCancellationsComeToWhatTheFileSays(t *testing.T) {
	for _, shipped := range []bool{false, true} {
		flags := ""
		if shipped {
			flags = " --ship"
		}
		t.Run("load"+flags, func(t *testing.T) {
			t.Parallel()
			c := newCLI(t)
			file := filepath.Join("testdata", "cancellations.csv.gz")
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			leftOver := filepath.Join(t.TempDir(), "left.csv")
			first := c.want("load online-retail "+file+flags+" --unmatched "+leftOver, `not matched`)
			second := c.want("load online-retail "+file+flags+" --unmatched "+leftOver, `not matched`)
			_, told, _ := strings.Cut(first, "create to confirmed")
			t.Log(told)
			if !shipped {
				if a, b := line(first, "cancelled:"), line(second, "cancelled:"); a != b || a == "" {
					t.Errorf("loaded twice: %q and %q", a, b)
				}
			} else if a, b := line(first, "returned:"), line(second, "returned:"); a != b || a == "" {
				t.Errorf("loaded twice: %q and %q", a, b)
			}
			c.balanced(t, computed(t, raw), shipped)
			c.want("projections rebuild orders --verify", `live`) // the views are what the log says
			c.want("projections rebuild stock --verify", `live`)
		})
	}
}

func line(text, name string) string {
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, name) {
			return l
		}
	}
	return ""
}

// record is a row of the file.
type record struct {
	invoice, sku, customer, at string
	units, minor, left         int64
}

// account is what the file comes to.
type account struct {
	due        map[string]int64 // of each sale invoice
	sold, back map[string]int64 // units of each SKU
	taken      int
}

// computed reads the file anew, row by row, and matches each cancellation by
// looking through all sales.
func computed(t *testing.T, raw []byte) account {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	a := account{map[string]int64{}, map[string]int64{}, map[string]int64{}, 0}
	var sales, cancels []*record
	for _, f := range rows[1:] {
		units, _ := strconv.ParseInt(f[3], 10, 64)
		price, _ := strconv.ParseFloat(f[5], 64)
		r := &record{invoice: f[0], sku: f[1], customer: f[6], at: f[4], units: units, minor: int64(math.Round(price * 100)), left: units}
		switch {
		case r.minor <= 0 || math.Abs(price*100-float64(r.minor)) > 1e-6:
		case strings.HasPrefix(r.invoice, "C"):
			cancels = append(cancels, r)
		case units > 0:
			sales = append(sales, r)
			a.due[r.invoice] += r.units * r.minor
			a.sold[r.sku] += r.units
		}
	}
	for _, c := range cancels {
		for want := -c.units; want > 0 && c.customer != ""; {
			var best *record
			for _, s := range sales {
				if s.customer == c.customer && s.sku == c.sku && s.minor == c.minor && s.left > 0 && s.at < c.at && (best == nil || s.at > best.at) {
					best = s
				}
			}
			if best == nil {
				break
			}
			n := min(want, best.left)
			best.left -= n
			want -= n
			a.taken++
			a.due[best.invoice] -= n * best.minor
			a.back[best.sku] += n
		}
	}
	if a.taken < 50 {
		t.Fatalf("only %d rows can be taken back: the test would show nothing", a.taken)
	}
	return a
}

// balanced compares what the service has with what the file comes to.
func (c *cli) balanced(t *testing.T, want account, shipped bool) {
	t.Helper()
	due := map[string]int64{}
	for l := range strings.Lines(c.want("order list --limit 0 --json", `orderId`)) {
		o := &orderv1.Order{}
		if err := protojson.Unmarshal([]byte(l), o); err != nil {
			t.Fatal(err)
		}
		due[o.GetReference()] = o.GetDue().GetMinorUnits()
		var paid int64
		for _, p := range o.GetPayments() {
			paid += p.GetCaptured().GetMinorUnits() - p.GetRefunded().GetMinorUnits()
		}
		if paid != o.GetDue().GetMinorUnits() {
			t.Errorf("order %s: %d is due, %d was paid", o.GetReference(), o.GetDue().GetMinorUnits(), paid)
		}
	}
	if diff := cmp.Diff(want.due, due); diff != "" {
		t.Errorf("due of each order (-file +service):\n%s", diff)
	}
	for l := range strings.Lines(c.want("stock list --limit 0 --json", `skuId`)) {
		var s struct{ SkuID, OnHand, Reserved string }
		if err := json.Unmarshal([]byte(l), &s); err != nil {
			t.Fatal(err)
		}
		onHand, _ := strconv.ParseInt(s.OnHand, 10, 64)
		reserved, _ := strconv.ParseInt(s.Reserved, 10, 64)
		wantHand, wantReserved := want.sold[s.SkuID], want.sold[s.SkuID]-want.back[s.SkuID]
		if shipped {
			wantHand, wantReserved = want.back[s.SkuID], 0
		}
		if onHand != wantHand || reserved != wantReserved {
			t.Errorf("%s: %d on hand and %d reserved, the file says %d and %d", s.SkuID, onHand, reserved, wantHand, wantReserved)
		}
	}
}
