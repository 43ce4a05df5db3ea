package jsstore_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	"github.com/orderstream/oms/eventstore/storetest"
	"github.com/orderstream/oms/internal/natsembed"
)

// cutting is a server whose connections break right after an append was
// written to them: the server has the message, and the answer is lost.
type cutting struct{ srv *natsembed.Server }

// InProcessConn implements nats.InProcessConnProvider.
func (c cutting) InProcessConn() (net.Conn, error) {
	conn, err := c.srv.InProcessConn()
	return &cutConn{Conn: conn}, err
}

type cutConn struct {
	net.Conn
	mu  sync.Mutex
	cut bool
}

func (c *cutConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if bytes.Contains(b, []byte("HPUB log.")) && rand.IntN(12) == 0 {
		c.mu.Lock()
		c.cut = true
		c.mu.Unlock()
	}
	return n, err
}

func (c *cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut { // what the server said is lost
		_ = c.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

func TestAnAcknowledgementThatGetsLostStoresNothingTwice(t *testing.T) {
	w := newWorld(t, 1)
	nc, err := nats.Connect("", nats.InProcessServer(cutting{w.srv}), nats.MaxReconnects(-1),
		nats.ReconnectWait(time.Millisecond), nats.ReconnectJitter(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	s, err := jsstore.Open(jsstore.Config{Conn: nc, Dir: filepath.Join(w.dir, "a"), AckWait: 150 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	var log *jsstore.Log[storetest.Account]
	for log == nil { // opening may be cut off as well
		if log, err = jsstore.OpenLog(t.Context(), s, storetest.Definition(), nil); err != nil && t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
	const callers, each = 8, 40
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for n := range each {
				m := eventstore.Meta{Tenant: "t", Key: fmt.Sprint(c, "-", n), Hash: []byte("h")}
				if _, err := log.Execute(t.Context(), m, "x", storetest.Deposit{Amount: 1}); err != nil {
					t.Errorf("caller %d, command %d: %v", c, n, err)
				}
			}
		})
	}
	wg.Wait()
	snap, err := log.Read(t.Context(), "t", "x", "x")
	if err != nil || snap.State.Balance != callers*each {
		t.Errorf("balance = %d, %v; want %d", snap.State.Balance, err, callers*each)
	}
	var sum int64
	for _, c := range w.Commits(t) {
		sum += int64(len(c.Events))
	}
	if sum != callers*each {
		t.Errorf("the log holds %d deposits, want %d", sum, callers*each)
	}
}
