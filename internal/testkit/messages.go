package testkit

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/internal/skava"
)

// Notification is one message of a published stream.
type Notification struct {
	Subject, OrderID string
	// EventID is the stored event that it tells of.
	EventID string
}

// Notifications reads a published stream from its beginning to its end.
func (p *Process) Notifications(t *testing.T, stream string) (all []Notification) {
	t.Helper()
	ctx := Lasting(t)
	st, err := p.JetStream(t).Stream(ctx, stream)
	if err != nil {
		t.Fatal(err)
	}
	last := st.CachedInfo().State.LastSeq
	if last == 0 {
		return nil
	}
	cons, err := st.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	it, err := cons.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer it.Stop()
	for {
		m, err := it.Next()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Notification{Subject: m.Subject(), OrderID: m.Headers().Get(skava.HeaderOrderID), EventID: m.Headers().Get("Oms-Event-Id")})
		if meta, err := m.Metadata(); err != nil || meta.Sequence.Stream >= last {
			return all
		}
	}
}

// AwaitPublished waits until something was said of an order.
func (p *Process) AwaitPublished(t *testing.T, stream, subject, orderID string) {
	t.Helper()
	cons, err := p.JetStream(t).OrderedConsumer(Lasting(t), stream, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}})
	if err != nil {
		t.Fatal(err)
	}
	it, err := cons.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer it.Stop()
	defer time.AfterFunc(Patience, it.Stop).Stop()
	for {
		m, err := it.Next()
		if err != nil {
			t.Fatalf("%s of order %s was not published within %v: %v", subject, orderID, Patience, err)
		}
		if m.Headers().Get(skava.HeaderOrderID) == orderID {
			return
		}
	}
}

// Published counts the messages of a published stream by subject and order.
func (p *Process) Published(t *testing.T, stream string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, n := range p.Notifications(t, stream) {
		counts[n.Subject+" "+n.OrderID]++
	}
	return counts
}
