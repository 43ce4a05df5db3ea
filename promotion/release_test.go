package promotion_test

import (
	"testing"
	"time"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/promotion"
)

func undo(order string, codes ...string) promotion.Release {
	return promotion.Release{CollectionID: 1, RequestID: "undo-" + order, OrderID: order, Codes: codes, Now: noon}
}

func TestReleaseFreesWhatTheOrderHolds(t *testing.T) {
	givenBack := about("FLAT50", "o1", "c1", &promotionv1.PromotionReleased{CollectionId: 1, PromoCode: "FLAT50", OrderId: "o1"})
	for name, tt := range map[string]struct {
		done []command
		want []fact
	}{
		"blocked":          {[]command{block("o1", "FLAT50")}, givenBack},
		"assigned":         {[]command{block("o1", "FLAT50"), assign("o1", "FLAT50")}, givenBack},
		"nothing":          {nil, nil},
		"refused":          {[]command{block("o1", "FLAT50", "SPRING")}, nil},
		"released already": {[]command{block("o1", "FLAT50"), undo("o1", "FLAT50")}, nil},
		"block ended, not recorded yet": {
			[]command{at(noon.Add(-time.Hour), block("o1", "FLAT50"))}, givenBack,
		},
		"block ended": {
			[]command{at(noon.Add(-time.Hour), block("o1", "FLAT50")), promotion.ExpireBlocks{CollectionID: 1, PromoCode: "FLAT50", Now: noon}}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := given(t, promotion.Terms{UsageLimit: 2, CustomerLimit: 2})
			p.must(block("other", "FLAT50"))
			for _, c := range tt.done {
				p.must(c)
			}
			same(t, tt.want, p.must(undo("o1", "FLAT50", "FLAT50", "SPRING")))
			if c := p.code("FLAT50"); c.Assigned != 0 || len(c.Blocks) != 1 {
				t.Errorf("code is %+v, want only the other order's block", c)
			}
		})
	}
}

func TestTransactionReleasedBeforeItArrivedIsClosed(t *testing.T) {
	p := given(t, promotion.Terms{})
	c := undo("o1", "FLAT50")
	c.ClosedIDs = []string{"block-o1", "", "block-o1"}
	same(t, []fact{{promotion.TransactionID(1, "block-o1"), &promotionv1.BulkTransactionClosed{
		CollectionId: 1, TransactionId: "block-o1",
	}}}, p.must(c))
	if got := p.must(block("o1", "FLAT50")); got != nil {
		t.Errorf("the late request recorded %v", got)
	}
	o, found := p.load(promotion.TransactionID(1, "block-o1")).Outcome()
	if !found || !o.Closed || o.Succeeded || len(o.Codes) != 0 {
		t.Errorf("outcome %+v, found %v; want a closed one", o, found)
	}
}

func TestReleasedTransactionIsAnsweredAsBefore(t *testing.T) {
	p := given(t, promotion.Terms{})
	p.must(block("o1", "FLAT50"))
	c := undo("o1", "FLAT50")
	c.ClosedIDs = []string{"block-o1"}
	p.must(c)
	if got := p.must(block("o1", "FLAT50")); got != nil {
		t.Errorf("the repeat recorded %v", got)
	}
	if o, found := p.load(promotion.TransactionID(1, "block-o1")).Outcome(); !found || o.Closed || !o.Succeeded {
		t.Errorf("outcome %+v, found %v; want the one from before", o, found)
	}
}

func TestReleaseOfNobodyIsInvalid(t *testing.T) {
	if _, err := given(t, promotion.Terms{}).do(promotion.Release{CollectionID: 1}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
}
