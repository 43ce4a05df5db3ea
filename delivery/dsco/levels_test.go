package dsco_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/delivery/dsco"
	"github.com/orderstream/oms/eventstore"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
)

// TestStockIsAsItWasBeforeACommit, however far ahead those are that know how it
// is now, and in whatever order one asks.
func TestStockIsAsItWasBeforeACommit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var log []eventstore.Batch
		var was []map[string]int64 // before each message
		now := map[string]int64{}
		for position := uint64(1); position <= uint64(rapid.IntRange(1, 30).Draw(t, "messages")); position++ {
			before := map[string]int64{}
			for bin, n := range now {
				if n != 0 {
					before[bin] = n
				}
			}
			was = append(was, before)
			bin := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "bin")
			n := rapid.Int64Range(-5, 5).Draw(t, "units")
			now[bin] += n
			log = append(log, batch(t, position, &inventoryv1.StockAdjusted{CollectionId: 1, BinName: bin, SkuId: "shoe", Delta: n}))
		}
		levels := dsco.Levels{
			Now: func(_ context.Context, _ string, _ int64, _ string, position uint64) (map[string]int64, uint64, error) {
				seen := rapid.Uint64Range(position, uint64(len(log))).Draw(t, "seen")
				if seen == uint64(len(log)) {
					return clone(now), seen, nil
				}
				return clone(was[seen]), seen, nil
			},
			At: func(_ context.Context, position uint64) (eventstore.Batch, bool, error) {
				return log[position-1], true, nil
			},
		}
		for range rapid.IntRange(1, 30).Draw(t, "asked") {
			n := rapid.IntRange(0, len(log)-1).Draw(t, "position")
			got, err := levels.Before(t.Context(), log[n].Commits[0], 1, "shoe")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(was[n], got); diff != "" {
				t.Fatalf("before message %d (-want +got):\n%s", n+1, diff)
			}
		}
	})
}

func clone(m map[string]int64) map[string]int64 {
	c := map[string]int64{}
	for k, v := range m {
		c[k] = v
	}
	return c
}

func batch(t *rapid.T, position uint64, m proto.Message) eventstore.Batch {
	e, err := eventstore.Encode("1/a/shoe", position, m)
	if err != nil {
		t.Fatal(err)
	}
	return eventstore.Batch{Position: position, Commits: []eventstore.Commit{{
		Log: "inventory", Position: position, Commit: &logv1.Commit{Id: "c", Tenant: "default", Events: []*logv1.Event{e}},
	}}}
}
