// Command oms-bench measures oms on the machine that it runs on: the event
// store against plain publishing, orders from create to confirmed, and the
// ceiling that the machine sets. Everything that is compared is measured in
// one run. Run it with "make bench".
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sort"
	"strings"
	"time"

	"github.com/orderstream/oms/internal/natsembed"
)

// report is what is written to the file: every figure under a stable name.
type report struct {
	When    time.Time          `json:"when"`
	Go      string             `json:"go"`
	CPUs    int                `json:"cpus"`
	Figures map[string]float64 `json:"figures"`
}

func (r *report) set(name string, v float64) {
	r.Figures[name] = v
	fmt.Printf("%-58s %14.4g\n", name, v)
}

func main() {
	natsembed.LeaveRoomForDisk() // as the service does
	out := flag.String("out", "", "write the figures to this file as JSON")
	only := flag.String("only", "store,cold,slow,orders,aged,ceiling,delivery,latency,endpoints", "parts to run")
	seconds := flag.Float64("seconds", 4, "time of each measurement")
	flag.IntVar(&million, "million", million, "orders of the part million, and deliveries of the part waiting; both are run only when -only names them")
	child := flag.String("child", "", "internal: the part that a child process runs")
	profile := flag.String("cpuprofile", "", "write where the time goes to this file")
	flag.Parse()
	if *profile != "" {
		defer cpuProfile(*profile)()
	}
	d := time.Duration(*seconds * float64(time.Second))
	r := &report{When: time.Now().UTC(), Go: runtime.Version(), CPUs: runtime.NumCPU(), Figures: map[string]float64{}}
	defer func() {
		for _, dir := range atEnd {
			_ = os.RemoveAll(dir)
		}
	}()
	if err := run(r, *only, *child, d); err != nil {
		fmt.Fprintln(os.Stderr, "oms-bench:", err)
		os.Exit(1)
	}
	if *out != "" {
		if err := r.write(*out); err != nil {
			fmt.Fprintln(os.Stderr, "oms-bench:", err)
			os.Exit(1)
		}
	}
}

// parts are run in this order; each prints its figures as they come.
var parts = []struct {
	name string
	run  func(*report, time.Duration) error
}{
	{"store", benchStore},
	{"slow", benchSlowStore},
	{"cold", benchCold},
	{"orders", benchOrders},
	{"aged", benchAged},
	{"ceiling", benchCeiling},
	{"delivery", benchDelivery},
	{"latency", benchLatency},
	{"endpoints", benchEndpoints},
	{"waiting", benchWaiting},
	{"million", benchMillion},
}

func run(r *report, only, child string, d time.Duration) error {
	if child != "" {
		return runChild(r, child, d)
	}
	for _, p := range parts {
		if !strings.Contains(","+only+",", ","+p.name+",") {
			continue
		}
		fmt.Printf("\n== %s\n", p.name)
		if err := p.run(r, d); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func (r *report) write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // figures are no secret
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644) //nolint:gosec // figures are no secret
}

// cpuProfile writes a profile until the function that it returns is called.
func cpuProfile(path string) (end func()) {
	f, err := os.Create(path) //nolint:gosec // the caller named it
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oms-bench:", err)
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}
}

// percentile of durations in milliseconds; sorts in place.
func percentile(ds []time.Duration, p float64) float64 {
	if len(ds) == 0 {
		return 0
	}
	sort.Slice(ds, func(i, j int) bool { return ds[i] < ds[j] })
	i := int(p * float64(len(ds)-1))
	return float64(ds[i]) / float64(time.Millisecond)
}
