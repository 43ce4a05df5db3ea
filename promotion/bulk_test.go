package promotion_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/promotion"
)

func block(order string, codes ...string) promotion.BulkTransaction {
	c := promotion.BulkTransaction{CollectionID: 1, ID: "block-" + order, OrderID: order, CustomerID: "c1", Type: promotion.BlockCodes, Now: noon}
	for _, code := range codes {
		c.Codes = append(c.Codes, promotion.CodeRef{PromoCode: code})
	}
	return c
}

func assign(order string, codes ...string) promotion.BulkTransaction {
	c := block(order, codes...)
	c.ID, c.Type = "assign-"+order, promotion.AssignCodes
	return c
}

// at is the transaction under another id and at another time.
func at(now time.Time, c promotion.BulkTransaction) promotion.BulkTransaction {
	c.ID, c.Now = fmt.Sprint(c.ID, "@", now), now
	return c
}

func TestBlockAndAssignAreRecordedForEverybodyConcerned(t *testing.T) {
	p := given(t, promotion.Terms{CustomerLimit: 1})
	applied := func(id string) fact {
		return fact{promotion.TransactionID(1, id), &promotionv1.BulkTransactionApplied{
			CollectionId: 1, TransactionId: id, Succeeded: true, Outcomes: []*promotionv1.PromoOutcome{{PromoCode: "FLAT50"}},
		}}
	}
	same(t, append([]fact{applied("block-o1")}, about("FLAT50", "o1", "c1", &promotionv1.PromotionBlocked{
		CollectionId: 1, PromoCode: "FLAT50", OrderId: "o1", CustomerId: "c1", ExpiresAt: timestamppb.New(noon.Add(300 * time.Second)),
	})...), p.must(block("o1", "FLAT50")))
	same(t, append([]fact{applied("assign-o1")}, about("FLAT50", "o1", "", &promotionv1.PromotionAssigned{
		CollectionId: 1, PromoCode: "FLAT50", OrderId: "o1",
	})...), p.must(assign("o1", "FLAT50")))
	if c := p.code("FLAT50"); c.Assigned != 1 || len(c.Blocks) != 0 {
		t.Errorf("code is %+v, want one assigned use", c)
	}
}

func TestCodeIsRefusedForAReason(t *testing.T) {
	early, late := noon.Add(-time.Hour), noon.Add(time.Hour)
	guest := block("o1", "FLAT50")
	guest.CustomerID = ""
	confirmed := block("o1", "FLAT50")
	confirmed.Codes[0].ConfirmationCode = "secret"
	for name, tt := range map[string]struct {
		terms promotion.Terms
		done  []promotion.BulkTransaction
		then  promotion.BulkTransaction
		want  string
	}{
		"usable":                        {then: block("o1", "FLAT50")},
		"unknown":                       {then: block("o1", "SPRING"), want: "unknown_code"},
		"unknown to assign":             {then: assign("o1", "SPRING"), want: "unknown_code"},
		"confirmed":                     {terms: promotion.Terms{ConfirmationCode: "secret"}, then: confirmed},
		"not confirmed":                 {terms: promotion.Terms{ConfirmationCode: "secret"}, then: block("o1", "FLAT50"), want: "wrong_confirmation_code"},
		"assign not confirmed":          {terms: promotion.Terms{ConfirmationCode: "secret"}, done: []promotion.BulkTransaction{confirmed}, then: assign("o1", "FLAT50"), want: "wrong_confirmation_code"},
		"confirmed without need":        {then: confirmed},
		"starts now":                    {terms: promotion.Terms{StartsAt: noon}, then: block("o1", "FLAT50")},
		"starts later":                  {terms: promotion.Terms{StartsAt: noon.Add(1)}, then: block("o1", "FLAT50"), want: "not_started"},
		"ends later":                    {terms: promotion.Terms{EndsAt: noon.Add(1)}, then: block("o1", "FLAT50")},
		"ends now":                      {terms: promotion.Terms{EndsAt: noon}, then: block("o1", "FLAT50"), want: "ended"},
		"in its window":                 {terms: promotion.Terms{StartsAt: early, EndsAt: late}, then: block("o1", "FLAT50")},
		"last use":                      {terms: promotion.Terms{UsageLimit: 2}, done: txs(block("o1", "FLAT50")), then: block("o2", "FLAT50")},
		"all blocked":                   {terms: promotion.Terms{UsageLimit: 1}, done: txs(block("o1", "FLAT50")), then: block("o2", "FLAT50"), want: "usage_limit_reached"},
		"all assigned":                  {terms: promotion.Terms{UsageLimit: 1}, done: txs(block("o1", "FLAT50"), assign("o1", "FLAT50")), then: block("o2", "FLAT50"), want: "usage_limit_reached"},
		"customer's last use":           {terms: promotion.Terms{CustomerLimit: 2}, done: txs(block("o1", "FLAT50")), then: block("o2", "FLAT50")},
		"customer blocked all":          {terms: promotion.Terms{CustomerLimit: 1}, done: txs(block("o1", "FLAT50")), then: block("o2", "FLAT50"), want: "customer_limit_reached"},
		"customer assigned all":         {terms: promotion.Terms{CustomerLimit: 1}, done: txs(block("o1", "FLAT50"), assign("o1", "FLAT50")), then: block("o2", "FLAT50"), want: "customer_limit_reached"},
		"guest without cap":             {terms: promotion.Terms{UsageLimit: 1}, then: guest},
		"guest under a cap":             {terms: promotion.Terms{CustomerLimit: 9}, then: guest, want: "customer_required"},
		"same order again":              {terms: promotion.Terms{UsageLimit: 1, CustomerLimit: 1}, done: txs(block("o1", "FLAT50")), then: at(noon.Add(time.Minute), block("o1", "FLAT50"))},
		"same order, assigned":          {terms: promotion.Terms{UsageLimit: 1, CustomerLimit: 1}, done: txs(block("o1", "FLAT50"), assign("o1", "FLAT50")), then: at(late, block("o1", "FLAT50"))},
		"assign without block":          {then: assign("o1", "FLAT50"), want: "not_blocked"},
		"assign another's block":        {done: txs(block("o1", "FLAT50")), then: assign("o2", "FLAT50"), want: "not_blocked"},
		"assign twice":                  {terms: promotion.Terms{UsageLimit: 1}, done: txs(block("o1", "FLAT50"), assign("o1", "FLAT50")), then: at(late, assign("o1", "FLAT50"))},
		"assign in time":                {done: txs(block("o1", "FLAT50")), then: at(noon.Add(300*time.Second-1), assign("o1", "FLAT50"))},
		"assign late, use left":         {terms: promotion.Terms{UsageLimit: 1, CustomerLimit: 1}, done: txs(block("o1", "FLAT50")), then: at(late, assign("o1", "FLAT50"))},
		"assign late, use taken":        {terms: promotion.Terms{UsageLimit: 1}, done: txs(block("o1", "FLAT50"), at(late, block("o2", "FLAT50"))), then: at(late, assign("o1", "FLAT50")), want: "block_expired"},
		"assign late, cap used up":      {terms: promotion.Terms{CustomerLimit: 1}, done: txs(block("o1", "FLAT50"), at(late, block("o2", "FLAT50"))), then: at(late, assign("o1", "FLAT50")), want: "block_expired"},
		"assign late, ended":            {terms: promotion.Terms{EndsAt: noon.Add(time.Minute)}, done: txs(block("o1", "FLAT50")), then: at(late, assign("o1", "FLAT50")), want: "block_expired"},
		"assign in time, ended":         {terms: promotion.Terms{EndsAt: noon.Add(time.Minute)}, done: txs(block("o1", "FLAT50")), then: at(noon.Add(2*time.Minute), assign("o1", "FLAT50"))},
		"other's block expired":         {terms: promotion.Terms{UsageLimit: 1}, done: txs(block("o1", "FLAT50")), then: at(noon.Add(300*time.Second), block("o2", "FLAT50"))},
		"customer's own expired":        {terms: promotion.Terms{CustomerLimit: 1}, done: txs(block("o1", "FLAT50")), then: at(noon.Add(300*time.Second), block("o2", "FLAT50"))},
		"one second before it expires":  {terms: promotion.Terms{UsageLimit: 1}, done: txs(block("o1", "FLAT50")), then: at(noon.Add(299*time.Second), block("o2", "FLAT50")), want: "usage_limit_reached"},
		"same code twice in one go":     {terms: promotion.Terms{UsageLimit: 1}, then: block("o1", "FLAT50", "FLAT50")},
		"same code assigned in one go ": {terms: promotion.Terms{UsageLimit: 1}, done: txs(block("o1", "FLAT50")), then: assign("o1", "FLAT50", "FLAT50")},
	} {
		t.Run(name, func(t *testing.T) {
			p := given(t, tt.terms)
			for _, c := range tt.done {
				if r := p.refusals(c); !allDone(r) {
					t.Fatalf("preparing: %v", r)
				}
			}
			want := make([]string, len(tt.then.Codes))
			want[0] = tt.want
			if diff := cmp.Diff(want, p.refusals(tt.then)); diff != "" {
				t.Errorf("refusals (-want +got):\n%s", diff)
			}
		})
	}
}

func txs(c ...promotion.BulkTransaction) []promotion.BulkTransaction { return c }

func allDone(refusals []string) bool {
	return !slices.ContainsFunc(refusals, func(r string) bool { return r != "" })
}

func TestDisabledCodeKeepsItsBlocks(t *testing.T) {
	p := given(t, promotion.Terms{})
	p.must(block("o1", "FLAT50"))
	p.must(block("o2", "FLAT50"))
	p.one(promotion.CodeID(1, "FLAT50"), promotion.DisableCode{CollectionID: 1, PromoCode: "FLAT50"}.Decide)
	for c, want := range map[*promotion.BulkTransaction]string{
		new(block("o3", "FLAT50")):                           "code_disabled",
		new(assign("o1", "FLAT50")):                          "",
		new(at(noon.Add(time.Hour), assign("o2", "FLAT50"))): "block_expired",
	} {
		if got := p.refusals(*c); got[0] != want {
			t.Errorf("%s: %q, want %q", c.ID, got[0], want)
		}
	}
}

func TestOneRefusedCodeRefusesAll(t *testing.T) {
	p := given(t, promotion.Terms{})
	p.create("ONCE", promotion.Terms{UsageLimit: 1})
	p.must(block("o1", "ONCE"))
	if diff := cmp.Diff([]string{"not_applied", "usage_limit_reached", "not_applied"}, p.refusals(block("o2", "FLAT50", "ONCE", "FLAT50"))); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
	if c := p.code("FLAT50"); len(c.Blocks) != 0 {
		t.Errorf("a refused transaction blocked %+v", c.Blocks)
	}
}

func TestRepeatedBulkTransactionIsAnsweredFromItsRecord(t *testing.T) {
	p := given(t, promotion.Terms{UsageLimit: 1})
	p.must(block("o1", "FLAT50"))
	p.must(block("o2", "FLAT50"))
	for _, order := range []string{"o1", "o2"} {
		want, _ := p.load(promotion.TransactionID(1, "block-"+order)).Outcome()
		c := block(order, "FLAT50")
		c.Now = noon.Add(time.Hour) // now it would be decided otherwise
		if got := p.must(c); got != nil {
			t.Errorf("the repeat of %s recorded %v", c.ID, got)
		}
		got, _ := p.load(promotion.TransactionID(1, c.ID)).Outcome()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("outcome of %s (-first +repeat):\n%s", c.ID, diff)
		}
	}
}

func TestBlockingAgainKeepsTheUseForLonger(t *testing.T) {
	p := given(t, promotion.Terms{UsageLimit: 1, CustomerLimit: 1})
	p.must(block("o1", "FLAT50"))
	longer := at(noon.Add(4*time.Minute), block("o1", "FLAT50"))
	longer.BlockTTL = 2 * time.Minute
	p.must(longer)
	shorter := at(noon.Add(4*time.Minute), block("o1", "FLAT50"))
	shorter.ID, shorter.BlockTTL = "shorter", time.Second
	if got := p.must(shorter); len(got) != 1 {
		t.Errorf("a shorter block recorded %v", got[1:])
	}
	want := []promotion.Block{{OrderID: "o1", CustomerID: "c1", ExpiresAt: noon.Add(6 * time.Minute)}}
	if diff := cmp.Diff(want, p.code("FLAT50").Blocks); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	if uses := p.load(promotion.CustomerID(1, "FLAT50", "c1")).Customer.Uses; uses != 1 {
		t.Errorf("the customer has %d uses, want 1", uses)
	}
}

func TestOneRequestDoesNotPayForAStampede(t *testing.T) {
	p := given(t, promotion.Terms{UsageLimit: 300, CustomerLimit: 75})
	for n := range 300 {
		c := block(fmt.Sprint("o", n), "FLAT50")
		c.CustomerID = fmt.Sprint("c", n/75) // each at the cap
		p.must(c)
	}
	c := at(noon.Add(time.Hour), block("late", "FLAT50"))
	c.CustomerID = "c3" // all of whose blocks are among the last
	got := p.must(c)
	if o, _ := p.load(promotion.TransactionID(1, c.ID)).Outcome(); !o.Succeeded {
		t.Errorf("refused: %+v", o)
	}
	if len(got) > 400 {
		t.Errorf("one request recorded %d events", len(got))
	}
}

func TestOwnBlockThatEndedIsFoundBehindAStampede(t *testing.T) {
	p := given(t, promotion.Terms{CustomerLimit: 2})
	for n := range 150 {
		c := block(fmt.Sprint("o", n), "FLAT50")
		c.CustomerID = fmt.Sprint("c", n)
		p.must(c)
	}
	c := at(noon.Add(time.Hour), block("o149", "FLAT50"))
	c.CustomerID = "c149"
	if got := p.refusals(c); !allDone(got) {
		t.Errorf("refused: %v", got)
	}
	if uses := p.load(promotion.CustomerID(1, "FLAT50", "c149")).Customer.Uses; uses != 1 {
		t.Errorf("the customer has %d uses, want 1", uses)
	}
}

func TestBlocksBesideTheOneThatEndsStay(t *testing.T) {
	p := given(t, promotion.Terms{})
	for _, order := range []string{"o1", "o2", "o3", "o4"} {
		p.must(block(order, "FLAT50"))
	}
	p.must(assign("o2", "FLAT50"))
	p.must(undo("o3", "FLAT50"))
	var left []string
	for _, b := range p.code("FLAT50").Blocks {
		left = append(left, b.OrderID)
	}
	if diff := cmp.Diff([]string{"o1", "o4"}, left); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
}

func TestMalformedBulkTransactionIsInvalid(t *testing.T) {
	c := promotion.BulkTransaction{CollectionID: 1, Type: "TAKE", BlockTTL: -1, Now: noon}
	_, err := given(t, promotion.Terms{}).do(c)
	if fault.KindOf(err) != fault.Invalid || len(fault.Violations(err)) != 5 {
		t.Errorf("got %v, want five fields to be named", err)
	}
}
