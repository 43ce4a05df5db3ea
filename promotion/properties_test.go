package promotion_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/promotion"
)

var (
	codes     = []string{"A", "B"}
	orders    = []string{"o1", "o2", "o3", "o4", "o5"}
	customers = []string{"c1", "c2", ""}
)

// commands draws any command at a time, sensible or not. An order always
// belongs to one customer.
func commands(now time.Time) *rapid.Generator[command] {
	return rapid.Custom(func(t *rapid.T) command {
		order := rapid.IntRange(0, len(orders)-1).Draw(t, "order")
		request := fmt.Sprintf("r%d", rapid.IntRange(1, 30).Draw(t, "request"))
		used := rapid.SliceOfN(rapid.SampledFrom([]string{"A", "B", "UNKNOWN"}), 1, 3).Draw(t, "codes")
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			return promotion.Release{CollectionID: 1, RequestID: "undo", OrderID: orders[order], Codes: used, ClosedIDs: []string{request}, Now: now}
		}
		c := promotion.BulkTransaction{
			CollectionID: 1, ID: request, OrderID: orders[order], CustomerID: customers[order%len(customers)], Now: now,
			Type:     rapid.SampledFrom([]promotion.Type{promotion.BlockCodes, promotion.AssignCodes}).Draw(t, "type"),
			BlockTTL: time.Duration(rapid.SampledFrom([]int{1, 10, 100}).Draw(t, "ttl")) * time.Second,
		}
		for _, code := range used {
			c.Codes = append(c.Codes, promotion.CodeRef{PromoCode: code})
		}
		return c
	})
}

func TestUsageNeverExceedsItsLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &partition{t: t, states: map[string]promotion.State{}}
		for _, code := range codes {
			p.create(code, promotion.Terms{
				UsageLimit:    rapid.Int64Range(0, 3).Draw(t, "limit"),
				CustomerLimit: rapid.Int64Range(0, 2).Draw(t, "cap"),
			})
		}
		now := noon
		for n := range rapid.IntRange(1, 40).Draw(t, "commands") {
			now = now.Add(time.Duration(rapid.IntRange(0, 10).Draw(t, "seconds")) * time.Second)
			c := commands(now).Draw(t, fmt.Sprint("command ", n))
			before := maps.Clone(p.states)
			facts := p.must(c)
			checkUsage(t, p)
			checkHistory(t, before, facts, p.states)
			if again := p.must(c); again != nil {
				t.Fatalf("a repeat of %+v recorded %v", c, again)
			}
		}
	})
}

// checkUsage counts the uses order by order, and compares with what the codes
// and the customers count, and with their limits.
func checkUsage(t *rapid.T, p *partition) {
	for _, name := range codes {
		code := p.code(name)
		var assigned int64
		var blocked []string
		byCustomer := map[string]int64{}
		for n, order := range orders {
			use := p.load(promotion.UseID(1, name, order)).Use
			switch use.Status {
			case promotion.Blocked:
				blocked = append(blocked, order)
			case promotion.Assigned:
				assigned++
			case promotion.Unused, promotion.Expired:
				continue
			}
			if use.CustomerID != customers[n%len(customers)] {
				t.Fatalf("%s of %s counts for %q", name, order, use.CustomerID)
			}
			byCustomer[use.CustomerID]++
		}
		var kept []string
		for _, b := range code.Blocks {
			kept = append(kept, b.OrderID)
		}
		slices.Sort(kept)
		if diff := cmp.Diff(blocked, kept); diff != "" || assigned != code.Assigned {
			t.Fatalf("%s counts %d assigned, its orders %d; blocks (-orders +code):\n%s", name, code.Assigned, assigned, diff)
		}
		if limit := code.Terms.UsageLimit; limit > 0 && assigned+int64(len(blocked)) > limit {
			t.Fatalf("%s has %d assigned and %d blocked, limit %d", name, assigned, len(blocked), limit)
		}
		for _, customer := range customers {
			uses, limit := p.load(promotion.CustomerID(1, name, customer)).Customer.Uses, code.Terms.CustomerLimit
			if limit > 0 && (uses != byCustomer[customer] || uses > limit || customer == "" && uses != 0) {
				t.Fatalf("%s counts %d uses for %q, its orders %d, cap %d", name, uses, customer, byCustomer[customer], limit)
			}
		}
	}
}

// checkHistory checks that the recorded events alone lead to the same state.
func checkHistory(t *rapid.T, before map[string]promotion.State, facts []fact, after map[string]promotion.State) {
	got := &partition{t: t, states: maps.Clone(before)}
	for _, f := range facts {
		b, err := proto.Marshal(f.Event)
		if err != nil {
			t.Fatal(err)
		}
		stored := f.Event.ProtoReflect().New().Interface()
		if err := proto.Unmarshal(b, stored); err != nil {
			t.Fatal(err)
		}
		got.fold(fact{f.ID, stored})
	}
	if diff := cmp.Diff(after, got.states); diff != "" {
		t.Fatalf("the stored events lead elsewhere (-want +got):\n%s", diff)
	}
}

// A code that was redeemed a million times costs no more than its checkouts.
func BenchmarkBlockAndAssignAmong1000Checkouts(b *testing.B) {
	p := given(b, promotion.Terms{UsageLimit: 1 << 40, CustomerLimit: 2})
	for n := range 1000 {
		c := block(fmt.Sprint("waiting", n), "FLAT50")
		c.CustomerID = c.OrderID
		p.must(c)
	}
	code := promotion.CodeID(1, "FLAT50")
	s := p.states[code]
	s.Code.Assigned = 1_000_000
	p.states[code] = s
	for n := 0; b.Loop(); n++ {
		order := fmt.Sprint("o", n)
		states := map[string]promotion.State{}
		load := func(id string) promotion.State {
			if s, ok := states[id]; ok {
				return s
			}
			return p.load(id)
		}
		for _, c := range []promotion.BulkTransaction{block(order, "FLAT50"), assign(order, "FLAT50")} {
			c.CustomerID = order
			if err := c.Decide(load, func(id string, e proto.Message) { states[id] = promotion.Evolve(load(id), e) }); err != nil {
				b.Fatal(err)
			}
		}
	}
}
