package inventory_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/inventory"
)

// act is a request with an action on the units that earlier ones reserved.
func act(id string, a inventory.Action, from []string, lines ...inventory.Line) inventory.BulkTransaction {
	return inventory.BulkTransaction{
		CollectionID: 1, ID: id, AllOrNone: true, Action: a, Reservations: from, Lines: lines, Now: noon,
	}
}

func release(id string, from []string, lines ...inventory.Line) inventory.BulkTransaction {
	return act(id, inventory.ToRelease, from, lines...)
}

func ship(id string, from []string, lines ...inventory.Line) inventory.BulkTransaction {
	return act(id, inventory.ToShip, from, lines...)
}

// out is a line of a shipment.
func out(sku string, units int64) inventory.Line { return inventory.Line{SKU: sku, Quantity: units} }

// reserve is a request that reserved units.
func reserve(id string, lines ...inventory.Line) inventory.BulkTransaction {
	return act(id, inventory.ToReserve, nil, lines...)
}

var r1 = []string{"r1"}

func (p *partition) refusals(id string) (codes []string) {
	o, _ := p.items[inventory.TransactionID(1, id)].Outcome()
	for _, l := range o.Lines {
		codes = append(codes, l.Refusal)
	}
	return codes
}

func TestShipmentTakesUnitsFromReservationsInOrder(t *testing.T) {
	p := given(t, stocked("a", 10))
	p.must(reserve("r1", remove("a", 4)))
	p.must(reserve("r2", remove("a", 3)))
	got, err := p.do(ship("s1", []string{"r2", "r1", "r2"}, out("a", 5)))
	if err != nil {
		t.Fatal(err)
	}
	id := inventory.StockID(1, "", "a")
	shipped := func(tx string, units int64) *inventoryv1.StockShipped {
		return &inventoryv1.StockShipped{CollectionId: 1, BinName: "main", SkuId: "a", Quantity: units, TransactionId: tx, RequestId: "s1"}
	}
	reduced := func(tx string, units int64) fact {
		return fact{inventory.TransactionID(1, tx), &inventoryv1.ReservationReduced{
			CollectionId: 1, TransactionId: tx, RequestId: "s1",
			Lines: []*inventoryv1.ReducedLine{{BinName: "main", SkuId: "a", Quantity: units, Shipped: true}},
		}}
	}
	same(t, []fact{
		{inventory.TransactionID(1, "s1"), &inventoryv1.BulkTransactionApplied{
			CollectionId: 1, TransactionId: "s1", Succeeded: true, AllOrNone: true, At: timestamppb.New(noon),
			Action: inventory.ToShip, Reservations: []string{"r2", "r1"},
			Lines: []*inventoryv1.BulkLine{{BinName: "main", SkuId: "a", Quantity: 5}},
		}},
		{id, shipped("r2", 3)},
		{id, shipped("r1", 2)},
		reduced("r2", 3),
		reduced("r1", 2),
	}, got)
	if s := p.stock("a"); s.OnHand != 5 || s.Reserved != 2 || s.Shipped != 5 {
		t.Errorf("stock is %+v, want 5 on hand, 2 of them reserved, 5 shipped", s)
	}
}

func TestUndoGivesBackOnlyWhatAReservationStillHolds(t *testing.T) {
	p := given(t, stocked("a", 10), stocked("b", 10))
	p.must(reserve("r1", remove("a", 6), remove("b", 2)))
	p.must(release("g1", r1, add("a", 1)))
	p.must(ship("s1", r1, out("a", 2), out("b", 2)))
	got, err := p.do(undo)
	if err != nil {
		t.Fatal(err)
	}
	same(t, []fact{
		{inventory.TransactionID(1, "r1"), &inventoryv1.BulkTransactionReleased{CollectionId: 1, TransactionId: "r1", RequestId: "u1"}},
		released("a", 3, "r1"),
	}, got)
	if a, b := p.stock("a"), p.stock("b"); a.OnHand != 8 || a.Reserved != 0 || b.OnHand != 8 || b.Reserved != 0 {
		t.Errorf("stock is %+v and %+v, want 8 on hand of each and none reserved", a, b)
	}
}

func TestUnitsOfTwoLinesAreTakenOnce(t *testing.T) {
	p := given(t, stocked("a", 10))
	p.must(reserve("r1", remove("a", 2), remove("a", 3)))
	p.must(release("g1", r1, add("a", 3)))
	if got := p.stock("a").Reserved; got != 2 {
		t.Errorf("%d are reserved, want 2", got)
	}
	p.must(ship("s1", r1, out("a", 3)))
	if got := p.refusals("s1"); got[0] != inventory.ExceedsReserved {
		t.Errorf("refused as %q", got)
	}
	p.must(undo)
	if got := p.stock("a").Reserved; got != 0 {
		t.Errorf("%d are reserved after the undo, want none", got)
	}
}

func TestReleaseAndShipmentAreRefusedLineByLine(t *testing.T) {
	for name, tt := range map[string]struct {
		before []command
		ask    inventory.BulkTransaction
		each   []string // refusal of each line on its own
		all    []string // refusal of each line when all or none
	}{
		"all of it":               {ask: ship("x", r1, out("a", 4), out("b", 4)), each: []string{"", ""}, all: []string{"", ""}},
		"a part":                  {ask: release("x", r1, add("a", 1)), each: []string{""}, all: []string{""}},
		"one unit too many":       {ask: ship("x", r1, out("a", 5), out("b", 1)), each: []string{"exceeds_reserved", ""}, all: []string{"exceeds_reserved", "not_applied"}},
		"together too many":       {ask: release("x", r1, add("a", 3), add("a", 2)), each: []string{"", "exceeds_reserved"}, all: []string{"not_applied", "exceeds_reserved"}},
		"another bin":             {ask: ship("x", r1, inventory.Line{Bin: "east", SKU: "a", Quantity: 1}), each: []string{"exceeds_reserved"}, all: []string{"exceeds_reserved"}},
		"shipped before":          {before: []command{ship("s", r1, out("a", 4))}, ask: release("x", r1, add("a", 1)), each: []string{"exceeds_reserved"}, all: []string{"exceeds_reserved"}},
		"released before":         {before: []command{release("g", r1, add("a", 4))}, ask: ship("x", r1, out("a", 1)), each: []string{"exceeds_reserved"}, all: []string{"exceeds_reserved"}},
		"undone before":           {before: []command{undo}, ask: ship("x", r1, out("a", 1)), each: []string{"reservation_undone"}, all: []string{"reservation_undone"}},
		"one undone, one is left": {before: []command{undo}, ask: ship("x", []string{"r1", "r2"}, out("a", 1)), each: []string{""}, all: []string{""}},
		"one undone, one too few": {before: []command{undo}, ask: ship("x", []string{"r1", "r2"}, out("a", 2)), each: []string{"exceeds_reserved"}, all: []string{"exceeds_reserved"}},
		"never asked for":         {ask: ship("x", []string{"r9"}, out("a", 1)), each: []string{"unknown_reservation"}, all: []string{"unknown_reservation"}},
		"named by nobody":         {ask: release("x", nil, add("a", 1)), each: []string{"unknown_reservation"}, all: []string{"unknown_reservation"}},
		"no reservation":          {before: []command{act("in", inventory.ToRestock, nil, add("a", 1))}, ask: ship("x", []string{"in"}, out("a", 1)), each: []string{"exceeds_reserved"}, all: []string{"exceeds_reserved"}},
		"itself":                  {ask: ship("x", []string{"x"}, out("a", 1)), each: []string{"unknown_reservation"}, all: []string{"unknown_reservation"}},
		"no SKU":                  {ask: ship("x", r1, out("", 1)), each: []string{"unknown_sku"}, all: []string{"unknown_sku"}},
		"nothing":                 {ask: ship("x", r1, out("a", 0)), each: []string{"invalid_quantity"}, all: []string{"invalid_quantity"}},
		"shipped by adding":       {ask: ship("x", r1, add("a", 1)), each: []string{"unsupported_movement"}, all: []string{"unsupported_movement"}},
		"released by removing":    {ask: release("x", r1, remove("a", 1)), each: []string{"unsupported_movement"}, all: []string{"unsupported_movement"}},
		"restocked by removing":   {ask: act("x", inventory.ToRestock, nil, remove("a", 1)), each: []string{"unsupported_movement"}, all: []string{"unsupported_movement"}},
		"reserved by adding":      {ask: reserve("x", add("a", 1)), each: []string{"unsupported_movement"}, all: []string{"unsupported_movement"}},
	} {
		for allOrNone, want := range map[bool][]string{false: tt.each, true: tt.all} {
			t.Run(fmt.Sprintf("%s, all or none %v", name, allOrNone), func(t *testing.T) {
				p := given(t, stocked("a", 10), stocked("b", 10))
				p.must(reserve("r1", remove("a", 4), remove("b", 4)))
				p.must(reserve("r2", remove("a", 1)))
				for _, c := range tt.before {
					p.must(c)
				}
				tt.ask.AllOrNone = allOrNone
				p.must(tt.ask)
				if got := p.refusals("x"); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("refused as %q, want %q", got, want)
				}
				if again, err := p.do(tt.ask); err != nil || again != nil {
					t.Errorf("a repeat recorded %v, %v", again, err)
				}
			})
		}
	}
}

func TestRestockedUnitsCanBeSoldAgain(t *testing.T) {
	p := given(t, stocked("a", 2))
	p.must(reserve("r1", remove("a", 2)))
	p.must(ship("s1", r1, out("a", 2)))
	got, err := p.do(act("in", inventory.ToRestock, nil, add("a", 1)))
	if err != nil {
		t.Fatal(err)
	}
	same(t, []fact{{inventory.StockID(1, "", "a"), adjusted("main", "a", 1, inventory.Restock, "in")}}, ofStock(got[1:]))
	if s := p.stock("a"); s.Available() != 1 {
		t.Errorf("stock is %+v, want one available", s)
	}
}

func TestAnOutcomeKnowsItsRequest(t *testing.T) {
	p := given(t, stocked("a", 9))
	p.must(reserve("r1", remove("a", 4)))
	p.must(release("g", r1, add("a", 1)))
	reserved, _ := p.items[inventory.TransactionID(1, "r1")].Outcome()
	given, _ := p.items[inventory.TransactionID(1, "g")].Outcome()
	for name, tt := range map[string]struct {
		outcome inventory.Outcome
		request inventory.BulkTransaction
		want    bool
	}{
		"itself":                  {given, release("g", r1, add("a", 1)), true},
		"the same, said twice":    {given, release("g", []string{"r1", "r1"}, inventory.Line{Bin: "main", SKU: "a", Movement: inventory.Add, Quantity: 1}), true},
		"other units":             {given, release("g", r1, add("a", 2)), false},
		"more lines":              {given, release("g", r1, add("a", 1), add("a", 1)), false},
		"other reservations":      {given, release("g", []string{"r2"}, add("a", 1)), false},
		"another action":          {given, act("g", inventory.ToRestock, nil, add("a", 1)), false},
		"no action":               {given, act("g", inventory.ByMovement, nil, add("a", 1)), false},
		"reserved":                {reserved, reserve("r1", remove("a", 4)), true},
		"reserved without a word": {reserved, act("r1", inventory.ByMovement, nil, remove("a", 4)), true},
		"undone before":           {inventory.Outcome{Closed: true}, reserve("r9", remove("a", 4)), true},
	} {
		if got := tt.outcome.Answers(tt.request); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestAnActionNobodyKnowsIsInvalid(t *testing.T) {
	if _, err := given(t).do(act("x", 99, nil, add("a", 1))); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
}

func BenchmarkShipmentOf1100Lines(b *testing.B) {
	p := given(b)
	var in, away []inventory.Line
	for n := range 1100 {
		sku := fmt.Sprint("sku", n)
		p.fold(stocked(sku, inventory.MaxOnHand))
		in = append(in, remove(sku, inventory.MaxQuantity))
		away = append(away, out(sku, 1))
	}
	p.must(reserve("r1", in...))
	for n := 0; b.Loop(); n++ {
		p.decide(b, ship(fmt.Sprint("s", n), r1, away...))
	}
}
