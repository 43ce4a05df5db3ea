package jsstore_test

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/storetest"
)

// TestAMessageOfNoPartitionStopsNobody: a lone partition is fenced by the last
// sequence of its stream, and somebody else may write there.
func TestAMessageOfNoPartitionStopsNobody(t *testing.T) {
	w := newWorld(t, 1)
	js, err := jetstream.New(w.nc)
	if err != nil {
		t.Fatal(err)
	}
	p := w.Open(t, "a")
	for n := range int64(4) {
		if n%2 == 1 {
			if _, err := js.Publish(t.Context(), "log.suite.stray", nil); err != nil {
				t.Fatal(err)
			}
		}
		res, err := p.Log().Execute(t.Context(), eventstore.Meta{Tenant: "t"}, "x", storetest.Deposit{Amount: 1})
		if err != nil || res.States["x"].Balance != n+1 {
			t.Fatalf("deposit %d: balance %d, %v", n+1, res.States["x"].Balance, err)
		}
	}
}
