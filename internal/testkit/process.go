// Package testkit runs oms as a process of its own, the way an operator does,
// for tests that crash it, crowd it and look at what it left behind.
package testkit

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/gen/oms/customer/v1/customerv1connect"
	"github.com/orderstream/oms/gen/oms/inventory/v1/inventoryv1connect"
	"github.com/orderstream/oms/gen/oms/log/v1/logv1connect"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	"github.com/orderstream/oms/gen/oms/payment/v1/paymentv1connect"
	"github.com/orderstream/oms/gen/oms/projection/v1/projectionv1connect"
	"github.com/orderstream/oms/gen/oms/promotion/v1/promotionv1connect"
	"github.com/orderstream/oms/gen/oms/saga/v1/sagav1connect"
)

// Binary builds oms once for each test program and returns its path.
func Binary(t *testing.T) string {
	t.Helper()
	buildOnce.Do(func() {
		forgetOldBinaries()
		dir, err := os.MkdirTemp("", "oms-binary-") //nolint:usetesting // it outlives the test that builds it
		if err != nil {
			buildErr = err
			return
		}
		built = filepath.Join(dir, "oms")
		out, err := exec.Command("go", "build", "-o", built, "github.com/orderstream/oms/cmd/oms").CombinedOutput() //nolint:gosec // our own program
		if err != nil {
			buildErr = fmt.Errorf("build oms: %w\n%s", err, out)
		}
	})
	if buildErr != nil {
		t.Fatal(buildErr)
	}
	return built
}

// forgetOldBinaries removes what test programs of long ago have built: none can
// remove its own, since it does not know when it ends.
func forgetOldBinaries() {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), "oms-binary-*"))
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > time.Hour {
			_ = os.RemoveAll(dir)
		}
	}
}

var (
	buildOnce sync.Once
	built     string
	buildErr  error
)

// Process is a running "oms serve".
type Process struct {
	Dir     string // data folder
	URL     string // of the API
	NATSURL string // of the embedded server
	// MetricsURL of a process that was told --metrics-listen.
	MetricsURL string

	cmd  *exec.Cmd
	log  *os.File
	http *http.Client
	done chan struct{}

	told   atomic.Bool // to end
	result error       // of the process, once it is done
}

// Start runs "oms serve" on a data folder and waits until it is ready. It is
// killed when the test ends, if it still runs then. Its log is shown when the
// test failed.
func Start(t *testing.T, dir string, args ...string) *Process {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "oms-serve-*.log")
	if err != nil {
		t.Fatal(err)
	}
	all := append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--log-level", "warn"}, args...)
	cmd := exec.Command(Binary(t), all...) //nolint:gosec // our own program
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &Process{Dir: dir, cmd: cmd, log: log, done: make(chan struct{}), http: newHTTPClient()}
	ready := make(chan error, 1)
	go p.read(stdout, ready)
	t.Cleanup(func() { p.end(t) })
	select {
	case err := <-ready:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(60 * time.Second):
		t.Fatal("oms serve was not ready within a minute")
	}
	return p
}

// newHTTPClient keeps enough connections for many callers.
func newHTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
	}}
}

// read takes the addresses from what serve prints, and drops the rest.
func (p *Process) read(stdout io.Reader, ready chan<- error) {
	sc := bufio.NewScanner(stdout)
	said := false
	for sc.Scan() {
		word, rest, _ := strings.Cut(strings.TrimSpace(sc.Text()), " ")
		switch rest = strings.TrimSpace(rest); word {
		case "api":
			p.URL = rest
		case "metrics":
			p.MetricsURL = rest
		case "nats":
			p.NATSURL = rest
		case "ready":
			said = true
			ready <- nil
		}
	}
	p.result = p.cmd.Wait()
	if !said {
		ready <- fmt.Errorf("oms serve ended before it was ready: %w\n%s", p.result, p.Log())
	}
	close(p.done)
}

// Log returns what the process logged.
func (p *Process) Log() string {
	data, _ := os.ReadFile(p.log.Name())
	return string(data)
}

// Kill ends the process with signal 9 and waits until it is gone.
func (p *Process) Kill() {
	p.told.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
	p.http.CloseIdleConnections()
}

// Abort ends the process as one that hangs: it logs what all of it is doing.
func (p *Process) Abort(t *testing.T) {
	t.Helper()
	p.told.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGQUIT)
	<-p.done
	p.http.CloseIdleConnections()
	t.Logf("oms serve logged:\n%s", last(p.Log(), 200_000))
}

// Stop ends the process in good order and fails the test if it does not.
func (p *Process) Stop(t *testing.T) {
	t.Helper()
	p.http.CloseIdleConnections() // the server waits for those that never asked anything
	p.told.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(60 * time.Second):
		t.Fatal("oms serve did not stop within a minute")
	}
	p.http.CloseIdleConnections()
}

func (p *Process) end(t *testing.T) {
	t.Helper()
	select {
	case <-p.done:
		if !p.told.Load() {
			t.Errorf("oms serve ended by itself: %v", p.result)
		}
	default:
		p.Kill()
	}
	if t.Failed() {
		if log := p.Log(); log != "" {
			t.Logf("oms serve logged:\n%s", last(log, 4000))
		}
	}
}

func last(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "…" + s[len(s)-n:]
}

// JetStream connects to the embedded server, as a subscriber would.
func (p *Process) JetStream(t *testing.T) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(p.NATSURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// Orders is a client of the order service.
func (p *Process) Orders() orderv1connect.OrderServiceClient {
	return orderv1connect.NewOrderServiceClient(p.http, p.URL)
}

// Inventory is a client of the inventory service.
func (p *Process) Inventory() inventoryv1connect.InventoryServiceClient {
	return inventoryv1connect.NewInventoryServiceClient(p.http, p.URL)
}

// Promotions is a client of the promotion service.
func (p *Process) Promotions() promotionv1connect.PromotionServiceClient {
	return promotionv1connect.NewPromotionServiceClient(p.http, p.URL)
}

// Payments is a client of the payment service.
func (p *Process) Payments() paymentv1connect.PaymentServiceClient {
	return paymentv1connect.NewPaymentServiceClient(p.http, p.URL)
}

// Customers is a client of the customer service.
func (p *Process) Customers() customerv1connect.CustomerServiceClient {
	return customerv1connect.NewCustomerServiceClient(p.http, p.URL)
}

// Sagas is a client of the saga service.
func (p *Process) Sagas() sagav1connect.SagaServiceClient {
	return sagav1connect.NewSagaServiceClient(p.http, p.URL)
}

// Projections is a client of the projection service.
func (p *Process) Projections() projectionv1connect.ProjectionServiceClient {
	return projectionv1connect.NewProjectionServiceClient(p.http, p.URL)
}

// Events is a client of the log service.
func (p *Process) Events() logv1connect.LogServiceClient {
	return logv1connect.NewLogServiceClient(p.http, p.URL)
}
