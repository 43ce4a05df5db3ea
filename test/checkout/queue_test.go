package checkout_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/orderstream/oms/internal/testkit"
)

// caller uses the participants as services, without any order: it puts
// requests on their queues and reads the replies from an inbox of its own.
type caller struct {
	nc    *nats.Conn
	inbox string

	mu      sync.Mutex
	replies map[string][]string // by request id
}

func (s *shop) caller(t *testing.T) *caller {
	t.Helper()
	c := &caller{nc: s.outside.Conn(), inbox: nats.NewInbox(), replies: map[string][]string{}}
	sub, err := c.nc.Subscribe(c.inbox, func(m *nats.Msg) {
		c.mu.Lock()
		defer c.mu.Unlock()
		id := m.Header.Get("Request-Id")
		c.replies[id] = append(c.replies[id], string(m.Data))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() })
	return c
}

// send puts a request on a queue; headers come in pairs of name and value.
func (c *caller) send(t *testing.T, queue, id, body string, headers ...string) {
	t.Helper()
	m := nats.NewMsg(queue)
	m.Data = []byte(body)
	m.Header.Set("Reply-To", c.inbox)
	m.Header.Set("Request-Id", id)
	for n := 0; n < len(headers); n += 2 {
		m.Header.Set(headers[n], headers[n+1])
		if headers[n+1] == "" {
			m.Header.Del(headers[n])
		}
	}
	if err := c.nc.PublishMsg(m); err != nil {
		t.Fatal(err)
	}
}

// ask sends a request and returns the reply to it: the codes of the whole and
// of each line.
func (c *caller) ask(t *testing.T, queue, id, body string, headers ...string) string {
	t.Helper()
	c.mu.Lock()
	before := len(c.replies[id])
	c.mu.Unlock()
	c.send(t, queue, id, body, headers...)
	reply := ""
	testkit.Until(t, 10*time.Second, func() string {
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.replies[id]) == before {
			return "request " + id + " was not answered"
		}
		reply = c.replies[id][before]
		return ""
	})
	return codes(t, reply)
}

// answered counts the replies to a request so far.
func (c *caller) answered(id string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.replies[id])
}

// outcome is what all replies have in common.
type outcome struct {
	ResponseCode, ResponseMessage, Verdict string

	BinItems, PromoCodesInfo, Transactions []outcome
}

func (o outcome) String() string {
	return strings.TrimSpace(strings.Join([]string{o.ResponseCode, o.ResponseMessage, o.Verdict}, " "))
}

// codes is a reply in short: "409 out_of_stock [200] [409 out_of_stock]".
func codes(t *testing.T, reply string) string {
	t.Helper()
	var o outcome
	if err := json.Unmarshal([]byte(reply), &o); err != nil {
		t.Fatalf("%q: %v", reply, err)
	}
	text := o.String()
	for _, lines := range [][]outcome{o.BinItems, o.PromoCodesInfo, o.Transactions} {
		for _, l := range lines {
			text += fmt.Sprintf(" [%s]", l)
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

// bulk is an InventoryBulkTransaction; lines are "sku units", type 2 reserves.
func bulk(allOrNone bool, lines ...string) string {
	var items []string
	for n, l := range lines {
		sku, units, _ := strings.Cut(l, " ")
		items = append(items, fmt.Sprintf(`{"binName":"main","skuId":%q,"transaction":{"id":"%d","type":2,"atpQty":%s}}`, sku, n+1, units))
	}
	return fmt.Sprintf(`{"binItems":[%s],"allOrNone":%v}`, strings.Join(items, ","), allOrNone)
}

// asking is one request to a participant, and what has to come of it.
type asking struct {
	id, body string
	headers  []string
	want     string
}
