package inventory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/inventory"
)

var undo = inventory.Release{CollectionID: 1, ID: "r1", RequestID: "u1", Now: noon}

func released(sku string, units int64, tx string) fact {
	return fact{inventory.StockID(1, "", sku), &inventoryv1.StockReleased{
		CollectionId: 1, BinName: inventory.DefaultBin, SkuId: sku, Quantity: units, TransactionId: tx,
	}}
}

func TestReleaseGivesBackWhatTheTransactionHolds(t *testing.T) {
	closed := fact{inventory.TransactionID(1, "r1"), &inventoryv1.BulkTransactionReleased{
		CollectionId: 1, TransactionId: "r1", RequestId: "u1",
	}}
	for name, tt := range map[string]struct {
		undone []command
		want   []fact
	}{
		"all lines":        {[]command{bulk(true, remove("a", 2), remove("b", 3), remove("a", 1))}, []fact{closed, released("a", 2, "r1"), released("b", 3, "r1"), released("a", 1, "r1")}},
		"only what worked": {[]command{bulk(false, remove("a", 2), remove("b", 9))}, []fact{closed, released("a", 2, "r1")}},
		"refused":          {[]command{bulk(true, remove("a", 2), remove("b", 9))}, []fact{closed}},
		"added units stay": {[]command{bulk(true, add("a", 2), remove("b", 1))}, []fact{closed, released("b", 1, "r1")}},
		"unknown":          {nil, []fact{closed}},
		"released already": {[]command{bulk(true, remove("a", 2)), undo}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := given(t, stocked("a", 5), stocked("b", 5), reserved("a", 1, "other"))
			for _, c := range tt.undone {
				p.must(c)
			}
			got, err := p.do(undo)
			if err != nil {
				t.Fatal(err)
			}
			same(t, tt.want, got)
			if a, b := p.stock("a").Reserved, p.stock("b").Reserved; a != 1 || b != 0 {
				t.Errorf("%d of a and %d of b are reserved, want only the other order's 1 of a", a, b)
			}
		})
	}
}

func TestTransactionReleasedBeforeItArrivedIsClosed(t *testing.T) {
	p := given(t, stocked("a", 5))
	p.must(undo)
	got, err := p.do(bulk(true, remove("a", 2)))
	if err != nil || got != nil {
		t.Errorf("the late request recorded %v, %v", got, err)
	}
	o, found := p.items[inventory.TransactionID(1, "r1")].Outcome()
	if !found || !o.Closed || o.Succeeded || len(o.Lines) != 0 {
		t.Errorf("outcome %+v, found %v; want a closed one", o, found)
	}
}

func TestReleasedTransactionIsAnsweredAsBefore(t *testing.T) {
	p := given(t, stocked("a", 5))
	p.must(bulk(true, remove("a", 2)))
	want, _ := p.items[inventory.TransactionID(1, "r1")].Outcome()
	p.must(undo)
	p.must(bulk(true, remove("a", 2)))
	got, _ := p.items[inventory.TransactionID(1, "r1")].Outcome()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcome (-before +after the release):\n%s", diff)
	}
}

func TestReleaseOfNothingIsInvalid(t *testing.T) {
	if _, err := given(t).do(inventory.Release{CollectionID: 1}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
}
